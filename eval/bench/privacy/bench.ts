/**
 * What differential privacy costs a federation: the share of its gain that is left at each ε, by cohort. What
 * it begins from is public: directions, scale and clip come from simulated people of other worlds.
 */
import type { Release } from '../../../adapters/contributions/contribution.ts'
import { decodeRelease } from '../../../adapters/contributions/messages.ts'
import { encodePrior } from '../../../adapters/contributions/prior.ts'
import { seededRng } from '../../../adapters/random.ts'
import { bootstrapInterval, meanOf } from '../../measure/metrics.ts'
import type { Result, Results } from '../../measure/results.ts'
import { PARTS } from '../robust/parts.ts'
import { simulatedJob, simulatedStart } from '../robust/rounds.ts'
import { openWorld, SIZE, type World, withUnitVariance } from '../robust/world.ts'
import {
  adapterPart,
  type FirstFits,
  federate,
  type Part,
  priorPart,
  publicHeadClip,
  publicPrior,
  publicUpdateNorm,
} from './federation.ts'

export type PrivacyOptions = {
  readonly cohorts: readonly number[]
  readonly epsilons: readonly number[]
  readonly directions: readonly number[]
  readonly delta: number
  /** Of the prior; the adapter has as many for each factor. */
  readonly rounds: number
  readonly choices: number
  readonly worlds: number
  readonly log: (line: string) => void
}

/** Traits and mixtures of them, as hidden states are. */
const FEATURES = 64
const PUBLIC_PEOPLE = 200
const PUBLIC_CHOICES = 40
const PUBLIC_ROUNDS = 6
const NEWCOMERS = 100
/** No gradient is so long. */
const UNBOUNDED = 1000
/** Public people of the simulation: of worlds that nobody else is of. */
const PUBLIC_SEED = 1000

/** What was measured of one world: gain over where the federation began. */
type Measured = {
  readonly part: string
  readonly cohort: number
  /** An ε; `none`: no noise; `full`: no noise, and full moments. */
  readonly arm: string
  readonly gain: number
}

/** `bench.privacy.<part>.cohort_<n>.<arm>.gain`, and `.share`: of the gain without noise. */
export const benchPrivacy = async (options: PrivacyOptions): Promise<Results> => {
  const measured: Measured[][] = []
  for (let seed = 0; seed < options.worlds; seed++) {
    measured.push([...(await priorGains(options, seed)), ...(await adapterGains(options, seed))])
    options.log(`world ${seed + 1} of ${options.worlds}`)
  }
  return { results: resultsOf(measured) }
}

const mixtures = (() => {
  const rng = seededRng('privacy/features')
  const weight = () => rng.normal() / Math.sqrt(SIZE)
  return Array.from({ length: FEATURES - SIZE }, () => Float64Array.from({ length: SIZE }, weight))
})()
/** Over the deviation of tanh of a normal number. */
const TANH_SCALE = 1.6
const featuresOf = (traits: Float64Array): Float64Array => {
  const mixed = mixtures.map(
    (weights) => TANH_SCALE * Math.tanh(weights.reduce((sum, w, j) => sum + w * traits[j]!, 0)),
  )
  return withUnitVariance(Float64Array.from([...traits, ...mixed]))
}

const largest = (of: readonly number[]): number => Math.max(...of)

const priorGains = async (options: PrivacyOptions, seed: number): Promise<Measured[]> => {
  const { choices, cohorts, log } = options
  const world = openWorld({
    ...{ devices: largest(cohorts), choices, seed, newcomers: NEWCOMERS, featuresOf },
  })
  // Nothing in common: where tastes differ is public, where these people's lie is not.
  const people = openWorld({
    ...{ devices: PUBLIC_PEOPLE, choices: PUBLIC_CHOICES, seed: PUBLIC_SEED + seed },
    ...{ newcomers: 0, shared: 0, featuresOf },
  }).devices
  const gains: Measured[] = []
  for (const k of options.directions) {
    const start = publicPrior(people, FEATURES, k, PUBLIC_ROUNDS)
    const clip = publicHeadClip(people, start)
    const first: FirstFits = new WeakMap()
    const arms: Arms = {
      full: priorPart(start, false, null, first),
      none: priorPart(start, true, null, first),
      private: priorPart(start, true, clip, first),
    }
    const worth = worthOf('prior', world, arms.none)
    gains.push(...(await gainsOf(`prior_${k}`, arms, world, worth, options, seed)))
    log(`world ${seed + 1}: prior in ${k} directions, clip ${clip.toPrecision(3)}`)
  }
  return gains
}

