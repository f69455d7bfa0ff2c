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
import type { Single } from '../aggregate/singles.ts'
import { type SavedOptimizer, type Strategy, strategies, takeStep } from '../aggregate/strategy.ts'
import type { Part } from '../container/container.ts'
import { FedError } from '../errors.ts'
import {
  type Adapter,
  adapterLayout,
  type FactorSegment,
  type Factors,
  factorsOf,
  layoutSize,
  type Segment,
  segmentOf,
} from '../lora/layout.ts'
import { pairUp } from '../lora/pairs.ts'
import { joinRanks, residualSpec, withRank } from '../lora/ranks.ts'
import type { AdapterSpec, ModelShape } from '../lora/spec.ts'
import { ranksOf, type TrainingPlan } from '../wire/jobs.ts'
import type {
  ContributionRow,
  Finished,
  Frame,
  Head,
  Release,
  RoundPlan,
  ServerPlan,
  Total,
} from './contribution.ts'

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

/** Of the adapter part in an update. */
const layoutOf = ({ base, adapter, factor, rank }: Frame): FactorSegment[] =>
  adapterLayout(
    base.shape,
    rank === undefined ? adapter : withRank(adapter, rank),
    factorsOf(factor),
  )

export const adapterRow: ContributionRow<FactorChange> = {
  name: 'adapter',

  segments: layoutOf,
  isIn: (header) => header.factor !== null,
  releasedSegments: ({ base, adapter }) => [
    ...adapterLayout(base.shape, adapter),
    ...residualLayout(base.shape, adapter),
  ],

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
    const isFlex = plan.strategy === 'flex' && header.factor !== null
    const ranks: (number | undefined)[] = isFlex ? ranksOf(plan) : [undefined]
    if (!ranks.includes(header.rank))
      throw new FedError(
        'E_SHAPE',
        `expected a change of rank ${ranks.join(' or ') || plan.adapter.rank}, got ${header.rank}`,
      )
    if (header.factor === null && header.pairs > 0)
      throw new FedError('E_SHAPE', `expected 0 pairs without a factor, got ${header.pairs}`)
  },
  // In a B-round ‖ΔW‖ = (α/r)·‖ΔB‖, and likewise for A, so this bounds the change of the weights.
  checkValues: ({ header, payload }, { training }) => {
    const length = normOf(payload.subarray(0, layoutSize(layoutOf(header))))
    if (length > training.updateNorm * (1 + NORM_TOLERANCE))
      throw new FedError('E_NORM', `the change has norm ${length}, at most ${training.updateNorm}`)
  },
  checkTotal: ({ vector, weight, count }, plan) => {
    const { training } = plan
    if (weight > count * largestWeight(training))
      throw new FedError('E_NORM', `${count} devices cannot weigh ${weight}`)
    const most = weight * training.updateNorm * (1 + NORM_TOLERANCE)
    const length = normOf(vector.subarray(0, layoutSize(layoutOf(plan))))
    if (length > most)
      throw new FedError('E_NORM', `a sum of weight ${weight} has norm ${length}, at most ${most}`)
  },
  largestAddend: ({ training }) => training.updateNorm * largestWeight(training),

  derived: {
    size: (plan) => (missesProducts(plan) ? responseSize(whereOf(plan)) : 0),
    of: (vector, plan) => responsesOf(whereOf(plan), vector),
  },

  needsSingles: ({ strategy }) => !strategies[strategy].isSumEnough,
  masked: {
    segments: (plan) => {
      const size = layoutSize(layoutOf(plan))
      return size === 0 ? [] : [{ kind: 'rotated', size, norm: plan.training.updateNorm }]
    },
    largestWeight: ({ training }) => largestWeight(training),
  },

  // Its number of pairs, of which it was asked to use at most maxPairs; a gradient counts once.
  weight: ({ pairs }, { training }) =>
    training.method === 'gradient' ? 1 : Math.min(pairs, largestWeight(training)),

  finish: (total, plan, head) =>
    plan.factor === null ? null : moved(total, plan, head, plan.factor),
  finishSingles: (singles, plan, head) =>
    plan.factor === null ? null : combined(singles, plan, head),
  checkReleased: (release) => {
    const { shape } = release.header.base
    const norms = new Map<string, number>()
    for (const { spec, flat } of [releasedAdapter(release), releasedResidual(release)].filter(
      isThere,
    ))
      for (const { a, b } of pairUp(adapterLayout(shape, spec))) {
        const norm = normOf(segmentOf(flat, a)) * normOf(segmentOf(flat, b))
        const module = moduleOf(a)
        norms.set(module, (norms.get(module) ?? 0) + (spec.alpha / spec.rank) * norm)
      }
    for (const [module, change] of norms)
      if (!(change <= LARGEST_CHANGE))
        throw new FedError(
          'E_NORM',
          `release: ${module} changes its weights by a norm of ${change}, at most ${LARGEST_CHANGE}`,
        )
  },
}

/** By the server's optimizer and a strategy for which the sum is enough. */
const moved = (
  total: Total,
  { strategy: name, ...plan }: ServerPlan,
  head: Head,
  factor: Factors,
): Finished => {
  const strategy: Strategy = strategies[name]
  if (!strategy.isSumEnough) throw new TypeError(`${name} needs single updates, got a sum`)
  const before = adapterStateOf(head)
  const means = total.mean()
  const mean = means.subarray(0, layoutSize(layoutOf(plan)))
  const { change, moments } = optimize(optimizerOf(plan), before, mean, factor, {
    saved: head.moments,
    isGauged: strategy.isGauged,
  })
  const { adapter, optimizer } = takeStep(strategy, before, change, factor, head.optimizer)
  return {
    ...finishedOf(adapter, optimizer, moments),
    ...(means.length > mean.length && {
      metrics: { averagingError: averagingError(whereOf(plan), means) },
    }),
  }
}

