/**
 * How large an adapter's change of the weights is, ΔW = (α/r)·BA over all modules, and how far it has
 * moved, without forming a product: ⟨B₁A₁, B₀A₀⟩ = tr((B₁ᵀB₀)(A₀A₁ᵀ)), two matrices of rank size.
 */
import { type Matrix, matrix, multiply, transpose } from '../math/matrix.ts'
import { adapterLayout, type FactorSegment, segmentOf } from './layout.ts'
import type { AdapterSpec, ModelShape } from './spec.ts'

export type ProductChange = {
  /** ‖ΔW‖ of `after`. */
  readonly norm: number
  /** ‖ΔW after − ΔW before‖; a gauge, which changes factors and not their product, makes none. */
  readonly change: number
}

/** before, after: the full layout. Frobenius norms. */
export const productChange = (
  shape: ModelShape,
  spec: AdapterSpec,
  before: Float32Array,
  after: Float32Array,
): ProductChange => {
  const layout = adapterLayout(shape, spec)
  let [own, other, both] = [0, 0, 0]
  for (let i = 0; i < layout.length; i += 2) {
    const [a, b] = [layout[i]!, layout[i + 1]!]
    const [now, then] = [pairOf(after, a, b), pairOf(before, a, b)]
    own += innerProduct(now, now)
    other += innerProduct(then, then)
    both += innerProduct(now, then)
  }
  const scale = spec.alpha / spec.rank
  return {
    norm: scale * Math.sqrt(Math.max(0, own)),
    change: scale * Math.sqrt(Math.max(0, own + other - 2 * both)),
  }
}

type Pair = { readonly A: Matrix; readonly B: Matrix }

const pairOf = (flat: Float32Array, a: FactorSegment, b: FactorSegment): Pair => ({
  A: matrixOf(flat, a),
  B: matrixOf(flat, b),
})

const matrixOf = (flat: Float32Array, segment: FactorSegment): Matrix =>
  matrix(segment.shape[0]!, segment.shape[1]!, segmentOf(flat, segment))

const innerProduct = (one: Pair, other: Pair): number => {
  const left = multiply(transpose(one.B), other.B)
  const right = multiply(other.A, transpose(one.A))
  let trace = 0
  for (let i = 0; i < left.rows; i++)
    for (let j = 0; j < left.cols; j++)
      trace += left.data[i * left.cols + j]! * right.data[j * right.cols + i]!
  return trace
}
