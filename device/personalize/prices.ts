/** What Claude's tokens cost, by model family. Prices change: settings can override any row, and an unknown model counts as the dearest. */

/** US dollars for a million tokens. */
export type Price = {
  readonly input: number
  readonly output: number
  readonly cacheWrite: number
  readonly cacheRead: number
}

/** Day on which the table was compared with Anthropic's published prices (standard tier, 5-minute cache writes). */
export const PRICES_AS_OF = '2026-10-24'

type Row = readonly [family: string, price: Price]

const price = (input: number, output: number, cacheRead = 0.1 * input): Price => ({
  input,
  output,
  cacheWrite: 1.25 * input,
  cacheRead,
})

/** The first row whose family begins the model's name holds. */
export const PRICES: readonly Row[] = [
  ['claude-fable-5-1', price(10, 50, 0.25)],
  ['claude-mythos-5-1', price(10, 50, 0.25)],
  ['claude-fable-5', price(10, 50)],
  ['claude-mythos-5', price(10, 50)],
  ['claude-opus-5-5', price(4, 20, 0.2)],
  ['claude-opus-5', price(5, 25)],
  ['claude-opus-4-5', price(5, 25)],
  ['claude-opus-4-6', price(5, 25)],
  ['claude-opus-4-7', price(5, 25)],
  ['claude-opus-4-8', price(5, 25)],
  ['claude-opus-4', price(15, 75)],
  ['claude-3-opus', price(15, 75)],
  ['claude-sonnet-5-5', price(2, 10, 0.1)],
  ['claude-sonnet-5', price(2, 10)],
  ['claude-sonnet-4', price(3, 15)],
  ['claude-3-7-sonnet', price(3, 15)],
  ['claude-3-5-sonnet', price(3, 15)],
  ['claude-haiku-5-5', price(0.1, 0.5)],
  ['claude-haiku-4-5', price(1, 5)],
  ['claude-3-5-haiku', price(0.8, 4)],
  ['claude-3-haiku', { input: 0.25, output: 1.25, cacheWrite: 0.3, cacheRead: 0.03 }],
]

/** Prompts of more tokens than this cost five times as much with Haiku 5.5. */
const LONG_PROMPT = { family: 'claude-haiku-5-5', tokens: 100_000, factor: 5 } as const

/** own: rows of the user's, by family, which go before the table. */
export const priceOf = (
  model: string,
  promptTokens: number,
  own: Readonly<Record<string, Price>> = {},
): Price => {
  const rows: Row[] = [
    // The longest name first: a family may begin another's.
    ...Object.entries(own).sort(([a], [b]) => b.length - a.length),
    ...PRICES,
  ]
  const found = rows.find(([family]) => model.startsWith(family))
  if (!found) return dearest(rows)
  const isLong =
    found[0] === LONG_PROMPT.family && !own[found[0]] && promptTokens > LONG_PROMPT.tokens
  return isLong ? times(found[1], LONG_PROMPT.factor) : found[1]
}

/** What Claude says that a message used. */
export type Usage = {
  readonly input: number
  readonly output: number
  readonly cacheWrite: number
  readonly cacheRead: number
}

export const tokensOf = ({ input, output, cacheWrite, cacheRead }: Usage): number =>
  input + output + cacheWrite + cacheRead

export const usdOf = (usage: Usage, { input, output, cacheWrite, cacheRead }: Price): number =>
  (usage.input * input +
    usage.output * output +
    usage.cacheWrite * cacheWrite +
    usage.cacheRead * cacheRead) /
  1e6

const dearest = (rows: readonly Row[]): Price =>
  rows.map(([, p]) => p).reduce((a, b) => (b.output > a.output ? b : a))

const times = ({ input, output, cacheWrite, cacheRead }: Price, factor: number): Price => ({
  input: input * factor,
  output: output * factor,
  cacheWrite: cacheWrite * factor,
  cacheRead: cacheRead * factor,
})
