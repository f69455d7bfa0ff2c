/**
 * Signed HTTP to the federation server: retries, refusals as errors, counted bytes, and a log line
 * before each attempt. Answers are limited in size and time, since no user waits for them.
 */

import { ERROR_CODES, FedError, isFedError } from '../../adapters/errors.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import { type Rng, randomBytes } from '../../adapters/random.ts'
import { ErrorResponse } from '../../adapters/wire/federation.ts'
import { signRequest } from '../../adapters/wire/signature.ts'
import { deviceIdOfKey, type SigningKey } from '../home/device-key.ts'
import { gatewayReason, mayPass, reasonOf } from '../http/reasons.ts'
import type { Sleep } from '../http/sleep.ts'
import { isUnsent } from '../http/transport.ts'
import { type Watchdog, watchdog } from '../http/watchdog.ts'
import type { OutboxEntry } from '../store/outbox.ts'

export type Transport = (request: Request) => Promise<Response>
export type Traffic = { up: number; down: number; requests: number }

export type SignedTransportDeps = {
  /** May have a path that a proxy in front of the server removes. */
  readonly serverUrl: string
  readonly transport: Transport
  readonly key: SigningKey
  readonly clock: () => number
  readonly rng: Rng
  readonly sleep: Sleep
  /** Called before each attempt at sending. */
  readonly log: (entry: OutboxEntry) => void | Promise<void>
  /** Sends of one request, the first included. */
  readonly attempts?: number
  /** An attempt ends after this time without progress. */
  readonly stallMs?: number
}

export type Outgoing = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH'
  readonly path: string
  /** One word for the log. */
  readonly what: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly signal?: AbortSignal | undefined
  /** Records, before each attempt, that something may leave. */
  readonly mark?: (() => Promise<void>) | undefined
  /** Called right before each attempt. An exception ends the call. */
  readonly check?: (() => void) | undefined
  /** Limit of the answer's body; default: enough for a message of this protocol. */
  readonly maxBytes?: number
  /** ETag of the answer: if its connection breaks, the next attempt asks for the rest (RFC 9110). */
  readonly resumes?: string
  /** Default: those of the transport. */
  readonly attempts?: number
  /** What is sent instead after an attempt that may have left a part of the body at the server. */
  readonly again?: () => Promise<Outgoing>
}

export type SignedTransport = {
  /**
   * Returns the body of a 2xx answer. A refusal throws the server's own code. Fails with
   * E_UNAVAILABLE if the server cannot be reached or a proxy answers for it, E_UPSTREAM if the
   * answer is not of this protocol or the server has moved, E_TOO_LARGE for more than `maxBytes`,
   * E_INSECURE if the address is not encrypted. `sendFailure` has the details.
   */
  send(outgoing: Outgoing): Promise<Answer>
  traffic(): Traffic
}

/** Details of a failed send beside the error's code. */
export type SendFailure = {
  /** The answer's status; null without an answer. */
  readonly status: number | null
  /** Whether the server itself refused, with an error of its protocol, rather than a proxy. */
  readonly isRefusal: boolean
  /** Whether nothing left: no connection was made, or none was allowed. */
  readonly isUnsent: boolean
}

/** null if the error did not come from a send. */
export const sendFailure = (error: unknown): SendFailure | null =>
  error instanceof Error ? (failures.get(error) ?? null) : null

const failures = new WeakMap<Error, SendFailure>()

/** Attaches the details to the error. */
export const asSendFailure = (error: FedError, failure: SendFailure): FedError => {
  failures.set(error, failure)
  return error
}

const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 30_000
/** The server may write an update to its disk before it answers. */
const STALL_MS = 60_000
/** Progress means at least this many bytes of a body within the stall time. */
const PROGRESS_BYTES = 1024
/** The largest message, an assignment, has a few thousand. */
const MAX_MESSAGE_BYTES = 256 * 1024
const CHUNK_BYTES = 65_536

export const signedTransport = (deps: SignedTransportDeps): SignedTransport => {
  const traffic: Traffic = { up: 0, down: 0, requests: 0 }
  return {
    traffic: () => ({ ...traffic }),
    async send(given) {
      const { attempts = deps.attempts ?? 5, again } = given
      const kept: Kept = { chunks: [], length: 0 }
      let outgoing = given
      for (let attempt = 1; ; attempt++) {
        const { signal, check } = given
        signal?.throwIfAborted()
        check?.()
        await deps.log(entryOf(deps, outgoing))
        await given.mark?.()
        // It may have been cancelled meanwhile.
        signal?.throwIfAborted()
        check?.()
        const outcome = await attemptOnce(deps, outgoing, traffic, kept)
        if (outcome.kind === 'done') return outcome.answer
        if (!outcome.again || attempt >= attempts) throw outcome.error
        await deps.sleep(Math.max(outcome.waitMs, backoff(attempt, deps.rng)), signal)
        if (again && mayHaveLeft(outcome.error)) outgoing = { ...given, ...(await again()) }
      }
    },
  }
}

