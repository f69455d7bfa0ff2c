/**
 * What a contribution is, on both sides of a round. In an update it is one vector: its segments,
 * one after the other. The server adds the vectors of a round, each times its weight, and turns the
 * sum into parts of the next release. Whatever acts on vectors (clipping, masks) or on their sum
 * (noise) wraps a row without knowing which one it is.
 */
import type { ExactSum } from '../aggregate/exact-sum.ts'
import type { Single } from '../aggregate/singles.ts'
import type { SavedOptimizer } from '../aggregate/strategy.ts'
import { type Container, findPart, type Part } from '../container/container.ts'
import { FedError } from '../errors.ts'
import type { Factors } from '../lora/layout.ts'
import type { RotatedSegment, WideSegment } from '../secagg/quantize.ts'
import type { ReleaseHeader, ReleaseMetrics, UpdateHeader } from '../wire/containers.ts'
import type { Contribution, JobSpec, PriorPlan } from '../wire/jobs.ts'
import type { PrivacyPlan } from '../wire/privacy.ts'

type PartShape = Pick<Part, 'name' | 'shape'>
export type Update = Container<UpdateHeader>
export type Release = Container<ReleaseHeader>

/**
 * What decides the segments of an update. factor: what the round moves; null when the adapter is no
 * part of it.
 */
export type Frame = Pick<JobSpec, 'base' | 'adapter' | 'features'> & {
  readonly factor: Factors | null
  /** Of the adapter part; left out: the adapter's. */
  readonly rank?: number | undefined
  /** In whose directions the moments of the prior part are. */
  readonly prior?: PriorPlan | undefined
  /** The same, as an update says it. Left out of both: in all features. */
  readonly directions?: number | undefined
}
/** What a round asks of a device; an assignment is one. */
export type RoundPlan = Frame &
  Pick<JobSpec, 'contributions' | 'training' | 'prior'> & {
    /** Of a private round, in which everything is clipped. */
    readonly privacy?: Pick<PrivacyPlan, 'population'> | undefined
  }
/** The same with all that the server knows of the job. */
export type ServerPlan = JobSpec & Frame

/**
 * The newest release of a lineage, and what the server keeps beside its bytes. moments: of the
 * server's optimizer, if the last round of the adapter had one.
 */
export type Head = LineageState & { readonly release: Release; readonly moments?: Uint8Array }
export type LineageState = {
  /** Rounds that moved the adapter so far. */
  readonly adapterRounds: number
  readonly optimizer: SavedOptimizer | null
}
/** moved: set where the adapter has changed. metrics: what the row says of its sum. */
export type Finished = {
  readonly parts: Part[]
  readonly metrics?: Pick<ReleaseMetrics, 'averagingError' | 'discarded'>
  readonly moved?: LineageState & { readonly basisEpoch: number; readonly moments?: Uint8Array }
}

/** The sum of a row over some devices, as another server says. count: of them; weight: theirs together. */
export type RowTotal = {
  readonly vector: Float64Array
  readonly weight: number
  readonly count: number
}

/** What a round's updates come to: an exact sum, or what a robust rule takes for it. */
export type Total = Pick<ExactSum, 'sum' | 'mean' | 'weight' | 'count'>

/** wide: its numbers differ too much in size to share a scale. */
export type MaskedSegment =
  | ({ readonly kind: 'rotated' } & RotatedSegment)
  | ({ readonly kind: 'wide' } & WideSegment)

type MaskedForm = {
  /** Of its addend, one after the other. */
  segments(plan: RoundPlan): MaskedSegment[]
  /** Weights are integers up to it. */
  largestWeight(plan: Pick<RoundPlan, 'training'>): number
  /** Within the norms of its segments, in place, where they bind its numbers together. */
  shorten?(addend: Float64Array, plan: RoundPlan): void
}

