/**
 * The first adapter of a line: A with orthonormal rows, B zero, so that the model is unchanged and
 * the first round trains B.
 */
import { FedError } from '../errors.ts'
import { matrix, orthonormalizeRows } from '../math/matrix.ts'
import { seededRng } from '../random.ts'
import { adapterLayout, layoutSize } from './layout.ts'
import { type AdapterSpec, linearSize, type ModelShape } from './spec.ts'

/**
 * Full layout. Each A is drawn from a stream of its own, named by seed, layer and module: the same
 * seed gives a module the same A whatever else the adapter covers. E_SHAPE when the rank exceeds a
 * linear's input or output size.
 */
export const initAdapter = (shape: ModelShape, spec: AdapterSpec, seed: number): Float32Array => {
  const layout = adapterLayout(shape, spec)
  const flat = new Float32Array(layoutSize(layout))
  for (const { name, shape: dims, offset, factor, module } of layout) {
    if (factor === 'B') continue
    const [rank, inputs] = dims as [number, number]
    const most = Math.min(inputs, linearSize(shape, module).out)
    if (rank > most) throw new FedError('E_SHAPE', `${name}: rank ${rank} exceeds ${most}`)
    const a = matrix(rank, inputs)
    const rng = seededRng(`adapter/${seed}/${name}`)
    for (let i = 0; i < a.data.length; i++) a.data[i] = rng.normal()
    orthonormalizeRows(a)
    flat.set(a.data, offset)
  }
  return flat
}