/** What came of an answer whose connection broke. */
type Kept = { chunks: Uint8Array[]; length: number }

type Outcome =
  | { kind: 'done'; answer: Answer }
  | { kind: 'failed'; error: FedError; again: boolean; waitMs: number }

/** Without an answer, or with one that came in the middle of the body. */
const mayHaveLeft = (error: FedError): boolean => {
  const failure = sendFailure(error)
  return failure !== null && !failure.isUnsent && [null, 408, 502, 504].includes(failure.status)
}

const entryOf = ({ clock }: SignedTransportDeps, { what, body }: Outgoing): OutboxEntry => ({
  at: clock(),
  recipient: 'federation',
  what,
  bytes: body?.length ?? 0,
  digest: body ? sha256Hex(body) : '',
})

const attemptOnce = async (
  deps: SignedTransportDeps,
  outgoing: Outgoing,
  traffic: Traffic,
  kept: Kept,
): Promise<Outcome> => {
  traffic.requests++
  traffic.up += outgoing.body?.length ?? 0
  const watch = watchdog(outgoing.signal)
  const onProgress = () => watch.restart(deps.stallMs ?? STALL_MS, 'no progress')
  onProgress()
  const request = signed(deps, outgoing, kept, watch, onProgress)
  held.add(request)
  let answer: Answer
  try {
    const response = await deps.transport(request)
    onProgress()
    const asked = request.headers.get('signature') ?? ''
    answer = await readAnswer(response, outgoing, asked, kept, (bytes) => {
      traffic.down += bytes
      onProgress()
    })
  } catch (cause) {
    outgoing.signal?.throwIfAborted()
    return noAnswer(deps, outgoing, watch.reason() ?? cause)
  } finally {
    watch.stop()
    // Node holds a request's signal weakly: collected too early, it would not abort.
    held.delete(request)
  }
  return outcomeOf(deps, outgoing, answer)
}

/** Requests under way. */
const held = new Set<Request>()

const noAnswer = (deps: SignedTransportDeps, { what }: Outgoing, cause: unknown): Outcome => {
  if (isFedError(cause)) {
    const known = sendFailure(cause) ?? { status: null, isRefusal: false, isUnsent: true }
    return { kind: 'failed', error: asSendFailure(cause, known), again: false, waitMs: 0 }
  }
  const reason = reasonOf(cause) ?? (cause instanceof Error ? cause.message : 'no reason is known')
  const message = `no answer from ${deps.serverUrl} for ${what}: ${reason.slice(0, 400)}`
  const error = asSendFailure(new FedError('E_UNAVAILABLE', message, { cause }), {
    status: null,
    isRefusal: false,
    isUnsent: isUnsent(cause),
  })
  return { kind: 'failed', error, again: mayPass(cause), waitMs: 0 }
}

export type Answer = {
  /** The `signature` of the request that it answers. */
  readonly asked: string
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
}

/**
 * kept: what there is of it already, and then what there is if this fails. Fails with E_TOO_LARGE,
 * before reading anything if the header already says so.
 */
const readAnswer = async (
  { status, headers, body }: Response,
  { what, maxBytes = MAX_MESSAGE_BYTES, resumes }: Outgoing,
  asked: string,
  kept: Kept,
  onRead: (bytes: number) => void,
): Promise<Answer> => {
  const most = status >= 200 && status < 300 ? maxBytes : MAX_MESSAGE_BYTES
  const tooLarge = (bytes: number) =>
    asSendFailure(
      new FedError('E_TOO_LARGE', `${what}: expected at most ${most} bytes, got ${bytes} or more`),
      { status, isRefusal: false, isUnsent: false },
    )
  const goesOn =
    status === 206 && headers.get('content-range')?.startsWith(`bytes ${kept.length}-`) === true
  const isWhole = status === 200 && headers.get('etag') === resumes
  if (isWhole) kept.chunks.length = kept.length = 0
  const all: Kept = goesOn || isWhole ? kept : { chunks: [], length: 0 }
  const told = all.length + Number(headers.get('content-length') ?? 0)
  if (told > most) {
    await body?.cancel().catch(() => {})
    throw tooLarge(told)
  }
  let unseen = 0
  for await (const chunk of chunksOf(body)) {
    all.chunks.push(chunk)
    all.length += chunk.length
    unseen += chunk.length
    if (all.length > most) throw tooLarge(all.length)
    if (unseen < PROGRESS_BYTES) continue
    onRead(unseen)
    unseen = 0
  }
  onRead(unseen)
  return { asked, status, headers, bytes: new Uint8Array(Buffer.concat(all.chunks)) }
}

