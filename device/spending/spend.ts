/** Decides how many answers to ask for: the gain of choosing among n against the cost of n − 1. */
import type { Spending } from '../store/spending.ts'
import { type Price, type Terms, usdOf } from './prices.ts'

/**
 * inputTokens and cachedTokens (those before a cache mark) are estimates. Requests with equal thinks
 * and effort have answers of similar length.
 */
export type CandidateRequest = {
  readonly model: string
  readonly maxTokens: number
  readonly inputTokens: number
  readonly cachedTokens?: number
  readonly thinks?: boolean
  readonly effort?: string | undefined
  readonly terms?: Terms
}

/**
 * spread: standard deviation, in log-odds, of predicted rewards among the answers to one request,
 * times the certainty that they mean anything; null if there are choices but no head has been
 * fitted yet. most: from settings. spent: on further answers, reservations included.
 */
export type SpendRequest = AnswerSize & {
  readonly spread: number | null
  readonly most: number
  readonly budget: Spending
  readonly spent: { readonly day: Spending; readonly hour: Spending }
}

export type AnswerSize = {
  readonly inputTokens: number
  readonly cachedTokens: number
  readonly outputTokens: number
  readonly maxTokens: number
  readonly price: Price
}

/**
 * count: 1 … most. expectedGain: in log-odds over the first answer. costUsd, costTokens: of the
 * answers beyond the first.
 */
export type CandidatePlan = {
  readonly count: number
  readonly reason: string
  readonly expectedGain: number
  readonly costUsd: number
  readonly costTokens: number
}

/** Expected maximum of n standard normal numbers, n = 1 … 4 (Teichroew 1956). */
const EXPECTED_MAXIMUM = [0, 0.5642, 0.8463, 1.0294] as const
/** Share of the day's budget that an hour may take, so that a morning does not spend it all. */
const HOUR_SHARE = 0.25
/** Value of the whole budget in log-odds: an answer for a hundredth of it must gain 0.08. */
const BUDGET_WORTH = 8
/** Smaller gains go unnoticed. */
const MIN_GAIN = 0.04
/** Assumed spread before the first fit: enough to try. */
const UNKNOWN_SPREAD = 0.25
/** Multiple of the usual output that answers rarely exceed. It must fit the day's budget. */
const LONG_ANSWER = 8

/** Cost of one further answer: usual, unusually long, and as long as allowed without a cache. */
export const priceAnswer = ({
  inputTokens,
  cachedTokens,
  outputTokens,
  maxTokens,
  price,
}: AnswerSize): Readonly<Record<'likely' | 'long' | 'worst', Spending>> => {
  const of = (output: number, isCached: boolean): Spending => {
    const marked = Math.min(cachedTokens, inputTokens)
    const usage = {
      input: inputTokens - marked,
      output: Math.min(output, maxTokens),
      cacheRead: isCached ? marked : 0,
      cacheWrite: isCached ? 0 : marked,
    }
    // Both are means and can be fractional.
    return { tokens: Math.round(inputTokens + usage.output), usd: usdOf(usage, price) }
  }
  return {
    likely: of(outputTokens, true),
    long: of(LONG_ANSWER * outputTokens, true),
    worst: of(maxTokens, false),
  }
}

/** How many further answers the budget has room for now. */
export const affordableAnswers = (request: SpendRequest): number => {
  const { likely, long } = priceAnswer(request)
  const left = leftOf(request)
  return Math.floor(Math.min(timesIn(left.now, likely), timesIn(left.day, long)))
}

const timesIn = (left: Spending, one: Spending): number =>
  Math.min(left.tokens / Math.max(one.tokens, 1), left.usd / Math.max(one.usd, 1e-12))

export const planCandidates = (request: SpendRequest): CandidatePlan => {
  const { most, budget } = request
  const spread = request.spread ?? UNKNOWN_SPREAD
  const one = priceAnswer(request).likely
  const gainOf = (n: number) => spread * EXPECTED_MAXIMUM[n - 1]!
  const alone = (reason: string): CandidatePlan => ({
    count: 1,
    reason,
    expectedGain: 0,
    costUsd: 0,
    costTokens: 0,
  })
  if (most <= 1) return alone('the settings allow one answer')
  if (spread === 0) return alone('nothing is known yet about what you like')
  if (budget.tokens === 0 || budget.usd === 0) return alone('the budget for further answers is 0')
  const affordable = Math.min(EXPECTED_MAXIMUM.length, most, 1 + affordableAnswers(request))
  if (affordable <= 1)
    return alone('another answer would cost more than what is left of the budget for now')
  const { day } = leftOf(request)
  const worth = BUDGET_WORTH * Math.max(one.tokens / day.tokens, one.usd / day.usd)
  let count = 1
  for (let n = 2; n <= affordable; n++)
    if (gainOf(n) - (n - 1) * worth > gainOf(count) - (count - 1) * worth) count = n
  if (count === 1 || gainOf(count) < MIN_GAIN)
    return alone('choosing among several would gain too little for what it costs')
  const cost = { tokens: (count - 1) * one.tokens, usd: (count - 1) * one.usd }
  return {
    count,
    reason:
      `choosing among ${count} is expected to be worth its price of about ` +
      `${Math.round(cost.tokens)} tokens or $${cost.usd.toFixed(4)}`,
    expectedGain: gainOf(count),
    costUsd: cost.usd,
    costTokens: Math.round(cost.tokens),
  }
}

/** What is left of the day's budget, and how much of it may be spent within this hour. */
const leftOf = ({ budget, spent: { day, hour } }: SpendRequest) => {
  const dayLeft = (of: keyof Spending) => Math.max(0, budget[of] - day[of])
  const nowLeft = (of: keyof Spending) =>
    Math.max(0, Math.min(dayLeft(of), HOUR_SHARE * budget[of] - hour[of]))
  return {
    day: { tokens: dayLeft('tokens'), usd: dayLeft('usd') },
    now: { tokens: nowLeft('tokens'), usd: nowLeft('usd') },
  }
}
