/**
 * Simulated users with hidden linear tastes over the traits of answers, and the choice logs they
 * leave. Tastes and traits stay in the simulator: what the product may see is a ChoiceLine, and of
 * that not the utilities.
 */

import { z } from 'zod'
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { type Rng, seededRng } from '../../adapters/random.ts'
import { HOUR_MS } from '../../adapters/time.ts'
import { type Answer, TRAITS } from '../answers/answerer.ts'
import { replyTo } from '../answers/reply.ts'
import { type BankRequest, REQUESTS } from '../answers/requests.ts'
import { CONTENT_DIMENSIONS, DIMENSIONS, type Dimension } from '../answers/style.ts'
import { readData } from '../data/read-data.ts'

/**
 * Where a taste comes from; utilities of unasked answers have variance 1 in all but `none`.
 * mixed: what most people like, four axes on which people differ, and something of one's own, over
 * all traits of style; shared-S: the same with S % of the variance between people on the axes.
 * content, wording: over traits that no named feature measures. clusters: four types of people.
 * heavy: a few traits matter much (Student t, two degrees of freedom). none: indifferent.
 */
export const TASTE_FAMILIES = [
  'mixed',
  'shared-0',
  'shared-25',
  'shared-50',
  'shared-75',
  'content',
  'wording',
  'clusters',
  'heavy',
  'none',
] as const
export type TasteFamily = (typeof TASTE_FAMILIES)[number]

/** taste: a weight a standardized trait; 0: none. */
export type SimUser = {
  readonly id: string
  readonly family: TasteFamily
  readonly taste: Float64Array
}

export type Population = {
  readonly count: number
  readonly seed: number | string
  /** Names a disjoint group: users of different splits never coincide. */
  readonly split: string
  /** Shares, dealt out so that any first few people hold about them; default: all mixed. */
  readonly tastes?: Readonly<Partial<Record<TasteFamily, number>>>
}

const Weights = z.partialRecord(z.enum(DIMENSIONS), z.number())
/** mean: what most people mildly like. factors: axes; the other end has the signs turned. */
const COMMON = readData(
  'population/tastes.json',
  z.strictObject({ mean: Weights, factors: z.record(z.string(), Weights) }),
)
const FACTORS = Object.values(COMMON.factors)

const MEAN_SCALE = 0.7
const FACTOR_SCALE = 0.55
const OWN_SCALE = 0.38
/** Content traits are few; this gives them about half of the variance of utility. */
const CONTENT_SCALE = 1.45

/** Users of one population. Deterministic: a user is the same whatever the count. */
export const samplePopulation = ({
  count,
  seed,
  split,
  tastes = { mixed: 1 },
}: Population): SimUser[] => {
  const { covariance } = traitReference()
  return dealFamilies(tastes, count).map((family, i) => {
    const raw = drawTaste(family, seed, seededRng(`users/${seed}/${split}/${i}`))
    const spread = Math.sqrt(quadraticForm(covariance, raw)) || 1
    return { id: `${split}-${i}`, family, taste: raw.map((w) => w / spread) }
  })
}

/** Mean square over traits of what a unit step along every axis adds to a weight. */
const AXES_POWER =
  FACTORS.flatMap((f) => Object.values(f)).reduce((sum, w) => sum + w * w, 0) / DIMENSIONS.length
const BETWEEN = FACTOR_SCALE ** 2 * AXES_POWER + OWN_SCALE ** 2

/** Scales of the axes and of one's own weights, of equal variance between people in all. */
const scalesOf = (family: TasteFamily): readonly [axes: number, own: number] => {
  const [, percent] = family.split('shared-')
  if (percent === undefined) return [FACTOR_SCALE, OWN_SCALE]
  const share = Number(percent) / 100
  return [Math.sqrt((share * BETWEEN) / AXES_POWER), Math.sqrt((1 - share) * BETWEEN)]
}

const TYPES = 4
/** Share of the variance between people that a type explains. */
const BY_TYPE = 0.7

/** Draws a person's weight of each trait in turn. Types and axes of wording are the world's. */
const weightsOf = (family: TasteFamily, seed: number | string, rng: Rng) => {
  if (family === 'heavy') return () => rng.normal() / Math.sqrt(-Math.log(rng.uniform() || 1e-12))
  if (family === 'clusters') {
    const type = seededRng(`types/${seed}/${rng.int(TYPES)}`)
    return () => Math.sqrt(BY_TYPE) * type.normal() + Math.sqrt(1 - BY_TYPE) * rng.normal()
  }
  if (family === 'wording') {
    const axes = [0, 1].map((k) => ({ at: rng.normal(), of: seededRng(`wording/${seed}/${k}`) }))
    const shared = () => axes.reduce((sum, { at, of }) => sum + at * of.normal(), 0)
    return () => (shared() / Math.SQRT2 + rng.normal()) / Math.SQRT2
  }
  const [axesScale, ownScale] = scalesOf(family)
  const axes = FACTORS.map(() => axesScale * rng.normal())
  return (name: Dimension) => {
    const shared = FACTORS.reduce((sum, f, k) => sum + axes[k]! * (f[name] ?? 0), 0)
    return MEAN_SCALE * (COMMON.mean[name] ?? 0) + shared + ownScale * rng.normal()
  }
}

