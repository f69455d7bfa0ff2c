/**
 * The shared adapter: a device sends the change of one factor or both, or minus the gradient, and the server
 * moves the adapter by what its optimizer makes of the weighted mean.
 *
 * A gradient is in nats a choice times the reciprocal of a weight: minus the sum, over at most maxPairs
 * unseen comparisons, of the gradients of the choices' losses, divided by maxPairs whatever their
 * number. It is clipped to updateNorm and counts once, so that one device moves the sum by updateNorm
 * at most, whatever it reports.
 */
import type { AdapterState } from '../aggregate/adapter-state.ts'
import { averagingError, responseSize, responsesOf } from '../aggregate/averaging-error.ts'
import { optimize, optimizerOf } from '../aggregate/server-optimizer.ts'
import { strategies, takeStep } from '../aggregate/strategy.ts'
import type { Part } from '../container/container.ts'
import { FedError } from '../errors.ts'
import {
  type Adapter,
  adapterLayout,
  type FactorSegment,
  factorsOf,
  layoutSize,
  segmentOf,
} from '../lora/layout.ts'
import type { AdapterSpec, ModelShape } from '../lora/spec.ts'
import type { TrainingPlan } from '../wire/jobs.ts'
import type { ContributionRow, Head, Release, RoundPlan } from './contribution.ts'

/**
 * Trained on the device: before as released, and after. From a gradient: the vector itself, in the
 * full layout, of which the round's factor is read.
 */
export type FactorChange =
  | { readonly before: Adapter; readonly after: Float32Array }
  | { readonly spec: AdapterSpec; readonly vector: Float64Array }

/**
 * (α/r)·‖A‖·‖B‖ of one module, which bounds ‖ΔW‖; the weights themselves have a norm of about 100.
 */
const LARGEST_CHANGE = 1e4
/** Float32 rounding of a device that scaled its change down to the limit. */
const NORM_TOLERANCE = 1e-3

export const adapterRow: ContributionRow<FactorChange> = {
  name: 'adapter',

  segments: ({ base, adapter, factor }) => adapterLayout(base.shape, adapter, factorsOf(factor)),
  isIn: (header) => header.factor !== null,
  releasedSegments: ({ base, adapter }) => adapterLayout(base.shape, adapter),

  make: (made, { base, factor, training }) => {
    const spec = 'before' in made ? made.before.spec : made.spec
    const segments = adapterLayout(base.shape, spec).filter((s) => factor?.includes(s.factor))
    let squares = 0
    const changes = segments.map((segment) => {
      const change = changeOf(made, segment)
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
    const length = normOf(payload.subarray(0, vectorSizeOf({ base, adapter }, factor)))
    if (length > training.updateNorm * (1 + NORM_TOLERANCE))
      throw new FedError('E_NORM', `the change has norm ${length}, at most ${training.updateNorm}`)
  },
  checkTotal: ({ vector, weight, count }, { base, adapter, factor, training }) => {
    if (weight > count * largestWeight(training))
      throw new FedError('E_NORM', `${count} devices cannot weigh ${weight}`)
    const most = weight * training.updateNorm * (1 + NORM_TOLERANCE)
    const length = normOf(vector.subarray(0, vectorSizeOf({ base, adapter }, factor)))
    if (length > most)
      throw new FedError('E_NORM', `a sum of weight ${weight} has norm ${length}, at most ${most}`)
  },
  largestAddend: ({ training }) => training.updateNorm * largestWeight(training),

  derived: {
    size: (plan) => (missesProducts(plan) ? responseSize(whereOf(plan)) : 0),
    of: (vector, plan) => responsesOf(whereOf(plan), vector),
  },

  // Its number of pairs, of which it was asked to use at most maxPairs; a gradient counts once.
  weight: ({ pairs }, { training }) =>
    training.method === 'gradient' ? 1 : Math.min(pairs, largestWeight(training)),

  finish: (total, { strategy, factor, ...job }, head) => {
    if (factor === null) return null
    const before = adapterStateOf(head)
    const means = total.mean()
    const mean = means.subarray(0, vectorSizeOf(job, factor))
    const { change, moments } = optimize(optimizerOf(job), before, mean, factor, {
      saved: head.moments,
      isGauged: strategies[strategy].isGauged,
    })
    const { adapter, optimizer } = takeStep(strategy, before, change, factor, head.optimizer)
    const { shape, spec, flat, basisEpoch, adapterRounds } = adapter
    return {
      parts: adapterParts(shape, spec, flat),
      ...(means.length > mean.length && {
        metrics: { averagingError: averagingError(whereOf(job), means) },
      }),
      moved: { basisEpoch, adapterRounds, optimizer, ...(moments && { moments }) },
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

const largestWeight = ({ method, maxPairs }: TrainingPlan): number =>
  method === 'gradient' ? 1 : maxPairs

/** Whether devices send both factors after steps of their own: then the mean of products is another. */
const missesProducts = ({ factor, training }: RoundPlan): boolean =>
  factor === 'AB' && training.method !== 'gradient'

const whereOf = ({
  base,
  adapter,
  training,
}: Pick<RoundPlan, 'base' | 'adapter' | 'training'>) => ({
  shape: base.shape,
  spec: adapter,
  updateNorm: training.updateNorm,
})

const vectorSizeOf = (
  { base, adapter }: Pick<RoundPlan, 'base' | 'adapter'>,
  factor: RoundPlan['factor'],
): number => layoutSize(adapterLayout(base.shape, adapter, factorsOf(factor)))

const changeOf = (made: FactorChange, segment: FactorSegment): Float64Array => {
  if (!('before' in made))
    return made.vector.subarray(segment.offset, segment.offset + segment.size)
  const before = segmentOf(made.before.flat, segment)
  return Float64Array.from(segmentOf(made.after, segment), (v, i) => v - before[i]!)
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

const normOf = (values: Float32Array | Float64Array): number => {
  let squares = 0
  for (const x of values) squares += x * x
  return Math.sqrt(squares)
}
