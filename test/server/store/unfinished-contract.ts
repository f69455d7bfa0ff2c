/** What every store keeps of a round while it lasts: pieces of updates, and sums of them. */
import { expect, test } from 'vitest'
import { newJob } from '../../../server/rounds/job.ts'
import type { Round } from '../../../server/store/records.ts'
import type { Store } from '../../../server/store/store.ts'
import { parsedJob } from '../../support/federation-fixture.ts'

const NOW = 1_700_000_000_000

export const roundOf = (id: string, jobId: string, changes: Partial<Round> = {}): Round => ({
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
  startedAt: null,
  deadlineAt: NOW + 1000,
  closedAt: null,
  reason: null,
  release: null,
  leftOut: [],
  tries: 0,
  retryAt: null,
  ...changes,
})

export const unfinishedContract = (
  withStore: (use: (store: Store) => unknown) => Promise<void>,
): void => {
  test('pieces of an update are kept by where they begin, replaced, dropped, and forgotten after a day', () =>
    withStore(async (store) => {
      const piece = { roundId: 'r', deviceId: 'd', digest: 'a', size: 2, hash: 'h', at: NOW }
      await store.savePart({ ...piece, start: 2 })
      await store.savePart({ ...piece, start: 0 })
      await store.savePart({ ...piece, start: 2, hash: 'other' })
      const hashes = (await store.parts('r', 'd')).map(({ start, hash }) => `${start} ${hash}`)
      expect(hashes).toEqual(['0 h', '2 other'])
      await store.dropParts('r', 'd')
      expect(await store.parts('r', 'd')).toEqual([])
      await store.savePart({ ...piece, start: 0 })
      await store.prune(NOW + 86_400_000)
      expect(await store.parts('r', 'd')).toEqual([])
    }))

  test('an update counts in the round that it names, else in its own; devices at work are counted', () =>
    withStore(async (store) => {
      const member = { assignedAt: NOW, isSilent: false, consent: null }
      const save = (roundId: string, deviceId: string, digest: string | null, more = {}) =>
        store.saveMember(roundId, { ...member, deviceId, digest, ...more })
      await save('early', 'a', 'late', { countedIn: 'now' })
      await save('early', 'b', 'own')
      await save('early', 'c', null)
      await save('early', 'd', null, { isSilent: true })
      await save('now', 'a', 'other')
      expect(await store.digests('now')).toEqual(['late', 'other'])
      expect(await store.digests('early')).toEqual(['own'])
      expect(await store.senders('now')).toEqual(['early', 'now'])
      expect(await store.countAtWork('early')).toBe(1)
      expect(await store.member('early', 'a')).toMatchObject({ countedIn: 'now' })
      expect(await store.member('early', 'b')).not.toHaveProperty('countedIn')
    }))

  test('sums of updates are kept by round, the shortest first, and counted, dropped and forgotten', () =>
    withStore(async (store) => {
      const sum = { roundId: 'r', hash: 'long', digests: ['a', 'a', 'b'] }
      await store.saveFolded(sum)
      await store.saveFolded({ ...sum, hash: 'short', digests: ['c'] })
      await store.saveFolded({ ...sum, roundId: 'other' })
      expect((await store.folded('r')).map(({ hash }) => hash)).toEqual(['short', 'long'])
      expect((await store.folded('r'))[1]).toEqual(sum)
      expect(await store.countFolded('r')).toBe(4)
      await store.dropFolded('r', 'short')
      expect(await store.folded('r')).toEqual([sum])
      expect(await store.countFolded('none')).toBe(0)
      const job = newJob('j', 'line', parsedJob(), NOW)
      await store.saveJob({ ...job, state: 'completed', endedAt: NOW })
      await store.saveRound(roundOf('r', 'j'))
      await store.prune(NOW + 86_400_000)
      expect(await store.countFolded('r')).toBe(0)
      expect(await store.countFolded('other')).toBe(3)
    }))
}
