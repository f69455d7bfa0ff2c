/** An adapter put together from the factors of single linears, as other programs save them. */
import { FedError } from '../errors.ts'
import { isFiniteVector } from '../math/vector.ts'
import { type Adapter, adapterLayout, layoutSize, segmentOf } from './layout.ts'
import { linearSize, MODULES, type ModelShape, type Module } from './spec.ts'

/** W + (alpha / rank)·B·A of one linear. a: [rank, in], b: [out, rank], row-major. */
export type LinearLora = {
  readonly layer: number
  readonly module: Module
  readonly rank: number
  readonly alpha: number
  readonly a: Float32Array
  readonly b: Float32Array
}

/** The bounds of an adapter's spec, on the wire and in a home. */
const MAX_RANK = 256
const MAX_ALPHA = 4096

/**
 * One adapter with the same function. Linears that are left out inside the layers and modules that
 * the others cover become zeros. Where ranks differ, smaller ones are filled up with zeros; where
 * scales differ, or alpha would be above its bound, B takes the difference.
 * Fails with E_MODEL_UNSUPPORTED (a rank above the bound), E_NOT_FINITE.
 */
export const adapterOfLinears = (shape: ModelShape, linears: readonly LinearLora[]): Adapter => {
  const { rank, alpha } = commonScale(linears)
  const layers = linears.map((linear) => linear.layer)
  const modules = new Set(linears.map((linear) => linear.module))
  const spec = {
    firstLayer: Math.min(...layers),
    endLayer: Math.max(...layers) + 1,
    modules: MODULES.filter((module) => modules.has(module)),
    rank,
    alpha,
  }
  const layout = adapterLayout(shape, spec)
  const flat = new Float32Array(layoutSize(layout))
  const places = new Map(layout.map((segment) => [segment.name, segment]))
  for (const linear of linears) {
    const { layer, module } = linear
    const put = (factor: 'A' | 'B') =>
      segmentOf(flat, places.get(`layers.${layer}.${module}.${factor}`)!)
    const isSame = linear.rank === rank && linear.alpha === alpha
    put('A').set(linear.a)
    fillB(put('B'), linear, rank, isSame ? 1 : linear.alpha / linear.rank / (alpha / rank))
  }
  if (!isFiniteVector(flat))
    throw new FedError('E_NOT_FINITE', 'the adapter: expected finite numbers')
  return { spec, flat }
}

/** Rows of B, each with room for the common rank. */
const fillB = (out: Float32Array, { rank, b }: LinearLora, width: number, factor: number) => {
  if (rank === width && factor === 1) out.set(b)
  else
    for (let i = 0; i < b.length; i++)
      out[Math.floor(i / rank) * width + (i % rank)] = b[i]! * factor
}

/** The largest rank, and the alpha that gives most linears their scale as it is. */
const commonScale = (linears: readonly LinearLora[]): { rank: number; alpha: number } => {
  const largest = linears.reduce((a, b) => (b.rank > a.rank ? b : a))
  const { rank } = largest
  if (rank > MAX_RANK)
    throw new FedError(
      'E_MODEL_UNSUPPORTED',
      `the adapter has rank ${rank} at layer ${largest.layer}, ${largest.module}: at most ${MAX_RANK}`,
    )
  const counts = new Map<number, number>()
  for (const linear of linears) {
    const alpha = linear.rank === rank ? linear.alpha : (linear.alpha / linear.rank) * rank
    counts.set(alpha, (counts.get(alpha) ?? 0) + 1)
  }
  const [usual] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a))
  if (!(usual > 0)) return { rank, alpha: rank }
  // By powers of two, which B takes without rounding.
  const over = Math.max(0, Math.ceil(Math.log2(usual / MAX_ALPHA)))
  return { rank, alpha: usual / 2 ** over }
}

/** A program's [out, in] of a linear's two factors. */
export const factorShapes = (
  shape: ModelShape,
  module: Module,
  rank: number,
): { readonly a: readonly [number, number]; readonly b: readonly [number, number] } => {
  const size = linearSize(shape, module)
  return { a: [rank, size.in], b: [size.out, rank] }
}

/** base: what the adapter's own file calls the model it was made for. */
export const otherModel = (base: string | null, what: string): FedError =>
  new FedError(
    'E_SHAPE',
    `the adapter is for another model${base === null ? '' : `, ${JSON.stringify(base.slice(0, 200))}`}: ${what}`,
  )
