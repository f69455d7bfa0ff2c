/**
 * An app's requests while the database of the home is locked, full, read-only, damaged or gone:
 * Claude answers each as if nothing were, and what was to be kept is kept once it can be.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { openSqlite } from '../../../adapters/node/sqlite.ts'
import type { StatusResponse } from '../../../device/api/schemas/personalization.ts'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { openStore } from '../../../device/store/store.ts'
import {
  fakeDevice as openFake,
  shortChoices,
  temporaryFolder,
  tinyModel,
} from '../device-fixture.ts'
import { buildApi, fakeDevice, messageText, STREAM_TEXT } from './fakes.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A device that has learned something, in a folder. own: the store's connection. */
const build = async () => {
  const folder = temporaryFolder()
  const path = join(folder, 'loreweave.db')
  const state = { isShut: false }
  let own: Database.Database | undefined
  const store = openStore(path, {
    patienceMs: 50,
    open: (name) => {
      if (state.isShut) throw Object.assign(new Error('x'), { code: 'SQLITE_CANTOPEN' })
      own = openSqlite(name)
      return own
    },
  })
  const { device } = openFake(model, { store, clock: Date.now })
  await device.importChoices(shortChoices(20))
  await device.editProfile([
    { op: 'state', dimension: 'emoji', direction: -1, strength: 1, scope: 'all' },
  ])
  await device.prepare()
  await store.drained()
  const api = buildApi(
    {
      logOutgoing: (entry) => store.later((tx) => tx.log(entry)),
      drained: store.drained,
      settings: { deadlineMs: 5000 },
      clock: Date.now,
    },
    { ...fakeDevice(), device },
  )
  ends.push(async () => {
    await device.close()
    rmSync(folder, { recursive: true })
  })
  const status = async () => (await (await api.call('/v1/status')).json()) as StatusResponse
  const other = () => {
    const db = openSqlite(path)
    ends.push(() => db.close())
    return db
  }
  return { ...api, path, store, status, state, own: () => own!, other }
}
type Build = Awaited<ReturnType<typeof build>>

const asked = (n: number, more: object = {}) => ({
  model: 'claude',
  max_tokens: 10,
  messages: [
    { role: 'user', content: `Wie entsteht Regen, und was hat das mit Wolke ${n} zu tun?` },
  ],
  ...more,
})

/** What goes wrong; it returns what mends it. */
const TROUBLES: Readonly<Record<string, (home: Build) => () => void>> = {
  locked: ({ other }) => {
    const db = other()
    db.exec('BEGIN IMMEDIATE')
    return () => db.exec('ROLLBACK')
  },
  'locked for itself alone': ({ other }) => {
    const db = other()
    db.exec('BEGIN EXCLUSIVE')
    return () => db.exec('ROLLBACK')
  },
  full: ({ own }) => {
    const pages = Number(own().pragma('page_count', { simple: true }))
    own().pragma(`max_page_count = ${pages}`)
    return () => own().pragma(`max_page_count = ${pages + 100_000}`)
  },
  'read-only': ({ own, state }) => {
    own().pragma('query_only = ON')
    state.isShut = true
    return () => {
      own().pragma('query_only = OFF')
      state.isShut = false
    }
  },
}

