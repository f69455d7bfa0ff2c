/** What a job under differential privacy promises, and how its noise compares to its signal, before it starts. */
import { noiseFor, spentBy } from '../privacy/accountant.ts'
import type { PrivacyEvent } from '../privacy/mechanism.ts'
import type { Contribution, JobSpec } from '../wire/jobs.ts'
import type { ServerPlan } from './contribution.ts'
import { noiseOf, type PrivateJob, type SumNoise } from './noised-total.ts'
import { askedRows } from './table.ts'

/**
 * meanNorm: expected L2 norm of the mean of a round, clip times the plan's `signal`; noiseNorm: of the noise on
 * it, σ·√size/minimum. signalToNoise: their quotient, in one round; over n rounds of a signal that stays
 * it grows by √n.
 */
type ContributionForecast = SumNoise & {
  readonly name: Contribution
  readonly meanNorm: number
  readonly noiseNorm: number
  readonly signalToNoise: number
}

/** epsilon: after `rounds` rounds, at delta; perDevice: of one device, where it takes part in fewer. */
export type PrivacyForecast = {
  readonly noise: number
  readonly rounds: number
  readonly epsilon: number
  readonly delta: number
  readonly perDevice: { readonly rounds: number; readonly epsilon: number } | null
  readonly contributions: readonly ContributionForecast[]
}

const gaussianRounds = (noise: number, times: number): PrivacyEvent[] => [
  { mechanism: { kind: 'gaussian', noise }, times },
]

/** How many rounds a job may charge. */
export const chargedRounds = ({ privacy, rounds }: Pick<JobSpec, 'privacy' | 'rounds'>): number =>
  privacy?.rounds ?? rounds

/**
 * The job with its noise multiplier: the one that it names, or the least that keeps within its epsilon.
 * RangeError where no noise does.
 */
export const withNoiseMultiplier = (spec: JobSpec): JobSpec => {
  const { privacy } = spec
  if (!privacy || privacy.noise !== undefined || privacy.epsilon === undefined) return spec
  const { epsilon, delta } = privacy
  const rounds = chargedRounds(spec)
  const noise = noiseFor(epsilon, delta, (noise) => gaussianRounds(noise, rounds))
  return { ...spec, privacy: { ...privacy, noise } }
}

/** null: the job is not private. Of a job whose noise multiplier is known: RangeError. */
export const privacyForecast = (spec: JobSpec): PrivacyForecast | null => {
  const { privacy, cohort } = spec
  if (!privacy) return null
  const { noise, delta, perDevice, signal } = privacy
  if (noise === undefined) throw new RangeError('the noise multiplier is not known yet')
  const rounds = chargedRounds(spec)
  const epsilonOf = (times: number) => spentBy(gaussianRounds(noise, times), delta).epsilon
  const least = perDevice !== undefined && perDevice < rounds ? perDevice : null
  const contributions = forecastRows(spec, noise).map(({ name, ...of }): ContributionForecast => {
    const meanNorm = signal * of.clip
    const noiseNorm = (of.sigma * Math.sqrt(of.size)) / cohort.minimum
    return { name, ...of, meanNorm, noiseNorm, signalToNoise: meanNorm / noiseNorm }
  })
  return {
    ...{ noise, rounds, epsilon: epsilonOf(rounds), delta, contributions },
    perDevice: least === null ? null : { rounds: least, epsilon: epsilonOf(least) },
  }
}

/** Of the factors that rounds move by turns, the one with more numbers. */
const forecastRows = (spec: JobSpec, noise: number) => {
  const ofFactor = (factor: ServerPlan['factor']) => {
    const plan = { ...spec, factor, privacy: { ...spec.privacy!, noise } } satisfies PrivateJob
    return askedRows(plan).map((row) => ({ name: row.name, ...noiseOf(row, plan) }))
  }
  if (!spec.contributions.includes('adapter')) return ofFactor(null)
  const others = ofFactor('A')
  if (spec.strategy !== 'alternating') return ofFactor('B')
  return ofFactor('B').map((one, i) => (one.size >= others[i]!.size ? one : others[i]!))
}