async function* chunksOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader()
  if (!reader) return
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    await reader.cancel().catch(() => {})
  }
}

/** Every attempt has a fresh nonce, because the server refuses a repeated one. */
const signed = (
  { serverUrl, key, clock }: SignedTransportDeps,
  { method, path, body, headers: given, resumes }: Outgoing,
  kept: Kept,
  { signal }: Watchdog,
  onProgress: () => void,
): Request => {
  const rest = resumes && kept.length > 0
  const headers = new Headers({
    'user-agent': 'loreweave',
    ...given,
    ...(rest && { range: `bytes=${kept.length}-`, 'if-range': resumes }),
  })
  // As the server sees it: a proxy removes the path of its address.
  const { origin } = new URL(serverUrl)
  const signature = signRequest(
    { method, url: `${origin}${path}`, header: (name) => headers.get(name), body },
    { keyId: deviceIdOfKey(key), secretKey: key.secretKey },
    { nowMs: clock(), nonce: Buffer.from(randomBytes(18)).toString('base64url') },
  )
  for (const [name, value] of Object.entries(signature)) headers.set(name, value)
  if (body) headers.set('content-length', `${body.length}`)
  return new Request(`${serverUrl.replace(/\/+$/, '')}${path}`, {
    method,
    headers,
    redirect: 'manual',
    signal,
    ...(body && { body: inChunks(body, onProgress), duplex: 'half' as const }),
  })
}

/** The same bytes in chunks, with progress as they are consumed. */
const inChunks = (body: Uint8Array, onProgress: () => void): ReadableStream<Uint8Array> => {
  let at = 0
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    onProgress()
    if (at < body.length) controller.enqueue(body.subarray(at, at + CHUNK_BYTES))
    else controller.close()
    at += CHUNK_BYTES
  }
  return new ReadableStream({ pull }, { highWaterMark: 0 })
}

/** Delay before attempt n + 1: doubling, with full jitter in its upper half. */
const backoff = (attempt: number, rng: Rng): number =>
  Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1)) * (0.5 + rng.uniform() / 2)

const retryAfter = (headers: Headers): number => {
  const seconds = Number(headers.get('retry-after') ?? 0)
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 600) * 1000 : 0
}

const outcomeOf = (deps: SignedTransportDeps, outgoing: Outgoing, answer: Answer): Outcome => {
  const { status, headers, bytes } = answer
  const isPage = gatewayReason(status, headers) !== null
  if (status >= 200 && status < 300 && !isPage) return { kind: 'done', answer }
  const refusal = ErrorResponse.safeParse(parseJson(bytes)).data?.error
  const code = ERROR_CODES.find((known) => known === refusal?.code)
  // Includes codes of a newer server. Other programs have envelopes of the same shape.
  const isRefusal = /^E_[A-Z_]+$/.test(refusal?.code ?? '')
  const error =
    refusal && code ? new FedError(code, refusal.message) : foreign(deps, outgoing, answer)
  return {
    kind: 'failed',
    error: asSendFailure(error, { status, isRefusal, isUnsent: false }),
    again: status >= 500 || status === 429,
    waitMs: retryAfter(headers),
  }
}

/** The error for an answer that is not from a server of this protocol. */
const foreign = (
  { serverUrl }: SignedTransportDeps,
  { what, body, path }: Outgoing,
  { status, headers }: Answer,
): FedError => {
  const moved =
    status >= 300 && status < 400 ? movedTo(headers.get('location') ?? '', serverUrl, path) : null
  if (moved)
    return new FedError(
      'E_UPSTREAM',
      `${serverUrl} has moved to ${moved}: enrol with --server ${moved}, or set it as ` +
        `"server" in config.json`,
    )
  const page = gatewayReason(status, headers)
  if (status === 413)
    return new FedError(
      'E_UNAVAILABLE',
      `${what}: a proxy before the server rejects ${body?.length ?? 0} bytes (413): its ` +
        'operator must raise the limit (in nginx: client_max_body_size 64m)',
    )
  if (page) return new FedError('E_UNAVAILABLE', `${what}: ${page}`)
  const kind = status >= 500 || status === 429 ? 'E_UNAVAILABLE' : 'E_UPSTREAM'
  return new FedError(
    kind,
    `${what}: the server answered ${status} without an error of this protocol`,
  )
}

/** The target of a redirect, in the form that `enroll` takes. */
const movedTo = (location: string, serverUrl: string, path: string): string | null => {
  if (!URL.canParse(location, serverUrl)) return null
  const { protocol, host, pathname } = new URL(location, serverUrl)
  const before = pathname.endsWith(path) ? pathname.slice(0, -path.length) : ''
  const address = `${protocol}//${host}${before}`.slice(0, 300)
  return /^https?:/.test(address) && address !== serverUrl ? address : null
}

const parseJson = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}