const drawTaste = (family: TasteFamily, seed: number | string, rng: Rng): Float64Array => {
  const weight = weightsOf(family, seed, rng)
  return Float64Array.from(TRAITS, (trait, j) => {
    const name = trait as Dimension
    if ((family === 'wording') !== j >= DIMENSIONS.length) return 0
    const drawn = weight(name) * (isContent(name) ? CONTENT_SCALE : 1)
    return family === 'none' || (family === 'content' && !isContent(name)) ? 0 : drawn
  })
}

/** Always the family that is furthest behind its share. */
const dealFamilies = (shares: NonNullable<Population['tastes']>, count: number): TasteFamily[] => {
  const total = TASTE_FAMILIES.reduce((sum, family) => sum + (shares[family] ?? 0), 0)
  const dealt = new Map<TasteFamily, number>()
  return Array.from({ length: count }, (_, i) => {
    const behind = (family: TasteFamily) =>
      ((shares[family] ?? 0) / total) * (i + 1) - (dealt.get(family) ?? 0)
    const family = TASTE_FAMILIES.reduce((a, b) => (behind(b) > behind(a) ? b : a))
    dealt.set(family, (dealt.get(family) ?? 0) + 1)
    return family
  })
}

const isContent = (name: Dimension): boolean =>
  (CONTENT_DIMENSIONS as readonly string[]).includes(name)

type TraitReference = {
  readonly mean: Float64Array
  readonly deviation: Float64Array
  /** Covariance of the standardized traits within a request, row-major. */
  readonly covariance: Float64Array
}

let reference: TraitReference | undefined

/** Statistics of the traits over Claude's unasked answers to every topic: the scale of tastes. */
const traitReference = (): TraitReference => {
  reference ??= referenceOf(
    answerPool({ requests: onePerTopic(REQUESTS), variants: 8, seed: 'reference' }),
  )
  return reference
}

const referenceOf = (pool: readonly PoolEntry[]): TraitReference => {
  const size = TRAITS.length
  const all = pool.flatMap((p) => p.answers.map((a) => a.traits))
  const mean = meanOf(all)
  const deviation = mean.map(
    (m, j) => Math.sqrt(all.reduce((sum, t) => sum + (t[j]! - m) ** 2, 0) / all.length) || 1,
  )
  const covariance = new Float64Array(size * size)
  for (const { answers } of pool) {
    const centre = meanOf(answers.map((a) => a.traits))
    for (const { traits } of answers) {
      const z = traits.map((t, j) => (t - centre[j]!) / deviation[j]!)
      for (let i = 0; i < size; i++)
        for (let j = 0; j < size; j++)
          covariance[i * size + j]! += (z[i]! * z[j]!) / (all.length - pool.length)
    }
  }
  return { mean, deviation, covariance }
}

const meanOf = (rows: readonly Float64Array[]): Float64Array =>
  Float64Array.from(TRAITS, (_, j) => rows.reduce((sum, r) => sum + r[j]!, 0) / rows.length)

const quadraticForm = (matrix: Float64Array, x: Float64Array): number =>
  x.reduce(
    (sum, xi, i) => sum + xi * x.reduce((row, xj, j) => row + matrix[i * x.length + j]! * xj, 0),
    0,
  )

/** The traits in units of their spread over Claude's unasked answers. */
export const standardizeTraits = (traits: Float64Array): Float64Array => {
  const { mean, deviation } = traitReference()
  return traits.map((t, j) => (t - mean[j]!) / deviation[j]!)
}

/** The answer's value for the user: 0 on average, spread about 1 within a request. */
export const utilityOf = (user: SimUser, traits: Float64Array): number =>
  standardizeTraits(traits).reduce((sum, z, j) => sum + z * user.taste[j]!, 0)

/** Noise of a choice: at 0.5 a user takes the better of two answers in about four cases of five. */
const DEFAULT_TEMPERATURE = 0.5

