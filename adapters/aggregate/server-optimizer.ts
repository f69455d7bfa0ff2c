/**
 * The server's optimizer: it turns the mean Δ of a round into a change of the round's factors.
 * FedAvgM (Hsu et al. 2019): m = βm + Δ, change = η·m. FedAdam, FedYogi, FedAdagrad (Reddi et al.
 * 2021, algorithm 2, without their local steps): m = β₁m + (1−β₁)Δ, change = η·m / (√v + τ), v₀ = τ²,
 * and v by the table below.
 *
 * Moments are kept for each factor. A gauge replaces the frozen factor's basis between two rounds of
 * the same factor, and with it the coordinates that the moments are in. Both bases are orthonormal, so
 * the moments are mapped by R = new·oldᵀ, [r, r]: m by R, and v by R∘R, which is exact where the
 * covariance was diagonal. What lies outside of the new basis is dropped. Resetting them instead
 * would leave one round's gradient, which is its sign.
 */
import { decodeContainer, encodeContainer } from '../container/container.ts'
import { FedError } from '../errors.ts'
import {
  adapterLayout,
  type FactorSegment,
  type Factors,
  factorsOf,
  layoutSize,
  segmentOf,
} from '../lora/layout.ts'
import { type Matrix, matrix, multiply, transpose } from '../math/matrix.ts'
import { type JobSpec, OptimizerPlan } from '../wire/jobs.ts'
import type { AdapterState } from './adapter-state.ts'

type MovingPlan = Exclude<OptimizerPlan, { name: 'none' }>
type AdaptivePlan = Exclude<MovingPlan, { name: 'avgm' }>

/** The next v, from v, Δ² and β₂. */
const SECOND_MOMENT: Record<
  AdaptivePlan['name'],
  (v: number, squared: number, beta2: number) => number
> = {
  adam: (v, squared, beta2) => beta2 * v + (1 - beta2) * squared,
  yogi: (v, squared, beta2) => v - (1 - beta2) * squared * Math.sign(v - squared),
  adagrad: (v, squared) => v + squared,
}

/**
 * All in the full layout. basis: the factor that was frozen when the other one's moments were last
 * brought up to date; zero before.
 */
type Moments = {
  readonly first: Float32Array
  readonly second: Float32Array
  readonly basis: Float32Array
}

const PARTS = ['first', 'second', 'basis'] as const

/** The optimizer of a job that names none follows from its training. */
export const optimizerOf = ({
  optimizer,
  training,
}: Pick<JobSpec, 'optimizer' | 'training'>): OptimizerPlan =>
  optimizer ?? OptimizerPlan.parse({ name: training.method === 'gradient' ? 'adam' : 'none' })

/**
 * change: in the layout of `factor`, as mean. saved: what the last round returned; undefined
 * before the first. isGauged: the strategy makes the frozen factor orthonormal. Mutates nothing.
 * Fails with E_SHAPE where a size is another, E_CONTAINER where the saved bytes are damaged.
 */
export const optimize = (
  plan: OptimizerPlan,
  adapter: AdapterState,
  mean: Float64Array,
  factor: Factors,
  { saved, isGauged }: { readonly saved: Uint8Array | undefined; readonly isGauged: boolean },
): { readonly change: Float64Array; readonly moments?: Uint8Array } => {
  if (plan.name === 'none') return { change: mean }
  const layout = adapterLayout(adapter.shape, adapter.spec)
  const own = adapterLayout(adapter.shape, adapter.spec, factorsOf(factor))
  if (layoutSize(own) !== mean.length)
    throw new FedError('E_SHAPE', `mean: expected ${layoutSize(own)} numbers, got ${mean.length}`)
  const moments = decodeMoments(saved, layoutSize(layout), plan.name === 'avgm' ? 0 : plan.epsilon)
  const change = new Float64Array(mean.length)
  for (const { name, offset, size } of own) {
    const at = layout.findIndex((segment) => segment.name === name)
    // The full layout has A, then B, for each module.
    const [moved, other] = [layout[at]!, layout[at % 2 === 0 ? at + 1 : at - 1]!]
    if (isGauged) rebase(moments, adapter, moved, other)
    step(plan, moments, moved.offset, mean.subarray(offset, offset + size), change, offset)
    segmentOf(moments.basis, other).set(segmentOf(adapter.flat, other))
  }
  return { change, moments: encodeMoments(moments) }
}

/** Moves the moments from `at` on, and writes the change from `offset` on. */
const step = (
  plan: MovingPlan,
  { first, second }: Moments,
  at: number,
  mean: Float64Array,
  change: Float64Array,
  offset: number,
): void => {
  if (plan.name === 'avgm') {
    for (let i = 0; i < mean.length; i++) {
      const m = plan.momentum * first[at + i]! + mean[i]!
      first[at + i] = m
      change[offset + i] = plan.learningRate * m
    }
    return
  }
  const { learningRate, beta1, epsilon } = plan
  const beta2 = 'beta2' in plan ? plan.beta2 : 0
  const next = SECOND_MOMENT[plan.name]
  for (let i = 0; i < mean.length; i++) {
    const g = mean[i]!
    const m = beta1 * first[at + i]! + (1 - beta1) * g
    const v = next(second[at + i]!, g * g, beta2)
    first[at + i] = m
    second[at + i] = v
    change[offset + i] = (learningRate * m) / (Math.sqrt(v) + epsilon)
  }
}

/** Maps the moments of one module's factor into the basis that its frozen factor is now. */
const rebase = (
  moments: Moments,
  { flat }: AdapterState,
  moved: FactorSegment,
  frozen: FactorSegment,
): void => {
  const before = overRanks(moments.basis, frozen)
  if (before.data.every((x) => x === 0)) return
  const R = multiply(overRanks(flat, frozen), transpose(before))
  const squares = matrix(
    R.rows,
    R.cols,
    R.data.map((x) => x * x),
  )
  for (const [values, map] of [
    [moments.first, R],
    [moments.second, squares],
  ] as const) {
    const mapped = multiply(map, overRanks(values, moved))
    segmentOf(values, moved).set((moved.factor === 'A' ? mapped : transpose(mapped)).data)
  }
}

/** A factor with a row for each rank: A [r, in], or Bᵀ [r, out]. */
const overRanks = (flat: Float32Array, segment: FactorSegment): Matrix => {
  const factor = matrix(segment.shape[0]!, segment.shape[1]!, segmentOf(flat, segment))
  return segment.factor === 'A' ? factor : transpose(factor)
}

/** One after the other, as float32. */
const encodeMoments = (moments: Moments): Uint8Array => {
  const size = moments.first.length
  const payload = new Float32Array(PARTS.length * size)
  for (const [i, name] of PARTS.entries()) payload.set(moments[name], i * size)
  return encodeContainer({ kind: 'moments', size }, payload)
}

/** A copy. */
const decodeMoments = (saved: Uint8Array | undefined, size: number, epsilon: number): Moments => {
  if (saved === undefined)
    return {
      first: new Float32Array(size),
      second: new Float32Array(size).fill(epsilon * epsilon),
      basis: new Float32Array(size),
    }
  const { payload } = decodeContainer(saved)
  if (payload.length !== PARTS.length * size)
    throw new FedError(
      'E_SHAPE',
      `moments: expected ${PARTS.length * size} numbers, got ${payload.length}`,
    )
  const at = (i: number) => payload.subarray(i * size, (i + 1) * size)
  return { first: at(0), second: at(1), basis: at(2) }
}
