/** What every store keeps to. open: makes the same store again where reopening is possible. */
import { expect, test } from 'vitest'
import { newJob } from '../../server/rounds/machine.ts'
import type { Round } from '../../server/store/records.ts'
import type { Store } from '../../server/store/store.ts'
import { parsedJob } from './federation-fixture.ts'

const NOW = 1_700_000_000_000

const roundOf = (id: string, jobId: string, changes: Partial<Round> = {}): Round => ({
  id,
  jobId,
  index: 0,
  attempt: 0,
  phase: 'collecting',
  factor: 'B',
  parent: 'a'.repeat(64),
  basisEpoch: 0,
  assigned: 0,
  received: 0,
  openedAt: NOW,
  deadlineAt: NOW + 1000,
  closedAt: null,
  reason: null,
  release: null,
  ...changes,
})

export const storeContract = (open: () => Store): void => {
  const withStore = async (use: (store: Store) => unknown) => {
    const store = open()
    try {
      await use(store)
    } finally {
      store.close()
    }
  }

  test('a transaction that throws leaves nothing behind, nested ones included', () =>
    withStore((store) => {
      expect(() =>
        store.transaction(() => {
          store.saveSetting('outer', '1')
          store.transaction(() => store.saveSetting('inner', '1'))
          throw new Error('stop')
        }),
      ).toThrow('stop')
      expect([store.setting('outer'), store.setting('inner')]).toEqual([undefined, undefined])
    }))

  test('a token enrols one device, again for that device, and not after its time', () =>
    withStore((store) => {
      store.addToken('t1', NOW + 10)
      store.addToken('t2', NOW + 10)
      expect(store.spendToken('unknown', 'a', NOW)).toBe(false)
      expect(store.spendToken('t1', 'a', NOW)).toBe(true)
      expect(store.spendToken('t1', 'a', NOW)).toBe(true)
      expect(store.spendToken('t1', 'b', NOW)).toBe(false)
      expect(store.spendToken('t2', 'b', NOW + 10)).toBe(false)
      store.prune(NOW + 10)
      expect(store.spendToken('t2', 'b', NOW)).toBe(false)
    }))

  test('a nonce is new once a device until it is pruned', () =>
    withStore((store) => {
      expect(store.addNonce('a', 'n', NOW)).toBe(true)
      expect(store.addNonce('a', 'n', NOW)).toBe(false)
      expect(store.addNonce('b', 'n', NOW + 1)).toBe(true)
      store.prune(NOW)
      expect(store.addNonce('a', 'n', NOW)).toBe(true)
      expect(store.addNonce('b', 'n', NOW)).toBe(false)
    }))

  test('devices come back as saved, in order of enrolment', () =>
    withStore((store) => {
      const device = { id: 'b', publicKey: 'k', enrolledAt: NOW, lastSeenAt: null }
      store.saveDevice(device)
      store.saveDevice({ ...device, id: 'a' })
      store.saveDevice({ ...device, lastSeenAt: NOW + 5 })
      expect(store.devices().map((d) => d.id)).toEqual(['b', 'a'])
      expect(store.device('b')).toEqual({ ...device, lastSeenAt: NOW + 5 })
      expect(store.device('c')).toBeUndefined()
    }))

  test('running jobs are listed oldest first, whatever was saved last', () =>
    withStore((store) => {
      const [first, second] = ['job-b', 'job-a'].map((id) => newJob(id, 'line', parsedJob(), NOW))
      store.saveJob(first!)
      store.saveJob(second!)
      store.saveJob({ ...first!, released: 1 })
      expect(store.runningJobs().map((j) => j.id)).toEqual(['job-b', 'job-a'])
      store.saveJob({ ...first!, state: 'failed', endedAt: NOW })
      expect(store.runningJobs().map((j) => j.id)).toEqual(['job-a'])
      expect(store.jobs().map((j) => j.state)).toEqual(['failed', 'running'])
      expect(store.job('job-a')).toEqual(second)
    }))

  test('an idempotency key is kept once', () =>
    withStore((store) => {
      expect(store.idempotent('key')).toBeUndefined()
      store.saveIdempotent('key', 'hash', 'job')
      expect(store.idempotent('key')).toEqual({ requestHash: 'hash', jobId: 'job' })
      expect(() => store.saveIdempotent('key', 'other', 'job2')).toThrow()
    }))

  test('the newest round of a job is the one that was opened last, not the one saved last', () =>
    withStore((store) => {
      store.saveRound(roundOf('r2', 'j'))
      store.saveRound(roundOf('r1', 'j'))
      store.saveRound(roundOf('other', 'j2'))
      store.saveRound(roundOf('r2', 'j', { phase: 'abandoned' }))
      expect(store.rounds('j').map((r) => [r.id, r.phase])).toEqual([
        ['r2', 'abandoned'],
        ['r1', 'collecting'],
      ])
      expect(store.newestRound('j')?.id).toBe('r1')
      expect(store.newestRound('none')).toBeUndefined()
    }))

  test('digests of a round are sorted and keep repeats; devices without an update have none', () =>
    withStore((store) => {
      store.saveMember('r', { deviceId: 'a', digest: null })
      store.saveMember('r', { deviceId: 'b', digest: 'ff' })
      store.saveMember('r', { deviceId: 'c', digest: '00' })
      store.saveMember('r', { deviceId: 'd', digest: 'ff' })
      store.saveMember('other', { deviceId: 'a', digest: '11' })
      expect(store.digests('r')).toEqual(['00', 'ff', 'ff'])
      expect(store.member('r', 'a')).toEqual({ deviceId: 'a', digest: null })
      store.saveMember('r', { deviceId: 'a', digest: '22' })
      expect(store.member('r', 'a')?.digest).toBe('22')
      expect(store.member('r', 'x')).toBeUndefined()
    }))

  test('a member without an update can be dropped, one with an update stays', () =>
    withStore((store) => {
      store.saveMember('r', { deviceId: 'a', digest: null })
      store.saveMember('r', { deviceId: 'b', digest: 'ff' })
      for (const deviceId of ['a', 'b', 'x']) store.dropMember('r', deviceId)
      expect(store.member('r', 'a')).toBeUndefined()
      expect(store.member('r', 'b')).toEqual({ deviceId: 'b', digest: 'ff' })
    }))

  test('lines are replaced by id', () =>
    withStore((store) => {
      const { base, features } = parsedJob()
      const line = { id: 'l', base, features, head: 'a'.repeat(64), updatedAt: NOW }
      store.saveLineage(line)
      store.saveLineage({ ...line, head: 'b'.repeat(64) })
      expect(store.lineage('l')?.head).toBe('b'.repeat(64))
      expect(store.lineages()).toHaveLength(1)
    }))

  test('objects come back byte for byte, and dropping twice is fine', () =>
    withStore(async (store) => {
      const hash = 'c'.repeat(64)
      const bytes = Uint8Array.from([0, 255, 10, 13])
      expect(await store.getObject(hash)).toBeUndefined()
      await store.putObject(hash, bytes)
      await store.putObject(hash, bytes)
      expect(new Uint8Array((await store.getObject(hash))!)).toEqual(bytes)
      expect(await store.objects()).toEqual([hash])
      await store.dropObject(hash)
      await store.dropObject(hash)
      expect(await store.getObject(hash)).toBeUndefined()
    }))
}
