import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openSqlite } from '../../../adapters/node/sqlite.ts'
import { openKeeper } from '../../../device/store/keeper.ts'
import { type OwnStore, openStore } from '../../../device/store/store.ts'
import { temporaryFolder } from '../device-fixture.ts'

let folder = ''
let path = ''
const ends: (() => unknown)[] = []
beforeEach(() => {
  folder = temporaryFolder()
  path = join(folder, 'db')
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  rmSync(folder, { recursive: true })
})
const opened = (): OwnStore => {
  const store = openStore(path, { hasKeeper: true, patienceMs: 200 })
  ends.push(() => store.close())
  return store
}
const journal = () => statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
const SECRET = 'zanzibarine'
const bytes = (mb: number) => new Uint8Array(mb * 1e6)
const reader = () => {
  const db = openSqlite(path)
  ends.push(() => db.close())
  db.exec('BEGIN')
  db.prepare('SELECT COUNT(*) FROM blobs').get()
  return db
}

test('the journal is written into the file by a thread, and does not grow beyond its bound', async () => {
  const store = opened()
  for (let n = 0; n < 10; n++)
    for (const name of ['a', 'b'] as const) {
      store.later((tx) => tx.saveBlob(name, bytes(3)))
      await store.drained()
    }
  await vi.waitFor(() => expect(statSync(path).size).toBeGreaterThan(6e6), 10_000)
  expect(store.blob('a')).toHaveLength(3e6)
  await vi.waitFor(() => expect(journal()).toBeLessThan(33e6), 10_000)
}, 30_000)

describe('what was forgotten', () => {
  const keep = (store: OwnStore) =>
    store.durably((tx) => tx.saveBlob('x', new TextEncoder().encode(SECRET.repeat(1000))))
  const holds = () => [path, `${path}-wal`].filter((name) => readFileSync(name).includes(SECRET))

  test('is in no file once it was compacted, and who writes meanwhile waits for nobody', async () => {
    const store = opened()
    await keep(store)
    await store.durably((tx) => tx.removeBlob('x'))
    expect(holds()).toEqual([`${path}-wal`])
    const compacting = store.compact()
    let turns = 0
    const ticking = setInterval(() => turns++, 2)
    store.later((tx) => tx.set('asks', [1]))
    await store.durably((tx) => tx.set('paused', true))
    expect(await compacting).toBe(true)
    clearInterval(ticking)
    expect(turns).toBeGreaterThan(3)
    expect(holds()).toEqual([])
    expect([store.get('asks'), store.get('paused'), store.health().state]).toEqual([
      [1],
      true,
      'ok',
    ])
  }, 30_000)

  test('stays due while another program reads the journal', async () => {
    const store = opened()
    await keep(store)
    const other = reader()
    await store.durably((tx) => tx.removeBlob('x'))
    expect(await store.compact()).toBe(false)
    await store.drained()
    expect(store.get('compaction')).toBe('due')
    other.exec('COMMIT')
    expect(await store.compact()).toBe(true)
    await store.drained()
    expect([store.get('compaction'), holds()]).toEqual([null, []])
  }, 30_000)
})

test('a journal that another program keeps from being emptied stops growing at its bound', async () => {
  const store = opened()
  await store.durably((tx) => tx.set('asks', []))
  const keeper = openKeeper(path, 5e6)
  ends.push(() => keeper.close())
  const other = reader()
  await store.durably((tx) => tx.saveBlob('a', bytes(6)))
  keeper.wrote()
  await vi.waitFor(() => expect(keeper.isBehind()).toBe(true), 10_000)
  other.exec('COMMIT')
  other.close()
  // Once it is read by nobody the next writer begins it anew; here it is cut.
  await keeper.compact()
  expect(keeper.isBehind()).toBe(false)
}, 30_000)
