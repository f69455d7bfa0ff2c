/** Refuses a job that could never do what it says, and says why. */
import { guardsAmong, ruleOf } from '../../adapters/aggregate/robust/rules.ts'
import { strategies } from '../../adapters/aggregate/strategy.ts'
import { isWithin } from '../../adapters/contributions/prior.ts'
import { privacyForecast } from '../../adapters/contributions/privacy-forecast.ts'
import { FedError } from '../../adapters/errors.ts'
import type { JobSpec } from '../../adapters/wire/jobs.ts'
import { MOST_MASKED } from '../../adapters/wire/masks.ts'
import type { RobustPlan } from '../../adapters/wire/robust.ts'
import { largestUpdate } from '../releases/job-size.ts'
import type { Pair } from './pair.ts'
import { IMPOSSIBLE_PRIVATE } from './private-pairs.ts'

const startOf = ({ schedule }: JobSpec, now: number): number =>
  Math.max(now, schedule?.startAt ?? now)
/** The one place to ask whether devices may be masked, edges may forward sums, and rules see the sum. */
const needsSingles = ({ strategy }: JobSpec): boolean => !strategies[strategy].isSumEnough
const movesAdapter = ({ contributions }: JobSpec): boolean => contributions.includes('adapter')

const isLate = ({ async }: JobSpec): boolean => (async?.maxLag ?? 0) > 0

/** Updates of a round that are compared by pairs: half a million of them. */
const MOST_COMPARED = 1000

/**
 * A robust rule looks at single updates, and needs enough of them. What takes them from the server (masks,
 * edges) or takes other than a weighted mean of one round (flex, fedex, FedBuff) is refused with it here.
 */
const IMPOSSIBLE_ROBUST: readonly Pair[] = [
  {
    isSo: ({ robust, async }) => robust !== undefined && async !== undefined,
    why: 'robust: updates of an asynchronous job differ by what they were trained from; take one of the two',
  },
  {
    isSo: ({ robust, strategy }) => robust !== undefined && !strategies[strategy].isSumEnough,
    why: ({ strategy }) => `robust: strategy ${strategy} takes no weighted mean of the updates`,
  },
  {
    isSo: ({ robust, cohort }) =>
      robust !== undefined && !guardsAmong(robust, judged(robust, cohort.minimum)),
    why: ({ robust, cohort }) =>
      `cohort.minimum: ${robust?.rule} guards against no faulty device among ${cohort.minimum}, ` +
      `at least ${leastFor(robust!)} are needed`,
  },
  {
    isSo: ({ robust, cohort }) =>
      robust !== undefined && isByPairs(robust) && cohort.goal > MOST_COMPARED,
    why: ({ robust }) =>
      `cohort.goal: ${robust?.rule} compares every pair of updates, of ${MOST_COMPARED} at most`,
  },
]

const isByPairs = (robust: RobustPlan): boolean => {
  const rule = ruleOf(robust)
  return rule.kind === 'weights' && rule.needs === 'distances'
}

/** Of so many updates of a round, those that are judged: the root's is none of them. */
const judged = ({ rule }: RobustPlan, updates: number): number =>
  rule === 'fltrust' ? updates - 1 : updates

const leastFor = (robust: RobustPlan): number => {
  let least = 1
  while (!guardsAmong(robust, judged(robust, least))) least++
  return least
}