const adapterGains = async (options: PrivacyOptions, seed: number): Promise<Measured[]> => {
  const { choices, cohorts, log } = options
  const rounds = 2 * options.rounds
  const world = openWorld({ devices: largest(cohorts), choices, seed, newcomers: NEWCOMERS })
  const people = openWorld({
    ...{ devices: PUBLIC_PEOPLE, choices, seed: PUBLIC_SEED + seed, newcomers: 0 },
  }).devices
  const clip = await publicUpdateNorm(people, SIZE, rounds)
  const arms: Arms = { none: adapterPart(SIZE, UNBOUNDED), private: adapterPart(SIZE, clip) }
  const worth = worthOf('adapter', world, arms.none)
  const gains = await gainsOf('adapter', arms, world, worth, { ...options, rounds }, seed)
  log(`world ${seed + 1}: adapter, clip ${clip.toPrecision(3)}`)
  return gains
}

/** The gain of a release over where the federation begins. */
const worthOf = (name: keyof typeof PARTS, { newcomers }: World, part: Part) => {
  const cohort = { size: 1, goal: 1, minimum: 1 }
  const spec = simulatedJob(part.features, { name: 'worth', ...part.job, cohort })
  const worth = (release: Release) => PARTS[name].worth(release, spec, newcomers)
  const start = simulatedStart(spec, part.start ? encodePrior(part.start) : [])
  const before = worth(decodeRelease(start.bytes))
  return (release: Release) => worth(release) - before
}

type Arms = { readonly full?: Part; readonly none: Part; readonly private: Part }

const gainsOf = async (
  part: string,
  arms: Arms,
  { devices }: World,
  gainOf: (release: Release) => number,
  { cohorts, epsilons, delta, rounds }: PrivacyOptions,
  seed: number,
): Promise<Measured[]> => {
  const all: (readonly [arm: string, part: Part, epsilon: number | null, memo: Uint8Array[]])[] = []
  const memo: Uint8Array[] = []
  if (arms.full) all.push(['full', arms.full, null, []])
  all.push(['none', arms.none, null, []])
  for (const epsilon of epsilons) all.push([`epsilon_${epsilon}`, arms.private, epsilon, memo])
  const gains: Measured[] = []
  for (const cohort of cohorts)
    for (const [arm, of, epsilon, memo] of all) {
      const key = { seed: `${part}/${seed}/${cohort}/${arm}`, memo }
      const made = await federate(of, devices.slice(0, cohort), { epsilon, delta, rounds }, key)
      gains.push({ part, cohort, arm, gain: gainOf(made) })
    }
  return gains
}

/** measured: by world, all in the same order. */
const resultsOf = (measured: readonly (readonly Measured[])[]): Result[] =>
  measured[0]!.flatMap(({ part, cohort, arm }, at) => {
    const name = `bench.privacy.${part}.cohort_${cohort}.${arm}`
    const noiseless = measured[0]!.findIndex(
      (one) => one.part === part && one.cohort === cohort && one.arm === 'none',
    )
    const pairs = measured.map((world) => [world[at]!.gain, world[noiseless]!.gain] as const)
    const shareOf = (of: readonly (readonly [number, number])[]) =>
      meanOf(of.map(([gain]) => gain)) / meanOf(of.map(([, without]) => without))
    const unit = part === 'adapter' ? 'nats' : 'of the reachable'
    const n = pairs.length
    const interval = n > 1 && bootstrapInterval(pairs, shareOf, seededRng(name))
    return [
      { name: `${name}.gain`, value: meanOf(pairs.map(([gain]) => gain)), unit, n },
      {
        name: `${name}.share`,
        value: shareOf(pairs),
        unit: 'of the gain',
        n,
        ...(interval && { interval: [...interval] }),
      },
    ]
  })
