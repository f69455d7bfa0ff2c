/**
 * People of two answers a choice, who choose by a taste of their own or by nothing, and what a
 * device makes of them.
 */
import { initialPrior } from '../../adapters/aggregate/prior.ts'
import { seededRng } from '../../adapters/random.ts'
import type { ChoiceFeatures } from '../../device/reward/choice-features.ts'
import { rerank } from '../../device/reward/rerank.ts'
import { scoreFeatures } from '../../device/reward/reward.ts'
import { fitServedHead, tuneHyperparameters } from '../../device/reward/served-head.ts'
import { FEATURE_NAMES } from '../../device/text/named-features.ts'

const SIZE = FEATURE_NAMES.length
const HOUR = 3600 * 1000
export const scale = new Float64Array(SIZE).fill(1 / Math.sqrt(SIZE))
export const prior = initialPrior(SIZE, 2)

/**
 * A user whose utilities have variance 1 over answers and who chooses by them, or by nothing; most
 * recent first.
 */
export const person = (name: string, hasTaste: boolean) => {
  const rng = seededRng(`person/${name}`)
  const normals = () => Float64Array.from({ length: SIZE }, () => rng.normal())
  const taste = normals().map((v) => (hasTaste ? v / Math.sqrt(SIZE) : 0))
  const utility = (x: Float64Array) => x.reduce((sum, v, j) => sum + v * taste[j]!, 0)
  const answers = (n: number) => Array.from({ length: n }, normals)
  const choose = (raw: Float64Array[], at: number): ChoiceFeatures => {
    const noisy = raw.map((x) => utility(x) - 0.5 * Math.log(-Math.log(rng.uniform())))
    const chosen = noisy.indexOf(Math.max(...noisy))
    return { shown: raw.map((_, i) => i), chosen, weight: 1, at, answers: [], raw }
  }
  const choices = Array.from({ length: 100 }, (_, i) => choose(answers(2), i * HOUR)).reverse()
  return { utility, choices, unseen: Array.from({ length: 40 }, () => answers(3)) }
}
export type Person = ReturnType<typeof person>

export const decide = ({ choices, unseen, utility }: Person, count: number) => {
  const seen = choices.slice(-count)
  const { hyperparameters, fit } = tuneHyperparameters(seen, prior, scale, false)
  const head = fitServedHead(seen, hyperparameters, { fit })
  const variance = (x: Float64Array) => head.fit.variance(x)
  const gain = (raw: Float64Array[], i: number) => utility(raw[i]!) - utility(raw[0]!)
  const outcomes = unseen.map((raw) => {
    const scores = scoreFeatures(raw, scale, head.fit.w)
    const rewards = scores.map((s) => s.reward)
    const { winner } = rerank(scores, variance, hyperparameters.margin, head.certainty())
    const best = rewards.indexOf(Math.max(...rewards))
    return { kept: winner === 0 ? 1 : 0, won: gain(raw, winner), bestWon: gain(raw, best) }
  })
  const mean = (key: 'kept' | 'won' | 'bestWon') =>
    outcomes.reduce((sum, o) => sum + o[key], 0) / outcomes.length
  const worth = head.certainty() * head.spread()
  return { kept: mean('kept'), won: mean('won'), bestWon: mean('bestWon'), worth, head }
}

export const average = (values: readonly number[]) =>
  values.reduce((a, b) => a + b, 0) / values.length

/** Forty of them. */
export const people = (hasTaste: boolean) =>
  Array.from({ length: 40 }, (_, i) => person(`${hasTaste}/${i}`, hasTaste))
