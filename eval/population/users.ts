/**
 * Simulated users with hidden linear tastes over the traits of answers, and the choice logs they
 * leave. Tastes and traits stay in the simulator: what the product may see is a ChoiceLine, and of
 * that not the utilities.
 */

import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { type Rng, seededRng } from '../../adapters/random.ts'
import { HOUR_MS } from '../../adapters/time.ts'
import type { Answer } from '../answers/answerer.ts'
import { replyTo } from '../answers/reply.ts'
import { type BankRequest, REQUESTS } from '../answers/requests.ts'
import { CONTENT_DIMENSIONS, DIMENSIONS, type Dimension } from '../answers/style.ts'

/** mixed: over all traits. content: those that no named feature measures. none: indifferent. */
export const TASTE_KINDS = ['mixed', 'content', 'none'] as const
export type TasteKind = (typeof TASTE_KINDS)[number]

/** taste: a weight a standardized trait; utilities of unasked answers have variance 1. 0: none. */
export type SimUser = {
  readonly id: string
  readonly kind: TasteKind
  readonly taste: Float64Array
}

export type Population = {
  readonly count: number
  readonly seed: number | string
  /** Names a disjoint group: users of different splits never coincide. */
  readonly split: string
  /** Shares, dealt out so that any first few people hold about them; default: all mixed. */
  readonly kinds?: Readonly<Partial<Record<TasteKind, number>>>
}

/** What most people mildly like and dislike. */
const MEAN: Partial<Record<Dimension, number>> = {
  length: -0.1,
  lists: 0.1,
  headings: -0.1,
  bold: 0.1,
  hedging: -0.3,
  emoji: -0.25,
  preamble: -0.35,
  closing: -0.15,
  exclamation: -0.2,
  steps: 0.15,
  example: 0.3,
  analogy: 0.15,
  mechanism: 0.25,
  caveats: 0.1,
}

/** Four axes on which people differ most; the other end of each has the signs turned. */
const FACTORS: readonly Partial<Record<Dimension, number>>[] = [
  // thorough: long, structured, explains why and where it comes from
  {
    length: 0.8,
    headings: 0.6,
    preamble: 0.3,
    closing: 0.3,
    bold: 0.3,
    background: 0.8,
    mechanism: 0.9,
  },
  // warm: speaks to the reader, tells stories, draws pictures
  {
    emoji: 0.7,
    exclamation: 0.6,
    contractions: 0.5,
    formality: -0.6,
    secondPerson: 0.6,
    question: 0.4,
    anecdote: 0.9,
    analogy: 0.7,
  },
  // doer: what to do, in order, what to look out for; no theory
  {
    steps: 0.9,
    lists: 0.8,
    secondPerson: 0.3,
    caveats: 0.8,
    mechanism: -0.7,
    background: -0.6,
    example: 0.4,
  },
  // exact: figures, alternatives, limits; no pictures
  {
    numbers: 0.8,
    comparison: 1,
    hedging: 0.6,
    formality: 0.4,
    caveats: 0.5,
    analogy: -0.7,
    anecdote: -0.5,
    bold: -0.3,
  },
]

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
  kinds = { mixed: 1 },
}: Population): SimUser[] => {
  const { covariance } = traitReference()
  return dealKinds(kinds, count).map((kind, i) => {
    const rng = seededRng(`users/${seed}/${split}/${i}`)
    const axes = FACTORS.map(() => rng.normal())
    const raw = Float64Array.from(DIMENSIONS, (name) => {
      const shared = FACTORS.reduce((sum, f, k) => sum + axes[k]! * (f[name] ?? 0), 0)
      const weight =
        MEAN_SCALE * (MEAN[name] ?? 0) + FACTOR_SCALE * shared + OWN_SCALE * rng.normal()
      if (kind === 'none' || (kind === 'content' && !isContent(name))) return 0
      return weight * (isContent(name) ? CONTENT_SCALE : 1)
    })
    const spread = Math.sqrt(quadraticForm(covariance, raw)) || 1
    return { id: `${split}-${i}`, kind, taste: raw.map((w) => w / spread) }
  })
}

/** Always the kind that is furthest behind its share. */
const dealKinds = (shares: NonNullable<Population['kinds']>, count: number): TasteKind[] => {
  const total = TASTE_KINDS.reduce((sum, kind) => sum + (shares[kind] ?? 0), 0)
  const dealt = { mixed: 0, content: 0, none: 0 }
  return Array.from({ length: count }, (_, i) => {
    const behind = (kind: TasteKind) => ((shares[kind] ?? 0) / total) * (i + 1) - dealt[kind]
    const kind = TASTE_KINDS.reduce((a, b) => (behind(b) > behind(a) ? b : a))
    dealt[kind]++
    return kind
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
  const size = DIMENSIONS.length
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
  Float64Array.from(DIMENSIONS, (_, j) => rows.reduce((sum, r) => sum + r[j]!, 0) / rows.length)

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

/** Training lines before test lines. On a test line candidates[0] is Claude's first answer. */
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
      ...drawn(test, testPerUser, rng).map((entry, n) =>
        line('test', plan.choicesPerUser + n, entry, entry.answers),
      ),
    ]
  })
}

/** count entries at random; none comes again before all have come. */
const drawn = (pool: readonly PoolEntry[], count: number, rng: Rng): PoolEntry[] => {
  const result: PoolEntry[] = []
  while (result.length < count && pool.length > 0) result.push(...rng.shuffle(pool))
  return result.slice(0, count)
}
