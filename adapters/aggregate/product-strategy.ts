/**
 * Strategies whose devices train both factors, and whose server works with the mean of the products
 * instead of the product of the means. It is formed from the single updates, as a product of their
 * stacked factors, and cut to a rank it can be released in.
 */
import { FedError } from '../errors.ts'
import { adapterLayout, layoutSize } from '../lora/layout.ts'
import { type Pair, readPairs, writePairs } from '../lora/pairs.ts'
import { residualSpec, withRank } from '../lora/ranks.ts'
import type { AdapterSpec, ModelShape } from '../lora/spec.ts'
import { truncateProduct } from '../math/low-rank.ts'
import {
  add,
  type Matrix,
  matrix,
  row,
  scaleColumns,
  stackColumns,
  stackRows,
} from '../math/matrix.ts'
import { type AdapterState, changesOf, mapPairs } from './adapter-state.ts'
import { createExactSum } from './exact-sum.ts'
import type { Single } from './singles.ts'

/** energies: squared singular values of what was cut, the largest first, summed over the modules. */
export type Combined = { readonly adapter: AdapterState; readonly energies: Float64Array }

/**
 * FlexLoRA (Bai et al. 2024): each device trains the leading directions of the adapter, as many as it
 * can; the others are frozen. The mean of the products, cut to the adapter's rank, is the next adapter:
 * Â its right singular vectors, B̂ = UΣ, the strongest directions first. Fails with E_SHAPE where an
 * update has no rank from 1 to the adapter's, E_NOT_FINITE.
 */
export const combineRanks = (adapter: AdapterState, singles: readonly Single[]): Combined => {
  const total = weightOf(singles)
  const changes = singles.map(({ vector }) => {
    const spec = withRank(adapter.spec, rankOf(adapter, vector))
    return changesOf({ shape: adapter.shape, spec }, vector, 'AB')
  })
  const energies = new Float64Array(largestSide(adapter))
  const next = mapPairs(adapter, (pair, i) => {
    const { left, right } = meanProduct(
      pair,
      singles.map(({ weight }, k) => ({ ...changes[k]![i]!, share: weight / total })),
    )
    // Nothing was learned: A alone says where learning begins.
    if (left.data.every((x) => x === 0)) return pair
    const { a, b, squares } = truncateProduct(left, right, pair.a.rows)
    for (const [k, square] of squares.entries()) energies[k]! += square
    return { a, b }
  })
  return { adapter: next, energies }
}

/**
 * FedEx-LoRA (Singhal et al. 2024): the next factors are the means, and the residual, which is the mean
 * of the products less the product of the means, is kept in a frozen add-on beside them, so that the
 * base is never touched. The add-on keeps its leading directions. Fails with E_SHAPE, E_NOT_FINITE.
 */
export const combineExactly = (adapter: AdapterState, singles: readonly Single[]): Combined => {
  const spec = residualSpec(adapter.spec)
  if (!spec) throw new FedError('E_SHAPE', 'fedex needs an adapter with a residual')
  const sum = createExactSum(layoutSize(adapterLayout(adapter.shape, adapter.spec)))
  for (const { vector, weight } of singles) sum.add(vector, weight)
  const means = changesOf(adapter, sum.mean(), 'AB')
  const changes = singles.map(({ vector }) => changesOf(adapter, vector, 'AB'))
  const before = readPairs(adapter.shape, {
    spec,
    flat: adapter.residual ?? emptyOf(adapter.shape, spec),
  })
  const energies = new Float64Array(largestSide(adapter))
  const residual = before.map((old, i) => {
    const mean = means[i]!
    const parts = changes.map((own, k) => {
      const share = singles[k]!.weight / sum.weight()
      return { a: add(own[i]!.a, mean.a, -1), b: scaled(add(own[i]!.b, mean.b, -1), share) }
    })
    const left = stackColumns([old.b, ...parts.map(({ b }) => b)])
    const right = stackRows([old.a, ...parts.map(({ a }) => a)])
    const { a, b, squares } = truncateProduct(left, right, spec.rank)
    for (const [k, square] of squares.entries()) energies[k]! += square
    return { a, b }
  })
  const next = mapPairs(adapter, ({ a, b }, i) => ({
    a: add(a, means[i]!.a),
    b: add(b, means[i]!.b),
  }))
  return {
    adapter: { ...next, residual: writePairs(adapter.shape, spec, residual).flat },
    energies,
  }
}

type Change = Pair & { readonly share: number }

/**
 * BA + Σp(BᵣΔA + ΔB(Aᵣ + ΔA)) as a product of stacked factors, where a device trains the leading r
 * directions Aᵣ, Bᵣ.
 */
const meanProduct = ({ a, b }: Pair, changes: readonly Change[]) => {
  const first = matrix(a.rows, a.cols, a.data)
  for (const change of changes)
    for (let r = 0; r < change.a.rows; r++)
      for (const [i, x] of row(change.a, r).entries()) row(first, r)[i]! += change.share * x
  return {
    left: stackColumns([b, ...changes.map((change) => scaled(change.b, change.share))]),
    right: stackRows([
      first,
      ...changes.map((change) =>
        add(matrix(change.a.rows, a.cols, a.data.subarray(0, change.a.data.length)), change.a),
      ),
    ]),
  }
}

const scaled = (a: Matrix, factor: number): Matrix =>
  scaleColumns(a, new Float64Array(a.cols).fill(factor))

const weightOf = (singles: readonly Single[]): number =>
  singles.reduce((sum, { weight }) => sum + weight, 0)

const emptyOf = (shape: ModelShape, spec: AdapterSpec): Float32Array =>
  new Float32Array(layoutSize(adapterLayout(shape, spec)))

/** What no module has more singular values than. */
const largestSide = ({ shape, spec }: AdapterState): number =>
  Math.max(...adapterLayout(shape, spec).flatMap(({ shape: dims }) => [...dims]))

const rankOf = ({ shape, spec }: AdapterState, vector: Float32Array): number => {
  const rank = vector.length / layoutSize(adapterLayout(shape, withRank(spec, 1)))
  if (Number.isInteger(rank) && rank >= 1 && rank <= spec.rank) return rank
  throw new FedError(
    'E_SHAPE',
    `an update of ${vector.length} numbers has no rank of 1 to ${spec.rank}`,
  )
}
