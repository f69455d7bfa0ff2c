/**
 * Sends requests to Claude and passes its answers on. Bytes and headers stay as they are, except
 * headers of one connection or of this device.
 */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { asFedError, FedError, isFedError } from '../../../adapters/errors.ts'
import { isSameSecret } from '../../../adapters/node/secrets.ts'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import { reasonOf } from '../../http/reasons.ts'
import type { HttpTransport, RawHeaders } from '../../http/transport.ts'
import type { OutboxEntry } from '../../store/outbox.ts'
import { credentialsOf, showsToken } from '../access/guard.ts'
import { claudePath } from './claude-path.ts'
import { decoded } from './content-coding.ts'

export type Upstream = {
  /**
   * Sends a body, and decodes the answer. Fails with E_UPSTREAM if no answer comes (`isUnsent` says
   * whether anything was sent), and so does reading one that breaks off.
   */
  send(request: Request, body: Uint8Array | undefined, options?: SendOptions): Promise<Response>
  /** Streams the caller's body out as it comes in, and leaves the answer encoded. */
  stream(request: Request): Promise<Response>
}

/** signal: by default the request's own. isIncognito: logs no hash of the body. */
type SendOptions = { readonly signal?: AbortSignal; readonly isIncognito?: boolean }

export type UpstreamDeps = {
  readonly claudeUrl: string
  readonly transport: HttpTransport
  readonly deviceToken: string
  /** Used if the caller presents the device token. */
  readonly claudeKey: string | null
  readonly clock: () => number
  readonly logOutgoing: (entry: OutboxEntry) => void
  readonly report?: (event: { what: string; code: string }) => void
}

/** incoming: the raw request, whose headers and body replace those of the request object. */
export const openUpstream = (deps: UpstreamDeps, incoming?: IncomingMessage): Upstream => {
  const headersOf = (request: Request): RawHeaders =>
    headersFor(deps, incoming ? pairs(incoming.rawHeaders) : [...request.headers])
  const log = (request: Request, bytes: number, digest: string) => {
    const what = pathOf(request).replace(/^\/v1\//, '')
    const entry = { recipient: 'claude', what: what.slice(0, 100), bytes, digest } as const
    try {
      deps.logOutgoing({ at: deps.clock(), ...entry })
    } catch (error) {
      // A failing log does not stop the request.
      deps.report?.({ what: 'log', code: asFedError(error).code })
    }
  }
  return {
    async send(request, body, { signal = request.signal, isIncognito } = {}) {
      const headers = headersOf(request)
      const length: RawHeaders = body ? [['content-length', `${body.length}`]] : []
      log(request, body?.length ?? 0, body && !isIncognito ? sha256Hex(body) : '')
      const sent = { headers: [...headers.map(uncoded), ...length], body: body ?? null, signal }
      return namingLoss(decoded(await open(deps, request, sent)), deps.claudeUrl)
    },
    async stream(request) {
      const headers = headersOf(request)
      const { body, left } = metered(incoming ? bodyOf(incoming) : request.body)
      const bytes = request.headers.get('content-length')
      const isKnown = bytes !== null && (body !== null || bytes === '0')
      const length: RawHeaders = isKnown ? [['content-length', bytes]] : []
      try {
        const sent = { headers: [...headers, ...length], body, signal: request.signal }
        return namingLoss(await open(deps, request, sent), deps.claudeUrl)
      } finally {
        const { bytes, digest } = left()
        log(request, bytes, digest)
      }
    },
  }
}

type Sent = {
  readonly headers: RawHeaders
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null
  readonly signal: AbortSignal
}

const open = async (
  { claudeUrl, transport }: UpstreamDeps,
  request: Request,
  { headers, body, signal }: Sent,
): Promise<Response> => {
  const { search } = new URL(request.url)
  const outgoing = new Request(`${claudeUrl.replace(/\/+$/, '')}${pathOf(request)}${search}`, {
    method: request.method,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
    redirect: 'manual',
    signal,
    body: body as Uint8Array<ArrayBuffer> | null,
    ...(body && { duplex: 'half' }),
  })
  try {
    return await transport(outgoing, headers)
  } catch (cause) {
    if (signal.aborted) throw new FedError('E_CANCELLED', 'the caller went away', { cause })
    if (isFedError(cause)) throw cause
    const reason = reasonOf(cause)
    const message = `no answer from ${new URL(claudeUrl).host}${reason ? `: ${reason}` : ''}`
    throw new FedError('E_UPSTREAM', message, { cause })
  }
}

const pairs = (rawHeaders: readonly string[]): RawHeaders =>
  rawHeaders.flatMap((name, i): RawHeaders => (i % 2 ? [] : [[name, rawHeaders[i + 1] ?? '']]))

/** RFC 9112 section 6.3. null if no body was sent, where the request object has an empty one. */
const bodyOf = (incoming: IncomingMessage): ReadableStream<Uint8Array> | null => {
  const { 'content-length': length = '0', 'transfer-encoding': coding } = incoming.headers
  if (length === '0' && coding === undefined) return null
  return ReadableStream.from(incoming.iterator({ destroyOnReturn: false }))
}

const pathOf = (request: Request): string => claudePath(new URL(request.url).pathname)

/** left: the bytes read so far, and the digest once all are read. */
const metered = (body: ReadableStream<Uint8Array> | null) => {
  const hash = createHash('sha256')
  let bytes = 0
  let isWhole = false
  const meter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.length
      hash.update(chunk)
      controller.enqueue(chunk)
    },
    flush() {
      isWhole = true
    },
  })
  return {
    body: body?.pipeThrough(meter) ?? null,
    left: () => ({ bytes, digest: isWhole ? hash.digest('hex') : '' }),
  }
}

