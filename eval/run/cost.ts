/** What the product's further answers cost, in tokens and in money. */
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { priceOf, tokensOf, type Usage, usdOf } from '../../device/spending/prices.ts'
import { textOf } from '../../device/text/request-text.ts'
import { countTokens } from '../answers/wording.ts'

/**
 * What a request costs beyond Claude's first answer, if so many are asked for under a preference
 * block of so many tokens. An upper bound: every answer pays its input in full, as if no prompt
 * cache held.
 */
export const extraOf = (line: ChoiceLine, asked: number, claude: string, blockTokens = 0) => {
  const block: Usage = { input: blockTokens, output: 0, cacheRead: 0, cacheWrite: 0 }
  const usages = [
    block,
    ...extraUsages(line, asked).map((usage) => ({ ...usage, input: usage.input + blockTokens })),
  ]
  return {
    tokens: usages.reduce((sum, usage) => sum + tokensOf(usage), 0),
    dollars: usages.reduce((sum, usage) => sum + usdOf(usage, priceOf(claude, usage.input)), 0),
  }
}

/** What the answers beyond the first of so many use, by the mock's count of tokens. */
export const extraUsages = (
  line: Parameters<typeof inputTokens>[0] & Pick<ChoiceLine, 'candidates'>,
  asked: number,
): Usage[] => {
  const input = inputTokens(line)
  return line.candidates
    .slice(1, asked)
    .map((text) => ({ input, output: countTokens(text), cacheRead: 0, cacheWrite: 0 }))
}

export const inputTokens = ({
  messages,
  system,
}: {
  readonly messages: ChoiceLine['messages']
  readonly system?: ChoiceLine['system'] | undefined
}): number =>
  messages.reduce(
    (sum, message) => sum + countTokens(textOf(message.content)),
    system === undefined ? 0 : countTokens(textOf(system)),
  )
