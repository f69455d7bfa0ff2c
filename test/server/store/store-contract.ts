/** What every store keeps to. open: gives an empty one. */

import { expect, test } from 'vitest'
import { newJob } from '../../../server/rounds/job.ts'
import type { Release, RoundMember } from '../../../server/store/records.ts'
import type { ReleaseQuery, Store } from '../../../server/store/store.ts'
import { parsedJob } from '../../support/federation-fixture.ts'
import { accessContract } from './access-contract.ts'
import { maskContract } from './mask-contract.ts'
import { privacyContract } from './privacy-contract.ts'
import { roundOf, unfinishedContract } from './unfinished-contract.ts'

const NOW = 1_700_000_000_000

const memberOf = (deviceId: string, digest: string | null, changes = {}): RoundMember => ({
  deviceId,
  digest,
  assignedAt: NOW,
  isSilent: false,
  consent: null,
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

  unfinishedContract(withStore)
  privacyContract(withStore)
  maskContract(withStore)

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
          await tx.saveMember('r', memberOf(`d${round.assigned}`, null))
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

  accessContract(withStore)

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

  test('a document that has not changed is read without parsing it again, and cannot be changed', () =>
    withStore(async (store) => {
      const job = newJob('a', 'line', parsedJob(), NOW)
      await store.saveJob(job)
      const read = await store.job('a')
      expect((await store.alive())[0]!.job).toBe(read)
      expect(() => Object.assign(read!, { priority: 7 })).toThrow(TypeError)
      await store.saveJob({ ...job, priority: 7 })
      expect((await store.job('a'))?.priority).toBe(7)
      await store.saveJob(job)
      expect(await store.job('a')).toEqual(read)
    }))

  test('jobs that have not ended are listed oldest first, whatever was saved last', () =>
    withStore(async (store) => {
      const [first, second] = ['job-b', 'job-a'].map((id) => newJob(id, 'line', parsedJob(), NOW))
      await store.saveJob(first!)
      await store.saveJob(second!)
      await store.saveJob({ ...first!, released: 1 })
      expect((await store.alive()).map(({ job }) => job.id)).toEqual(['job-b', 'job-a'])
      await store.saveJob({ ...first!, state: 'failed', endedAt: NOW })
      expect((await store.alive()).map(({ job }) => job.id)).toEqual(['job-a'])
      expect((await store.jobs()).map((j) => j.state)).toEqual(['failed', 'running'])
      expect(await store.job('job-a')).toEqual(second)
    }))

  test('of jobs that have not ended, those of the highest priority come first', () =>
    withStore(async (store) => {
      for (const id of ['a', 'b', 'c'])
        await store.saveJob({
          ...newJob(id, 'line', parsedJob(), NOW),
          priority: id === 'b' ? 5 : 0,
        })
      await store.saveJob({ ...newJob('d', 'line', parsedJob(), NOW), state: 'paused' })
      expect((await store.alive()).map(({ job }) => job.id)).toEqual(['b', 'a', 'c', 'd'])
    }))

  test('releases come page by page, by lineage, version and first digits', () =>
    withStore(async (store) => {
      const released = (hash: string, lineId: string, version: number) =>
        ({ lineId, summary: { hash, version } }) as Release
      for (const one of [
        released('ab01', 'one', 0),
        released('ab02', 'two', 0),
        released('cd03', 'one', 1),
        released('abff', 'one', 2),
      ])
        await store.saveRelease(one)
      const hashes = async (query: Omit<ReleaseQuery, 'limit'>, limit = 9) =>
        (await store.releasePage({ ...query, limit })).map(({ release }) => release.summary.hash)
      expect(await hashes({}, 3)).toEqual(['ab01', 'ab02', 'cd03'])
      const [first] = await store.releasePage({ isNewestFirst: true, limit: 1 })
      expect(first!.release.summary.hash).toBe('abff')
      expect(await hashes({ isNewestFirst: true, after: first!.number }, 2)).toEqual([
        'cd03',
        'ab02',
      ])
      expect(await hashes({ lineId: 'one' })).toEqual(['ab01', 'cd03', 'abff'])
      expect(await hashes({ lineId: 'one', version: 1 })).toEqual(['cd03'])
      expect(await hashes({ lineId: 'two', version: 1 })).toEqual([])
      expect(await hashes({ hash: 'ab' })).toEqual(['ab01', 'ab02', 'abff'])
      expect(await hashes({ hash: 'abff', lineId: 'two' })).toEqual([])
      await store.saveRelease({ ...released('cd03', 'one', 1), verdict: { choices: 7 } } as Release)
      expect((await store.release('cd03'))!.verdict).toEqual({ choices: 7 })
      expect(await hashes({})).toEqual(['ab01', 'ab02', 'cd03', 'abff'])
    }))

  test('jobs come page by page, by state', () =>
    withStore(async (store) => {
      for (const [i, id] of ['a', 'b', 'c', 'd'].entries())
        await store.saveJob({
          ...newJob(id, 'line', parsedJob(), NOW),
          state: i % 2 === 0 ? 'running' : 'failed',
        })
      const first = await store.jobPage({ limit: 3 })
      expect(first.map(({ job }) => job.id)).toEqual(['a', 'b', 'c'])
      const rest = await store.jobPage({ limit: 3, after: first[2]!.number })
      expect(rest.map(({ job }) => job.id)).toEqual(['d'])
      const failed = await store.jobPage({ states: ['failed', 'expired'], limit: 9 })
      expect(failed.map(({ job }) => job.id)).toEqual(['b', 'd'])
    }))

  test('places of devices that sent nothing are given on, once', () =>
    withStore(async (store) => {
      await store.saveMember('r', memberOf('early', null, { assignedAt: NOW - 5 }))
      await store.saveMember('r', memberOf('late', null, { assignedAt: NOW + 5 }))
      await store.saveMember('r', memberOf('sent', 'ff', { assignedAt: NOW - 5 }))
      expect(await store.giveOn('r', NOW)).toBe(1)
      expect(await store.giveOn('r', NOW)).toBe(0)
      expect((await store.member('r', 'early'))?.isSilent).toBe(true)
      expect((await store.member('r', 'sent'))?.isSilent).toBe(false)
    }))

  test('an edge has as many places as it stands for, keeps them longer, and counts for its devices', () =>
    withStore(async (store) => {
      await store.saveMember('r', memberOf('device', null, { assignedAt: NOW - 5 }))
      await store.saveMember('r', {
        ...memberOf('edge', null, { assignedAt: NOW - 5 }),
        devices: 7,
      })
      expect(await store.giveOn('r', NOW, NOW - 9)).toBe(1)
      expect(await store.giveOn('r', NOW, NOW)).toBe(7)
      expect(await store.member('r', 'edge')).toMatchObject({ devices: 7, isSilent: true })
      await store.saveMember('r', { ...memberOf('edge', 'ff', {}), devices: 4 })
      await store.saveMember('r', memberOf('device', 'ee', {}))
      expect(await store.countSent('r', ['ff', 'ee', 'dd'])).toBe(5)
      expect(await store.countSent('r', ['ee'])).toBe(1)
    }))

  test('a member keeps the consent under which it takes part, and updates are counted by day', () =>
    withStore(async (store) => {
      const consent = {
        purpose: 'personalization' as const,
        contributions: ['prior' as const],
        grantedAt: NOW,
        expiresAt: null,
      }
      await store.saveMember('r', memberOf('a', 'ff', { consent }))
      await store.saveMember('q', memberOf('a', null, { consent }))
      expect((await store.member('r', 'a'))?.consent).toEqual(consent)
      expect(await store.countUpdates('a', NOW)).toBe(1)
      expect(await store.countUpdates('a', NOW + 1)).toBe(0)
      expect(await store.memberships('a')).toEqual([
        { roundId: 'q', digest: null, countedIn: null },
        { roundId: 'r', digest: 'ff', countedIn: 'r' },
      ])
    }))

  test('visits count each device once, by its newest, for a day', () =>
    withStore(async (store) => {
      const visit = { jobId: 'j', deviceId: 'a', visit: 'charging', at: NOW }
      await store.saveVisits([visit, { ...visit, deviceId: 'b' }, { ...visit, jobId: 'k' }])
      await store.saveVisits([{ ...visit, visit: 'took_part', at: NOW + 1 }])
      expect(await store.countVisits('j', NOW)).toEqual({ charging: 1, took_part: 1 })
      expect(await store.countVisits('j', NOW + 1)).toEqual({ took_part: 1 })
      await store.prune(NOW + 24 * 3_600_000)
      expect(await store.countVisits('j', 0)).toEqual({ took_part: 1 })
    }))

  test('a device that is blocked stays so; one that is erased leaves nothing', () =>
    withStore(async (store) => {
      const device = { id: 'a', publicKey: 'k', enrolledAt: NOW, lastSeenAt: NOW }
      await store.saveDevice(device)
      expect(await store.blockDevice('a', NOW)).toBe(true)
      await store.saveDevice(device)
      await store.sawDevice('a', NOW + 1)
      expect(await store.device('a')).toEqual({ ...device, lastSeenAt: NOW + 1, blockedAt: NOW })
      await store.blockDevice('a', null)
      expect((await store.device('a'))?.blockedAt).toBeUndefined()
      expect(await store.blockDevice('none', NOW)).toBe(false)
      await store.saveMember('r', memberOf('a', 'ff'))
      await store.saveVisits([{ jobId: 'j', deviceId: 'a', visit: 'idle', at: NOW }])
      await store.addNonce('a', 'n', NOW)
      expect(await store.eraseDevice('a', 'x')).toBe(true)
      expect(await store.eraseDevice('a', 'x')).toBe(false)
      await store.sawDevice('a', NOW)
      expect(await store.device('a')).toBeUndefined()
      expect(await store.memberships('a')).toEqual([])
      expect(await store.digests('r')).toEqual(['ff'])
      expect(await store.countVisits('j', 0)).toEqual({})
      expect(await store.addNonce('a', 'n', NOW)).toBe(true)
    }))

  test('an idempotency key is kept once', () =>
    withStore(async (store) => {
      expect(await store.idempotent('key')).toBeUndefined()
      expect(await store.addIdempotent('key', 'hash', { id: 'job', createdAt: NOW })).toBe(true)
      expect(await store.addIdempotent('key', 'other', { id: 'job2', createdAt: NOW })).toBe(false)
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
      expect((await store.alive()).map(({ round }) => round?.id)).toEqual(['r1', undefined])
    }))

  test('digests of a round are sorted and keep repeats; devices without an update have none', () =>
    withStore(async (store) => {
      await store.saveMember('r', memberOf('a', null))
      await store.saveMember('r', memberOf('b', 'ff'))
      await store.saveMember('r', memberOf('c', '00'))
      await store.saveMember('r', memberOf('d', 'ff'))
      await store.saveMember('other', memberOf('a', '11'))
      expect(await store.digests('r')).toEqual(['00', 'ff', 'ff'])
      expect(await store.member('r', 'a')).toEqual(memberOf('a', null))
      await store.saveMember('r', memberOf('a', '22'))
      expect((await store.member('r', 'a'))?.digest).toBe('22')
      expect(await store.member('r', 'x')).toBeUndefined()
    }))

  test('a member without an update can be dropped, one with an update stays', () =>
    withStore(async (store) => {
      await store.saveMember('r', memberOf('a', null))
      await store.saveMember('r', memberOf('b', 'ff'))
      for (const deviceId of ['a', 'b', 'x']) await store.dropMember('r', deviceId)
      expect(await store.member('r', 'a')).toBeUndefined()
      expect(await store.member('r', 'b')).toEqual(memberOf('b', 'ff'))
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

  test('a lease has one owner, who may renew it, until it is over or given back', () =>
    withStore(async (store) => {
      expect(await store.lease('work', 'a', 60_000)).toBe(true)
      expect(await store.lease('work', 'a', 60_000)).toBe(true)
      expect(await store.lease('work', 'b', 60_000)).toBe(false)
      expect(await store.lease('other', 'b', 60_000)).toBe(true)
      await store.endLease('work', 'b')
      expect(await store.lease('work', 'b', 60_000)).toBe(false)
      await store.endLease('work', 'a')
      expect(await store.lease('work', 'b', 0)).toBe(true)
      expect(await store.lease('work', 'a', 60_000)).toBe(true)
    }))

  test('of many who ask for a lease at once, one gets it', () =>
    withStore(async (store) => {
      const asked = Array.from({ length: 20 }, (_, i) => store.lease('work', `s${i}`, 60_000))
      expect((await Promise.all(asked)).filter(Boolean)).toHaveLength(1)
    }))

  test('rows are forgotten by the rules of retention, and others stay', () =>
    withStore(async (store) => {
      const [ended, alive] = ['ended', 'alive'].map((id) => newJob(id, 'l', parsedJob(), NOW))
      await store.saveJob({ ...ended!, state: 'completed', endedAt: NOW })
      await store.saveJob(alive!)
      for (const id of ['ended', 'alive']) {
        await store.saveRound(roundOf(`r-${id}`, id))
        await store.saveMember(`r-${id}`, memberOf('a', 'ff'))
        await store.addIdempotent(`k-${id}`, 'hash', { id, createdAt: NOW })
      }
      await store.saveDevice({ id: 'a', publicKey: 'k', enrolledAt: NOW, lastSeenAt: NOW })
      const kept = async (days: number) => {
        await store.prune(NOW + days * 86_400_000)
        return [
          (await store.idempotent('k-alive')) !== undefined,
          (await store.member('r-ended', 'a')) !== undefined,
          (await store.device('a'))!.lastSeenAt !== null,
          (await store.round('r-ended')) !== undefined,
          (await store.job('ended')) !== undefined,
        ]
      }
      expect(await kept(29)).toEqual([true, true, true, true, true])
      expect(await kept(30)).toEqual([false, true, true, true, true])
      expect(await kept(90)).toEqual([false, false, false, true, true])
      expect(await kept(400)).toEqual([false, false, false, false, false])
      expect(await store.member('r-alive', 'a')).toBeDefined()
      expect((await store.progress('alive'))?.round?.id).toBe('r-alive')
    }))
}

const shapeOf = ({ base, features }: ReturnType<typeof parsedJob>) => ({ base, features })
