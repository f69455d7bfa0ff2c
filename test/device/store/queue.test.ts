import { describe, expect, test, vi } from 'vitest'
import type { StoreHealth } from '../../../device/store/health.ts'
import {
  MAX_WAITING,
  MAX_WAITING_BYTES,
  openQueue,
  type QueueReport,
} from '../../../device/store/queue.ts'

/** What `together` fails with, if anything. */
const opened = () => {
  const state = { fails: null as string | null, now: 1000 }
  const kept: number[] = []
  const told: StoreHealth[] = []
  const reported: Parameters<QueueReport>[0][] = []
  let probed = 0
  const queue = openQueue({
    together: (work) => {
      const before = kept.length
      try {
        work()
        if (state.fails) throw Object.assign(new Error('x'), { code: state.fails })
      } catch (error) {
        kept.length = before
        throw error
      }
    },
    each: (work) => work(),
    probe: () => void probed++,
    changed: (health) => void told.push(health),
    report: (event) => void reported.push(event),
    clock: () => state.now,
  })
  const push = (n: number, bytes = 1, ended?: (isKept: boolean) => void) =>
    queue.push({ work: () => void kept.push(n), bytes, ended })
  return { state, kept, told, reported, queue, push, probed: () => probed }
}

const soon = () => new Promise(setImmediate)

test('what is pushed is written in the background, in its order', async () => {
  const { kept, push, queue } = opened()
  for (let n = 0; n < 1000; n++) push(n)
  expect(kept).toEqual([])
  await vi.waitFor(() => expect(queue.health().queued).toBe(0))
  expect(kept).toEqual(Array.from({ length: 1000 }, (_, n) => n))
})

test.each([
  ['SQLITE_FULL', 'full'],
  ['SQLITE_BUSY', 'locked'],
  ['SQLITE_BUSY_RECOVERY', 'locked'],
  ['SQLITE_READONLY_DIRECTORY', 'read_only'],
  ['SQLITE_IOERR_WRITE', 'failing'],
  ['SQLITE_CANTOPEN', 'unreadable'],
  ['SQLITE_CORRUPT_INDEX', 'damaged'],
  ['SQLITE_NOTADB', 'damaged'],
  ['EROFS', 'read_only'],
  ['ENOSPC', 'full'],
  ['JOURNAL', 'behind'],
])('%s keeps what waits, in order, until it is over', async (code, cause) => {
  const { state, kept, push, queue, told } = opened()
  state.fails = code
  for (let n = 0; n < 5; n++) push(n)
  expect(await queue.flushed()).toBe(false)
  state.now += 2000
  expect(await queue.flushed()).toBe(false)
  expect(kept).toEqual([])
  expect(queue.health()).toMatchObject({ state: 'waiting', cause, since: 1000, queued: 5 })
  expect(queue.health().mend).toEqual(expect.any(String))
  state.fails = null
  // By itself.
  await vi.waitFor(() => expect(kept).toEqual([0, 1, 2, 3, 4]))
  expect(queue.health()).toMatchObject({ state: 'ok', cause: null, since: null, queued: 0 })
  expect(told.map((health) => health.state)).toEqual(['waiting', 'ok'])
})

test('a lock of an instant is told to nobody, a failure a try is told once', async () => {
  const { state, push, queue, told } = opened()
  state.fails = 'SQLITE_BUSY'
  push(1)
  expect(await queue.flushed()).toBe(false)
  expect(queue.health()).toMatchObject({ state: 'ok', queued: 1 })
  expect(told).toEqual([])
  state.now += 1000
  for (let n = 0; n < 5; n++) await queue.flushed()
  expect(told).toHaveLength(1)
})

test('a write that fails by itself is reported and does not stop the others', async () => {
  const { kept, push, queue, reported } = opened()
  const ended: boolean[] = []
  push(1, 1, (isKept) => ended.push(isKept))
  queue.push({
    work: () => {
      throw new RangeError('a fault of ours')
    },
    bytes: 1,
    ended: (isKept) => ended.push(isKept),
  })
  push(2)
  expect(await queue.flushed()).toBe(true)
  expect(kept).toEqual([1, 2])
  expect(ended).toEqual([true, false])
  expect(reported).toEqual([{ what: 'store', code: 'E_INTERNAL' }])
})

describe('what waits is bounded: the oldest goes, and is counted', () => {
  test('by number', async () => {
    const { state, kept, push, queue } = opened()
    state.fails = 'SQLITE_FULL'
    const ended: number[] = []
    for (let n = 0; n < MAX_WAITING + 3; n++) push(n, 0, () => ended.push(n))
    expect(queue.health()).toMatchObject({ queued: MAX_WAITING, dropped: 3 })
    expect(ended).toEqual([0, 1, 2])
    state.fails = null
    expect(await queue.flushed()).toBe(true)
    expect(kept[0]).toBe(3)
    expect(kept).toHaveLength(MAX_WAITING)
  })

  test('by bytes, but the newest stays', async () => {
    const { state, kept, push, queue } = opened()
    state.fails = 'SQLITE_FULL'
    for (let n = 0; n < 4; n++) push(n, MAX_WAITING_BYTES / 2)
    expect(queue.health()).toMatchObject({ queued: 2, dropped: 2 })
    push(4, 2 * MAX_WAITING_BYTES)
    expect(queue.health()).toMatchObject({ queued: 1, dropped: 4 })
    state.fails = null
    await queue.flushed()
    expect(kept).toEqual([4])
  })
})

test('where nothing waits any more, trouble is over once something can be written', async () => {
  const { state, queue, probed, told } = opened()
  state.fails = 'SQLITE_FULL'
  expect(queue.note({ code: 'SQLITE_FULL' })).toBe('full')
  expect(queue.note(new Error('of another kind'))).toBeNull()
  state.fails = null
  await vi.waitFor(() => expect(queue.health().state).toBe('ok'))
  expect(probed()).toBe(1)
  expect(told.map((health) => health.cause)).toEqual(['full', null])
})

test('at the end what waits gets its time, and what is lost is counted', async () => {
  const { state, push, queue, kept } = opened()
  state.fails = 'SQLITE_BUSY'
  push(1)
  push(2)
  const lost = queue.end(150)
  setTimeout(() => {
    state.fails = null
  }, 50)
  expect(await lost).toBe(0)
  expect(kept).toEqual([1, 2])
  push(3)
  await soon()
  expect(kept).toEqual([1, 2])
})

test('at the end of its time what cannot be written is given up', async () => {
  const { state, push, queue } = opened()
  state.fails = 'SQLITE_BUSY'
  push(1)
  expect(await queue.end(20)).toBe(1)
})
