/** What a head costs: a fit from nothing, and one more choice after it. Needs no model. */
import { initialPrior } from '../../adapters/aggregate/prior.ts'
import { type Rng, seededRng } from '../../adapters/random.ts'
import { fitHead, type HeadFit, type PairRow, pairRows } from '../../device/reward/head.ts'
import { medianOf } from '../measure/metrics.ts'
import type { Result } from '../measure/results.ts'

export const CHOICES = [30, 100, 300] as const
export const SHOWN = 3
/** 576 states and the named features, and directions that most of their variance lies in. */
const SIZE = 606
const SHARED = 40

export const benchHead = (choices: number, runs: number): Result[] => {
  const prior = initialPrior(SIZE, 0.5)
  const drawn = drawChoices(choices + runs + 1)
  const cold: number[] = []
  const warm: number[] = []
  const posterior: number[] = []
  let fit: HeadFit | undefined
  for (let run = -1; run < runs; run++) {
    const rows = drawn.slice(0, choices).flat()
    const from = performance.now()
    fit = fitHead(rows, prior)
    if (run >= 0) cold.push(performance.now() - from)
  }
  for (let run = -1; run < runs; run++) {
    // The oldest goes when a new one comes, as on a device that has as many as it reads.
    const rows = drawn.slice(run + 2, choices + run + 2).flat()
    const times = [performance.now()]
    fit = fitHead(rows, prior, fit)
    times.push(performance.now())
    fit.variance(rows[0]!.difference)
    times.push(performance.now())
    if (run < 0) continue
    warm.push(times[1]! - times[0]!)
    posterior.push(times[2]! - times[1]!)
  }
  const result = (name: string, times: readonly number[]): Result => ({
    name: `bench.head.${name}.${choices}`,
    value: medianOf(times),
    unit: 'ms',
    n: runs,
  })
  return [
    result('from_nothing', cold),
    result('one_more_choice', warm),
    result('posterior', posterior),
  ]
}

/** Choices by a taste over features that share directions, as hidden states do. */
const drawChoices = (count: number): PairRow[][] => {
  const rng = seededRng('bench-head')
  const shared = Array.from({ length: SHARED }, () => gaussian(rng, 1 / Math.sqrt(SIZE)))
  const taste = gaussian(rng, 3)
  const answer = () => {
    const features = gaussian(rng, 0.3 / Math.sqrt(SIZE))
    for (const direction of shared) {
      const by = rng.normal() / Math.sqrt(SHARED)
      for (let j = 0; j < SIZE; j++) features[j]! += by * direction[j]!
    }
    return features
  }
  return Array.from({ length: count }, () => {
    const answers = Array.from({ length: SHOWN }, answer)
    const liked = answers.map(
      (a) => a.reduce((sum, v, j) => sum + v * taste[j]!, 0) - Math.log(-Math.log(rng.uniform())),
    )
    const chosen = liked.indexOf(Math.max(...liked))
    return pairRows(answers, { shown: answers.map((_, i) => i), chosen })
  })
}

const gaussian = (rng: Rng, spread: number): Float64Array =>
  Float64Array.from({ length: SIZE }, () => spread * rng.normal())
