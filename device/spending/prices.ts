/**
 * Prices of Claude's tokens by model, and the cost of an answer by its own `usage`. Settings can
 * override any row.
 */
import { isFrom } from './claude-models.ts'

/**
 * US dollars for a million tokens. cacheWrite: for five minutes. cacheWriteHour: twice the input
 * where it is left out.
 */
export type Price = {
  readonly input: number
  readonly output: number
  readonly cacheWrite: number
  readonly cacheRead: number
  readonly cacheWriteHour?: number | undefined
}

/** Day on which the table was compared with Anthropic's published prices. */
export const PRICES_AS_OF = '2026-11-28'

/** fast: what every price is multiplied by at `speed: fast`, where the model has it. */
type Row = readonly [family: string, price: Price, fast?: number]

const price = (input: number, output: number, cacheRead = 0.1 * input): Price => ({
  input,
  output,
  cacheWrite: 1.25 * input,
  cacheRead,
})

/** The first row whose family begins the model's name holds. */
export const PRICES: readonly Row[] = [
  ['claude-fable-5-2', price(8, 40, 0.2)],
  ['claude-mythos-5-2', price(8, 40, 0.2)],
  ['claude-fable-5-1', price(10, 50, 0.25)],
  ['claude-mythos-5-1', price(10, 50, 0.25)],
  ['claude-fable-5', price(10, 50, 1)],
  ['claude-mythos-5', price(10, 50, 1)],
  ['claude-opus-5-5', price(4, 20, 0.2), 2],
  ['claude-opus-5', price(5, 25, 0.5), 2],
  ['claude-opus-4-8', price(5, 25, 0.5), 2],
  ['claude-opus-4-7', price(5, 25, 0.5)],
  ['claude-opus-4-6', price(5, 25, 0.5)],
  ['claude-opus-4-5', price(5, 25, 0.5)],
  ['claude-opus-4', price(15, 75)],
  ['claude-3-opus', price(15, 75)],
  ['claude-sonnet-5-5', price(2, 10, 0.1)],
  ['claude-sonnet-5', price(2, 10, 0.2)],
  ['claude-sonnet-4', price(3, 15, 0.3)],
  ['claude-3-7-sonnet', price(3, 15)],
  ['claude-3-5-sonnet', price(3, 15)],
  ['claude-haiku-5-5', price(0.1, 0.5, 0.01)],
  ['claude-haiku-4-5', price(1, 5, 0.1)],
  ['claude-3-5-haiku', price(0.8, 4)],
  ['claude-3-haiku', { input: 0.25, output: 1.25, cacheWrite: 0.3, cacheRead: 0.03 }],
]

/** Prompts of more tokens than this cost five times as much with Haiku 5.5. */
const LONG_PROMPT = { family: 'claude-haiku-5-5', tokens: 100_000, factor: 5 } as const
/** The price of a model that is not in the table. */
const UNKNOWN_FAST = 2
const US_FACTOR = 1.1
const BATCH_FACTOR = 0.5
const WEB_SEARCH_USD = 0.01

/** The parts of an answer's `usage` that affect the price, beside its tokens. */
export type Terms = {
  readonly isFast: boolean
  readonly isUs: boolean
  readonly isBatch: boolean
}
const STANDARD_TERMS: Terms = { isFast: false, isUs: false, isBatch: false }

/**
 * own: rows of the user's, by family, which go before the table; they are taken as they are, long
 * prompts and fast mode included. A model of which nothing is known counts as the dearest.
 */
