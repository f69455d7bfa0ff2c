/**
 * Noise on the sums of a private round, before anything is made of them.
 *
 * A round is one Gaussian mechanism over all its sums. Neighbours differ in one device's contributions
 * being in the sums or not, so with S a contribution's sensitivity, z the job's noise multiplier and a its
 * share, its sum has the deviation σ = z·S/√a: Σ (S/σ)² = 1/z², as the shares add up to 1. What divides a
 * sum is cohort.minimum, whatever came.
 */
import { layoutSize, sequentialSegments } from '../lora/layout.ts'
import { gridFor, noiseBytes, withNoise } from '../privacy/gaussian-noise.ts'
import type { Ciphers } from '../secagg/ciphers.ts'
import { levelsOf, quantizedNorm } from '../secagg/quantize.ts'
import type { Contribution } from '../wire/jobs.ts'
import type { PrivacyPlan } from '../wire/privacy.ts'
import { clipOf, withinNorm } from './clipped.ts'
import type { ContributionRow, ServerPlan, Total } from './contribution.ts'

export type PrivateJob = ServerPlan & { readonly privacy: PrivacyPlan & { readonly noise: number } }

/** What float32 rounding may add to a clipped vector, as a share. */
const ROUNDING = 2 ** -20

/** Of a contribution's sum. size: how many numbers; sigma: of the noise on each. */
export type SumNoise = {
  readonly size: number
  readonly clip: number
  readonly sensitivity: number
  readonly share: number
  readonly sigma: number
}

/** Of an exact sum, to which each device's numbers are rounded. */
const SUM_STEP = 2 ** -42

/**
 * The sensitivity is the clip norm, and what rounding adds to it: of float32, of the sum, of a masked
 * vector (its norm after rounding at random, quantize.ts), and of the grid of the noise. RangeError where
 * nothing bounds the contribution.
 */
export const noiseOf = (row: ContributionRow, plan: PrivateJob): SumNoise => {
  const { privacy, contributions } = plan
  const size = layoutSize(sequentialSegments(row.segments(plan)))
  const clip = clipOf(row.name, plan)
  const share = sharesOf(privacy, contributions)[row.name] ?? 0
  if (!(clip < Number.POSITIVE_INFINITY && share > 0))
    throw new RangeError(`${row.name} has no clip norm or no share of the noise`)
  const own = plan.masks ? maskedNorm(row, plan, clip) : clip + Math.sqrt(size) * SUM_STEP
  const norm = own * (1 + ROUNDING)
  const sigmaOf = (sensitivity: number) => (privacy.noise * sensitivity) / Math.sqrt(share)
  // Rounding to the grid, which the noise decides on, lengthens a difference by √size steps at most.
  const sensitivity = norm + Math.sqrt(size) * 2 * gridFor(sigmaOf(norm))
  return { size, clip, sensitivity, share, sigma: sigmaOf(sensitivity) }
}

const maskedNorm = (row: ContributionRow, plan: PrivateJob, clip: number): number => {
  const levels = levelsOf(plan.cohort.size, 1)
  const segments = row.masked.segments(plan).map((segment) => withinNorm(segment, clip))
  const added = segments.reduce((sum, segment) => {
    if (segment.kind === 'wide') throw new RangeError(`${row.name} has no norm`)
    return sum + quantizedNorm(segment, levels) ** 2 - segment.norm ** 2
  }, 0)
  return Math.sqrt(clip ** 2 + added)
}

/** Of the contributions of a job; together 1. */
export const sharesOf = (
  { shares }: Pick<PrivacyPlan, 'shares'>,
  contributions: readonly Contribution[],
): Readonly<Partial<Record<Contribution, number>>> =>
  Object.fromEntries(
    contributions.map((name) => [
      name,
      shares ? (shares[name as keyof typeof shares] ?? 0) : 1 / contributions.length,
    ]),
  )

/**
 * The sum with noise, also where nobody sent anything: that is no less private. key: 32 bytes, of this
 * round and these updates alone.
 */
export const noisedTotal = (
  row: ContributionRow,
  total: Pick<Total, 'sum'> | null,
  plan: PrivateJob,
  {
    key,
    ciphers,
  }: { readonly key: Uint8Array; readonly ciphers: Pick<Ciphers, 'derive' | 'keystream'> },
): Total => {
  const { size, sigma } = noiseOf(row, plan)
  const info = new TextEncoder().encode(`loreweave noise ${row.name}`)
  const random = ciphers.keystream(
    ciphers.derive(key, new Uint8Array(), info, 32),
    noiseBytes(size),
  )
  const sum = withNoise(total?.sum() ?? new Float64Array(size), sigma, random)
  const devices = plan.cohort.minimum
  return {
    sum: () => sum.slice(),
    mean: () => sum.map((x) => x / devices),
    weight: () => devices,
    count: () => devices,
  }
}