/** By a strategy that needs what each device sent. */
const combined = (
  singles: readonly Single[],
  { strategy: name, ...plan }: ServerPlan,
  head: Head,
): Finished => {
  const strategy: Strategy = strategies[name]
  if (strategy.isSumEnough) throw new TypeError(`${name} needs a sum, got single updates`)
  const { adapter, energies } = strategy.combine(adapterStateOf(head), singles)
  const { residual } = plan.adapter
  const ranks = name === 'fedex' && residual !== undefined ? [residual] : ranksOf(plan)
  const discarded = ranks.map((rank) => ({ rank, share: shareBeyond(energies, rank) }))
  return { ...finishedOf(adapter, { strategy: name, state: null }), metrics: { discarded } }
}

const shareBeyond = (energies: Float64Array, rank: number): number => {
  const sum = (values: Float64Array) => values.reduce((total, x) => total + x, 0)
  const all = sum(energies)
  return all === 0 ? 0 : Math.min(1, sum(energies.subarray(rank)) / all)
}

const finishedOf = (
  { shape, spec, flat, residual, basisEpoch, adapterRounds }: AdapterState,
  optimizer: SavedOptimizer,
  moments?: Uint8Array,
): Finished => ({
  parts: adapterParts(shape, spec, flat, residual),
  moved: { basisEpoch, adapterRounds, optimizer, ...(moments && { moments }) },
})

const largestWeight = ({ method, maxPairs }: TrainingPlan): number =>
  method === 'gradient' ? 1 : maxPairs

/** Whether devices send both factors after steps of their own: then the mean of products is another. */
const missesProducts = ({ strategy, factor, training }: ServerPlan): boolean =>
  strategies[strategy].isSumEnough && factor === 'AB' && training.method !== 'gradient'

const whereOf = ({
  base,
  adapter,
  training,
}: Pick<RoundPlan, 'base' | 'adapter' | 'training'>) => ({
  shape: base.shape,
  spec: adapter,
  updateNorm: training.updateNorm,
})

const changeOf = (made: FactorChange, segment: FactorSegment): Float64Array => {
  if (!('before' in made))
    return made.vector.subarray(segment.offset, segment.offset + segment.size)
  const before = segmentOf(made.before.flat, segment)
  return Float64Array.from(segmentOf(made.after, segment), (v, i) => v - before[i]!)
}

/**
 * Every factor, as a release holds them. flat: the full layout. residual: the same of the add-on; zero
 * where left out.
 */
export const adapterParts = (
  shape: ModelShape,
  spec: AdapterSpec,
  flat: Float32Array,
  residual?: Float32Array,
): Part[] => {
  const partsOf = (segments: readonly Segment[], numbers: Float32Array): Part[] =>
    segments.map((s) => ({ name: s.name, shape: s.shape, data: segmentOf(numbers, s) }))
  const addOn = residualLayout(shape, spec)
  return [
    ...partsOf(adapterLayout(shape, spec), flat),
    ...partsOf(addOn, residual ?? new Float32Array(layoutSize(addOn))),
  ]
}

/** A view. Without its add-on. */
export const releasedAdapter = ({ header, payload }: Release): Adapter => {
  const size = layoutSize(adapterLayout(header.base.shape, header.adapter))
  return { spec: header.adapter, flat: payload.subarray(0, size) }
}

/** A view of the frozen add-on; null where the adapter has none. */
export const releasedResidual = ({ header, payload }: Release): Adapter | null => {
  const { base, adapter } = header
  const spec = residualSpec(adapter)
  if (!spec) return null
  const start = layoutSize(adapterLayout(base.shape, adapter))
  const size = layoutSize(adapterLayout(base.shape, spec))
  return { spec, flat: payload.subarray(start, start + size) }
}

/** With its add-on, as one adapter of a higher rank. */
export const wholeAdapter = (release: Release): Adapter => {
  const [own, residual] = [releasedAdapter(release), releasedResidual(release)]
  return residual ? joinRanks(release.header.base.shape, own, residual) : own
}

const adapterStateOf = (head: Head): AdapterState => {
  const residual = releasedResidual(head.release)
  return {
    shape: head.release.header.base.shape,
    ...releasedAdapter(head.release),
    ...(residual && { residual: residual.flat }),
    basisEpoch: head.release.header.basisEpoch,
    adapterRounds: head.adapterRounds,
  }
}

const residualLayout = (shape: ModelShape, spec: AdapterSpec): Segment[] => {
  const addOn = residualSpec(spec)
  if (!addOn) return []
  return adapterLayout(shape, addOn).map((s) => ({ ...s, name: `residual.${s.name}` }))
}

const isThere = <T>(value: T | null): value is T => value !== null

const moduleOf = ({ layer, module }: FactorSegment): string => `layers.${layer}.${module}`

const normOf = (values: Float32Array | Float64Array): number => {
  let squares = 0
  for (const x of values) squares += x * x
  return Math.sqrt(squares)
}
