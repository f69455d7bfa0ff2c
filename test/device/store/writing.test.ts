import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openSqlite } from '../../../adapters/node/sqlite.ts'
import type { StoreHealth } from '../../../device/store/health.ts'
import { type DeviceStore, openStore } from '../../../device/store/store.ts'
import { temporaryFolder } from '../device-fixture.ts'

let folder = ''
let store: DeviceStore
/** The store's own connection. */
let own: Database.Database
let told: StoreHealth[]
/** Another program at the same file. */
let other: Database.Database
beforeEach(() => {
  folder = temporaryFolder()
  told = []
  store = openStore(join(folder, 'db'), {
    changed: (health) => void told.push(health),
    patienceMs: 800,
    open: (path) => {
      own = openSqlite(path)
      return own
    },
  })
  other = openSqlite(join(folder, 'db'))
})
afterEach(async () => {
  other.close()
  await store.close()
  rmSync(folder, { recursive: true })
})

const entry = (at: number) => ({
  at,
  recipient: 'claude' as const,
  what: 'messages',
  bytes: 1,
  digest: '',
})
const times = () => store.outbox().map(({ at }) => at)

test('later writes wait out a lock of another program, in memory and in order', async () => {
  other.exec('BEGIN IMMEDIATE')
  const began = performance.now()
  for (let at = 1; at <= 50; at++) store.later((tx) => tx.log(entry(at)))
  await new Promise(setImmediate)
  expect(await store.drained()).toBe(false)
  expect(performance.now() - began).toBeLessThan(1000)
  expect(times()).toEqual([])
  expect(store.health().queued).toBe(50)
  other.exec('COMMIT')
  await vi.waitFor(() => expect(times()).toHaveLength(50), { timeout: 5000 })
  expect(times()).toEqual(times().toSorted((a, b) => b - a))
})

test('a full database keeps what waits, and says so until there is room', async () => {
  const pages = Number(own.pragma('page_count', { simple: true }))
  own.pragma(`max_page_count = ${pages}`)
  for (let at = 1; at <= 200; at++) store.later((tx) => tx.log(entry(at)))
  expect(await store.drained()).toBe(false)
  expect(store.health()).toMatchObject({
    state: 'waiting',
    cause: 'full',
    // There may be room for some.
    queued: 200 - times().length,
  })
  await expect(store.durably((tx) => tx.set('paused', true))).rejects.toMatchObject({
    code: 'E_STORE',
    message: expect.stringContaining('full'),
  })
  expect(store.get('paused')).toBeUndefined()
  own.pragma(`max_page_count = ${pages + 1000}`)
  expect(await store.drained()).toBe(true)
  expect(times()).toHaveLength(200)
  expect(told.map(({ state, cause }) => [state, cause])).toEqual([
    ['waiting', 'full'],
    ['ok', null],
  ])
})

describe('what a user waits for', () => {
  test('is kept after what was to be written before', async () => {
    store.later((tx) => tx.set('asks', [7]))
    expect(await store.durably((tx) => tx.get('asks'))).toEqual([7])
  })

  test('waits for a short lock without standing in the way of others', async () => {
    other.exec('BEGIN IMMEDIATE')
    const keeping = store.durably((tx) => tx.set('paused', true))
    let turns = 0
    const ticking = setInterval(() => turns++, 5)
    await new Promise((resolve) => setTimeout(resolve, 300))
    clearInterval(ticking)
    expect(turns).toBeGreaterThan(10)
    other.exec('COMMIT')
    await keeping
    expect(store.get('paused')).toBe(true)
  })

  test('is refused with E_STORE where the lock stays, and nothing of it is kept', async () => {
    other.exec('BEGIN IMMEDIATE')
    await expect(store.durably((tx) => tx.set('paused', true))).rejects.toMatchObject({
      code: 'E_STORE',
      message: expect.stringMatching(/nothing was kept: .*locked.*close it/),
    })
    other.exec('COMMIT')
    expect(store.get('paused')).toBeUndefined()
    await store.durably((tx) => tx.set('paused', true))
    expect(store.get('paused')).toBe(true)
  })

  test('fails as its work does', async () => {
    const work = () => {
      throw new RangeError('no such thing')
    }
    await expect(store.durably(work)).rejects.toThrow('no such thing')
    expect(store.health().state).toBe('ok')
  })
})

test('closing writes what waits, and gives up after a second', async () => {
  store.later((tx) => tx.log(entry(1)))
  await store.close()
  expect(other.prepare('SELECT COUNT(*) AS n FROM outbox').get()).toEqual({ n: 1 })
  const reported: object[] = []
  store = openStore(join(folder, 'db'), { report: (event) => void reported.push(event) })
  other.exec('BEGIN IMMEDIATE')
  store.later((tx) => tx.log(entry(2)))
  const began = performance.now()
  await store.close()
  expect(performance.now() - began).toBeLessThan(4000)
  expect(reported).toEqual([{ what: 'store', code: 'E_STORE', dropped: 1 }])
  other.exec('COMMIT')
  store = openStore(join(folder, 'db'))
})
