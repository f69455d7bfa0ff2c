/** Refuses a job that could never do what it says, and says why. */
import { FedError } from '../../adapters/errors.ts'
import type { JobSpec } from '../../adapters/wire/jobs.ts'

type Pair = { readonly isSo: (spec: JobSpec, now: number) => boolean; readonly why: string }

const startOf = ({ schedule }: JobSpec, now: number): number =>
  Math.max(now, schedule?.startAt ?? now)
const movesAdapter = ({ contributions }: JobSpec): boolean => contributions.includes('adapter')

const IMPOSSIBLE: readonly Pair[] = [
  {
    isSo: ({ expiresAt, maxDays }) => expiresAt !== undefined && maxDays !== undefined,
    why: 'expiresAt and maxDays: give one of the two',
  },
  {
    isSo: (spec, now) => (spec.expiresAt ?? Infinity) <= startOf(spec, now),
    why: 'expiresAt: the job would end before it starts',
  },
  {
    isSo: ({ schedule, expiresAt }) => schedule?.repeat !== undefined && expiresAt !== undefined,
    why: 'schedule.repeat: a job that is repeated ends by maxDays, not at a fixed expiresAt',
  },
  {
    isSo: ({ schedule }) => schedule?.hours?.some(({ from, to }) => from === to) ?? false,
    why: 'schedule.hours: from and to are equal; leave hours out for the whole day',
  },
  {
    isSo: (spec) => (spec.optimizer?.name ?? 'none') !== 'none' && !movesAdapter(spec),
    why: 'optimizer: it moves the adapter, which is none of the contributions',
  },
  {
    isSo: ({ training }) => training.method === 'gradient' && training.proximal !== undefined,
    why: 'training.proximal: a gradient is taken at the release, where the term is zero',
  },
  {
    isSo: (spec) => spec.earlyStop !== undefined && !movesAdapter(spec),
    why: 'earlyStop: it looks at the adapter, which is none of the contributions',
  },
  {
    isSo: ({ earlyStop, rounds }) => earlyStop !== undefined && earlyStop.rounds >= rounds,
    why: 'earlyStop.rounds: the job has no more rounds than that; it could never stop early',
  },
  {
    isSo: ({ training, cohort }) => training.maxPairs * cohort.size > 2 ** 32,
    why: 'cohort.size and training.maxPairs: their product, the weight of a round, exceeds 2^32',
  },
]

/** least: of the server. Fails with E_BODY: no release of it tells of so few devices. */
export const checkLeastCohort = ({ cohort }: JobSpec, least: number): void => {
  if (cohort.minimum < least)
    throw new FedError(
      'E_BODY',
      `job.cohort.minimum: expected at least ${least}, the least cohort of this server, got ` +
        `${cohort.minimum}. Its operator sets it with serve --least-cohort`,
    )
}

/** Fails with E_BODY naming the fields. */
export const checkPossible = (spec: JobSpec, now: number): void => {
  const pair = IMPOSSIBLE.find(({ isSo }) => isSo(spec, now))
  if (pair) throw new FedError('E_BODY', `job.${pair.why}`)
}
