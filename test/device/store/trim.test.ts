import { expect, test } from 'vitest'
import { openStore } from '../../../device/store/store.ts'

const DAY = 24 * 3600_000
const NOW = 1_800_000_000_000

test('the log ends after a year, its sums do not', () => {
  const store = openStore(':memory:')
  const entry = {
    recipient: 'claude' as const,
    what: 'messages',
    bytes: 5,
    digest: 'ab'.repeat(32),
  }
  for (const days of [400, 300, 1]) store.log({ ...entry, at: NOW - days * DAY })
  store.log({ ...entry, recipient: 'federation', at: NOW - 400 * DAY })
  store.trimOutbox(NOW)
  expect(store.outbox().map(({ at }) => (NOW - at) / DAY)).toEqual([1, 300])
  expect(store.outboxSums()).toEqual([
    { recipient: 'claude', entries: 3, bytes: 15 },
    { recipient: 'federation', entries: 1, bytes: 5 },
  ])
})

test('what was spent is kept for as long as it counts, and what a wrong clock left in the future goes', () => {
  const store = openStore(':memory:')
  for (const days of [-400, -3, -1, 0, 400]) store.spend(NOW + days * DAY, { tokens: 1, usd: 1 })
  store.trimSpent(NOW)
  expect(store.spentSince(0)).toEqual({ tokens: 2, usd: 2 })
})

test('of updates that were settled the newest thousand are kept, and each that waits', () => {
  const store = openStore(':memory:')
  const kept = { jobId: 'j', uploadToken: 't', digest: 'd', bytes: new Uint8Array(1) }
  for (let at = 0; at < 1005; at++) store.savePending({ ...kept, roundId: `r${at}`, at })
  for (let at = 1; at < 1005; at++) store.settleUpload(`r${at}`, 'accepted', null)
  store.trimUploads()
  const rounds = store.uploads().map(({ roundId }) => roundId)
  expect([rounds.length, rounds[0], rounds.slice(-2)]).toEqual([1001, 'r1004', ['r5', 'r0']])
})

test('states that were computed of texts go after 90 days, and suffixes with the last key that names them', () => {
  const store = openStore(':memory:')
  for (const days of [91, 89]) store.savePooled(`k${days}`, new Float32Array(1), NOW - days * DAY)
  const suffix = { preferences: [], conversation: 'c', at: NOW }
  store.saveSuffix({ ...suffix, block: 'one' }, [{ key: 'a', isText: true }])
  store.saveSuffix({ ...suffix, block: 'two' }, [{ key: 'b', isText: true }])
  store.removeSuffixKeys(['a'])
  store.trimPooled(NOW)
  store.trimSuffixes()
  expect([store.pooled('k91'), store.pooled('k89')]).toEqual([undefined, new Float32Array(1)])
  expect(store.suffixAt('b')?.block).toBe('two')
  store.saveSuffix({ ...suffix, block: 'one' }, [{ key: 'c', isText: true }])
  expect(store.suffixAt('c')?.block).toBe('one')
})
