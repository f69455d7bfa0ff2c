/**
 * Signed HTTP to the federation server: retries, refusals as errors, counted bytes, and a log line
 * before each thing is sent. Its answers are limited in bytes and in time, since nobody waits for
 * them.
 */

import { ERROR_CODES, FedError, isFedError } from '../../adapters/errors.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import { type Rng, randomBytes } from '../../adapters/random.ts'
import { ErrorResponse } from '../../adapters/wire/federation.ts'
import { deviceIdOf, type KeyPair, signRequest } from '../../adapters/wire/signature.ts'
import { gatewayReason, mayPass, reasonOf } from '../http/reasons.ts'
import type { Sleep } from '../http/sleep.ts'
import { isUnsent } from '../http/transport.ts'
import { type Watchdog, watchdog } from '../http/watchdog.ts'
import type { OutboxEntry } from '../store/outbox.ts'

export type Transport = (request: Request) => Promise<Response>
export type Traffic = { up: number; down: number; requests: number }

export type SignedTransportDeps = {
  /** With a path where a proxy stands before the server that takes the path off again. */
  readonly serverUrl: string
  readonly transport: Transport
  readonly key: KeyPair
  readonly clock: () => number
  readonly rng: Rng
  readonly sleep: Sleep
  /** Called before each attempt at sending. */
  readonly log: (entry: OutboxEntry) => void | Promise<void>
  /** Sends of one request, the first included. */
  readonly attempts?: number
  /** An attempt ends when nothing went or came for so long. */
  readonly stallMs?: number
}

export type Outgoing = {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  /** What it is, in a word, for the log. */
  readonly what: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly signal?: AbortSignal | undefined
  /** Keeps, before each attempt, that it may leave. */
  readonly mark?: (() => Promise<void>) | undefined
  /** Called right before each attempt; what it throws ends the call. */
  readonly check?: (() => void) | undefined
  /** Of the answer's body; default: what a message of this protocol needs. */
  readonly maxBytes?: number
}

export type SignedTransport = {
  /**
   * The body's bytes of a 2xx answer. A refusal throws the server's own code. Else E_UNAVAILABLE
   * when it cannot be reached or something before it answers, E_UPSTREAM when what answers does not
   * speak this protocol or has moved, E_TOO_LARGE for more than `maxBytes`, E_INSECURE when the
   * address is not encrypted. `sendFailure` says more of the error.
   */
  send(outgoing: Outgoing): Promise<{ status: number; bytes: Uint8Array }>
  traffic(): Traffic
}

/** What is known of a send that failed, beside the error's code. */
export type SendFailure = {
  /** Of the answer; null where none came. */
  readonly status: number | null
  /** Whether the server itself refused, in an error of its protocol; not a proxy before it. */
  readonly isRefusal: boolean
  /** Whether nothing left: no connection could be made, or none was allowed. */
  readonly isUnsent: boolean
}

/** null where the error did not come of a send. */
export const sendFailure = (error: unknown): SendFailure | null =>
  error instanceof Error ? (failures.get(error) ?? null) : null

const failures = new WeakMap<Error, SendFailure>()

/** The same error, of which this is known. */
export const asSendFailure = (error: FedError, failure: SendFailure): FedError => {
  failures.set(error, failure)
  return error
}

const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 30_000
/** The server may write an update to its disk before it answers. */
const STALL_MS = 60_000
/** What counts as progress: less of a body in the time of a stall is none. */
const PROGRESS_BYTES = 1024
/** The largest message, an assignment, has some thousands. */
const MAX_MESSAGE_BYTES = 256 * 1024
const CHUNK_BYTES = 65_536

export const signedTransport = (deps: SignedTransportDeps): SignedTransport => {
  const traffic: Traffic = { up: 0, down: 0, requests: 0 }
  const attempts = deps.attempts ?? 5
  return {
    traffic: () => ({ ...traffic }),
    async send(outgoing) {
      for (let attempt = 1; ; attempt++) {
        outgoing.signal?.throwIfAborted()
        outgoing.check?.()
        await deps.log(entryOf(deps, outgoing))
        await outgoing.mark?.()
        // While that was kept, it may have been told not to leave.
        outgoing.signal?.throwIfAborted()
        outgoing.check?.()
        const outcome = await attemptOnce(deps, outgoing, traffic)
        if (outcome.kind === 'done') return outcome
        if (!outcome.again || attempt >= attempts) throw outcome.error
        await deps.sleep(Math.max(outcome.waitMs, backoff(attempt, deps.rng)), outgoing.signal)
      }
    },
  }
}

