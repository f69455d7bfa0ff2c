/** A device replaces its key, and is killed at each point of that. */
import { rmSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { FedError } from '../../../adapters/errors.ts'
import { cryptoRng } from '../../../adapters/random.ts'
import { federationClient } from '../../../device/federation/client.ts'
import { deviceIdOfKey, type SigningKey } from '../../../device/home/device-key.ts'
import { createHome, openHome } from '../../../device/home/home.ts'
import { type LiveHome, openLiveHome } from '../../../device/home/live-home.ts'
import { type OperationsDeps, openOperations } from '../../../device/owner/operations.ts'
import { openStore } from '../../../device/store/store.ts'
import {
  checkInOf,
  type TestServer,
  testServer,
  tinyJob,
} from '../../support/federation-fixture.ts'
import { temporaryFolder } from '../device-fixture.ts'

const SERVER = 'http://server.test'
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** step: called before and after each request and each write of the key. */
const operationsOf = (server: TestServer, home: LiveHome, step: () => void) =>
  openOperations({
    store: openStore(':memory:'),
    home: {
      ...home,
      changeKey(change: Parameters<LiveHome['changeKey']>[0]) {
        step()
        home.changeKey(change)
        step()
      },
    },
    clock: server.now,
    transport: () => async (request: Request) => {
      step()
      const answer = await server.app.request(request)
      step()
      return answer
    },
    holder: { pid: 1, command: 'test', version: 'test' },
  } as unknown as OperationsDeps)

const enrolledHome = async (server: TestServer) => {
  const folder = temporaryFolder()
  folders.push(folder)
  const home = openLiveHome(createHome(folder, {}), {})
  const operations = operationsOf(server, home, () => {})
  const token = await server.operator.token()
  await operations.enroll({ server: SERVER, token, insecureHttp: true }, AbortSignal.timeout(5000))
  return { folder, home, operations }
}

const checkIn = async (server: TestServer, key: SigningKey) => {
  const client = federationClient({
    serverUrl: SERVER,
    transport: (request) => Promise.resolve(server.app.request(request)),
    key,
    clock: server.now,
    rng: cryptoRng(),
    sleep: async () => {},
    log: () => {},
  })
  const { protocol: _, ...request } = checkInOf(tinyJob(), server.now())
  await client.checkIn(request, { signal: undefined, check: () => {} })
}

const signal = () => AbortSignal.timeout(60_000)

test('a new key takes the place of the old one, which is refused, and the device stays the same', async () => {
  const server = testServer()
  const { home, operations } = await enrolledHome(server)
  const before = home.now().key
  const id = deviceIdOfKey(before)
  expect(await operations.replaceKey(signal())).toEqual({ deviceId: id, server: SERVER })
  const after = home.now().key
  expect(after.publicKey).not.toBe(before.publicKey)
  expect(deviceIdOfKey(after)).toBe(id)
  await checkIn(server, after)
  await expect(checkIn(server, before)).rejects.toMatchObject({ code: 'E_SIGNATURE' })
  expect((await server.store.devices()).map((one) => one.id)).toEqual([id])
  const entries = (await server.store.auditEntries(0, 100)).filter(({ who }) => who === id)
  expect(entries.map(({ action, outcome }) => [action, outcome])).toEqual([
    ['replace its key', 'asked'],
    ['replace its key', 'confirmed'],
  ])
  // Twice is fine, and another federation knows it by its own id.
  await operations.replaceKey(signal())
  await checkIn(server, home.now().key)
  const other = testServer()
  const elsewhere = operationsOf(other, home, () => {})
  const token = await other.operator.token()
  const joined = await elsewhere.enroll({ server: SERVER, token, insecureHttp: true }, signal())
  expect(joined.deviceId).toBe(deviceIdOfKey(home.now().key))
  await checkIn(other, home.now().key)
})

test('a kill at any point leaves a key that is good, and the next attempt ends it', async () => {
  // Two writes of the file and two requests, each before and after.
  const points = 8
  for (let point = 1; point <= points; point++) {
    const server = testServer()
    const { folder, home } = await enrolledHome(server)
    const before = home.now().key
    let steps = 0
    const kill = () => {
      steps += 1
      if (steps === point) throw new FedError('E_UNAVAILABLE', 'killed')
    }
    const killed = operationsOf(server, home, kill)
    await expect(killed.replaceKey(signal())).rejects.toMatchObject({ message: /killed/ })
    const again = openLiveHome(openHome(folder), {})
    await checkIn(server, again.now().key)
    await operationsOf(server, again, () => {}).replaceKey(signal())
    await checkIn(server, again.now().key)
    await expect(checkIn(server, before)).rejects.toMatchObject({ code: 'E_SIGNATURE' })
    expect(await server.store.devices()).toHaveLength(1)
  }
  const server = testServer()
  const { home } = await enrolledHome(server)
  let steps = 0
  const count = () => {
    steps += 1
  }
  await operationsOf(server, home, count).replaceKey(signal())
  expect(steps).toBe(points)
})
