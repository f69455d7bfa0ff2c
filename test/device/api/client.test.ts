/** The client of the device's own routes, over the loopback network and straight into an API. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { FedError } from '../../../adapters/errors.ts'
import { createControl } from '../../../device/api/app.ts'
import {
  DIRECT_PORT,
  directTransport,
  loopbackTransport,
  NobodyListens,
  openClient,
} from '../../../device/api/client.ts'
import { openDoor } from '../../../device/api/serve.ts'
import type { Progress } from '../../../device/home/progress.ts'
import type { HomeOperations, Work } from '../../../device/owner/operations.ts'
import { shortChoices } from '../device-fixture.ts'
import { DEVICE_TOKEN, fakeDevice, fakeInspection } from './fakes.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

const REPORT = {
  exit: null,
  choices: 3,
  pairs: 3,
  logLikelihood: -1.25,
  adapter: null,
  margin: 0.1,
  heldBack: 1,
}

/** A home whose operations are those given; its others are not used. */
const control = (home: Partial<HomeOperations>) => ({
  device: fakeDevice().device,
  inspection: fakeInspection(),
  home: home as HomeOperations,
  deviceToken: DEVICE_TOKEN,
  clock: () => 1000,
  report: () => {},
})

const direct = (home: Partial<HomeOperations>, failed?: (error: unknown) => void) => {
  const app = createControl({ ...control(home), failed, port: () => DIRECT_PORT })
  return openClient(directTransport(app.fetch), DEVICE_TOKEN)
}
const listening = async (home: Partial<HomeOperations>) => {
  const door = await openDoor(0, [], () => {}, 100)
  ends.push(door.close)
  door.open(createControl({ ...control(home), port: () => door.port }).fetch)
  return { door, client: openClient(loopbackTransport(door.port), DEVICE_TOKEN) }
}

/** Reports twice, then ends. */
const train = async (_: object, { onProgress }: Work) => {
  onProgress({ step: 'states', done: 1, of: 2 })
  onProgress({ step: 'training', done: 1, of: 1, note: 'loss 0.5' })
  return REPORT
}

test.each([
  ['of this process', async (home: Partial<HomeOperations>) => direct(home)],
  ['over the network', async (home: Partial<HomeOperations>) => (await listening(home)).client],
])('%s: progress, numbers, refusals and adapters come through whole', async (_, open) => {
  const taken: unknown[] = []
  const numbers = Float32Array.from({ length: 100_000 }, (_, i) => i / 7)
  const adapter = {
    which: 'private' as const,
    weights: 'a'.repeat(64),
    spec: { firstLayer: 0, endLayer: 1, modules: ['q' as const], rank: 2, alpha: 4 },
    numbers,
  }
  const { call } = await open({
    train,
    adapter: async () => adapter,
    takeAdapter: async (given) => {
      taken.push(given)
      return { choices: 7 }
    },
    importChoices: async (choices) => {
      taken.push(choices)
      return { added: choices.length, replaced: 0, known: 0, test: 0 }
    },
    leave: async () => {
      throw new FedError('E_STORE', 'the disk is full')
    },
    participate: async () => {
      throw new FedError('E_NOT_ENROLLED', 'no server')
    },
  })
  const told: Progress[] = []
  const onProgress = (progress: Progress) => void told.push(progress)
  expect(await call('train', { body: {}, onProgress })).toEqual(REPORT)
  expect(told.map(({ step }) => step)).toEqual(['states', 'training'])
  expect(await call('getAdapter', {})).toEqual(adapter)
  expect(await call('putAdapter', { body: adapter })).toEqual({ choices: 7 })
  const choices = shortChoices(300)
  expect(await call('importChoices', { body: choices })).toMatchObject({ added: 300 })
  expect(taken).toEqual([adapter, choices])
  await expect(call('leave')).rejects.toMatchObject({
    code: 'E_STORE',
    message: 'the disk is full',
  })
  await expect(call('participate', { body: {} })).rejects.toMatchObject({ code: 'E_NOT_ENROLLED' })
})