type Outcome =
  | { kind: 'done'; status: number; bytes: Uint8Array }
  | { kind: 'failed'; error: FedError; again: boolean; waitMs: number }

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
): Promise<Outcome> => {
  traffic.requests++
  traffic.up += outgoing.body?.length ?? 0
  const watch = watchdog(outgoing.signal)
  const onProgress = () => watch.restart(deps.stallMs ?? STALL_MS, 'nothing went or came')
  onProgress()
  let answer: Answer
  try {
    const response = await deps.transport(signed(deps, outgoing, watch, onProgress))
    onProgress()
    answer = await readAnswer(response, outgoing, onProgress)
  } catch (cause) {
    outgoing.signal?.throwIfAborted()
    return noAnswer(deps, outgoing, watch.reason() ?? cause)
  } finally {
    watch.stop()
  }
  traffic.down += answer.bytes.length
  return outcomeOf(deps, outgoing, answer)
}

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

type Answer = {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
}

/** Fails with E_TOO_LARGE, before anything is read where the answer says so itself. */
const readAnswer = async (
  { status, headers, body }: Response,
  { what, maxBytes = MAX_MESSAGE_BYTES }: Outgoing,
  onProgress: () => void,
): Promise<Answer> => {
  const most = status >= 200 && status < 300 ? maxBytes : MAX_MESSAGE_BYTES
  const tooLarge = (bytes: number) =>
    asSendFailure(
      new FedError('E_TOO_LARGE', `${what}: expected at most ${most} bytes, got ${bytes} or more`),
      { status, isRefusal: false, isUnsent: false },
    )
  const told = Number(headers.get('content-length') ?? 0)
  if (told > most) {
    await body?.cancel().catch(() => {})
    throw tooLarge(told)
  }
  const chunks: Uint8Array[] = []
  let [length, seen] = [0, 0]
  for await (const chunk of chunksOf(body)) {
    chunks.push(chunk)
    length += chunk.length
    if (length > most) throw tooLarge(length)
    if (length - seen < PROGRESS_BYTES) continue
    seen = length
    onProgress()
  }
  return { status, headers, bytes: new Uint8Array(Buffer.concat(chunks)) }
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

/** A fresh nonce for every attempt: the server refuses one that it has seen. */
const signed = (
  { serverUrl, key, clock }: SignedTransportDeps,
  { method, path, body, headers: given }: Outgoing,
  { signal }: Watchdog,
  onProgress: () => void,
): Request => {
  const headers = new Headers({ 'user-agent': 'loreweave', ...given })
  // As the server sees it: the path of its address is taken off on the way.
  const { origin } = new URL(serverUrl)
  const signature = signRequest(
    { method, url: `${origin}${path}`, header: (name) => headers.get(name), body },
    { keyId: deviceIdOf(key.publicKey), secretKey: key.secretKey },
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

/** The same bytes, in parts that are told as they are taken. */
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
  if (status >= 200 && status < 300 && !isPage) return { kind: 'done', status, bytes }
  const refusal = ErrorResponse.safeParse(parseJson(bytes)).data?.error
  const code = ERROR_CODES.find((known) => known === refusal?.code)
  // Of a newer server too; other programs have envelopes of the same shape.
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

/** Something answered that is not the server, or not one of this protocol. */
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
      `${serverUrl} has moved to ${moved}: enrol with --server ${moved}, or set "server" in config.json to it`,
    )
  const page = gatewayReason(status, headers)
  if (status === 413)
    return new FedError(
      'E_UNAVAILABLE',
      `${what}: a proxy before the server takes no ${body?.length ?? 0} bytes (413): its operator must raise the limit (in nginx: client_max_body_size 64m)`,
    )
  if (page) return new FedError('E_UNAVAILABLE', `${what}: ${page}`)
  const kind = status >= 500 || status === 429 ? 'E_UNAVAILABLE' : 'E_UPSTREAM'
  return new FedError(
    kind,
    `${what}: the server answered ${status} without an error of this protocol`,
  )
}

/** The address that a redirect sends to, as one gives it to `enroll`. */
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
