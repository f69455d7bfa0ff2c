/** People with tastes over the traits of simulated answers, and their choices as differences of features. */
import { seededRng } from '../../../adapters/random.ts'
import type { PairRow } from '../../../device/reward/head.ts'
import { TRAITS } from '../../answers/answerer.ts'
import { REQUESTS } from '../../answers/requests.ts'
import {
  answerPool,
  choose,
  onePerTopic,
  type SimUser,
  samplePopulation,
  splitByTopic,
  standardizeTraits,
  utilityOf,
} from '../../population/users.ts'

/** Traits, standardized: what stands for the features of a device. */
export const SIZE = TRAITS.length
/** An adapter is for what people have in common. */
const SHARED = 0.6
const VARIANTS = 8
const NEWCOMERS = 40
const NEWCOMER_CHOICES = 10
const UNSEEN = 20

/** candidates: features and utility of each answer to an unseen request. */
export type Newcomer = {
  readonly rows: readonly PairRow[]
  readonly unseen: readonly PairRow[]
  readonly requests: readonly (readonly {
    readonly features: Float64Array
    readonly utility: number
  }[])[]
}
export type World = {
  /** Choices of each device, honest or not. */
  readonly devices: readonly (readonly PairRow[])[]
  /** Of the root device: choices of other people. */
  readonly root: readonly PairRow[]
  readonly newcomers: readonly Newcomer[]
}

export type WorldPlan = {
  readonly devices: number
  readonly choices: number
  readonly seed: number
  /** Left out: 40. */
  readonly newcomers?: number
  /** Of the variance of a taste, what all people have in common. Left out: three fifths. */
  readonly shared?: number
  /** Left out: the traits, standardized. */
  readonly featuresOf?: (standardized: Float64Array) => Float64Array
}

export const openWorld = ({
  devices,
  choices,
  seed,
  newcomers = NEWCOMERS,
  shared = SHARED,
  featuresOf = withUnitVariance,
}: WorldPlan): World => {
  const split = splitByTopic(onePerTopic(REQUESTS), seed)
  const [train, test] = [split.train, split.test].map((requests) =>
    answerPool({ requests, variants: VARIANTS, seed }).map(({ answers }) =>
      answers.map(({ traits }) => ({ traits, features: featuresOf(standardizeTraits(traits)) })),
    ),
  )
  type Answers = NonNullable<typeof train>[number]
  const draw = (
    user: SimUser,
    pool: readonly Answers[],
    count: number,
    name: string,
  ): PairRow[] => {
    const rng = seededRng(`robust/${seed}/${user.id}/${name}`)
    return Array.from({ length: count }, () => {
      const pair = rng.shuffle([...pool[rng.int(pool.length)]!]).slice(0, 2)
      const chosen = choose(
        user,
        pair.map(({ traits }) => traits),
        rng,
      )
      const [better, worse] = [pair[chosen]!, pair[1 - chosen]!]
      return { difference: better.features.map((x, j) => x - worse.features[j]!), weight: 1 }
    })
  }
  const [common] = samplePopulation({ count: 1, seed, split: 'common' })
  const people = (count: number, name: string) =>
    samplePopulation({ count, seed, split: name }).map((user) => ({
      ...user,
      taste: user.taste.map(
        (own, j) => Math.sqrt(shared) * common!.taste[j]! + Math.sqrt(1 - shared) * own,
      ),
    }))
  return {
    devices: people(devices, 'devices').map((user) => draw(user, train!, choices, 'train')),
    root: people(choices, 'root').flatMap((user) => draw(user, train!, 5, 'train')),
    newcomers: people(newcomers, 'newcomers').map((user) => ({
      rows: draw(user, train!, NEWCOMER_CHOICES, 'train'),
      unseen: draw(user, test!, UNSEEN, 'test'),
      requests: test!.map((answers) =>
        answers.map(({ traits, features }) => ({ features, utility: utilityOf(user, traits) })),
      ),
    })),
  }
}

/** With a total variance of 1, as a released scale gives them. features: each of variance 1. */
export const withUnitVariance = (features: Float64Array): Float64Array =>
  features.map((z) => z / Math.sqrt(features.length))