/** Made: what the rest of the device computes for it. */
export type ContributionRow<Made = unknown> = {
  readonly name: Contribution

  /** Its segments in an update. */
  segments(frame: Frame): PartShape[]
  /** Whether an update with this header has them. */
  isIn(header: UpdateHeader): boolean
  /**
   * Its parts of a release with this header; none before a round has made them. Fails with E_SHAPE.
   */
  releasedSegments(header: ReleaseHeader): PartShape[]

  /** On the device: the segments, within the plan's bounds; null where a number is not finite. */
  make(made: Made, plan: RoundPlan): Part[] | null

  /** At the door: an update has it exactly where the round asks for it. Fails with E_SHAPE. */
  checkPresence(header: UpdateHeader, plan: ServerPlan): void
  /**
   * At the door, where the update has it: numbers that no honest device sends. Fails with E_NORM.
   */
  checkValues(update: Update, plan: ServerPlan): void
  /** The same of a sum: what devices that pass checkValues cannot come to. Fails with E_NORM. */
  checkTotal(total: RowTotal, plan: ServerPlan): void
  /**
   * The largest number that passes the door, times its weight; left out where checkValues depends
   * on the cohort.
   */
  largestAddend?(job: JobSpec): number

  /**
   * Numbers that the server makes of an update and sums with it, none larger than what the update may
   * hold; none where size is 0.
   */
  readonly derived?: {
    size(plan: ServerPlan): number
    of(vector: Float32Array, plan: ServerPlan): Float32Array
  }

  /** Whether finish needs what each device sent; left out: the sum is enough. */
  needsSingles?(plan: ServerPlan): boolean
  /** What is summed for a vector, where it is not the vector itself; null: nothing. */
  addend?(vector: Float32Array): Float32Array | null
  /** In the sum: how much this device counts. A robust rule counts every device alike. */
  weight(header: UpdateHeader, job: Pick<JobSpec, 'training'>): number

  /** How its addend goes into a masked round. */
  readonly masked: MaskedForm

  /** Sizes of runs of an addend that have no unit in common; left out: it is one run. */
  units?(frame: Frame): number[]
  /** From where a robust rule measures norms; left out: from zero. */
  reference?(plan: ServerPlan, head: Head): Float64Array

  /**
   * In the next release; null: the parts of the last one stay. total: over at least one device, of vectors and what is
   * derived of them; of a robust rule, of vectors alone.
   */
  finish(total: Total, plan: ServerPlan, head: Head): Finished | null
  /** finish, where needsSingles. singles: at least one with a weight, in an order of their own. */
  finishSingles?(singles: readonly Single[], plan: ServerPlan, head: Head): Finished | null
  /** What its numbers in a release may be. Fails with E_NORM. */
  checkReleased(release: Release): void
}

/** All that a message must have of a part. Fails with E_SHAPE. */
export const needPart = (from: Update | Release, name: string): Float32Array => {
  const part = findPart(from, name)
  if (!part) throw new FedError('E_SHAPE', `expected part ${name}, got none`)
  return part
}

export const hasSegment = ({ segments }: UpdateHeader | ReleaseHeader, name: string): boolean =>
  segments.some((segment) => segment.name === name)

/** For checkPresence of what an update has whole or not at all. Fails with E_SHAPE. */
export const checkAsked = (
  { name, isIn }: Pick<ContributionRow, 'name' | 'isIn'>,
  header: UpdateHeader,
  { contributions }: Pick<RoundPlan, 'contributions'>,
): void => {
  const isAsked = contributions.includes(name)
  const isLeftOut = header.leftOut?.some((left) => left === name) ?? false
  if (isIn(header) !== (isAsked && !isLeftOut))
    throw new FedError('E_SHAPE', `${name} is ${isAsked ? 'missing' : 'not asked for'}`)
}

/** For checkTotal of what every device adds once. Fails with E_NORM. */
export const checkOnce = (name: string, { weight, count }: RowTotal): void => {
  if (weight !== count)
    throw new FedError('E_NORM', `${name}: ${count} devices weigh ${count}, not ${weight}`)
}

/** Numbers of a release outside these bounds: E_NORM. */
export const checkEach = (
  name: string,
  values: ArrayLike<number>,
  least: number,
  most: number,
): void => {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (!(value >= least && value <= most))
      throw new FedError(
        'E_NORM',
        `release: ${name} must be ${least} to ${most}, number ${i} is ${value}`,
      )
  }
}

/**
 * The power of two below a count: what a device reports of it. It serves as a weight and hides how
 * much the device is used.
 */
export const coarseCount = (count: number): number =>
  count < 1 ? 0 : 2 ** Math.floor(Math.log2(count))
