/**
 * What the devices of a simulated federation compute, and what its releases are worth: their heads' moments,
 * or the change of a factor. The adapter is one linear over the features: its score is v·(x + s·BAx).
 */

import type { Part } from '../../../adapters/container/container.ts'
import { adapterRow, releasedAdapter } from '../../../adapters/contributions/adapter.ts'
import type { Release, RoundPlan } from '../../../adapters/contributions/contribution.ts'
import { priorRow, releasedPrior } from '../../../adapters/contributions/prior.ts'
import { adapterLayout, type Factor, segmentOf } from '../../../adapters/lora/layout.ts'
import { softplus } from '../../../adapters/math/logistic.ts'
import { dot } from '../../../adapters/math/vector.ts'
import { seededRng } from '../../../adapters/random.ts'
import type { JobSpec } from '../../../adapters/wire/jobs.ts'
import { fitHead, type PairRow } from '../../../device/reward/head.ts'
import { meanOf, reachableUtility } from '../../measure/metrics.ts'
import { meanOf as meanVector } from './attacks.ts'
import { type Newcomer, SIZE } from './world.ts'

export type PartName = 'prior' | 'adapter'
type Round = { readonly release: Release; readonly plan: RoundPlan; readonly spec: JobSpec }

/** attacked: the vector that attackers shape; whole: an update's vector of it, within the door's bounds. */
export type SimulatedPart = {
  /** What honest devices compute. */
  compute(rows: readonly PairRow[], round: Round): Float64Array
  attacked(vector: Float64Array): Float64Array
  whole(attacked: Float64Array, honest: readonly Float64Array[], round: Round): Float64Array
  parts(vector: Float64Array, round: Round): Part[]
  /** Over newcomers: more is better. */
  worth(release: Release, spec: JobSpec, newcomers: readonly Newcomer[]): number
}

/** Of a head's weight, as a multiple of the first prior's variance: the door lets 10,000 pass. */
const LARGEST_SQUARE = 5000
const STEPS = 3
const RATE = 0.05

/** s(vᵀB)A x: the difference that the adapter makes to a score. */
const VALUE = (() => {
  const rng = seededRng('robust/value')
  return Float64Array.from({ length: SIZE }, () => rng.normal())
})()

const prior: SimulatedPart = {
  compute: (rows, { release, spec }) => {
    const { first, second } = fitHead(
      rows,
      releasedPrior(release, spec.prior.initialVariance),
    ).moments()
    return Float64Array.from([...first, ...second])
  },
  attacked: (vector) => vector.subarray(0, SIZE),
  // The covariance stays that of the honest ones, and the head as long as the door allows: it looks for
  // moments of one head.
  whole: (given, honest, { spec }) => {
    const mean = meanVector(honest)
    const most = Math.sqrt(LARGEST_SQUARE * spec.prior.initialVariance)
    const by = Math.min(1, most / given.reduce((peak, x) => Math.max(peak, Math.abs(x)), 0))
    const first = given.map((x) => x * by)
    const second = mean.slice(SIZE)
    for (let i = 0, at = 0; i < SIZE; i++)
      for (let j = i; j < SIZE; j++, at++)
        second[at]! += first[i]! * first[j]! - mean[i]! * mean[j]!
    return Float64Array.from([...first, ...second])
  },
  parts: (vector, { plan }) =>
    priorRow.make({ first: vector.subarray(0, SIZE), second: vector.subarray(SIZE) }, plan)!,
  worth: (release, spec, newcomers) => {
    const start = releasedPrior(release, spec.prior.initialVariance)
    return meanOf(
      newcomers.map(({ rows, requests }) => {
        const { w } = fitHead(rows, start)
        const picks = requests.map((answers) => {
          const scores = answers.map(({ features }) => dot(w, features))
          const utilities = answers.map(({ utility }) => utility)
          return { utilities, picked: scores.indexOf(Math.max(...scores)) }
        })
        return reachableUtility(picks)
      }),
    )
  },
}

