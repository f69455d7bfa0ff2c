/**
 * test/vectors/old-round: a server's data folder between the two uploads of an A-round and of a B-round, and the home
 * of one of its devices, which has made its update of the B-round and not yet sent it. Commit a9e1e39 wrote them, and
 * then went on from there: the releases named here are those that it made. world.json holds the objects of the
 * folder, the files of the home beside its database, and the update that the A-round waits for.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findPart } from '../../../adapters/container/container.ts'
import { decodeRelease } from '../../../adapters/contributions/messages.ts'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import { openSqlite } from '../../../adapters/node/sqlite.ts'
import type { Assignment } from '../../../adapters/wire/federation.ts'
import { openHome } from '../../../device/home/home.ts'
import { openStore } from '../../../device/store/store.ts'
import { SCHEMA_VERSION } from '../../../server/store/schema.ts'
import { openSqliteStore } from '../../../server/store/sqlite.ts'
import { fakeDevice, jobFor, temporaryFolder, tinyModel } from '../../device/device-fixture.ts'
import { expectCode } from '../../support/expect-code.ts'
import { type TestServer, testDevice, testServer } from '../../support/federation-fixture.ts'

const OLD = new URL('../../vectors/old-round/', import.meta.url)
const read = (name: string) => readFileSync(new URL(name, OLD), 'utf8')
const world = JSON.parse(read('world.json'))
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'base64'))

let folder = ''
beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(() => rmSync(folder, { recursive: true }))

const openOld = async (name: 'in-a-round' | 'in-b-round'): Promise<TestServer> => {
  const data = join(folder, 'data')
  mkdirSync(join(data, 'objects'), { recursive: true })
  fill(join(data, 'loreweave.sqlite'), `${name}.sql`)
  for (const hash of world[name].objects)
    writeFileSync(join(data, 'objects', hash), bytesOf(world.objects[hash]))
  const server = testServer({ folder: data, seed: 'later', start: world[name].sentAt })
  await server.recover()
  // Nonces that have expired are forgotten.
  await server.settle()
  return server
}

const fill = (path: string, sql: string) => {
  const db = openSqlite(path)
  db.exec(read(sql))
  db.close()
}

const other = (server: TestServer) =>
  testDevice(server.fetch, server.now, 'other', 'http://server.test', world.otherKeys)

test('a round of A goes on in a data folder of an earlier version and ends in the same numbers, but for the scale, in which devices count once now', async () => {
  const server = await openOld('in-a-round')
  const { update, uploadToken, roundId, release } = world['in-a-round']
  const assignment = { roundId, uploadToken } as Assignment
  expect((await other(server).upload(assignment, bytesOf(update))).status).toBe(202)
  await server.settle()
  const [job] = await server.store.jobs()
  const rounds = await server.store.rounds(job!.id)
  expect(rounds.map((r) => [r.factor, r.phase])).toEqual([
    ['B', 'released'],
    ['A', 'released'],
    ['B', 'collecting'],
  ])
  const made = decodeRelease(await server.operator.releaseBytes(rounds[1]!.release!))
  const before = decodeRelease(bytesOf(world.objects[release]))
  expect(made.header).toEqual(before.header)
  const names = made.header.segments.map(({ name }) => name)
  const differing = names.filter(
    (name) => !isDeepStrictEqual(findPart(made, name), findPart(before, name)),
  )
  expect(differing).toEqual(['statistics.scale'])
  expect(rounds[2]).toMatchObject({ parent: rounds[1]!.release, basisEpoch: 2 })
  await server.close()
})

test('a home of an earlier version sends the update that it kept; its round ends in the same bytes, and the next one follows', async () => {
  const server = await openOld('in-b-round')
  const model = await tinyModel()
  const homeFolder = join(folder, 'home')
  mkdirSync(homeFolder, { mode: 0o700 })
  for (const [name, text] of Object.entries<string>(world.home))
    writeFileSync(join(homeFolder, name), text, { mode: 0o600 })
  const home = openHome(homeFolder)
  fill(home.databasePath, 'home.sql')
  const store = openStore(home.databasePath)
  const { device } = fakeDevice(model, {
    store,
    key: home.key,
    serverUrl: home.config.server,
    transport: async (request) => server.app.request(request),
    clock: server.now,
    sleep: (ms) => server.pass(ms),
  })
  expect(store.pendingUploads()).toHaveLength(1)
  // Its consent says nothing of cohorts, so it counts as one for 20 devices.
  expect((await device.participate()).rounds).toEqual([])
  expect(store.pendingUploads()).toHaveLength(1)
  await device.grantConsent(['adapter', 'prior', 'statistics'], null, 1)

  await device.participate()
  await server.settle()
  const { release } = world['in-b-round']
  const [job] = await server.store.jobs()
  expect((await server.store.rounds(job!.id))[2]).toMatchObject({ phase: 'released', release })
  expect(sha256Hex(await server.operator.releaseBytes(release))).toBe(release)
  expect(store.uploads().map((u) => u.state)).toEqual(['accepted', 'accepted', 'accepted'])

  await server.pass(600_000)
  const answer = await other(server).checkIn(jobFor(model))
  expect(answer).toMatchObject({ kind: 'assignment', assignment: { factor: 'A' } })
  expect((await device.participate()).rounds).toHaveLength(1)
  await server.pass(3_600_000)
  const view = await server.operator.job(job!.id)
  expect(view).toMatchObject({ state: 'completed' })
  expect(view.rounds.map((r) => r.factor)).toEqual(['B', 'A', 'B', 'A'])
  await device.participate()
  expect(device.status().release).toBe(view.head)
  await store.close()
  await server.close()
})

test('a data folder of an earlier version is of this version once it was opened, and keeps no next factor', async () => {
  const server = await openOld('in-b-round')
  for (const release of await server.store.releases()) {
    expect(release).toMatchObject({ optimizer: null, adapterRounds: expect.any(Number) })
    expect(release).not.toHaveProperty('nextFactor')
  }
  await server.close()
  const db = openSqlite(join(folder, 'data', 'loreweave.sqlite'))
  expect(db.pragma('user_version', { simple: true })).toBe(SCHEMA_VERSION)
  db.pragma(`user_version = ${SCHEMA_VERSION + 1}`)
  db.close()
  expectCode('E_DATA', () => openSqliteStore(join(folder, 'data')))
})
