/** The total usage of a request over all its answers; `usage` in the body stays as Claude's. */
import { type AnswerUsage, costOf, type Price, sumOf, type Usage } from '../../spending/prices.ts'

export type TotalUsage = {
  readonly candidates: number
  readonly input_tokens: number
  readonly output_tokens: number
  readonly cache_creation_input_tokens: number
  readonly cache_read_input_tokens: number
  readonly usd: number
}

/** model: the requested one. prices: the user's own rows. */
export const totalUsage = (
  model: string,
  usages: readonly AnswerUsage[],
  prices: Readonly<Record<string, Price>>,
): TotalUsage => {
  const sums = usages.map(sumOf)
  const sum = (of: (usage: Usage) => number) => sums.reduce((n, usage) => n + of(usage), 0)
  const usd = usages.reduce((cost, usage) => cost + costOf(usage, model, prices), 0)
  return {
    candidates: usages.length,
    input_tokens: sum((u) => u.input),
    output_tokens: sum((u) => u.output),
    cache_creation_input_tokens: sum((u) => u.cacheWrite),
    cache_read_input_tokens: sum((u) => u.cacheRead),
    usd: Number(usd.toFixed(6)),
  }
}