/** The device reads the answer, and only loopback lies behind it: compression would be wasted. */
const uncoded = ([name, value]: RawHeaders[number]): RawHeaders[number] =>
  name.toLowerCase() === 'accept-encoding' ? [name, 'identity'] : [name, value]

/** Turns a body that breaks off into E_UPSTREAM. */
const namingLoss = (response: Response, claudeUrl: string): Response =>
  onLoss(response, (cause, controller) => {
    const message = `the answer of ${new URL(claudeUrl).host} broke off`
    controller.error(new FedError('E_UPSTREAM', message, { cause }))
  })

/** Calls lost once if the body breaks off, which then decides how the stream ends. */
export const onLoss = (
  response: Response,
  lost: (cause: unknown, controller: ReadableStreamDefaultController<Uint8Array>) => void,
): Response => {
  const reader = response.body?.getReader()
  if (!reader) return response
  let isLost = false
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // Node 24 pulls again after a loss that left the stream open.
      if (isLost) return
      try {
        const { done, value } = await reader.read()
        if (done) controller.close()
        else controller.enqueue(value)
      } catch (cause) {
        isLost = true
        lost(cause, controller)
      }
    },
    cancel: (reason) => reader.cancel(reason),
  })
  const { status, statusText, headers } = response
  return new Response(body, { status, statusText, headers })
}

/** RFC 9110 section 7.6.1. */
const CONNECTION_HEADERS = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]
/** Meant for this device, or about other sites in a browser. The length is set anew. */
const REQUEST_ONLY = ['host', 'content-length', 'expect', 'cookie', 'origin', 'referer']

/**
 * The caller's headers for Claude, spelled and ordered as they came, its own credential included.
 * The device token is never sent: if it is the only credential, the device's key replaces it. Fails
 * with E_AUTH without a credential, and with E_NO_KEY if the device has no key.
 */
const headersFor = ({ deviceToken, claudeKey }: UpstreamDeps, incoming: RawHeaders): RawHeaders => {
  const named = new Headers()
  for (const [name, value] of incoming) named.append(name, value)
  const credentials = credentialsOf(named)
  if (credentials.length === 0 && !showsToken(named, deviceToken))
    throw new FedError(
      'E_AUTH',
      'needs your Claude credential or the device token, as x-api-key or Authorization: Bearer',
    )
  const dropped = new Set([...CONNECTION_HEADERS, ...REQUEST_ONLY, ...listedIn(named)])
  const headers = incoming.filter(
    ([name, value]) =>
      !dropped.has(name.toLowerCase()) &&
      !/^loreweave-/i.test(name) &&
      !value.includes(deviceToken),
  )
  if (!credentials.every((value) => isSameSecret(value, deviceToken))) return headers
  if (!claudeKey)
    throw new FedError(
      'E_NO_KEY',
      'the device has no Claude key: send your own, or start it again after ' +
        'loreweave init --claude-key-file, or with ANTHROPIC_API_KEY',
    )
  // API versions differ in the header that takes a key, so the caller's is used.
  return named.get('authorization')
    ? [...headers, ['authorization', `Bearer ${claudeKey}`]]
    : [...headers, ['x-api-key', claudeKey]]
}

export const decisionHeader = (decisionId: string | null): Record<string, string> =>
  decisionId === null ? {} : { 'loreweave-decision': decisionId }

/** Passes Claude's answer to the caller, with the headers that the device adds. */
export const passOn = (
  response: Response,
  body: Uint8Array | ReadableStream<Uint8Array> | null,
  extra: Readonly<Record<string, string>> = {},
): Response => {
  const headers = new Headers(response.headers)
  for (const name of [...CONNECTION_HEADERS, ...listedIn(headers)]) headers.delete(name)
  // The server sets it for another body.
  if (body !== response.body) headers.delete('content-length')
  for (const [name, value] of Object.entries(extra)) headers.set(name, value)
  const { status, statusText } = response
  const hasNoBody = status === 204 || status === 304
  const content = hasNoBody ? null : (body as Uint8Array<ArrayBuffer>)
  return new Response(content, { status, statusText, headers })
}

/** The headers that `connection` lists. */
const listedIn = (headers: Headers): string[] =>
  (headers.get('connection') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name))