test('a failure without a code keeps its cause for who calls in the same process, and no one else', async () => {
  const failed = vi.fn()
  const home = { train: () => Promise.reject(new TypeError('words of a user')) }
  const { call } = direct(home, failed)
  await expect(call('train', { body: {} })).rejects.toMatchObject({
    code: 'E_INTERNAL',
    message: expect.not.stringContaining('words'),
  })
  expect(failed).toHaveBeenCalledExactlyOnceWith(expect.any(TypeError))
})

test('an abort is E_CANCELLED at once, and reaches the work on the other side', async () => {
  let seen: AbortSignal | undefined
  const { client } = await listening({
    train: (_, { signal }) => {
      seen = signal
      return new Promise(() => {})
    },
  })
  const abort = new AbortController()
  const asked = client.call('train', { body: {}, signal: abort.signal })
  await vi.waitFor(() => expect(seen).toBeDefined())
  abort.abort()
  await expect(asked).rejects.toMatchObject({ code: 'E_CANCELLED' })
  await vi.waitFor(() => expect(seen?.aborted).toBe(true))
})

test('a caller that is gone ends the work too', async () => {
  let seen: AbortSignal | undefined
  const { door } = await listening({
    train: (_, { signal }) => {
      seen = signal
      return new Promise(() => {})
    },
  })
  const response = await fetch(`http://127.0.0.1:${door.port}/v1/home/train`, {
    method: 'POST',
    headers: { authorization: `Bearer ${DEVICE_TOKEN}`, 'content-type': 'application/json' },
    body: '{}',
  })
  await response.body?.cancel()
  await vi.waitFor(() => expect(seen?.aborted).toBe(true))
})

const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => server.close())
  return (server.address() as AddressInfo).port
}
const at = (port: number) => openClient(loopbackTransport(port), DEVICE_TOKEN)

test('where nobody listens that is told apart, since nothing was sent', async () => {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  await expect(at(port).call('getHome')).rejects.toBeInstanceOf(NobodyListens)
})

test.each([
  ['before its answer', ''],
  ['in the middle of its lines', '{"progress":{"step":"training"}}\n{"res'],
  ['between its lines', '{"progress":{"step":"training"}}\n'],
])('an owner that ends %s is E_UNAVAILABLE', async (_, said) => {
  const port = await listen(
    createServer((request, response) => {
      if (said === '') {
        request.socket.destroy()
        return
      }
      response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      response.write(said)
      setTimeout(() => request.socket.destroy(), 20)
    }),
  )
  await expect(at(port).call('train', { body: {} })).rejects.toMatchObject({
    code: 'E_UNAVAILABLE',
  })
})

test.each([
  ['no JSON', 200, 'hello'],
  ['another shape', 200, '{"protocol":1,"pid":"x"}'],
  ['a refusal of another shape', 404, '{"error":"no"}'],
])('%s is told as what it is: another version, or another program', async (_, status, body) => {
  const port = await listen(createServer((_, response) => response.writeHead(status).end(body)))
  const strange = new FedError('E_PROTOCOL', 'strange')
  const { call } = openClient(loopbackTransport(port), DEVICE_TOKEN, () => strange)
  await expect(call('getOwner')).rejects.toBe(strange)
})

test('the routes of a home are for the device token alone, and begin like none of Claude’s', async () => {
  const { door } = await listening({ train })
  const { url } = { url: `http://127.0.0.1:${door.port}` }
  const ask = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${url}${path}`, { headers })
  expect((await ask('/v1/home')).status).toBe(401)
  const code = await openClient(loopbackTransport(door.port), DEVICE_TOKEN).call('newSessionCode')
  const { session } = await openClient(loopbackTransport(door.port), DEVICE_TOKEN).call(
    'openSession',
    {
      body: { code: code.code },
    },
  )
  const page = { authorization: `Bearer ${session}` }
  expect((await ask('/v1/profile', page)).status).toBe(200)
  expect((await ask('/v1/home', page)).status).toBe(401)
  const token = { authorization: `Bearer ${DEVICE_TOKEN}` }
  expect((await ask('/v1/home/of-a-later-version', token)).status).toBe(404)
  expect((await ask('/v1/messages', token)).status).toBe(404)
})