/** Index of the best after Gumbel noise of the given temperature: logistic between two. */
export const choose = (
  user: SimUser,
  candidates: readonly Float64Array[],
  rng: Rng,
  temperature = DEFAULT_TEMPERATURE,
): number => {
  const noisy = candidates.map(
    (t) => utilityOf(user, t) - temperature * Math.log(-Math.log(rng.uniform() || 1e-12)),
  )
  return noisy.indexOf(Math.max(...noisy))
}

/** All answers to one request, in the order in which Claude gives them. */
export type PoolEntry = { readonly request: BankRequest; readonly answers: readonly Answer[] }

export type PoolPlan = {
  readonly requests: readonly BankRequest[]
  readonly variants: number
  readonly seed: number | string
}

/** Variants of the answer to each request, as the mocked Claude of the same seed gives them. */
export const answerPool = ({ requests, variants, seed }: PoolPlan): PoolEntry[] =>
  requests.map((request) => {
    const { system = '', messages } = request
    const conversation = {
      system,
      messages: messages.map(({ role, content }) => ({ role, text: content })),
    }
    const answers = Array.from({ length: variants }, (_, k) => replyTo(seed, conversation, k))
    return { request, answers }
  })

/** The first request about each topic. */
export const onePerTopic = (requests: readonly BankRequest[]): BankRequest[] => {
  const left = new Set(requests.map((r) => r.topic))
  return requests.filter((r) => left.delete(r.topic))
}

/** Split at random by topic: none is on both sides. testShare: of topics, at least one. */
export const splitByTopic = (
  requests: readonly BankRequest[],
  seed: number | string,
  testShare = 0.25,
) => {
  const topics = [...new Set(requests.map((r) => r.topic))]
  const mixed = seededRng(`topics/${seed}`).shuffle(topics)
  const unseen = new Set(mixed.slice(0, Math.max(1, Math.round(topics.length * testShare))))
  return {
    train: requests.filter((r) => !unseen.has(r.topic)),
    test: requests.filter((r) => unseen.has(r.topic)),
  }
}

export type ChoiceLogPlan = {
  readonly users: readonly SimUser[]
  readonly requests: readonly BankRequest[]
  readonly choicesPerUser: number
  readonly seed: number | string
  /** Candidates that a user sees in a training choice (default 2). */
  readonly shown?: number
  /** Answers to each request in the shared pool (default 8); a test line holds all. */
  readonly variants?: number
  /** Test lines of each user, on topics that no training line holds (default 10). */
  readonly testPerUser?: number
  readonly testShare?: number
  readonly temperature?: number
}

const FIRST_CHOICE_MS = 1_750_000_000_000

/**
 * Training lines before test lines. On a test line candidates[0] is Claude's first answer; where a
 * request comes again, Claude gives the same answers in another order.
 */
export const makeChoiceLog = (plan: ChoiceLogPlan): ChoiceLine[] => {
  const {
    users,
    requests,
    seed,
    variants = 8,
    testPerUser = 10,
    temperature = DEFAULT_TEMPERATURE,
  } = plan
  const shown = Math.min(plan.shown ?? 2, variants)
  const split = splitByTopic(requests, seed, plan.testShare)
  const train = answerPool({ requests: split.train, variants, seed })
  const test = answerPool({ requests: split.test, variants, seed })
  return users.flatMap((user) => {
    const rng = seededRng(`choices/${seed}/${user.id}`)
    const line = (
      kind: 'train' | 'test',
      n: number,
      entry: PoolEntry,
      answers: readonly Answer[],
    ): ChoiceLine => ({
      user: user.id,
      id: `${user.id}-${kind}-${n}`,
      ...(entry.request.system !== undefined && { system: entry.request.system }),
      messages: [...entry.request.messages],
      candidates: answers.map((a) => a.text),
      chosen: choose(
        user,
        answers.map((a) => a.traits),
        rng,
        temperature,
      ),
      at: FIRST_CHOICE_MS + n * HOUR_MS,
      split: kind,
      utilities: answers.map((a) => utilityOf(user, a.traits)),
    })
    return [
      ...drawn(train, plan.choicesPerUser, rng).map((entry, n) =>
        line('train', n, entry, rng.shuffle(entry.answers).slice(0, shown)),
      ),
      ...drawn(test, testPerUser, rng).map((entry, n) => {
        const answers = n < test.length ? entry.answers : rng.shuffle(entry.answers)
        return line('test', plan.choicesPerUser + n, entry, answers)
      }),
    ]
  })
}

/** count entries at random; none comes again before all have come. */
const drawn = (pool: readonly PoolEntry[], count: number, rng: Rng): PoolEntry[] => {
  const result: PoolEntry[] = []
  while (result.length < count && pool.length > 0) result.push(...rng.shuffle(pool))
  return result.slice(0, count)
}