export const priceOf = (
  model: string,
  promptTokens: number,
  own: Readonly<Record<string, Price>> = {},
  { isFast, isUs, isBatch }: Terms = STANDARD_TERMS,
): Price => {
  const placed = (isUs && isFrom(model, 4, 6) ? US_FACTOR : 1) * (isBatch ? BATCH_FACTOR : 1)
  const mine = ownRow(model, own)
  if (mine) return times(mine, placed)
  const name = model.slice(Math.max(0, model.indexOf('claude-')))
  const [family, found, fast] = PRICES.find(([beginning]) => name.startsWith(beginning)) ?? [
    '',
    dearest([...Object.values(own), ...PRICES.map(([, p]) => p)]),
    UNKNOWN_FAST,
  ]
  const isLong = family === LONG_PROMPT.family && promptTokens > LONG_PROMPT.tokens
  return times(found, placed * (isFast ? (fast ?? 1) : 1) * (isLong ? LONG_PROMPT.factor : 1))
}

/** The longest name first: a family may begin another's. */
const ownRow = (model: string, own: Readonly<Record<string, Price>>): Price | undefined =>
  Object.entries(own)
    .sort(([a], [b]) => b.length - a.length)
    .find(([family]) => model.startsWith(family))?.[1]

/**
 * Tokens of one answer, or of one attempt at it. cacheWrite: all that was written; cacheWriteHour:
 * what of it lives an hour.
 */
export type Usage = {
  readonly input: number
  readonly output: number
  readonly cacheWrite: number
  readonly cacheRead: number
  readonly cacheWriteHour?: number
}

/** model: null where the answer does not name it. */
export type Attempt = Usage & { readonly model: string | null }

/**
 * What an answer is billed for: the attempts at it, compactions among them, each at the price of
 * its own model.
 */
export type AnswerUsage = Terms & {
  readonly attempts: readonly Attempt[]
  readonly webSearches: number
}

/** An answer that used these tokens of the model that was asked for, on standard terms. */
export const plainUsage = (usage: Usage): AnswerUsage => ({
  ...STANDARD_TERMS,
  attempts: [{ ...usage, model: null }],
  webSearches: 0,
})

export const tokensOf = ({ input, output, cacheWrite, cacheRead }: Usage): number =>
  input + output + cacheWrite + cacheRead

export const promptTokensOf = (usage: Usage): number => tokensOf(usage) - usage.output

/** The total of all attempts. */
export const sumOf = ({ attempts }: AnswerUsage): Required<Usage> => {
  const sum = (of: (usage: Usage) => number) => attempts.reduce((n, usage) => n + of(usage), 0)
  return {
    input: sum((u) => u.input),
    output: sum((u) => u.output),
    cacheWrite: sum((u) => u.cacheWrite),
    cacheRead: sum((u) => u.cacheRead),
    cacheWriteHour: sum((u) => u.cacheWriteHour ?? 0),
  }
}

export const usdOf = (usage: Usage, price: Price): number => {
  const { input, output, cacheWrite, cacheRead, cacheWriteHour = 0 } = usage
  const hour = price.cacheWriteHour ?? 2 * price.input
  return (
    (input * price.input +
      output * price.output +
      (cacheWrite - cacheWriteHour) * price.cacheWrite +
      cacheWriteHour * hour +
      cacheRead * price.cacheRead) /
    1e6
  )
}

/** In US dollars. model: the one that was asked for; own: as for priceOf. */
export const costOf = (
  { attempts, webSearches, ...terms }: AnswerUsage,
  model: string,
  own: Readonly<Record<string, Price>> = {},
): number =>
  attempts.reduce(
    (usd, attempt) =>
      usd + usdOf(attempt, priceOf(attempt.model ?? model, promptTokensOf(attempt), own, terms)),
    webSearches * WEB_SEARCH_USD,
  )

const dearest = (prices: readonly Price[]): Price =>
  prices.reduce((a, b) => (b.output > a.output ? b : a))

const times = (price: Price, factor: number): Price => ({
  input: price.input * factor,
  output: price.output * factor,
  cacheWrite: price.cacheWrite * factor,
  cacheRead: price.cacheRead * factor,
  cacheWriteHour: (price.cacheWriteHour ?? 2 * price.input) * factor,
})
