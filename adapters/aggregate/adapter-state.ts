/** The shared adapter of a lineage, module by module. */
import { FedError } from '../errors.ts'
import {
  adapterLayout,
  type FactorSegment,
  type Factors,
  factorsOf,
  layoutSize,
  segmentOf,
} from '../lora/layout.ts'
import type { AdapterSpec, ModelShape } from '../lora/spec.ts'
import { type Matrix, matrix } from '../math/matrix.ts'

/** flat: full layout. */
export type AdapterState = {
  readonly shape: ModelShape
  readonly spec: AdapterSpec
  readonly flat: Float32Array
  /** Rises whenever the frozen factor changes: an update of another epoch is in another basis. */
  readonly basisEpoch: number
  /** Rounds that have moved the adapter so far. */
  readonly adapterRounds: number
}

/** One linear's factors. a: [r, in], b: [out, r]. */
export type Pair = { readonly a: Matrix; readonly b: Matrix }

/**
 * The adapter after a round that makes `next` of each module's factors. Fails with E_SHAPE where the
 * adapter has another size.
 */
export const mapPairs = (
  adapter: AdapterState,
  next: (pair: Pair, index: number) => Pair,
): AdapterState => {
  const layout = adapterLayout(adapter.shape, adapter.spec)
  checkSize('adapter', layoutSize(layout), adapter.flat.length)
  const flat = new Float32Array(adapter.flat.length)
  // The layout has A, then B, for each module.
  for (let i = 0; i < layout.length / 2; i++) {
    const [aSegment, bSegment] = [layout[2 * i]!, layout[2 * i + 1]!]
    const pair = { a: read(adapter.flat, aSegment), b: read(adapter.flat, bSegment) }
    const { a, b } = next(pair, i)
    flat.set(a.data, aSegment.offset)
    flat.set(b.data, bSegment.offset)
  }
  return {
    ...adapter,
    flat,
    basisEpoch: adapter.basisEpoch + 1,
    adapterRounds: adapter.adapterRounds + 1,
  }
}

/**
 * A change of `factor` as one pair a module, zero where a factor does not move. Fails with E_SHAPE
 * where it has another size, E_NOT_FINITE where it is not finite.
 */
export const changesOf = (
  { shape, spec }: Pick<AdapterState, 'shape' | 'spec'>,
  change: Float32Array | Float64Array,
  factor: Factors,
): Pair[] => {
  const own = adapterLayout(shape, spec, factorsOf(factor))
  checkSize('mean update', layoutSize(own), change.length)
  if (!change.every(Number.isFinite))
    throw new FedError('E_NOT_FINITE', 'mean update: expected finite numbers')
  const offsets = new Map(own.map(({ name, offset }) => [name, offset]))
  const moved = adapterLayout(shape, spec).map(({ name, shape: dims, size }) => {
    const offset = offsets.get(name)
    const data = offset === undefined ? undefined : change.subarray(offset, offset + size)
    return matrix(dims[0]!, dims[1]!, data)
  })
  return moved.flatMap((a, i) => (i % 2 === 0 ? [{ a, b: moved[i + 1]! }] : []))
}

const read = (flat: Float32Array, segment: FactorSegment): Matrix =>
  matrix(segment.shape[0]!, segment.shape[1]!, segmentOf(flat, segment))

const checkSize = (what: string, expected: number, got: number): void => {
  if (expected !== got)
    throw new FedError('E_SHAPE', `${what}: expected ${expected} numbers, got ${got}`)
}
