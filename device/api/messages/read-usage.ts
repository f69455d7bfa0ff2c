/** Reads `usage` of Claude's answers: what is billed, attempt by attempt. */
import { z } from 'zod'
import type { AnswerUsage, Attempt } from '../../spending/prices.ts'

const Tokens = z.number().nullish().catch(null)
const Text = z.string().nullish().catch(null)

const Counts = z.object({
  input_tokens: Tokens,
  output_tokens: Tokens,
  cache_creation_input_tokens: Tokens,
  cache_read_input_tokens: Tokens,
  cache_creation: z
    .object({ ephemeral_5m_input_tokens: Tokens, ephemeral_1h_input_tokens: Tokens })
    .nullish()
    .catch(null),
})
type Counts = z.infer<typeof Counts>

/**
 * type: `message` and `fallback_message` are attempts at the answer; `compaction` and
 * `advisor_message` are other work for it.
 */
const Iteration = Counts.extend({ type: Text, model: Text })
type Iteration = z.infer<typeof Iteration>

export const UsageFields = Counts.extend({
  iterations: z.array(Iteration).nullish().catch(null),
  speed: Text,
  inference_geo: Text,
  service_tier: Text,
  server_tool_use: z.object({ web_search_requests: Tokens }).nullish().catch(null),
})
export type UsageFields = z.infer<typeof UsageFields>

/** Counts in a stream are cumulative, so later ones replace earlier ones. */
export const laterUsage = (before: UsageFields, later: UsageFields): UsageFields => ({
  ...before,
  ...Object.fromEntries(Object.entries(later).filter(([, value]) => value != null)),
})

/** hasOutput: whether the last model wrote anything. */
export type AnswerEnd = {
  readonly model: string | null
  readonly isRefused: boolean
  readonly hasOutput: boolean
}

/**
 * Top-level counts leave out compactions and attempts before a fallback, so iterations, if any, are
 * what is billed. An attempt that was refused before any output is free although its tokens are
 * listed.
 */
export const readUsage = (usage: UsageFields, end: AnswerEnd): AnswerUsage => ({
  attempts: attemptsIn(usage, end),
  isFast: usage.speed === 'fast',
  isUs: usage.inference_geo === 'us',
  isBatch: usage.service_tier === 'batch',
  webSearches: usage.server_tool_use?.web_search_requests ?? 0,
})

const attemptsIn = (usage: UsageFields, end: AnswerEnd): Attempt[] => {
  const iterations = usage.iterations ?? []
  const isAnswered = iterations.some(isAttempt)
  const paid = isAnswered ? iterations : [...iterations, { ...usage, type: 'message' }]
  const last = paid.findLastIndex(isAttempt)
  const hasFallback = iterations.some(({ type }) => type === 'fallback_message')
  // The top-level model gave the final answer; an entry without a model may belong to another one.
  const model = hasFallback ? null : end.model
  const isFree = (one: Iteration, i: number): boolean => {
    if (!isAttempt(one)) return false
    if (i === last) return end.isRefused && !end.hasOutput
    return one.output_tokens === 0 && isHandedOn(one, paid.slice(i + 1))
  }
  return paid
    .filter((one, i) => !isFree(one, i))
    .map((one) => ({ ...countsOf(one), model: one.model ?? model }))
}

type Entry = Counts & Partial<Pick<Iteration, 'type' | 'model'>>

const isAttempt = ({ type }: Entry): boolean => type === 'message' || type === 'fallback_message'

/** Whether another model took over. */
const isHandedOn = (one: Entry, later: readonly Entry[]): boolean =>
  later.some((next) => isAttempt(next) && next.model !== one.model)

/** If only one cache lifetime was in use, tokens that a stream adds later have it too. */
const countsOf = (counts: Counts): Omit<Attempt, 'model'> => {
  const fiveMinutes = counts.cache_creation?.ephemeral_5m_input_tokens ?? 0
  const hour = counts.cache_creation?.ephemeral_1h_input_tokens ?? 0
  const cacheWrite = Math.max(counts.cache_creation_input_tokens ?? 0, fiveMinutes + hour)
  return {
    input: counts.input_tokens ?? 0,
    output: counts.output_tokens ?? 0,
    cacheWrite,
    cacheRead: counts.cache_read_input_tokens ?? 0,
    cacheWriteHour: hour > 0 && fiveMinutes === 0 ? cacheWrite : hour,
  }
}