describe.each(Object.keys(TROUBLES))('a database that is %s', (name) => {
  test('fails and delays no request, says so, and holds what was to be kept once it can', async () => {
    const home = await build()
    const { post, store, status, claude } = home
    const mend = TROUBLES[name]!(home)
    const before = store.outbox().length
    const ids: string[] = []
    const began = performance.now()
    for (let n = 1; n <= 20; n++) {
      const plain = await post('/v1/messages', asked(n))
      expect(plain.status).toBe(200)
      ids.push(plain.headers.get('loreweave-decision') ?? '')
      const streamed = await post('/v1/messages', asked(n, { stream: true }))
      expect([streamed.status, await streamed.text()]).toEqual([200, STREAM_TEXT])
    }
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(ids.every((id) => id.startsWith('d_'))).toBe(true)
    for (const { text } of claude.seen) expect(JSON.parse(text).system).toContain('emoji')
    await vi.waitFor(async () => expect((await status()).store?.state).toBe('waiting'), 5000)
    const { what, queued } = (await status()).store!
    expect(what).toEqual(expect.any(String))
    expect(queued).toBeGreaterThan(0)
    const event = { kind: 'thumbs', decisionId: ids[0], value: 1 }
    const refused = await post('/v1/feedback', { protocol: 1, event })
    expect([refused.status, await codeOf(refused)]).toEqual([503, 'E_STORE'])
    mend()
    await vi.waitFor(async () => expect((await status()).store).toMatchObject(WELL), 10_000)
    expect(store.outbox().length - before).toBe(claude.seen.length)
    for (const id of ids) expect(store.decision(id)?.candidates).toBeGreaterThan(0)
    expect(store.feedbackOn(ids[0]!)).toEqual([])
    expect((await post('/v1/feedback', { protocol: 1, event })).status).toBe(200)
    expect(store.feedbackOn(ids[0]!)).toHaveLength(1)
  }, 60_000)
})

const WELL = { state: 'ok', cause: null, queued: 0, dropped: 0 }
const codeOf = async (response: Response) =>
  ((await response.json()) as { error: { code: string } }).error.code

test('a database that is no database leaves every request as the app wrote it', async () => {
  const folder = temporaryFolder()
  const path = join(folder, 'loreweave.db')
  writeFileSync(path, 'x'.repeat(10_000))
  const store = openStore(path)
  const { device } = openFake(model, { store, clock: Date.now })
  ends.push(async () => {
    await device.close()
    rmSync(folder, { recursive: true })
  })
  const { post, call, claude } = buildApi(
    { logOutgoing: (entry) => store.later((tx) => tx.log(entry)), clock: Date.now },
    { ...fakeDevice(), device },
  )
  for (let n = 1; n <= 5; n++) {
    const response = await post('/v1/messages', asked(n))
    expect([response.status, await response.text()]).toEqual([200, messageText(n)])
  }
  expect(claude.seen.map(({ text }) => text)).toEqual(
    Array.from({ length: 5 }, (_, i) => JSON.stringify(asked(i + 1))),
  )
  const { store: told } = (await (await call('/v1/status')).json()) as StatusResponse
  expect(told).toMatchObject({ state: 'waiting', cause: 'damaged' })
})

test('reads that fail leave every request as the app wrote it', async () => {
  const home = await build()
  const { post, store, claude } = home
  const broken = () => {
    throw Object.assign(new Error('database disk image is malformed'), { code: 'SQLITE_CORRUPT' })
  }
  const reads = Object.entries(store).filter(
    ([name, value]) =>
      typeof value === 'function' &&
      !['later', 'durably', 'drained', 'health', 'compact', 'close', 'update'].includes(name),
  )
  expect(reads.length).toBeGreaterThan(40)
  for (const [name] of reads) Object.assign(store, { [name]: broken })
  const restore = () => Object.assign(store, Object.fromEntries(reads))
  try {
    for (let n = 1; n <= 5; n++) {
      const response = await post('/v1/messages', asked(n))
      expect([response.status, await response.text()]).toEqual([200, messageText(n)])
      const streamed = await post('/v1/messages', asked(n, { stream: true }))
      expect(await streamed.text()).toBe(STREAM_TEXT)
      claude.seen.pop()
      expect((await post('/v1/messages/count_tokens', asked(n))).status).toBe(200)
      claude.seen.pop()
    }
  } finally {
    restore()
  }
  expect(claude.seen[0]!.text).toBe(JSON.stringify(asked(1)))
})

test('what cannot be logged is sent all the same', async () => {
  const logOutgoing = () => {
    throw new Error('SQLITE_FULL')
  }
  const { post, call, reports, claude } = buildApi({ logOutgoing })
  expect((await post('/v1/messages', asked(1, { stream: true }))).status).toBe(200)
  expect((await call('/v1/models')).status).toBe(200)
  expect(claude.seen).toHaveLength(2)
  expect(reports.filter(({ what }) => what === 'log')).toHaveLength(2)
})
