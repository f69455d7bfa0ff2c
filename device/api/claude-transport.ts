/**
 * HTTP to Claude, without what `fetch` adds to a request: no header that the app did not send, no
 * time limit, no decoding. The caller's abort ends it. `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`
 * hold.
 */
import { createRequire } from 'node:module'
import type { Readable } from 'node:stream'
import type * as Undici from 'undici'
import type { Dispatcher } from 'undici'
import { FedError } from '../../adapters/errors.ts'

/**
 * Loaded after Node's own undici, which naming Headers loads: the first of them puts its
 * connections under the global `fetch`, and those of another version would break it. An import
 * would run too early.
 */
void globalThis.Headers
const { EnvHttpProxyAgent }: typeof Undici = createRequire(import.meta.url)('undici')

/**
 * headers: names as the app spelled them, in its order; without them those of the request are sent.
 */
export type ClaudeTransport = (request: Request, headers?: RawHeaders) => Promise<Response>

export type RawHeaders = readonly (readonly [name: string, value: string])[]

/** A proxy cannot reach this machine's own ports. */
const NEVER_PROXIED = 'localhost,127.0.0.1,[::1]'

/** env: of the process. Fails with E_USAGE where a proxy is set that is no address. */
export const openClaudeTransport = (
  env: Readonly<Record<string, string | undefined>>,
): ClaudeTransport => {
  const of = (name: string): string => (env[name] ?? env[name.toUpperCase()] ?? '').trim()
  const noProxy = of('no_proxy')
  const agent = openAgent({
    httpProxy: of('http_proxy'),
    httpsProxy: of('https_proxy'),
    noProxy: noProxy === '*' ? '*' : `${noProxy},${NEVER_PROXIED}`,
  })
  return (request, headers = [...request.headers]) =>
    new Promise((resolve, reject) => send(agent, request, headers, resolve, reject))
}

const openAgent = (options: Undici.EnvHttpProxyAgent.Options): Dispatcher => {
  try {
    return new EnvHttpProxyAgent(options)
  } catch (cause) {
    const message = 'HTTPS_PROXY and HTTP_PROXY expect an address such as http://proxy.example:3128'
    throw new FedError('E_USAGE', message, { cause })
  }
}

/**
 * Whether no byte of the request had left when sending failed: there was no connection. Sending it
 * again is safe then.
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
      headers: grouped(headers),
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
 * Chunk by chunk: an upload is as long as the app makes it. Not cancelled when Claude answers
 * before its end, since that would close the connection that the answer goes back on.
 */
async function* read(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    reader.releaseLock()
  }
}

/** As much of an answer is taken from the connection before the app has read it. */
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

/**
 * By name, since undici's proxy agent keeps only the last of two pairs with one name; it takes no
 * list of one, though.
 */
const grouped = (headers: RawHeaders): Record<string, string | string[]> => {
  const groups: Record<string, string | string[]> = Object.create(null)
  for (const [name, value] of headers) {
    const before = groups[name]
    groups[name] = before === undefined ? value : [before, value].flat()
  }
  return groups
}

const errorOf = (reason: unknown): Error =>
  reason instanceof Error ? reason : new DOMException('the request was aborted', 'AbortError')
