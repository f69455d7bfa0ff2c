/**
 * The server's optimizer: it turns the mean of a round into a change of the round's factor. FedAdam
 * (Reddi et al. 2021, algorithm 2, without their local steps): m = β₁m + (1−β₁)Δ, v = β₂v + (1−β₂)Δ²,
 * change = η·m / (√v + τ), v₀ = τ².
 *
 * Moments are kept for each factor. A gauge replaces the frozen factor's basis between two rounds of
 * the same factor, and with it the coordinates that the moments are in. Both bases are orthonormal, so
 * the moments are mapped by R = new·oldᵀ, [r, r]: m by R, and v by R∘R, which is exact where the
 * covariance was diagonal. What lies outside of the new basis is dropped. Resetting them instead
 * would leave one round's gradient, which is its sign.
 */
import { decodeContainer, encodeContainer } from '../container/container.ts'
import { FedError } from '../errors.ts'
import { adapterLayout, type Factor, type FactorSegment, layoutSize } from '../lora/layout.ts'
import { type JobSpec, OptimizerPlan } from '../wire/jobs.ts'
import type { AdapterState } from './strategy.ts'

type AdamPlan = Extract<OptimizerPlan, { name: 'adam' }>

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
 * change: in the layout of `factor` alone, as mean. saved: what the last round returned; undefined
 * before the first. isGauged: the strategy makes the frozen factor orthonormal. Mutates nothing.
 * Fails with E_SHAPE where a size is another, E_CONTAINER where the saved bytes are damaged.
 */
export const optimize = (
  plan: OptimizerPlan,
  adapter: AdapterState,
  mean: Float64Array,
  factor: Factor,
  { saved, isGauged }: { readonly saved: Uint8Array | undefined; readonly isGauged: boolean },
): { readonly change: Float64Array; readonly moments?: Uint8Array } => {
  if (plan.name === 'none') return { change: mean }
  const layout = adapterLayout(adapter.shape, adapter.spec)
  const own = adapterLayout(adapter.shape, adapter.spec, [factor])
  if (layoutSize(own) !== mean.length)
    throw new FedError('E_SHAPE', `mean: expected ${layoutSize(own)} numbers, got ${mean.length}`)
  const moments = decodeMoments(saved, layoutSize(layout), plan.epsilon)
  const change = new Float64Array(mean.length)
  for (const [i, { offset, size }] of own.entries()) {
    // The full layout has A, then B, for each segment of one factor.
    const [a, b] = [layout[2 * i]!, layout[2 * i + 1]!]
    const [moved, frozen] = factor === 'A' ? [a, b] : [b, a]
    if (isGauged) rebase(moments, adapter, moved, frozen)
    adamStep(plan, moments, moved.offset, mean.subarray(offset, offset + size), change, offset)
    part(moments.basis, frozen).set(part(adapter.flat, frozen))
  }
  return { change, moments: encodeMoments(moments) }
}

const adamStep = (
  { learningRate, beta1, beta2, epsilon }: AdamPlan,
  { first, second }: Moments,
  at: number,
  mean: Float64Array,
  change: Float64Array,
  offset: number,
): void => {
  for (let i = 0; i < mean.length; i++) {
    const g = mean[i]!
    const m = beta1 * first[at + i]! + (1 - beta1) * g
    const v = beta2 * second[at + i]! + (1 - beta2) * g * g
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
  const [before, now] = [part(moments.basis, frozen), part(flat, frozen)]
  if (before.every((x) => x === 0)) return
  const rank = moved.factor === 'A' ? moved.shape[0]! : moved.shape[1]!
  const R = products(now, before, rank, frozen)
  mapRanks(part(moments.first, moved), R, moved)
  mapRanks(
    part(moments.second, moved),
    R.map((x) => x * x),
    moved,
  )
}

/** new·oldᵀ of two bases, [r, r]: over the rows of A [r, in], or the columns of B [out, r]. */
const products = (
  now: Float32Array,
  before: Float32Array,
  rank: number,
  { factor, shape }: FactorSegment,
): Float64Array => {
  const width = factor === 'A' ? shape[1]! : shape[0]!
  const at = (k: number, j: number) => (factor === 'A' ? k * width + j : j * rank + k)
  const R = new Float64Array(rank * rank)
  for (let k = 0; k < rank; k++)
    for (let l = 0; l < rank; l++) {
      let sum = 0
      for (let j = 0; j < width; j++) sum += now[at(k, j)]! * before[at(l, j)]!
      R[k * rank + l] = sum
    }
  return R
}

/** Every vector over the ranks becomes R times it. values: A [r, in] or B [out, r], mutated. */
const mapRanks = (
  values: Float32Array,
  R: Float64Array,
  { factor, shape }: FactorSegment,
): void => {
  const [rank, width] = factor === 'A' ? [shape[0]!, shape[1]!] : [shape[1]!, shape[0]!]
  const at = (k: number, j: number) => (factor === 'A' ? k * width + j : j * rank + k)
  const old = new Float64Array(rank)
  for (let j = 0; j < width; j++) {
    for (let l = 0; l < rank; l++) old[l] = values[at(l, j)]!
    for (let k = 0; k < rank; k++) {
      let sum = 0
      for (let l = 0; l < rank; l++) sum += R[k * rank + l]! * old[l]!
      values[at(k, j)] = sum
    }
  }
}

const part = (flat: Float32Array, { offset, size }: FactorSegment): Float32Array =>
  flat.subarray(offset, offset + size)

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
