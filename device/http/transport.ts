/**
 * HTTP to other computers, for Claude, the federation, model files and checks. It adds nothing that
 * `fetch` adds: no header beyond the caller's, no time limit, no decoding, no redirects. The
 * caller's abort ends a request.
 */
import { createRequire } from 'node:module'
import type { Readable } from 'node:stream'
import type * as Undici from 'undici'
import type { Dispatcher } from 'undici'
import { refuseExposed } from './address.ts'
import { type Environment, openRoutes, type Routes } from './route.ts'
import { openTunnel } from './tunnel.ts'

/**
 * Must load after Node's own undici, which touching Headers loads: the first of them provides the
 * connections of the global `fetch`, and those of another version would break it. An import would
 * run too early.
 */
void globalThis.Headers
const { Agent, buildConnector }: typeof Undici = createRequire(import.meta.url)('undici')

/** headers: names in the app's spelling and order; default: the request's headers. */
export type HttpTransport = (request: Request, headers?: RawHeaders) => Promise<Response>

export type RawHeaders = readonly (readonly [name: string, value: string])[]

/**
 * env: of the process, for proxies. Node itself reads NODE_EXTRA_CA_CERTS when it starts.
 * insecureHttp: whether plain http to other computers is allowed; otherwise such a request is
 * refused with E_INSECURE, and nothing is sent. Fails with E_USAGE if a proxy variable holds no
 * address.
 */
export const openTransport = (
  env: Environment,
  { insecureHttp = false }: { readonly insecureHttp?: boolean } = {},
): HttpTransport => {
  const agent = new Agent({ connect: connectorOver(openRoutes(env)) })
  return async (request, headers = [...request.headers]) => {
    if (!insecureHttp) refuseExposed(request.url)
    return new Promise((resolve, reject) => send(agent, request, headers, resolve, reject))
  }
}

/** A connection that takes longer will not come. No answer can be lost by this limit. */
const CONNECT_MS = 300_000

const connectorOver = (routes: Routes): Undici.buildConnector.connector => {
  const connect = buildConnector({ timeout: CONNECT_MS })
  return (options, callback) => {
    const { protocol, host = options.hostname, port } = options
    const { proxy } = routes(new URL(`${protocol}//${host}`))
    if (!proxy) return connect(options, callback)
    const isSecure = protocol === 'https:'
    openTunnel(proxy, port ? host : `${host}:${isSecure ? 443 : 80}`).then(
      (socket) =>
        isSecure ? connect({ ...options, httpSocket: socket }, callback) : callback(null, socket),
      (error: Error) => callback(error, null),
    )
    return undefined
  }
}

/**
 * Whether sending failed before any byte had left, because there was no connection. A retry is safe
 * then.
 */
export const isUnsent = (error: unknown): boolean =>
  error instanceof Error && (unsent.has(error) || isUnsent(error.cause))

const unsent = new WeakSet<Error>()

const send = (
  agent: Dispatcher,
  request: Request,
  headers: RawHeaders,
  resolve: (response: Response) => void,
  reject: (error: Error) => void,
): void => {
  const { origin, pathname, search } = new URL(request.url)
  const { signal } = request
  let connection: Dispatcher.DispatchController | undefined
  let body: ReadableStreamDefaultController<Uint8Array> | undefined
  const fail = (error: Error): void => {
    signal.removeEventListener('abort', abort)
    if (!connection) unsent.add(error)
    body?.error(error)
    reject(error)
  }
  const abort = (): void => {
    const reason = errorOf(signal.reason)
    if (connection) connection.abort(reason)
    else fail(reason)
  }
  signal.addEventListener('abort', abort)
  if (signal.aborted) {
    abort()
    return
  }
  agent.dispatch(
    {
      origin,
      path: pathname + search,
      method: request.method as Dispatcher.HttpMethod,
      headers: headers.flat(),
      body: request.body && (read(request.body) as unknown as Readable),
      headersTimeout: 0,
      bodyTimeout: 0,
    },
    {
      onRequestStart(controller) {
        connection = controller
        if (signal.aborted) abort()
      },
      onResponseStart(controller, status, _, statusText) {
        if (status < 200) return
        const stream = new ReadableStream<Uint8Array>(
          {
            start: (c) => {
              body = c
            },
            pull: () => controller.resume(),
            cancel: (reason) => controller.abort(errorOf(reason)),
          },
          new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_BYTES }),
        )
        resolve(responseOf(request, status, statusText, controller, stream))
      },
      onResponseData(controller, chunk) {
        body?.enqueue(chunk)
        if ((body?.desiredSize ?? 0) <= 0) controller.pause()
      },
      onResponseEnd() {
        signal.removeEventListener('abort', abort)
        body?.close()
      },
      onResponseError: (_, error) => fail(error),
    },
  )
}

/**
 * Streams an upload, which may be of any length. It is not cancelled when Claude answers before its
 * end, since that would close the connection that carries the answer.
 */
async function* read(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    reader.releaseLock()
  }
}

/** Most bytes of an answer buffered before the app has read them. */
const HIGH_WATER_BYTES = 65_536

const responseOf = (
  request: Request,
  status: number,
  statusText = '',
  controller: Dispatcher.DispatchController,
  stream: ReadableStream<Uint8Array>,
): Response => {
  const raw = (controller.rawHeaders ?? []) as readonly (Buffer | string)[]
  const text = raw.map((one) => (typeof one === 'string' ? one : one.toString('latin1')))
  const headers = new Headers()
  for (let i = 0; i + 1 < text.length; i += 2) headers.append(text[i]!, text[i + 1]!)
  const hasNoBody = request.method === 'HEAD' || [204, 205, 304].includes(status)
  return new Response(hasNoBody ? null : stream, { status, statusText, headers })
}

const errorOf = (reason: unknown): Error =>
  reason instanceof Error ? reason : new DOMException('the request was aborted', 'AbortError')