/** Edges send sums: what looks at single updates does without them. */
const IMPOSSIBLE_EDGES: readonly Pair[] = [
  {
    isSo: (spec) => spec.cohort.edges === true && needsSingles(spec),
    why: ({ strategy }) =>
      `cohort.edges: strategy ${strategy} reads each update by itself, and edges send sums`,
  },
  {
    isSo: ({ cohort, robust }) => cohort.edges === true && robust !== undefined,
    why: ({ robust }) =>
      `cohort.edges: robust rule ${robust?.rule} compares single updates, and edges send sums`,
  },
]

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
    isSo: (spec) => isLate(spec) && movesAdapter(spec) && !strategies[spec.strategy].isLateCounted,
    why:
      'async.maxLag: rounds of this strategy change the basis of A, so that no late change could ' +
      'count; take the strategy fedsvd or ffa, or maxLag 0',
  },
  {
    isSo: (spec) =>
      isLate(spec) &&
      spec.contributions.includes('prior') &&
      spec.contributions.includes('statistics'),
    why:
      'async.maxLag: statistics can change the scale that moments of late devices are in; give ' +
      'statistics a job of their own, or take maxLag 0',
  },
  {
    isSo: (spec) => isLate(spec) && spec.contributions.includes('prior') && isWithin(spec.prior),
    why:
      'async.maxLag: directions turn with every release, and moments of late devices would be in ' +
      'older ones; take prior.moments full, or maxLag 0',
  },
  {
    isSo: ({ prior }) => isWithin(prior) && prior.directions === 0,
    why: 'prior.directions: moments in directions need at least one',
  },
  {
    isSo: ({ prior, privacy }) => prior.clip !== undefined && !isWithin(prior) && !privacy,
    why: 'prior.clip: full moments have none without privacy; take prior.moments directions, or leave it out',
  },
  {
    isSo: ({ async, cohort }) => async !== undefined && cohort.edges === true,
    why: 'cohort.edges: an edge has rounds of its own, and their sum is for one release; leave async out',
  },
  {
    isSo: ({ async, cohort }) => async !== undefined && cohort.assignmentMs !== undefined,
    why: 'cohort.assignmentMs: an asynchronous job assigns devices all the time; leave it out',
  },
  {
    isSo: ({ training, cohort }) => training.maxPairs * cohort.size > 2 ** 32,
    why: 'cohort.size and training.maxPairs: their product, the weight of a round, exceeds 2^32',
  },
  ...IMPOSSIBLE_ROBUST,
  {
    isSo: ({ strategy, adapter }) => strategy === 'fedex' && adapter.residual === undefined,
    why: 'adapter.residual: fedex keeps what a mean misses in an add-on of this rank; try twice the rank',
  },
  {
    isSo: ({ strategy, ranks }) => ranks !== undefined && strategy !== 'flex',
    why: 'ranks: only flex has devices of several ranks',
  },
  {
    isSo: ({ ranks = [], adapter }) => ranks.some((rank) => rank > adapter.rank),
    why: 'ranks: none can exceed adapter.rank',
  },
  {
    isSo: (spec) => needsSingles(spec) && spec.training.method === 'gradient',
    why: 'training.method: this strategy averages products of factors, which gradients do not have',
  },
  {
    isSo: (spec) => needsSingles(spec) && (spec.optimizer?.name ?? 'none') !== 'none',
    why: 'optimizer: this strategy makes its own step from the single updates',
  },
  {
    isSo: (spec) =>
      needsSingles(spec) && spec.cohort.size * largestUpdate(spec, 'AB') > LARGEST_HELD,
    why: 'cohort.size: this strategy holds all updates at once, and they would take more than 1 GiB',
  },
  ...IMPOSSIBLE_EDGES,
  ...IMPOSSIBLE_PRIVATE,
  {
    isSo: ({ masks, cohort }) => masks !== undefined && cohort.minimum < 2,
    why: 'cohort.minimum: the sum of a masked round is that of at least 2 devices; raise it, or leave masks out',
  },
  {
    isSo: ({ masks, cohort }) => masks !== undefined && cohort.size > MOST_MASKED,
    why: `cohort.size: a masked round has at most ${MOST_MASKED} devices; lower it, or leave masks out`,
  },
  {
    isSo: ({ masks, compression }) => masks !== undefined && compression?.updates !== undefined,
    why: 'compression.updates: masked updates are whole numbers already; leave it out',
  },
  {
    isSo: ({ masks, strategy }) =>
      masks !== undefined && ['fedavg', 'flex', 'fedex'].includes(strategy),
    why: 'strategy: fedavg, flex and fedex look at single updates, which masks hide; take alternating or no masks',
  },
  {
    isSo: ({ masks, robust }) => masks !== undefined && robust !== undefined,
    why: 'robust: its rules compare single updates, which masks hide; take one of the two',
  },
  {
    isSo: ({ masks, async }) => masks !== undefined && async !== undefined,
    why: 'async: late updates count at a share of their own, which masks hide; take one of the two',
  },
  {
    isSo: ({ masks, cohort }) => masks !== undefined && cohort.edges !== undefined,
    why: 'cohort.edges: edges send sums of plain updates; leave masks or edges out',
  },
]

/** Bytes of a round's updates that a server holds at once, where its strategy needs them all. */
const LARGEST_HELD = 2 ** 30

/** least: of the server. Fails with E_BODY: no release of it tells of so few devices. */
export const checkLeastCohort = ({ cohort }: JobSpec, least: number): void => {
  if (cohort.minimum < least)
    throw new FedError(
      'E_BODY',
      `job.cohort.minimum: expected at least ${least}, the least cohort of this server, got ` +
        `${cohort.minimum}. Its operator sets it with serve --least-cohort`,
    )
}

/**
 * spec: with its noise multiplier. Fails with E_BODY where a private job keeps no promise of its own, or its
 * noise is longer than what it is to learn.
 */
export const checkNoise = (spec: JobSpec): void => {
  const { privacy } = spec
  const forecast = privacyForecast(spec)
  if (!privacy || !forecast) return
  const { epsilon = Number.POSITIVE_INFINITY, acceptNoise = false } = privacy
  if (forecast.epsilon > epsilon)
    throw new FedError(
      'E_BODY',
      `job.privacy.noise: ${forecast.noise} comes to ε = ${forecast.epsilon.toPrecision(4)} after ` +
        `${forecast.rounds} rounds, above ${epsilon}; leave noise out, and it is calculated`,
    )
  const drowned = forecast.contributions.find(({ signalToNoise }) => signalToNoise < 1)
  if (drowned && !acceptNoise)
    throw new FedError(
      'E_BODY',
      `job.privacy: the noise would drown the ${drowned.name}: on the mean of ${spec.cohort.minimum} devices, ` +
        `whose norm is at most ${drowned.meanNorm.toPrecision(3)}, it has a norm of ` +
        `${drowned.noiseNorm.toPrecision(3)}. Take more devices a round, fewer numbers, more ε, or say ` +
        '"acceptNoise": true. "privacy plan" shows the figures',
    )
}

/** Fails with E_BODY naming the fields. */
export const checkPossible = (spec: JobSpec, now: number): void => {
  const pair = IMPOSSIBLE.find(({ isSo }) => isSo(spec, now))
  if (!pair) return
  const why = typeof pair.why === 'string' ? pair.why : pair.why(spec)
  throw new FedError('E_BODY', `job.${why}`)
}
