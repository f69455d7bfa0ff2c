/** What a job under differential privacy cannot be: wherever a sum's sensitivity is not known, it is refused. */
import { sharesOf } from '../../adapters/contributions/noised-total.ts'
import { chargedRounds } from '../../adapters/contributions/privacy-forecast.ts'
import type { Contribution, JobSpec } from '../../adapters/wire/jobs.ts'
import type { PrivacyPlan } from '../../adapters/wire/privacy.ts'
import type { Pair } from './pair.ts'

const whenPrivate =
  (isSo: (spec: JobSpec, privacy: PrivacyPlan) => boolean) =>
  (spec: JobSpec): boolean =>
    spec.privacy !== undefined && isSo(spec, spec.privacy)

const CLIPPED: readonly Contribution[] = ['adapter', 'prior']

export const IMPOSSIBLE_PRIVATE: readonly Pair[] = [
  {
    isSo: whenPrivate((_, { epsilon, noise }) => epsilon === undefined && noise === undefined),
    why: 'privacy: give epsilon, or noise',
  },
  {
    isSo: whenPrivate(({ contributions }) => contributions.includes('statistics')),
    why:
      'privacy: variances of raw features have no bound, so that statistics have no sensitivity. Fix the ' +
      'scale first, by a job without privacy over public or simulated choices',
  },
  {
    isSo: whenPrivate(
      ({ contributions, prior }) => contributions.includes('prior') && prior.clip === undefined,
    ),
    why: 'prior.clip: the norm to which the moments of a head are clipped in a private job',
  },
  {
    isSo: whenPrivate(({ contributions }, { shares }) => {
      if (!shares) return false
      const named = CLIPPED.filter((name) => name in shares)
      const sum = named.reduce(
        (total, name) => total + (sharesOf({ shares }, contributions)[name] ?? 0),
        0,
      )
      const isSame = [...contributions].sort().join() === [...named].sort().join()
      return !isSame || Math.abs(sum - 1) > 1e-9
    }),
    why: 'privacy.shares: one for each contribution, which add up to 1',
  },
  {
    isSo: whenPrivate((spec) => chargedRounds(spec) < spec.rounds),
    why: 'privacy.rounds: the noise would be made for fewer rounds than the job has',
  },
  {
    isSo: whenPrivate(({ robust }) => robust !== undefined),
    why: 'robust: what its rules make of the updates has no known sensitivity; leave robust or privacy out',
  },
  {
    isSo: whenPrivate(({ strategy }) => ['fedavg', 'flex', 'fedex'].includes(strategy)),
    why: 'strategy: fedavg, flex and fedex look at single updates, on which there is no noise',
  },
  {
    isSo: whenPrivate(({ async }) => async !== undefined),
    why: 'async: one device may be in a sum more than once; leave async or privacy out',
  },
  {
    isSo: whenPrivate(({ cohort }) => cohort.edges === true),
    why: 'cohort.edges: what single devices add to the sum of an edge, only the edge sees; leave edges or privacy out',
  },
  {
    isSo: whenPrivate(({ masks, cohort }) => masks === undefined && cohort.minimum < cohort.goal),
    why: 'cohort.minimum: a private round divides its sum by the minimum, whatever came, so it must be the goal',
  },
]
