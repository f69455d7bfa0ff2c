/**
 * When a request to Claude is sent again by the device itself. Apps send again on their own, and
 * the device sees one of their tries only: what it adds is multiplied by theirs. So it adds none,
 * unless the setting `retries` says so and the caller has shown that it is an SDK that does so
 * itself, for those stop at `x-should-retry: false`.
 */

import type { Sleep } from '../../http/sleep.ts'
import { isUnsent } from '../../http/transport.ts'
import { asFinal } from '../envelope/errors.ts'

/** deadlineAt: by the same clock. left: retries that the caller's own have not used up. */
export type RetryBudget = {
  readonly left: number
  readonly deadlineAt: number
}

/** The SDKs say how long they wait, in seconds; without a word it is their default. */
const DEFAULT_TIMEOUT_S = 600
/** The first is no number in Python where the limit is the client's; the second is. */
const TIMEOUT_HEADERS = ['x-stainless-timeout', 'x-stainless-read-timeout']

export const timeLimitMs = (headers: Headers): number => {
  const told = TIMEOUT_HEADERS.map((name) => Number(headers.get(name) ?? '')).find((s) => s > 0)
  return 1000 * (told ?? DEFAULT_TIMEOUT_S)
}

/**
 * A count above 0 is of an SDK whose retries are on. At 0 they may be off, as in frameworks that
 * try again outside the SDK and never read what it reads.
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

/** Not 504: an answer may have been made. */
const MAY_PASS = [408, 409, 429, 500, 502, 503, 529]
const FIRST_MS = 500
const LONGEST_MS = 8000

/**
 * answer: null where no connection could be made. retried: times so far. random: 0 … 1, for the
 * jitter.
 */
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
  const told = answer && retryAfterMs(answer.headers, now)
  const waitMs = told ?? Math.min(FIRST_MS * 2 ** retried, LONGEST_MS) * (1 - 0.25 * random)
  if (now + waitMs < deadlineAt) return { kind: 'again', waitMs }
  // Claude named a time that the caller may still want to wait for.
  return { kind: told === null ? 'give-up' : 'pass' }
}

const retryAfterMs = (headers: Headers, now: number): number | null => {
  const ms = Number.parseFloat(headers.get('retry-after-ms') ?? '')
  if (ms > 0) return ms
  const text = headers.get('retry-after') ?? ''
  const wait = /^[\d.]+$/.test(text.trim()) ? 1000 * Number(text) : Date.parse(text) - now
  return wait > 0 ? wait : null
}

/** As other transports say it: no name, no route, no connection. */
const NO_CONNECTION = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/**
 * Whether no answer can have been made, since the request never left. Anything unknown may have.
 */
export const wasNeverSent = (error: unknown): boolean => isUnsent(error) || hasNoConnection(error)

const hasNoConnection = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false
  const { code } = error as { code?: unknown }
  return NO_CONNECTION.has(String(code)) || hasNoConnection(error.cause)
}

/**
 * Sends until the answer is one to pass on. isGivenUp: the caller is to be told not to do it all
 * again. Fails as the last send does. Where an answer may have been made that never came, nothing
 * is sent again.
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
