/**
 * The flat layout: every factor of an adapter in one Float32Array, by layer, then module, then A
 * before B.
 */
import { FedError } from '../errors.ts'
import type { Encoding } from '../formats/encoding.ts'
import { type AdapterSpec, linearSize, MODULES, type ModelShape, type Module } from './spec.ts'

export type Factor = 'A' | 'B'
/** What a round moves: one factor, or both. */
export type Factors = Factor | 'AB'

/** In the order of the layout; none for null. */
export const factorsOf = (moved: Factors | null): Factor[] => [...(moved ?? '')] as Factor[]

/** A named matrix inside a flat vector: offset and size in numbers, not bytes. */
export type Segment = {
  readonly name: string
  readonly shape: readonly number[]
  readonly offset: number
  readonly size: number
  /** In the bytes of a container; left out: float32. */
  readonly encoding?: Encoding | undefined
}

export type FactorSegment = Segment & {
  readonly layer: number
  readonly module: Module
  readonly factor: Factor
}

/** flat: every factor, in the full layout of spec. */
export type Adapter = { readonly spec: AdapterSpec; readonly flat: Float32Array }

/**
 * Segments `layers.<i>.<module>.<factor>` of the named factors. A: [r, in], B: [out, r], row-major.
 */
export const adapterLayout = (
  shape: ModelShape,
  spec: AdapterSpec,
  factors: readonly Factor[] = ['A', 'B'],
): FactorSegment[] => {
  const segments: FactorSegment[] = []
  let offset = 0
  for (let layer = spec.firstLayer; layer < spec.endLayer; layer++) {
    for (const module of MODULES.filter((m) => spec.modules.includes(m))) {
      const size = linearSize(shape, module)
      for (const factor of (['A', 'B'] as const).filter((f) => factors.includes(f))) {
        const dims = factor === 'A' ? [spec.rank, size.in] : [size.out, spec.rank]
        const count = dims[0]! * dims[1]!
        const name = `layers.${layer}.${module}.${factor}`
        segments.push({ name, shape: dims, offset, size: count, layer, module, factor })
        offset += count
      }
    }
  }
  return segments
}

/** How many numbers the segments hold together. */
export const layoutSize = (segments: readonly Segment[]): number =>
  segments.reduce((sum, s) => sum + s.size, 0)

/** A view (no copy) of one segment. Fails with E_SHAPE when the vector is too short. */
export const segmentOf = (flat: Float32Array, segment: Segment): Float32Array => {
  if (segment.offset + segment.size > flat.length)
    throw new FedError('E_SHAPE', `segment ${segment.name} ends past the vector of ${flat.length}`)
  return flat.subarray(segment.offset, segment.offset + segment.size)
}

/** Segments for named matrices laid one after the other. */
export const sequentialSegments = (
  parts: readonly { readonly name: string; readonly shape: readonly number[] }[],
): Segment[] => {
  let offset = 0
  return parts.map(({ name, shape }) => {
    const size = shape.reduce((a, b) => a * b, 1)
    const segment = { name, shape, offset, size }
    offset += size
    return segment
  })
}