const adapter: SimulatedPart = {
  compute: (rows, { release, plan, spec }) => {
    const before = releasedAdapter(release)
    const flat = before.flat.slice()
    const factor = plan.factor as Factor
    for (let step = 0; step < STEPS; step++) trainStep(flat, rows, factor, spec)
    const made = adapterRow.make({ before, after: flat }, plan)!
    return Float64Array.from(made.flatMap(({ data }) => Array.from(data)))
  },
  attacked: (vector) => vector,
  whole: (vector, _, { spec }) => {
    const length = Math.sqrt(dot(vector, vector))
    const most = spec.training.updateNorm
    return length > most ? vector.map((x) => (x * most) / length) : vector
  },
  parts: (vector, { plan }) => {
    const [segment] = adapterRow.segments(plan)
    return [{ ...segment!, data: vector }]
  },
  worth: (release, spec, newcomers) => {
    const { flat } = releasedAdapter(release)
    const score = scorer(flat, spec)
    return -meanOf(
      newcomers.flatMap(({ unseen }) =>
        unseen.map(({ difference }) => softplus(-score(difference))),
      ),
    )
  },
}

export const PARTS: Readonly<Record<PartName, SimulatedPart>> = { prior, adapter }

/** c = Bᵀv and a view of A, of a flat adapter. */
const factorsOf = (flat: Float32Array, spec: JobSpec) => {
  const [a, b] = adapterLayout(spec.base.shape, spec.adapter).map((s) => segmentOf(flat, s))
  const { rank, alpha } = spec.adapter
  const c = Float64Array.from({ length: rank }, (_, k) =>
    VALUE.reduce((sum, v, i) => sum + v * b![i * rank + k]!, 0),
  )
  return { a: a!, c, rank, scale: alpha / rank }
}

const scorer = (flat: Float32Array, spec: JobSpec) => {
  const { a, c, rank, scale } = factorsOf(flat, spec)
  const direction = Float64Array.from({ length: SIZE }, (_, j) => {
    let sum = 0
    for (let k = 0; k < rank; k++) sum += c[k]! * a[k * SIZE + j]!
    return scale * sum
  })
  return (x: Float64Array) => dot(direction, x)
}

/** A step down the mean logistic loss of the rows, in one factor. */
const trainStep = (
  flat: Float32Array,
  rows: readonly PairRow[],
  factor: Factor,
  spec: JobSpec,
): void => {
  const step = factor === 'B' ? RATE / SIZE : RATE
  for (const [i, down] of descent(flat, rows, factor, spec).entries()) flat[i]! += step * down
}

/** Minus the gradient of the mean logistic loss of the rows, by one factor of a flat adapter; 0 in the other. */
export const descent = (
  flat: Float32Array,
  rows: readonly PairRow[],
  factor: Factor,
  spec: JobSpec,
): Float64Array => {
  const { a, c, rank, scale } = factorsOf(flat, spec)
  const score = scorer(flat, spec)
  // Of the direction.
  const gradient = new Float64Array(SIZE)
  for (const { difference } of rows) {
    const pull = -1 / (1 + Math.exp(score(difference))) / rows.length
    for (let j = 0; j < SIZE; j++) gradient[j]! += pull * difference[j]!
  }
  const down = new Float64Array(flat.length)
  const [ofA, ofB] = adapterLayout(spec.base.shape, spec.adapter).map(({ offset }) => offset)
  for (let k = 0; k < rank; k++) {
    let along = 0
    for (let j = 0; j < SIZE; j++) along += gradient[j]! * a[k * SIZE + j]!
    for (let i = 0; i < SIZE; i++)
      if (factor === 'B') down[ofB! + i * rank + k] = -scale * along * VALUE[i]!
      else down[ofA! + k * SIZE + i] = -scale * c[k]! * gradient[i]!
  }
  return down
}
