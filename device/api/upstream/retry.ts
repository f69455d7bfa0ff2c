/**
 * Decides when the device itself retries a request to Claude. Apps retry on their own, so the
 * device's retries would multiply theirs. It retries only with the setting `retries`, and only for
 * an SDK that has begun to retry: those stop at `x-should-retry: false`.
 */

import type { Sleep } from '../../http/sleep.ts'
import { isUnsent } from '../../http/transport.ts'
import { asFinal } from '../envelope/errors.ts'

/** left: retries that the caller's own have not used up. deadlineAt: by the same clock. */
export type RetryBudget = {
  readonly left: number
  readonly deadlineAt: number
}

/** The default of the SDKs, which otherwise send their limit in seconds. */
const DEFAULT_TIMEOUT_S = 600
/** In Python the first is not a number if the limit is the client's; the second then is. */
const TIMEOUT_HEADERS = ['x-stainless-timeout', 'x-stainless-read-timeout']

export const timeLimitMs = (headers: Headers): number => {
  const limits = TIMEOUT_HEADERS.map((name) => Number(headers.get(name) ?? ''))
  return 1000 * (limits.find((s) => s > 0) ?? DEFAULT_TIMEOUT_S)
}

/**
 * A count above 0 comes from an SDK whose retries are on. At 0 they may be off, as in frameworks
 * that retry outside the SDK and ignore `x-should-retry`.
 */
export const retryBudget = (headers: Headers, retries: number, now: number): RetryBudget => {
  const used = Number.parseInt(headers.get('x-stainless-retry-count') ?? '', 10)
  return {
    left: used > 0 ? Math.max(0, retries - used) : 0,
    deadlineAt: now + timeLimitMs(headers),
  }
}

export type RetryDeps = {
  readonly clock: () => number
  readonly sleep: Sleep
  /** 0 … 1. */
  readonly random: () => number
}

type Step =
  | { readonly kind: 'pass' | 'give-up' }
  | { readonly kind: 'again'; readonly waitMs: number }

/** Transient statuses. Not 504, after which an answer may have been made. */
const MAY_PASS = [408, 409, 429, 500, 502, 503, 529]
const FIRST_MS = 500
const MAX_WAIT_MS = 8000

/** answer: null if no connection could be made. random: 0 … 1, for jitter. */
export const nextStep = (
  answer: { readonly status: number; readonly headers: Headers } | null,
  retried: number,
  { left, deadlineAt }: RetryBudget,
  now: number,
  random: number,
): Step => {
  const should = answer?.headers.get('x-should-retry')
  const mayPass = should === 'true' || answer === null || MAY_PASS.includes(answer.status)
  if (left === 0 || should === 'false' || !mayPass) return { kind: 'pass' }
  if (retried >= left) return { kind: 'give-up' }
  const asked = answer && retryAfterMs(answer.headers, now)
  const waitMs = asked ?? Math.min(FIRST_MS * 2 ** retried, MAX_WAIT_MS) * (1 - 0.25 * random)
  if (now + waitMs < deadlineAt) return { kind: 'again', waitMs }
  // The caller may still want to wait for the time that Claude named.
  return { kind: asked === null ? 'give-up' : 'pass' }
}

const retryAfterMs = (headers: Headers, now: number): number | null => {
  const ms = Number.parseFloat(headers.get('retry-after-ms') ?? '')
  if (ms > 0) return ms
  const text = headers.get('retry-after') ?? ''
  const wait = /^[\d.]+$/.test(text.trim()) ? 1000 * Number(text) : Date.parse(text) - now
  return wait > 0 ? wait : null
}

/** Codes of other transports: no name, no route, no connection. */
const NO_CONNECTION = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** Whether the request certainly never left, so that no answer can have been made. */
export const wasNeverSent = (error: unknown): boolean => isUnsent(error) || hasNoConnection(error)

const hasNoConnection = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false
  const { code } = error as { code?: unknown }
  return NO_CONNECTION.has(String(code)) || hasNoConnection(error.cause)
}

/**
 * Sends until there is an answer to pass on. isGivenUp: the caller should not retry. Fails as the
 * last send does. Never retries if an answer may have been made.
 */
export const sendWithRetries = async (
  deps: RetryDeps,
  budget: RetryBudget,
  signal: AbortSignal,
  send: () => Promise<Response>,
): Promise<{ response: Response; isGivenUp: boolean }> => {
  for (let retried = 0; ; retried++) {
    const sent = await send().catch((error: unknown) => ({ error }))
    const answer = 'error' in sent ? null : sent
    if (answer?.ok) return { response: answer, isGivenUp: false }
    if ('error' in sent && (signal.aborted || !wasNeverSent(sent.error))) throw sent.error
    const step = nextStep(answer, retried, budget, deps.clock(), deps.random())
    if (step.kind === 'again') {
      await answer?.body?.cancel()
      await deps.sleep(step.waitMs, signal)
      continue
    }
    const isGivenUp = step.kind === 'give-up'
    if (answer) return { response: answer, isGivenUp }
    const { error } = sent as { error: unknown }
    throw isGivenUp && error instanceof Error ? asFinal(error) : error
  }
}
