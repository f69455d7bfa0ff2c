/**
 * The shared adapter: a device sends the change of one factor, the server moves the adapter by the
 * weighted mean.
 */
import { type AdapterState, takeStep } from '../aggregate/strategy.ts'
import type { Part } from '../container/container.ts'
import { FedError } from '../errors.ts'
import {
  type Adapter,
  adapterLayout,
  type FactorSegment,
  layoutSize,
  segmentOf,
} from '../lora/layout.ts'
import type { AdapterSpec, ModelShape } from '../lora/spec.ts'
import type { ContributionRow, Head, Release } from './contribution.ts'

/** before: as released; after: as trained on the device. */
export type FactorChange = { readonly before: Adapter; readonly after: Float32Array }

/**
 * (α/r)·‖A‖·‖B‖ of one module, which bounds ‖ΔW‖; the weights themselves have a norm of about 100.
 */
const LARGEST_CHANGE = 1e4
/** Float32 rounding of a device that scaled its change down to the limit. */
const NORM_TOLERANCE = 1e-3

export const adapterRow: ContributionRow<FactorChange> = {
  name: 'adapter',

  segments: ({ base, adapter, factor }) =>
    factor === null ? [] : adapterLayout(base.shape, adapter, [factor]),
  isIn: (header) => header.factor !== null,
  releasedSegments: ({ base, adapter }) => adapterLayout(base.shape, adapter),

  make: ({ before, after }, { base, factor, training }) => {
    const segments = adapterLayout(base.shape, before.spec).filter((s) => s.factor === factor)
    let squares = 0
    const changes = segments.map((segment) => {
      const [a, b] = [segmentOf(after, segment), segmentOf(before.flat, segment)]
      const change = Float64Array.from(a, (v, i) => v - b[i]!)
      for (const v of change) squares += v * v
      return { ...segment, change }
    })
    const norm = Math.sqrt(squares)
    if (!Number.isFinite(norm)) return null
    const shrink = norm > training.updateNorm ? training.updateNorm / norm : 1
    return changes.map(({ name, shape, change }) => ({
      name,
      shape,
      data: change.map((v) => v * shrink),
    }))
  },

  checkPresence: (header, plan) => {
    // A device without pairs has no change to send, and may still send the other parts.
    const isLeftOut = header.factor === null && header.pairs === 0
    if (header.factor !== plan.factor && !isLeftOut)
      throw new FedError(
        'E_SHAPE',
        `expected a change of ${plan.factor ?? 'no factor'}, got ${header.factor ?? 'none'}`,
      )
    if (header.factor === null && header.pairs > 0)
      throw new FedError('E_SHAPE', `expected 0 pairs without a factor, got ${header.pairs}`)
  },
  // In a B-round ‖ΔW‖ = (α/r)·‖ΔB‖, and likewise for A, so this bounds the change of the weights.
  checkValues: ({ payload }, { base, adapter, factor, training }) => {
    const size = layoutSize(adapterLayout(base.shape, adapter, factor ? [factor] : []))
    const length = normOf(payload.subarray(0, size))
    if (length > training.updateNorm * (1 + NORM_TOLERANCE))
      throw new FedError('E_NORM', `the change has norm ${length}, at most ${training.updateNorm}`)
  },
  largestAddend: ({ training }) => training.updateNorm * training.maxPairs,

  // Its number of pairs, of which it was asked to use at most maxPairs.
  weight: ({ pairs }, { training }) => Math.min(pairs, training.maxPairs),

  finish: (total, { strategy, factor }, head) => {
    if (factor === null) return null
    const { adapter, optimizer } = takeStep(
      strategy,
      adapterStateOf(head),
      total.mean(),
      factor,
      head.optimizer,
    )
    const { shape, spec, flat, basisEpoch, adapterRounds } = adapter
    return {
      parts: adapterParts(shape, spec, flat),
      moved: { basisEpoch, adapterRounds, optimizer },
    }
  },
  checkReleased: ({ header, payload }) => {
    const { alpha, rank } = header.adapter
    const norms = new Map<string, number>()
    for (const segment of adapterLayout(header.base.shape, header.adapter)) {
      const module = moduleOf(segment)
      norms.set(module, (norms.get(module) ?? alpha / rank) * normOf(segmentOf(payload, segment)))
    }
    for (const [module, change] of norms)
      if (!(change <= LARGEST_CHANGE))
        throw new FedError(
          'E_NORM',
          `release: ${module} changes its weights by a norm of ${change}, at most ${LARGEST_CHANGE}`,
        )
  },
}

/** Every factor, as a release holds them. flat: the full layout. */
export const adapterParts = (shape: ModelShape, spec: AdapterSpec, flat: Float32Array): Part[] =>
  adapterLayout(shape, spec).map((segment) => ({
    name: segment.name,
    shape: segment.shape,
    data: segmentOf(flat, segment),
  }))

/** A view. */
export const releasedAdapter = ({ header, payload }: Release): Adapter => {
  const size = layoutSize(adapterLayout(header.base.shape, header.adapter))
  return { spec: header.adapter, flat: payload.subarray(0, size) }
}

const adapterStateOf = ({ release, adapterRounds }: Head): AdapterState => ({
  shape: release.header.base.shape,
  ...releasedAdapter(release),
  basisEpoch: release.header.basisEpoch,
  adapterRounds,
})

const moduleOf = ({ layer, module }: FactorSegment): string => `layers.${layer}.${module}`

const normOf = (values: Float32Array): number => {
  let squares = 0
  for (const x of values) squares += x * x
  return Math.sqrt(squares)
}
