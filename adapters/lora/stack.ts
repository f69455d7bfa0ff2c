/** Several active adapters as one: Σᵢ sᵢ·BᵢAᵢ = [s₁B₁ s₂B₂ …]·[A₁; A₂; …], sᵢ = alphaᵢ / rankᵢ. Exact up to the rounding of sᵢ·Bᵢ. */
import { FedError } from '../errors.ts'
import { adapterLayout, type FactorSegment, layoutSize } from './layout.ts'
import { type AdapterSpec, MODULES, type ModelShape } from './spec.ts'

/** flat: the full layout of spec. */
export type Adapter = { readonly spec: AdapterSpec; readonly flat: Float32Array }

export const scaleOfSpec = (spec: AdapterSpec): number => spec.alpha / spec.rank

/** Ranks added, scale 1, over every layer and module that any of them covers; zeros where one does not reach. */
export const stackSpecs = (specs: readonly AdapterSpec[]): AdapterSpec => {
  if (specs.length === 0) throw new RangeError('a stack needs at least one adapter')
  const rank = specs.reduce((sum, s) => sum + s.rank, 0)
  return {
    firstLayer: Math.min(...specs.map((s) => s.firstLayer)),
    endLayer: Math.max(...specs.map((s) => s.endLayer)),
    modules: MODULES.filter((m) => specs.some((s) => s.modules.includes(m))),
    rank,
    alpha: rank,
  }
}

/** RangeError when there is no adapter, E_SHAPE when a flat vector is not of its layout's size. */
export const stackAdapters = (shape: ModelShape, adapters: readonly Adapter[]): Adapter => {
  const specs = adapters.map((a) => a.spec)
  const spec = stackSpecs(specs)
  for (const [i, a] of adapters.entries())
    checkSize(`adapter ${i}`, layoutSize(adapterLayout(shape, a.spec)), a.flat.length)
  const flat = new Float32Array(layoutSize(adapterLayout(shape, spec)))
  forEachBlock(shape, specs, (index, own, stacked, scale) => {
    const source = adapters[index]!.flat
    forEachNumber(own, stacked, (from, to) => {
      flat[to] = source[from]! * scale
    })
  })
  return { spec, flat }
}

/**
 * The gradient of each adapter's own full layout, from a gradient of the stacked flat vector:
 * dAᵢ is a slice, dBᵢ = sᵢ·slice (the chain rule through the folded scale).
 */
export const sliceStacked = (
  shape: ModelShape,
  specs: readonly AdapterSpec[],
  gradient: Float32Array,
): Float32Array[] => {
  const expected = layoutSize(adapterLayout(shape, stackSpecs(specs)))
  checkSize('gradient', expected, gradient.length)
  const slices = specs.map((s) => new Float32Array(layoutSize(adapterLayout(shape, s))))
  forEachBlock(shape, specs, (index, own, stacked, scale) => {
    const target = slices[index]!
    forEachNumber(own, stacked, (to, from) => {
      target[to] = gradient[from]! * scale
    })
  })
  return slices
}

/** A segment inside the stack's: first, the row of A or column of B at which the adapter begins. */
type Block = FactorSegment & { readonly first: number }

const forEachBlock = (
  shape: ModelShape,
  specs: readonly AdapterSpec[],
  visit: (index: number, own: FactorSegment, stacked: Block, scale: number) => void,
): void => {
  const stackLayout = adapterLayout(shape, stackSpecs(specs))
  const stacked = new Map(stackLayout.map((s) => [s.name, s]))
  let first = 0
  for (const [index, spec] of specs.entries()) {
    for (const own of adapterLayout(shape, spec)) {
      const scale = own.factor === 'B' ? scaleOfSpec(spec) : 1
      visit(index, own, { ...stacked.get(own.name)!, first }, scale)
    }
    first += spec.rank
  }
}

/** Visits the pairs of flat indices (own, stacked) of one segment. */
const forEachNumber = (
  own: FactorSegment,
  stacked: Block,
  visit: (own: number, stacked: number) => void,
): void => {
  const width = own.shape[1]!
  const stackedWidth = stacked.shape[1]!
  const [rowShift, columnShift] = own.factor === 'A' ? [stacked.first, 0] : [0, stacked.first]
  for (let i = 0; i < own.shape[0]!; i++) {
    const from = own.offset + i * width
    const to = stacked.offset + (i + rowShift) * stackedWidth + columnShift
    for (let j = 0; j < width; j++) visit(from + j, to + j)
  }
}

const checkSize = (what: string, expected: number, got: number): void => {
  if (expected !== got)
    throw new FedError('E_SHAPE', `${what}: expected ${expected} numbers, got ${got}`)
}
