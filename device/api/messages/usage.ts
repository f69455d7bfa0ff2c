/** What a request used in all, over every answer that was asked for. Claude's own count in the body stays as it is. */
import { type Price, priceOf, tokensOf, type Usage, usdOf } from '../../personalize/prices.ts'

export type TotalUsage = {
  readonly candidates: number
  readonly input_tokens: number
  readonly output_tokens: number
  readonly cache_creation_input_tokens: number
  readonly cache_read_input_tokens: number
  readonly usd: number
}

/** usages: of the answers that came; prices: the user's own rows. */
export const totalUsage = (
  model: string,
  usages: readonly Usage[],
  prices: Readonly<Record<string, Price>>,
): TotalUsage => {
  const sum = (of: (usage: Usage) => number) => usages.reduce((n, usage) => n + of(usage), 0)
  const cost = (usage: Usage) => {
    const prompt = tokensOf({ ...usage, output: 0 })
    return usdOf(usage, priceOf(model, prompt, prices))
  }
  return {
    candidates: usages.length,
    input_tokens: sum((u) => u.input),
    output_tokens: sum((u) => u.output),
    cache_creation_input_tokens: sum((u) => u.cacheWrite),
    cache_read_input_tokens: sum((u) => u.cacheRead),
    usd: Number(sum(cost).toFixed(6)),
  }
}
