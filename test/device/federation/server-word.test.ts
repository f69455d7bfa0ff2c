// A device that has pinned the key of its server, and what others in the server's place come to.
import { beforeAll, expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import {
  ANSWER_SIGNATURE,
  type ServerKeyResponse,
  signAnswer,
} from '../../../adapters/wire/server-key.ts'
import { newKeyPair } from '../../../adapters/wire/signature.ts'
import { fingerprintOf, spokenHash } from '../../../adapters/wire/spoken.ts'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { federationClient } from '../../../device/federation/client.ts'
import { enrolWith } from '../../../device/federation/enrol.ts'
import { compareLog, followLog, loggedRelease } from '../../../device/federation/release-log.ts'
import { pinnedKey } from '../../../device/federation/server-word.ts'
import type { Transport } from '../../../device/federation/signed-transport.ts'
import { openDevice } from '../../../device/owner/device.ts'
import { openStore } from '../../../device/store/store.ts'
import { trustOf } from '../../../device/store/trust.ts'
import { type TestServer, testServer, tinyJob } from '../../support/federation-fixture.ts'
import { enrolledDevice, tinyModel } from '../device-fixture.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

type Change = (request: Request, answer: Response) => Promise<Response> | Response

/** change: what comes of the server's answers on the way. */
const scene = async (change: Change = (_, answer) => answer) => {
  const made = await enrolledDevice(model, { rounds: 3 })
  const paths: string[] = []
  let isHostile = false
  const transport: Transport = async (request) => {
    paths.push(`${request.method} ${new URL(request.url).pathname}`)
    const answer = await made.transport(request)
    return isHostile ? change(request, answer) : answer
  }
  const device = openDevice({
    ...{ store: made.store, key: made.key, model, engine: made.engine, transport },
    serverUrl: 'http://server.test',
    clock: made.server.now,
    sleep: (ms) => made.server.pass(ms),
    settings: { explore: 0, maxTokens: 64 },
  })
  await device.enroll(await made.server.operator.token())
  isHostile = true
  return { ...made, device, paths }
}

const keyOf = async (server: TestServer) =>
  (await (await server.app.request('http://server.test/v1/server/key')).json()) as ServerKeyResponse

const changed = async (answer: Response, change: (text: string) => string): Promise<Response> =>
  new Response(change(await answer.text()), { status: answer.status, headers: answer.headers })

const isCheckIn = ({ url }: Request): boolean => url.endsWith('/v1/checkin')

test('a token that names the key pins it, and an honest server is worked with', async () => {
  const it = await scene()
  const words = fingerprintOf((await keyOf(it.server)).publicKey)
  expect(trustOf(it.store, null)).toMatchObject({ key: words, by: 'token', log: null })
  expect((await it.device.participate()).rounds).toHaveLength(1)
  await it.server.settle()
  await it.device.participate()
  const { log } = trustOf(it.store, null)
  const entry = (await it.server.store.logEntries(0, 10)).at(-1)!
  expect(log).toEqual({ number: entry.number, words: spokenHash(entry.hash) })
})

let replayed: Response | null = null
const ATTACKS: [string, Change][] = [
  [
    'another assignment',
    (request, answer) =>
      isCheckIn(request)
        ? changed(answer, (text) => text.replace('"maxPairs":8', '"maxPairs":9'))
        : answer,
  ],
  [
    'an answer without its signature',
    (request, answer) => {
      const headers = new Headers(answer.headers)
      if (isCheckIn(request)) headers.delete(ANSWER_SIGNATURE)
      return new Response(answer.body, { status: answer.status, headers })
    },
  ],
  [
    'an answer of another time',
    (request, answer) => {
      if (!isCheckIn(request)) return answer
      replayed ??= answer.clone()
      return replayed === null || answer === replayed ? answer : replayed.clone()
    },
  ],
  [
    'an answer that somebody else has signed, who shows a key of their own',
    async (request, answer) => {
      const { publicKey, secretKey } = THIEF
      if (request.url.endsWith('/v1/server/key'))
        return Response.json({ protocol: 1, publicKey, rotations: [] })
      if (!isCheckIn(request)) return answer
      const body = new Uint8Array(await answer.arrayBuffer())
      const asked = request.headers.get('signature')!
      const headers = new Headers(answer.headers)
      headers.set(ANSWER_SIGNATURE, signAnswer({ asked, status: 200, body }, secretKey))
      return new Response(body, { headers })
    },
  ],
]
const THIEF = newKeyPair()

test.each(ATTACKS)(
  '%s is refused with E_SERVER_KEY, and nothing is sent for it',
  async (_, change) => {
    replayed = null
    const it = await scene(change)
    const sends = async () => {
      for (let i = 0; i < 2; i++) await it.device.participate()
    }
    await expect(sends()).rejects.toMatchObject({ code: 'E_SERVER_KEY' })
    expect(it.paths.filter((path) => path.startsWith('PUT')).length).toBeLessThan(2)
  },
)

test('a key that the last one signed is followed, also over several steps', async () => {
  const it = await scene()
  for (let i = 0; i < 2; i++) await it.server.operator.call('POST', '/v1/operator/server-key')
  expect((await it.device.participate()).rounds).toHaveLength(1)
  expect(it.store.get('pin')?.key).toBe((await keyOf(it.server)).publicKey)
  expect((await it.device.participate()).rounds).toHaveLength(1)
})

test('a token for another server is not given away', async () => {
  const it = await scene()
  it.paths.length = 0
  const enrolling = it.device.enroll(await testServer().operator.token())
  await expect(enrolling).rejects.toMatchObject({ code: 'E_SERVER_KEY' })
  expect(it.paths).toEqual(['GET /v1/server/key'])
})

/** A server with that key, as one would have that tells two devices different things. */
const twin = async (of: TestServer): Promise<TestServer> => {
  await keyOf(of)
  const server = testServer({ seed: 'twin', start: of.now() + 1000 })
  await server.store.addSetting('server-key', (await of.store.setting('server-key'))!)
  await server.operator.createJob(tinyJob())
  return server
}

const deviceOf = async (server: TestServer) => {
  const store = openStore(':memory:')
  const client = (at: TestServer) =>
    federationClient({
      serverUrl: 'http://server.test',
      transport: at.fetch,
      key,
      clock: at.now,
      rng: seededRng('device'),
      sleep: async () => {},
      log: () => {},
      pinned: pinnedKey(store),
    })
  const key = newKeyPair()
  const enrol = async (at: TestServer) => {
    const deps = { store, server: 'http://server.test', clock: at.now, federation: client(at) }
    await enrolWith(deps, await at.operator.token(), null)
    return { store, federation: client(at) }
  }
  return { store, enrol, deps: await enrol(server) }
}

const NOW = { signal: undefined, check: () => {} }

test('two devices that were told of different releases notice when they compare', async () => {
  const honest = testServer()
  await honest.operator.createJob(tinyJob())
  const other = await twin(honest)
  const [ada, bob, eve] = [await deviceOf(honest), await deviceOf(honest), await deviceOf(other)]
  for (const { deps } of [ada, bob, eve]) await followLog(deps, NOW)
  const shown = trustOf(ada.store, null).log!
  expect(await compareLog(bob.deps, shown, NOW)).toBe('same')
  expect(await compareLog(eve.deps, shown, NOW)).toBe('different')
  expect(await compareLog(bob.deps, { ...shown, number: 9 }, NOW)).toBe('unknown')
})

test('a log that does not continue the one that a device has seen is refused with E_FORK', async () => {
  const honest = testServer()
  await honest.operator.createJob(tinyJob())
  const ada = await deviceOf(honest)
  await followLog(ada.deps, NOW)
  const other = await ada.enrol(await twin(honest))
  await expect(followLog(other, NOW)).rejects.toMatchObject({ code: 'E_FORK' })
  const [line] = await honest.store.lineages()
  await expect(loggedRelease(other, line!.head, NOW)).rejects.toMatchObject({ code: 'E_FORK' })
})

test('so is one that has become shorter, as after a restored backup', async () => {
  const honest = testServer()
  await honest.operator.createJob(tinyJob())
  const ada = await deviceOf(honest)
  await followLog(ada.deps, NOW)
  const { number, hash } = ada.store.get('serverLog')!
  await ada.store.durably((tx) => tx.set('serverLog', { number: number + 1, hash }))
  await expect(followLog(ada.deps, NOW)).rejects.toMatchObject({
    code: 'E_FORK',
    message: expect.stringContaining('its log has 1 entries, and this device has seen 2'),
  })
})

test('a release that is not in the log is refused before its bytes are asked for', async () => {
  const it = await scene()
  await it.store.durably((tx) => tx.set('serverLog', { number: 1, hash: 'f'.repeat(64) }))
  await expect(it.device.participate()).rejects.toMatchObject({ code: 'E_FORK' })
  expect(it.paths.some((path) => path.startsWith('GET /v1/releases'))).toBe(false)
})
