/**
 * How far the product of the mean factors is from the mean of the products, where both factors of one
 * round are averaged: E = Σp(B−B̄)(A−Ā) = Σp·ΔBΔA − ΔB̄·ΔĀ (Sun et al. 2024, section 3).
 *
 * E is as large as the weights, and a sum of factors does not hold it. So the server lets each update's
 * ΔBΔA pass over a few fixed vectors x of ±1 and sums those responses with the update; ‖E‖² is the
 * mean of ‖Ex‖² (Hutchinson's estimate, without bias). It is known where the server sees single
 * updates, or sums to which whoever saw them has added their responses.
 */
import { adapterLayout, layoutSize } from '../lora/layout.ts'
import { linearSize } from '../lora/spec.ts'
import { type Matrix, matrix, multiply } from '../math/matrix.ts'
import { seededRng } from '../random.ts'
import { type AdapterState, changesOf } from './adapter-state.ts'

/** updateNorm: that no update is longer than. */
type Where = Pick<AdapterState, 'shape' | 'spec'> & { readonly updateNorm: number }

/** Vectors x of each module. */
const PROBES = 16

/** How many numbers the responses of one update are. */
export const responseSize = ({ shape, spec }: Omit<Where, 'updateNorm'>): number =>
  adapterLayout(shape, spec, ['A']).reduce(
    (sum, { module }) => sum + PROBES * linearSize(shape, module).out,
    0,
  )

/**
 * ΔB(ΔAx) of every module, divided by updateNorm·‖x‖, so that no number is above updateNorm / 2.
 * update: of both factors, in the full layout.
 */
export const responsesOf = (where: Where, update: Float32Array | Float64Array): Float32Array => {
  const all = new Float32Array(responseSize(where))
  let offset = 0
  for (const { a, b } of changesOf(where, update, 'AB')) {
    const { data } = multiply(b, multiply(a, probesOf(a.cols)))
    const unit = unitOf(where, a.cols)
    all.set(
      data.map((x) => x / unit),
      offset,
    )
    offset += data.length
  }
  return all
}

/**
 * ‖(α/r)·E‖, Frobenius over all modules. means: of the updates, then of their responses, as they were
 * summed. Its standard error is at most √(2 / PROBES), and far less over several modules.
 */
export const averagingError = (where: Where, means: Float64Array): number => {
  const size = layoutSize(adapterLayout(where.shape, where.spec))
  const responses = means.subarray(size)
  const ofMeans = responsesOf(where, means.subarray(0, size))
  let [squares, at] = [0, 0]
  for (const { module } of adapterLayout(where.shape, where.spec, ['A'])) {
    const { in: inputs, out } = linearSize(where.shape, module)
    for (const end = at + PROBES * out; at < end; at++)
      squares += (unitOf(where, inputs) * (responses[at]! - ofMeans[at]!)) ** 2
  }
  return (where.spec.alpha / where.spec.rank) * Math.sqrt(squares / PROBES)
}

const unitOf = ({ updateNorm }: Where, inputs: number): number => updateNorm * Math.sqrt(inputs)

const probes = new Map<number, Matrix>()

/** [size, PROBES], each ±1; the same for every module of this size. */
const probesOf = (size: number): Matrix => {
  const known = probes.get(size)
  if (known) return known
  const rng = seededRng(`probes/${size}`)
  const made = matrix(
    size,
    PROBES,
    Float64Array.from({ length: size * PROBES }, () => (rng.int(2) === 0 ? -1 : 1)),
  )
  probes.set(size, made)
  return made
}
