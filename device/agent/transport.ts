/** Signed HTTP to the federation server: retries, refusals as errors, counted bytes, and a log line before each thing is sent. */

import { sha256Hex } from '../../adapters/codec/digest.ts'
import { ERROR_CODES, type ErrorCode, FedError } from '../../adapters/errors.ts'
import { type Rng, randomBytes } from '../../adapters/random.ts'
import { ErrorResponse } from '../../adapters/wire/federation.ts'
import { deviceIdOf, type KeyPair, signRequest } from '../../adapters/wire/signature.ts'
import type { OutboxEntry } from './store.ts'

export type Transport = (request: Request) => Promise<Response>
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>
export type Traffic = { up: number; down: number; requests: number }

export type SignedTransportDeps = {
  readonly serverUrl: string
  readonly transport: Transport
  readonly key: KeyPair
  readonly clock: () => number
  readonly rng: Rng
  readonly sleep: Sleep
  /** Called before each attempt at sending. */
  readonly log: (entry: OutboxEntry) => void
  /** Sends of one request, the first included. */
  readonly attempts?: number
}

export type Outgoing = {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  /** What it is, in a word, for the log. */
  readonly what: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly signal?: AbortSignal | undefined
  /** Called right before each attempt; what it throws ends the call. */
  readonly check?: (() => void) | undefined
}

export type SignedTransport = {
  /** The body's bytes of a 2xx answer. A refusal throws the server's own code; E_UNAVAILABLE when it cannot be reached. */
  send(outgoing: Outgoing): Promise<{ status: number; bytes: Uint8Array }>
  traffic(): Traffic
}

const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 30_000

export const signedTransport = (deps: SignedTransportDeps): SignedTransport => {
  const traffic: Traffic = { up: 0, down: 0, requests: 0 }
  const attempts = deps.attempts ?? 5
  return {
    traffic: () => ({ ...traffic }),
    async send(outgoing) {
      for (let attempt = 1; ; attempt++) {
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

/** Resolves after ms, or rejects at once when the signal aborts. */
export const timerSleep: Sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })

type Outcome =
  | { kind: 'done'; status: number; bytes: Uint8Array }
  | { kind: 'failed'; error: FedError; again: boolean; waitMs: number }

const attemptOnce = async (
  deps: SignedTransportDeps,
  outgoing: Outgoing,
  traffic: Traffic,
): Promise<Outcome> => {
  const request = signed(deps, outgoing)
  const size = outgoing.body?.length ?? 0
  deps.log({
    at: deps.clock(),
    recipient: 'federation',
    what: outgoing.what,
    bytes: size,
    digest: outgoing.body ? sha256Hex(outgoing.body) : '',
  })
  traffic.requests++
  traffic.up += size
  let status: number
  let bytes: Uint8Array
  let headers: Headers
  try {
    const response = await deps.transport(request)
    status = response.status
    headers = response.headers
    bytes = new Uint8Array(await response.arrayBuffer())
  } catch (cause) {
    outgoing.signal?.throwIfAborted()
    const error = new FedError(
      'E_UNAVAILABLE',
      `no answer from ${deps.serverUrl} for ${outgoing.what}`,
      { cause },
    )
    return { kind: 'failed', error, again: true, waitMs: 0 }
  }
  traffic.down += bytes.length
  if (status >= 200 && status < 300) return { kind: 'done', status, bytes }
  const again = status >= 500 || status === 429
  return {
    kind: 'failed',
    error: refusal(status, bytes, outgoing.what),
    again,
    waitMs: retryAfter(headers),
  }
}

/** A fresh nonce for every attempt: the server refuses one that it has seen. */
const signed = (deps: SignedTransportDeps, outgoing: Outgoing): Request => {
  const url = `${deps.serverUrl.replace(/\/+$/, '')}${outgoing.path}`
  const headers = new Headers(outgoing.headers)
  const signature = signRequest(
    { method: outgoing.method, url, header: (name) => headers.get(name), body: outgoing.body },
    { keyId: deviceIdOf(deps.key.publicKey), secretKey: deps.key.secretKey },
    { nowMs: deps.clock(), nonce: Buffer.from(randomBytes(18)).toString('base64url') },
  )
  for (const [name, value] of Object.entries(signature)) headers.set(name, value)
  const init: RequestInit = { method: outgoing.method, headers, redirect: 'error' }
  if (outgoing.body) init.body = outgoing.body as Uint8Array<ArrayBuffer>
  if (outgoing.signal) init.signal = outgoing.signal
  return new Request(url, init)
}

/** Delay before attempt n + 1: doubling, with full jitter in its upper half. */
const backoff = (attempt: number, rng: Rng): number =>
  Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1)) * (0.5 + rng.uniform() / 2)

const retryAfter = (headers: Headers): number => {
  const seconds = Number(headers.get('retry-after') ?? 0)
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 600) * 1000 : 0
}

const refusal = (status: number, bytes: Uint8Array, what: string): FedError => {
  const parsed = ErrorResponse.safeParse(parseJson(bytes))
  const code = parsed.success ? ERROR_CODES.find((c) => c === parsed.data.error.code) : undefined
  if (parsed.success && code)
    return new FedError(code satisfies ErrorCode, parsed.data.error.message)
  const kind = status >= 500 || status === 429 ? 'E_UNAVAILABLE' : 'E_UPSTREAM'
  return new FedError(
    kind,
    `${what}: the server answered ${status} without an error of this protocol`,
  )
}

const parseJson = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}
