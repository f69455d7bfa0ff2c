/** What the product's further answers cost, in tokens and in money. */
import type { ChoiceLine } from '../../adapters/wire/choice-log.ts'
import { textOf } from '../../device/personalize/request-text.ts'
import type { UserLog } from '../arms.ts'
import type { Pick } from '../metrics.ts'
import { countTokens } from '../mock/wording.ts'
import type { Result } from '../results.ts'
import { meanEstimate, resultOf } from './figures.ts'
import type { Judged } from './judge.ts'

/** Dollars for a million tokens. */
const PRICE = { input: 3, output: 15 } as const

/**
 * Mean over people of what a request costs beyond Claude's first answer, by the product's budget, apart for who has no taste. An upper
 * bound: every further answer pays its input in full, as if no prompt cache held.
 */
export const costResults = (
  judged: Judged,
  logs: readonly UserLog[],
  hasTaste: readonly boolean[],
  seed: number,
): Result[] =>
  [...(judged.get('product') ?? [])].flatMap(([budget, people]) => {
    const costs = people.map((picks, i) => extraOf(picks, logs[i]!.test))
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

const extraOf = (picks: readonly Pick[], lines: readonly ChoiceLine[]) => {
  let [input, output] = [0, 0]
  for (const [i, { asked = 1 }] of picks.entries()) {
    const { messages, system, candidates } = lines[i]!
    const prompt = messages.reduce(
      (sum, message) => sum + countTokens(textOf(message.content)),
      system === undefined ? 0 : countTokens(textOf(system)),
    )
    for (const candidate of candidates.slice(1, asked)) {
      input += prompt
      output += countTokens(candidate)
    }
  }
  const requests = Math.max(1, picks.length)
  return {
    tokens: (input + output) / requests,
    dollars: (PRICE.input * input + PRICE.output * output) / 1e6 / requests,
  }
}
