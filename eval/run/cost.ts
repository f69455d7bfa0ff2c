/** What the product's further answers cost, in tokens and in money. */
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { priceOf, tokensOf, type Usage, usdOf } from '../../device/spending/prices.ts'
import { textOf } from '../../device/text/request-text.ts'
import { countTokens } from '../answers/wording.ts'
import type { UserLog } from '../inputs/user-log.ts'
import type { Pick as Picked } from '../measure/metrics.ts'
import type { Result } from '../measure/results.ts'
import { meanEstimate, resultOf } from './figures.ts'
import type { Judged } from './judge.ts'

/**
 * Mean over people of what a request costs beyond Claude's first answer, by the product's budget,
 * apart for who has no taste. An upper bound: every further answer pays its input in full, as if no
 * prompt cache held.
 */
export const costResults = (
  judged: Judged,
  logs: readonly UserLog[],
  hasTaste: readonly boolean[],
  { claude, seed }: { readonly claude: string; readonly seed: number },
): Result[] =>
  [...(judged.get('product') ?? [])].flatMap(([budget, people]) => {
    const costs = people.map((picks, i) => extraOf(picks, logs[i]!.test, claude))
    return (['with_taste', 'indifferent'] as const).flatMap((group) => {
      const members = costs.filter((_, i) => hasTaste[i] === (group === 'with_taste'))
      if (members.length === 0) return []
      const of = (what: 'tokens' | 'dollars', unit: string) => {
        const name = `run.extra_${what}.${group}.${budget}`
        return resultOf(
          name,
          meanEstimate(
            members.map((c) => c[what]),
            seed,
            name,
          ),
          unit,
        )
      }
      return [of('tokens', 'tokens/request'), of('dollars', 'USD/request')]
    })
  })

const extraOf = (picks: readonly Picked[], lines: readonly ChoiceLine[], claude: string) => {
  let [tokens, dollars] = [0, 0]
  for (const [i, { asked = 1 }] of picks.entries())
    for (const usage of extraUsages(lines[i]!, asked)) {
      tokens += tokensOf(usage)
      dollars += usdOf(usage, priceOf(claude, usage.input))
    }
  const requests = Math.max(1, picks.length)
  return { tokens: tokens / requests, dollars: dollars / requests }
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
