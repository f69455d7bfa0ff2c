/** When a request to Claude is sent again, as the SDKs do it, within the time that the caller has left. */
import type { Sleep } from '../agent/transport.ts'
import { asFinal } from './errors.ts'

/** deadlineAt: by the same clock. left: retries that the caller's own have not used up. isOn: whether the device retries at all. */
export type RetryBudget = {
  readonly isOn: boolean
  readonly left: number
  readonly deadlineAt: number
}

/** The SDKs say how long they wait, in seconds; without a word it is their default. */
const DEFAULT_TIMEOUT_S = 600

export const retryBudget = (headers: Headers, retries: number, now: number): RetryBudget => {
  const timeout = Number.parseFloat(headers.get('x-stainless-timeout') ?? '')
  const used = Number.parseInt(headers.get('x-stainless-retry-count') ?? '', 10)
  return {
    isOn: retries > 0,
    left: Math.max(0, retries - (used > 0 ? used : 0)),
    deadlineAt: now + 1000 * (timeout > 0 ? timeout : DEFAULT_TIMEOUT_S),
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

const MAY_PASS = [408, 409, 429, 500, 502, 503, 504, 529]
const FIRST_MS = 500
const LONGEST_MS = 8000

/** answer: null where none came. retried: times so far. random: 0 … 1, for the jitter. */
export const nextStep = (
  answer: { readonly status: number; readonly headers: Headers } | null,
  retried: number,
  { isOn, left, deadlineAt }: RetryBudget,
  now: number,
  random: number,
): Step => {
  const should = answer?.headers.get('x-should-retry')
  const mayPass = should === 'true' || answer === null || MAY_PASS.includes(answer.status)
  if (!isOn || should === 'false' || !mayPass) return { kind: 'pass' }
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

/** Sends until the answer is one to pass on. isGivenUp: the caller is to be told not to do it all again. Fails as the last send does. */
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
    if (!answer && signal.aborted) throw (sent as { error: unknown }).error
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
