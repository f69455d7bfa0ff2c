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
import { minCertainty, spreadBeyond } from '../../device/spending/plan.ts'
import { priceOf } from '../../device/spending/prices.ts'
import { planCandidates } from '../../device/spending/spend.ts'
import { FEATURE_NAMES } from '../../device/text/named-features.ts'

const SIZE = FEATURE_NAMES.length
const HOUR = 3600 * 1000

/**
 * deviations: of each feature over the answers to a request. taste: which features a taste is over;
 * all of them by default.
 */
export type People = {
  readonly deviations: Float64Array
  readonly tasteOver?: number | undefined
}
const NAMED: People = { deviations: new Float64Array(SIZE).fill(1 / Math.sqrt(SIZE)) }
export const scale = new Float64Array(SIZE).fill(1)
export const prior = initialPrior(SIZE, 2)

/**
 * Named features and many pooled ones, in a basis of principal directions: their variance falls as
 * 1/rank, as that of pooled states about does. Each group has a variance of 1 in all.
 */
export const wideFeatures = (pooled: number): Float64Array => {
  const total = Array.from({ length: pooled }, (_, j) => 1 / (j + 1)).reduce((a, b) => a + b, 0)
  return Float64Array.from({ length: pooled + SIZE }, (_, j) =>
    Math.sqrt(j < pooled ? 1 / (j + 1) / total : 1 / SIZE),
  )
}

/**
 * A user whose utilities have variance 1 over answers and who chooses by them, or by nothing; most
 * recent first.
 */
export const person = (
  name: string,
  hasTaste: boolean,
  { deviations, tasteOver = deviations.length }: People = NAMED,
) => {
  const rng = seededRng(`person/${name}`)
  const answer = () => deviations.map((d) => d * rng.normal())
  const weights = deviations.map((_, j) => (hasTaste && j < tasteOver ? rng.normal() : 0))
  const variance = weights.reduce((sum, w, j) => sum + (w * deviations[j]!) ** 2, 0)
  const taste = weights.map((w) => w / Math.sqrt(variance || 1))
  const utility = (x: Float64Array) => x.reduce((sum, v, j) => sum + v * taste[j]!, 0)
  const answers = (n: number) => Array.from({ length: n }, answer)
  const choose = (raw: Float64Array[], at: number): ChoiceFeatures => {
    const noisy = raw.map((x) => utility(x) - 0.5 * Math.log(-Math.log(rng.uniform())))
    const chosen = noisy.indexOf(Math.max(...noisy))
    return { shown: raw.map((_, i) => i), chosen, weight: 1, at, answers: [], raw }
  }
  const choices = Array.from({ length: 100 }, (_, i) => choose(answers(2), i * HOUR)).reverse()
  return { utility, choices, unseen: Array.from({ length: 40 }, () => answers(4)) }
}
export type Person = ReturnType<typeof person>

/**
 * What reranking and planning make of unseen requests. kept, won: among three answers. bought:
 * whether further answers are asked for, of a request of usual size; served: with as many as are.
 */
export const decide = ({ choices, unseen, utility }: Person, count: number) => {
  const size = choices[0]!.raw[0]!.length
  const [ones, wide] = [new Float64Array(size).fill(1), initialPrior(size, 2)]
  const seen = choices.slice(-count)
  const { hyperparameters, fit } = tuneHyperparameters(seen, wide, ones, false)
  const { margin, slope } = hyperparameters
  const head = fitServedHead(seen, hyperparameters, { fit })
  const variance = (x: Float64Array) => head.fit.variance(x)
  const gain = (raw: Float64Array[], i: number) => utility(raw[i]!) - utility(raw[0]!)
  const order = (raw: Float64Array[]) => {
    const scores = scoreFeatures(raw, ones, head.fit.w)
    const rewards = scores.map((s) => s.reward)
    const { winner } = rerank(scores, variance, margin, head.certainty())
    return { winner, best: rewards.indexOf(Math.max(...rewards)) }
  }
  const [certainty, spread] = [head.certainty(), head.spread()]
  const isCertain = certainty >= minCertainty(count)
  const planned = answersFor(isCertain ? spreadBeyond({ certainty, spread }, slope * margin) : 0)
  const outcomes = unseen.map((raw) => {
    const { winner, best } = order(raw.slice(0, 3))
    const served = planned > 1 ? order(raw.slice(0, planned)).winner : 0
    return {
      kept: winner === 0 ? 1 : 0,
      won: gain(raw, winner),
      bestWon: gain(raw, best),
      servedFirst: served === 0 ? 1 : 0,
      servedWon: gain(raw, served),
    }
  })
  const mean = (key: keyof (typeof outcomes)[number]) =>
    outcomes.reduce((sum, o) => sum + o[key], 0) / outcomes.length
  return {
    kept: mean('kept'),
    won: mean('won'),
    bestWon: mean('bestWon'),
    servedFirst: mean('servedFirst'),
    servedWon: mean('servedWon'),
    bought: planned > 1 ? 1 : 0,
    worth: certainty * spread,
    head,
  }
}

/** How many answers are asked for, under the default settings and a fresh budget. */
const answersFor = (spread: number): number =>
  planCandidates({
    spread,
    most: 4,
    inputTokens: 300,
    cachedTokens: 0,
    outputTokens: 500,
    maxTokens: 1024,
    price: priceOf('claude-sonnet-5-5', 300, {}, undefined),
    budget: { tokens: 500_000, usd: 1 },
    spent: { day: { tokens: 0, usd: 0 }, hour: { tokens: 0, usd: 0 } },
  }).count

export const average = (values: readonly number[]) =>
  values.reduce((a, b) => a + b, 0) / values.length

/** Forty of them, or as many as asked for. */
export const people = (hasTaste: boolean, of: People = NAMED, count = 40) =>
  Array.from({ length: count }, (_, i) => person(`${hasTaste}/${i}`, hasTaste, of))
