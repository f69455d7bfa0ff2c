/** The shared adapter of a lineage, module by module. */
import { FedError } from '../errors.ts'
import { adapterLayout, type Factors, factorsOf, layoutSize } from '../lora/layout.ts'
import { type Pair, pairUp, readPairs, writePairs } from '../lora/pairs.ts'
import type { AdapterSpec, ModelShape } from '../lora/spec.ts'
import { matrix } from '../math/matrix.ts'

/** flat: full layout. */
export type AdapterState = {
  readonly shape: ModelShape
  readonly spec: AdapterSpec
  readonly flat: Float32Array
  /** The frozen add-on, in the layout of residualSpec; left out: nothing has been kept in it. */
  readonly residual?: Float32Array
  /** Rises whenever the frozen factor changes: an update of another epoch is in another basis. */
  readonly basisEpoch: number
  /** Rounds that have moved the adapter so far. */
  readonly adapterRounds: number
}

/** The adapter after a round that makes `next` of each module's factors. E_SHAPE where it has another size. */
export const mapPairs = (
  adapter: AdapterState,
  next: (pair: Pair, index: number) => Pair,
): AdapterState => ({
  ...adapter,
  flat: writePairs(adapter.shape, adapter.spec, readPairs(adapter.shape, adapter).map(next)).flat,
  basisEpoch: adapter.basisEpoch + 1,
  adapterRounds: adapter.adapterRounds + 1,
})

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
  return pairUp(moved)
}

const checkSize = (what: string, expected: number, got: number): void => {
  if (expected !== got)
    throw new FedError('E_SHAPE', `${what}: expected ${expected} numbers, got ${got}`)
}
