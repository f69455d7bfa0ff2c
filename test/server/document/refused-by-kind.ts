/** Refusals that follow from the kind of a route: a request for each, for every route. */
import { type ErrorCode, FedError } from '../../../adapters/errors.ts'
import type { Store } from '../../../server/store/store.ts'
import {
  enrolledDevices,
  START,
  type TestServer,
  testServer,
} from '../../support/federation-fixture.ts'
import { requestOf, routeOf, type Sent, send } from './send.ts'

type Given = Parameters<typeof testServer>[0]

/** A server, and a request that it would look at, but for what `sent` changes. */
const open = async (id: string, given: Given = {}): Promise<{ server: TestServer; good: Sent }> => {
  const server = testServer(given)
  const { who } = routeOf(id)
  if (who === 'newcomer') {
    const device = server.device('newcomer')
    const token = await server.operator.token()
    const body = { protocol: 1, token, publicKey: device.keys.publicKey }
    return { server, good: { device, body } }
  }
  if (who !== 'device') return { server, good: {} }
  const [device] = await enrolledDevices(server, 1)
  return { server, good: { device: device! } }
}

const refused =
  (changes: (good: Sent) => Sent, given: Given = {}) =>
  async (id: string): Promise<Response> => {
    const { server, good } = await open(id, given)
    return send(server, id, { ...good, ...changes(good) })
  }

/** A store whose every call fails. */
const brokenStore = (error: () => Error) => async (id: string) => {
  const { data, device } = testServer()
  const fails = () => Promise.reject(error())
  const store = new Proxy(data.store, { get: () => fails }) as Store
  const broken = testServer({ data: { ...data, store } })
  const own = device()
  // Of an operator, or of a key, that only the store knows.
  const sent = { device: own, credential: 'token-of-an-operator' }
  const body = { protocol: 1, token: 'x'.repeat(43), publicKey: own.keys.publicKey }
  return send(broken, id, routeOf(id).who === 'newcomer' ? { ...sent, body } : sent)
}

/** A body that begins and never ends. */
const stalled = (request: Request): Request =>
  new Request(request.url, {
    method: request.method,
    headers: request.headers,
    body: new ReadableStream({ pull: () => new Promise(() => {}) }),
    duplex: 'half',
  } as RequestInit)

const SLOW = { traffic: { limits: { pace: { bytes: 1e9, withinMs: 5 } } } }

type Kind = (id: string) => Promise<Response>

export const BY_KIND: Readonly<Partial<Record<ErrorCode, Kind>>> = {
  E_INTERNAL: brokenStore(() => new Error('no such table')),
  E_UNAVAILABLE: brokenStore(() => new FedError('E_UNAVAILABLE', 'the database does not answer')),
  async E_TOO_MANY(id) {
    const { server, good } = await open(id, {
      traffic: { limits: { byAddress: { burst: 1, perSecond: 1e-6 } } },
    })
    const from = { incoming: { socket: { remoteAddress: '192.0.2.7' } } }
    await server.app.fetch(requestOf(id, good), from)
    return server.app.fetch(requestOf(id, good), from)
  },
  async E_TOO_SLOW(id) {
    const { server, good } = await open(id, SLOW)
    return server.fetch(stalled(requestOf(id, good)))
  },
  E_TOO_LARGE: refused(() => ({ headers: { 'content-length': '99999999' } })),
  E_BODY: refused(() => ({ body: { protocol: 1, nonsense: true }, query: '' })),
  E_PROTOCOL: refused(() => ({ body: { protocol: 99 } })),
  async E_UNSIGNED(id) {
    const { server, good } = await open(id)
    const { url, method } = requestOf(id, good)
    return server.fetch(new Request(url, { method }))
  },
  E_SIGNATURE: refused(({ device }) => ({
    signing: { keyId: device!.id, secretKey: testServer().device().keys.secretKey },
  })),
  E_CLOCK: refused(() => ({ signing: { nowMs: START - 3_600_000 } })),
  async E_REPLAY(id) {
    const { server, good } = await open(id)
    const signing = { nonce: 'the-same-nonce-twice-0123456789' }
    const first = routeOf(id).who === 'newcomer' ? id : 'getRound'
    await send(server, first, { ...good, signing })
    return send(server, id, { ...good, signing })
  },
  async E_NOT_ENROLLED(id) {
    const { server, good } = await open(id)
    if (routeOf(id).who === 'device') return send(server, id, { device: server.device('unknown') })
    // A key that was blocked enrols nothing.
    await send(server, id, good)
    await send(server, 'blockDevice', { at: { id: good.device!.id } })
    const token = await server.operator.token()
    return send(server, id, { ...good, body: { ...good.body, token } })
  },
  E_HOST: refused(() => ({ headers: { host: 'evil.test' } }), { hosts: ['server.test'] }),
  E_ORIGIN: refused(() => ({ headers: { origin: 'https://evil.test' } })),
  E_AUTH: refused(() => ({ credential: null })),
  async E_ROLE(id) {
    const { server } = await open(id)
    const body = { protocol: 1, name: 'ada', role: 'viewer' }
    const made = await send(server, 'createOperator', { body })
    return send(server, id, { credential: ((await made.json()) as { token: string }).token })
  },
}
