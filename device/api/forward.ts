/** Requests to Claude, and its answers back: bytes and headers as they are, less what belongs to one connection or to this device. */
import { sha256Hex } from '../../adapters/codec/digest.ts'
import { FedError } from '../../adapters/errors.ts'
import type { OutboxEntry } from '../agent/store.ts'
import type { Transport } from '../agent/transport.ts'
import { credentialsOf, isSame } from './guard.ts'

export type Upstream = {
  /** Sends body to the same path at Claude. Fails with E_UPSTREAM when no answer comes; so does reading one that breaks off. */
  send(request: Request, body: Uint8Array | undefined, options?: SendOptions): Promise<Response>
}

/** signal: default, the request's own. isIncognito: the log of what left says nothing that the body could be recognised by. */
export type SendOptions = { readonly signal?: AbortSignal; readonly isIncognito?: boolean }

export type UpstreamDeps = {
  readonly claudeUrl: string
  readonly transport: Transport
  readonly deviceToken: string
  /** Used where the caller presents the device token. */
  readonly claudeKey: string | null
  readonly clock: () => number
  readonly logOutgoing: (entry: OutboxEntry) => void
}

export const openUpstream = (deps: UpstreamDeps): Upstream => ({
  async send(request, body, { signal = request.signal, isIncognito } = {}) {
    const { pathname, search } = new URL(request.url)
    const url = `${deps.claudeUrl.replace(/\/+$/, '')}${pathname}${search}`
    const init: RequestInit = {
      method: request.method,
      headers: upstreamHeaders(request.headers, deps.deviceToken, deps.claudeKey),
      redirect: 'manual',
      signal,
    }
    if (body) init.body = body as Uint8Array<ArrayBuffer>
    deps.logOutgoing({
      at: deps.clock(),
      recipient: 'claude',
      what: pathname.replace(/^\/v1\//, '').slice(0, 100),
      bytes: body?.length ?? 0,
      digest: body && !isIncognito ? sha256Hex(body) : '',
    })
    try {
      return namingLoss(await deps.transport(new Request(url, init)), deps.claudeUrl)
    } catch (cause) {
      if (signal.aborted) throw new FedError('E_CANCELLED', 'the caller went away', { cause })
      throw new FedError('E_UPSTREAM', `no answer from ${new URL(deps.claudeUrl).host}`, { cause })
    }
  },
})

/** The same answer; where its body breaks off, the error is E_UPSTREAM. */
const namingLoss = (response: Response, claudeUrl: string): Response =>
  onLoss(response, (cause, controller) => {
    const message = `the answer of ${new URL(claudeUrl).host} broke off`
    controller.error(new FedError('E_UPSTREAM', message, { cause }))
  })

/** The same response, whose body is not in error when it breaks off: lost is called instead. */
export const onLoss = (
  response: Response,
  lost: (cause: unknown, controller: ReadableStreamDefaultController<Uint8Array>) => void,
): Response => {
  const reader = response.body?.getReader()
  if (!reader) return response
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (done) controller.close()
        else controller.enqueue(value)
      } catch (cause) {
        lost(cause, controller)
      }
    },
    cancel: (reason) => reader.cancel(reason),
  })
  const { status, statusText, headers } = response
  return new Response(body, { status, statusText, headers })
}

/** RFC 9110 section 7.6.1, and what would name this device or its browser to Claude. */
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
const REQUEST_ONLY = [
  'host',
  'content-length',
  'expect',
  'cookie',
  'origin',
  'referer',
  'accept-encoding',
]
/** fetch has undone the content coding already, so its name and the length no longer fit. */
const RESPONSE_ONLY = ['content-length', 'content-encoding']

/**
 * The caller's own credential goes on in the header it came in. The device token never does: in its place goes the
 * device's own key. E_AUTH without any credential, E_NO_KEY when the device has no key.
 */
export const upstreamHeaders = (
  incoming: Headers,
  deviceToken: string,
  claudeKey: string | null,
): Headers => {
  const credentials = credentialsOf(incoming)
  if (credentials.length === 0)
    throw new FedError(
      'E_AUTH',
      'needs your Claude credential or the device token, as x-api-key or Authorization: Bearer',
    )
  const headers = without(incoming, [...CONNECTION_HEADERS, ...REQUEST_ONLY])
  for (const [name, value] of incoming) if (value.includes(deviceToken)) headers.delete(name)
  for (const name of [...headers.keys()])
    if (/^(sec-fetch|loreweave)-/.test(name)) headers.delete(name)
  // Coded bodies would be decoded on the way; asking for none keeps the bytes the same.
  headers.set('accept-encoding', 'identity')
  if (credentials.every((value) => isSame(value, deviceToken))) {
    if (!claudeKey)
      throw new FedError(
        'E_NO_KEY',
        'the device has no Claude key: set ANTHROPIC_API_KEY, or send your own credential',
      )
    // In the header that the caller used: API versions differ in where they take a key.
    if (incoming.get('authorization')) headers.set('authorization', `Bearer ${claudeKey}`)
    else headers.set('x-api-key', claudeKey)
  }
  return headers
}

/** Names the decision that feedback can be about. */
export const decisionHeader = (decisionId: string | null): Record<string, string> =>
  decisionId === null ? {} : { 'loreweave-decision': decisionId }

/** Claude's answer for the caller: status, headers and body as they came, with what the device adds. */
export const passOn = (
  response: Response,
  body: Uint8Array | ReadableStream<Uint8Array> | null,
  extra: Readonly<Record<string, string>> = {},
): Response => {
  const headers = without(response.headers, [...CONNECTION_HEADERS, ...RESPONSE_ONLY])
  for (const [name, value] of Object.entries(extra)) headers.set(name, value)
  const hasNoBody = response.status === 204 || response.status === 304
  return new Response(hasNoBody ? null : (body as Uint8Array<ArrayBuffer>), {
    status: response.status,
    statusText: response.statusText,
    headers,
  })
}

const without = (headers: Headers, names: readonly string[]): Headers => {
  const listed = (headers.get('connection') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
  const copy = new Headers(headers)
  for (const name of [...names, ...listed.filter((n) => /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(n))])
    copy.delete(name)
  return copy
}
