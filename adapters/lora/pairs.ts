/** An adapter as the two factors of each module. */
import { FedError } from '../errors.ts'
import { type Matrix, matrix } from '../math/matrix.ts'
import { type Adapter, adapterLayout, layoutSize, segmentOf } from './layout.ts'
import type { AdapterSpec, ModelShape } from './spec.ts'

/** One linear's factors. a: [r, in], b: [out, r]. */
export type Pair = { readonly a: Matrix; readonly b: Matrix }

/** In the order of the layout. Fails with E_SHAPE where the adapter has another size. */
export const readPairs = (shape: ModelShape, { spec, flat }: Adapter): Pair[] => {
  const layout = adapterLayout(shape, spec)
  const size = layoutSize(layout)
  if (flat.length !== size)
    throw new FedError('E_SHAPE', `adapter: expected ${size} numbers, got ${flat.length}`)
  return pairUp(layout.map((s) => matrix(s.shape[0]!, s.shape[1]!, segmentOf(flat, s))))
}

export const writePairs = (
  shape: ModelShape,
  spec: AdapterSpec,
  pairs: readonly Pair[],
): Adapter => {
  const layout = adapterLayout(shape, spec)
  const flat = new Float32Array(layoutSize(layout))
  for (const [i, { a, b }] of pairs.entries()) {
    flat.set(a.data, layout[2 * i]!.offset)
    flat.set(b.data, layout[2 * i + 1]!.offset)
  }
  return { spec, flat }
}

/** factors: A, then B, of each module. */
export const pairUp = <T>(factors: readonly T[]): { readonly a: T; readonly b: T }[] =>
  factors.flatMap((a, i) => (i % 2 === 0 ? [{ a, b: factors[i + 1]! }] : []))
