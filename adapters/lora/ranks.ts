/** Adapters cut along their rank, and put together along it. */
import { columns, scaleColumns, stackColumns, stackRows, transpose } from '../math/matrix.ts'
import type { Adapter } from './layout.ts'
import { readPairs, writePairs } from './pairs.ts'
import type { AdapterSpec, ModelShape } from './spec.ts'

/** The same adapter with another rank in the same scale alpha / rank, and without an add-on. */
export const withRank = ({ residual: _, ...spec }: AdapterSpec, rank: number): AdapterSpec => ({
  ...spec,
  rank,
  alpha: rank === spec.rank ? spec.alpha : (spec.alpha * rank) / spec.rank,
})

/** Of the frozen add-on; null where there is none. */
export const residualSpec = (spec: AdapterSpec): AdapterSpec | null =>
  spec.residual === undefined ? null : withRank(spec, spec.residual)

/** The first `rank` directions, and the others; null where there are none. Their products add up. */
export const splitRanks = (
  shape: ModelShape,
  { spec, flat }: Adapter,
  rank: number,
): { readonly leading: Adapter; readonly rest: Adapter | null } => {
  const part = (from: number, to: number): Adapter =>
    writePairs(
      shape,
      withRank(spec, to - from),
      readPairs(shape, { spec, flat }).map(({ a, b }) => ({
        a: transpose(columns(transpose(a), from, to)),
        b: columns(b, from, to),
      })),
    )
  return {
    leading: part(0, rank),
    rest: rank < spec.rank ? part(rank, spec.rank) : null,
  }
}

/** One adapter for two of the same modules; its product is the sum of theirs. It has one's scale. */
export const joinRanks = (shape: ModelShape, one: Adapter, other: Adapter): Adapter => {
  const scale = (other.spec.alpha * one.spec.rank) / (other.spec.rank * one.spec.alpha)
  const others = readPairs(shape, other)
  return writePairs(
    shape,
    withRank(one.spec, one.spec.rank + other.spec.rank),
    readPairs(shape, one).map(({ a, b }, i) => {
      const more = others[i]!
      const scales = new Float64Array(other.spec.rank).fill(scale)
      return {
        a: stackRows([a, more.a]),
        b: stackColumns([b, scaleColumns(more.b, scales)]),
      }
    }),
  )
}
