/** What every store keeps to. open: gives an empty one. */
import { expect, test } from 'vitest'
import { newJob } from '../../../server/rounds/machine.ts'
import type { Round } from '../../../server/store/records.ts'
import type { Store } from '../../../server/store/store.ts'
import { parsedJob } from '../../support/federation-fixture.ts'

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

export const storeContract = (open: () => Store | Promise<Store>): void => {
  const withStore = async (use: (store: Store) => unknown) => {
    const store = await open()
    try {
      await use(store)
    } finally {
      await store.close()
    }
  }

  const line = { id: 'l', ...shapeOf(parsedJob()), head: 'a'.repeat(64), updatedAt: NOW }

  test('a transaction that throws leaves nothing behind, and the next goes on', () =>
    withStore(async (store) => {
      const failed = store.transaction(async (tx) => {
        await tx.addSetting('lost', '1')
        throw new Error('stop')
      })
      const kept = store.transaction((tx) => tx.addSetting('kept', '1'))
      await expect(failed).rejects.toThrow('stop')
      expect(await kept).toBe(true)
      expect(await store.setting('lost')).toBeUndefined()
      expect(await store.setting('kept')).toBe('1')
    }))

  test('a transaction reads its own writes, which others see only when it has ended', () =>
    withStore(async (store) => {
      let seen: Promise<string | undefined> | undefined
      await store.transaction(async (tx) => {
        await tx.addSetting('name', 'value')
        expect(await tx.setting('name')).toBe('value')
        seen = store.setting('other')
        await tx.addSetting('other', 'value')
      })
      // Asked in the middle: before the transaction or after it, never half of it.
      expect([undefined, 'value']).toContain(await seen)
      expect(await store.setting('other')).toBe('value')
    }))

  test('transactions that lock the same lineage change a round one after the other', () =>
    withStore(async (store) => {
      await store.addLineage(line)
      await store.saveRound(roundOf('r', 'j'))
      const assign = async () =>
        store.transaction(async (tx) => {
          await tx.lock('l')
          const round = (await tx.round('r'))!
          await tx.saveMember('r', { deviceId: `d${round.assigned}`, digest: null })
          await tx.saveRound({ ...round, assigned: round.assigned + 1 })
        })
      await Promise.all(Array.from({ length: 100 }, assign))
      expect((await store.round('r'))?.assigned).toBe(100)
      expect(await store.member('r', 'd99')).toBeDefined()
    }))

  test('what is written after a transaction has ended fails', () =>
    withStore(async (store) => {
      const tx = await store.transaction(async (own) => own)
      await expect(tx.addSetting('late', '1')).rejects.toThrow('has ended')
      await expect(tx.setting('late')).rejects.toThrow('has ended')
      expect(await store.setting('late')).toBeUndefined()
    }))

  test('a setting stays as it was made first', () =>
    withStore(async (store) => {
      expect(await store.addSetting('key', 'first')).toBe(true)
      expect(await store.addSetting('key', 'second')).toBe(false)
      expect(await store.setting('key')).toBe('first')
    }))

  test('a token enrols one device, again for that device, and not after its time', () =>
    withStore(async (store) => {
      await store.addToken('t1', NOW + 10)
      await store.addToken('t2', NOW + 10)
      expect(await store.spendToken('unknown', 'a', NOW)).toBe(false)
      expect(await store.spendToken('t1', 'a', NOW)).toBe(true)
      expect(await store.spendToken('t1', 'a', NOW)).toBe(true)
      expect(await store.spendToken('t1', 'b', NOW)).toBe(false)
      expect(await store.spendToken('t2', 'b', NOW + 10)).toBe(false)
      await store.prune(NOW + 10)
      expect(await store.spendToken('t2', 'b', NOW)).toBe(false)
    }))

  test('a nonce is new once a device until it is pruned', () =>
    withStore(async (store) => {
      expect(await store.addNonce('a', 'n', NOW)).toBe(true)
      expect(await store.addNonce('a', 'n', NOW)).toBe(false)
      expect(await store.addNonce('b', 'n', NOW + 1)).toBe(true)
      await store.prune(NOW)
      expect(await store.addNonce('a', 'n', NOW)).toBe(true)
      expect(await store.addNonce('b', 'n', NOW)).toBe(false)
    }))

  test('devices come back as saved, in order of enrolment', () =>
    withStore(async (store) => {
      const device = { id: 'b', publicKey: 'k', enrolledAt: NOW, lastSeenAt: null }
      await store.saveDevice(device)
      await store.saveDevice({ ...device, id: 'a' })
      await store.saveDevice({ ...device, lastSeenAt: NOW + 5 })
      expect((await store.devices()).map((d) => d.id)).toEqual(['b', 'a'])
      expect(await store.device('b')).toEqual({ ...device, lastSeenAt: NOW + 5 })
      expect(await store.device('c')).toBeUndefined()
    }))

  test('running jobs are listed oldest first, whatever was saved last', () =>
    withStore(async (store) => {
      const [first, second] = ['job-b', 'job-a'].map((id) => newJob(id, 'line', parsedJob(), NOW))
      await store.saveJob(first!)
      await store.saveJob(second!)
      await store.saveJob({ ...first!, released: 1 })
      expect((await store.running()).map(({ job }) => job.id)).toEqual(['job-b', 'job-a'])
      await store.saveJob({ ...first!, state: 'failed', endedAt: NOW })
      expect((await store.running()).map(({ job }) => job.id)).toEqual(['job-a'])
      expect((await store.jobs()).map((j) => j.state)).toEqual(['failed', 'running'])
      expect(await store.job('job-a')).toEqual(second)
    }))

  test('an idempotency key is kept once', () =>
    withStore(async (store) => {
      expect(await store.idempotent('key')).toBeUndefined()
      expect(await store.addIdempotent('key', 'hash', 'job')).toBe(true)
      expect(await store.addIdempotent('key', 'other', 'job2')).toBe(false)
      expect(await store.idempotent('key')).toEqual({ requestHash: 'hash', jobId: 'job' })
    }))

  test('the newest round of a job is the one that was opened last, not the one saved last', () =>
    withStore(async (store) => {
      await store.saveRound(roundOf('r2', 'j'))
      await store.saveRound(roundOf('r1', 'j'))
      await store.saveRound(roundOf('other', 'j2'))
      await store.saveRound(roundOf('r2', 'j', { phase: 'abandoned' }))
      expect((await store.rounds('j')).map((r) => [r.id, r.phase])).toEqual([
        ['r2', 'abandoned'],
        ['r1', 'collecting'],
      ])
      for (const id of ['j', 'without']) await store.saveJob(newJob(id, 'line', parsedJob(), NOW))
      expect((await store.progress('j'))?.round?.id).toBe('r1')
      expect((await store.progress('without'))?.round).toBeNull()
      expect(await store.progress('none')).toBeUndefined()
      expect((await store.running()).map(({ round }) => round?.id)).toEqual(['r1', undefined])
    }))

  test('digests of a round are sorted and keep repeats; devices without an update have none', () =>
    withStore(async (store) => {
      await store.saveMember('r', { deviceId: 'a', digest: null })
      await store.saveMember('r', { deviceId: 'b', digest: 'ff' })
      await store.saveMember('r', { deviceId: 'c', digest: '00' })
      await store.saveMember('r', { deviceId: 'd', digest: 'ff' })
      await store.saveMember('other', { deviceId: 'a', digest: '11' })
      expect(await store.digests('r')).toEqual(['00', 'ff', 'ff'])
      expect(await store.member('r', 'a')).toEqual({ deviceId: 'a', digest: null })
      await store.saveMember('r', { deviceId: 'a', digest: '22' })
      expect((await store.member('r', 'a'))?.digest).toBe('22')
      expect(await store.member('r', 'x')).toBeUndefined()
    }))

  test('a member without an update can be dropped, one with an update stays', () =>
    withStore(async (store) => {
      await store.saveMember('r', { deviceId: 'a', digest: null })
      await store.saveMember('r', { deviceId: 'b', digest: 'ff' })
      for (const deviceId of ['a', 'b', 'x']) await store.dropMember('r', deviceId)
      expect(await store.member('r', 'a')).toBeUndefined()
      expect(await store.member('r', 'b')).toEqual({ deviceId: 'b', digest: 'ff' })
    }))

  test('lineages are added once, and replaced by id', () =>
    withStore(async (store) => {
      expect(await store.addLineage(line)).toBe(true)
      expect(await store.addLineage({ ...line, head: 'c'.repeat(64) })).toBe(false)
      expect((await store.lineage('l'))?.head).toBe(line.head)
      await store.saveLineage({ ...line, head: 'b'.repeat(64) })
      expect((await store.lineage('l'))?.head).toBe('b'.repeat(64))
      expect(await store.lineages()).toHaveLength(1)
    }))
}

const shapeOf = ({ base, features }: ReturnType<typeof parsedJob>) => ({ base, features })
