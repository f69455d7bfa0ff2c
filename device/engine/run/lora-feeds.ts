/** LoRA factors as graph inputs: a linear's active adapters stacked by rank, scale in B. */
import { createHash } from 'node:crypto'
import { FedError } from '../../../adapters/errors.ts'
import {
  adapterLayout,
  type FactorSegment,
  layoutSize,
  segmentOf,
} from '../../../adapters/lora/layout.ts'
import type { ModelShape } from '../../../adapters/lora/spec.ts'
import type { LoraFeed } from '../engine.ts'
import { type LoraRanks, loraName } from '../model/llama.ts'
import type { Feed } from './sessions.ts'

type StackedLora = {
  readonly ranks: LoraRanks
  /** `<linear>.A` [R, in] and `<linear>.B` [out, R], R the summed rank. */
  readonly feeds: Readonly<Record<string, Float32Array>>
}

/** First layer that any adapter touches; Infinity without adapters. */
export const firstLayerOf = (adapters: readonly LoraFeed[]): number =>
  Math.min(...adapters.map(({ spec }) => spec.firstLayer))

/** Factors of layers from … to − 1. E_SHAPE when a flat vector does not have its layout's
 *  length. */
export const stackLora = (
  shape: ModelShape,
  adapters: readonly LoraFeed[],
  from: number,
  to: number,
): StackedLora => {
  const parts = new Map<string, Part[]>()
  for (const adapter of adapters)
    for (const part of partsOf(shape, adapter, from, to))
      parts.set(part.name, [...(parts.get(part.name) ?? []), part])

  const ranks: Record<string, number> = {}
  const feeds: Record<string, Float32Array> = {}
  for (const [name, held] of parts) {
    const rank = held.reduce((sum, part) => sum + part.rank, 0)
    ranks[name] = rank
    feeds[`${name}.A`] = concat(held.map((part) => part.a))
    feeds[`${name}.B`] = stackColumns(held, rank)
  }
  return { ranks, feeds }
}

/** Adds the gradient of one stacked factor to the flat gradient of the adapter at `index`.
 *  stacked: [R, in] or [out, R]; flat: the adapter's full layout, mutated. */
export const unstackGradient = (
  adapters: readonly LoraFeed[],
  index: number,
  { layer, module, factor, offset, shape }: FactorSegment,
  stacked: Float32Array,
  flat: Float64Array,
): void => {
  const ranks = adapters.map(({ spec }) => {
    const covers =
      layer >= spec.firstLayer && layer < spec.endLayer && spec.modules.includes(module)
    return covers ? spec.rank : 0
  })
  const before = ranks.slice(0, index).reduce((a, b) => a + b, 0)
  const total = ranks.reduce((a, b) => a + b, 0)
  const { rank, alpha } = adapters[index]!.spec
  if (factor === 'A') {
    const width = shape[1]!
    for (let i = 0; i < rank * width; i++) flat[offset + i]! += stacked[before * width + i]!
    return
  }
  const scale = alpha / rank
  for (let o = 0; o < shape[0]!; o++)
    for (let j = 0; j < rank; j++)
      flat[offset + o * rank + j]! += scale * stacked[o * total + before + j]!
}

/** LoRA factors with their shapes: A [r, in], B [out, r]. */
export const loraFeeds = (
  factors: Readonly<Record<string, Float32Array>>,
  ranks: Readonly<Record<string, number>>,
): Record<string, Feed> =>
  Object.fromEntries(
    Object.entries(factors).map(([name, data]) => {
      const rank = ranks[name.slice(0, -2)]!
      const width = data.length / rank
      return [name, { data, shape: name.endsWith('.A') ? [rank, width] : [width, rank] }]
    }),
  )

/** Names the adapters that are active below a layer. */
export const fingerprint = (adapters: readonly LoraFeed[], layer: number): string => {
  const active = adapters.filter(({ spec }) => spec.firstLayer < layer)
  if (active.length === 0) return 'base'
  const hash = createHash('sha256')
  for (const { spec, flat } of active) {
    hash.update(JSON.stringify(spec))
    hash.update(new Uint8Array(flat.buffer, flat.byteOffset, flat.byteLength))
  }
  return hash.digest('hex')
}

type Part = {
  readonly name: string
  readonly rank: number
  readonly scale: number
  readonly a: Float32Array
  readonly b: Float32Array
}

const partsOf = (shape: ModelShape, { spec, flat }: LoraFeed, from: number, to: number): Part[] => {
  const segments = adapterLayout(shape, spec)
  if (layoutSize(segments) !== flat.length || spec.endLayer > shape.layers)
    throw new FedError(
      'E_SHAPE',
      `an adapter of ${layoutSize(segments)} numbers in ${shape.layers} layers expected, ` +
        `got ${flat.length} up to layer ${spec.endLayer}`,
    )
  const byName = new Map(segments.map((segment) => [segment.name, segment]))
  return segments
    .filter(({ factor, layer }) => factor === 'A' && layer >= from && layer < to)
    .map((a) => {
      const name = loraName(a.layer, a.module)
      const b = byName.get(`${name}.B`)!
      return {
        name,
        rank: spec.rank,
        scale: spec.alpha / spec.rank,
        a: segmentOf(flat, a),
        b: segmentOf(flat, b),
      }
    })
}

/** One after the other; a single part is returned as it is. */
export const concat = (parts: readonly Float32Array[]): Float32Array => {
  if (parts.length === 1) return parts[0]!
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

const stackColumns = (parts: readonly Part[], total: number): Float32Array => {
  const rows = parts[0]!.b.length / parts[0]!.rank
  const out = new Float32Array(rows * total)
  let before = 0
  for (const { rank, scale, b } of parts) {
    for (let o = 0; o < rows; o++)
      for (let j = 0; j < rank; j++) out[o * total + before + j] = scale * b[o * rank + j]!
    before += rank
  }
  return out
}
