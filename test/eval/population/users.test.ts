import { expect, test } from 'vitest'
import { ChoiceLine } from '../../../adapters/formats/choice-log.ts'
import { seededRng } from '../../../adapters/random.ts'
import { TRAITS } from '../../../eval/answers/answerer.ts'
import { REQUESTS } from '../../../eval/answers/requests.ts'
import { CONTENT_DIMENSIONS, DIMENSIONS, type Dimension } from '../../../eval/answers/style.ts'
import { createClaude } from '../../../eval/claude/claude.ts'
import {
  answerPool,
  choose,
  makeChoiceLog,
  onePerTopic,
  type PoolEntry,
  type SimUser,
  samplePopulation,
  splitByTopic,
  standardizeTraits,
  TASTE_FAMILIES,
  type TasteFamily,
  utilityOf,
} from '../../../eval/population/users.ts'

const SIZE = TRAITS.length
const CONTENT: ReadonlySet<Dimension> = new Set(CONTENT_DIMENSIONS)
const ALL = DIMENSIONS.map((_, j) => j)
const SURFACE = ALL.filter((j) => !CONTENT.has(DIMENSIONS[j]!))
const HANDFUL = (['length', 'lists', 'bold', 'exclamation', 'question'] as const).map((d) =>
  DIMENSIONS.indexOf(d),
)

const requests = onePerTopic(REQUESTS)
const split = splitByTopic(requests, 1)
const pools = {
  train: answerPool({ requests: split.train, variants: 8, seed: 1 }),
  test: answerPool({ requests: split.test, variants: 8, seed: 1 }),
}
const users = samplePopulation({ count: 40, seed: 1, split: 'test' })
const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/** Logistic regression with a small ridge on differences of the given traits, by gradient descent. */
const fitWeights = (user: SimUser, columns: readonly number[], choices: number): Float64Array => {
  const rng = seededRng(`fit/${user.id}`)
  const rows = Array.from({ length: choices }, () => {
    const { answers } = rng.pick(pools.train)
    const pair = rng.shuffle(answers).slice(0, 2)
    const chosen = choose(
      user,
      pair.map((a) => a.traits),
      rng,
    )
    const [won, lost] = [pair[chosen]!, pair[1 - chosen]!].map((a) => standardizeTraits(a.traits))
    return columns.map((j) => won![j]! - lost![j]!)
  })
  const w = new Float64Array(columns.length)
  for (let step = 0; step < 100; step++) {
    const gradient = w.map((x) => -2 * x)
    for (const row of rows) {
      const miss = 1 / (1 + Math.exp(dot(w, row)))
      for (const [k, x] of row.entries()) gradient[k]! += miss * x
    }
    for (const [k, g] of gradient.entries()) w[k]! += (2 / choices) * g
  }
  return w
}

/** Share of the reachable utility on unseen topics: 0 for a random pick, 1 for the best answer. */
const reached = (user: SimUser, score: (entry: PoolEntry) => number[]): number => {
  const parts = pools.test.map((entry) => {
    const utilities = entry.answers.map((a) => utilityOf(user, a.traits))
    const scores = score(entry)
    const picked = utilities[scores.indexOf(Math.max(...scores))]!
    return { won: picked - meanOf(utilities), best: Math.max(...utilities) - meanOf(utilities) }
  })
  return meanOf(parts.map((p) => p.won)) / meanOf(parts.map((p) => p.best))
}
const reachedBy = (columns: readonly number[], choices: number) =>
  meanOf(
    users.slice(0, 16).map((user) => {
      const w = fitWeights(user, columns, choices)
      return reached(user, ({ answers }) =>
        answers.map((a) => {
          const z = standardizeTraits(a.traits)
          return dot(
            w,
            columns.map((j) => z[j]!),
          )
        }),
      )
    }),
  )

test('a linear model on the hidden traits comes near the best; surface traits alone and a handful of them stay well behind', () => {
  const oracle = reachedBy(ALL, 400)
  const surface = reachedBy(SURFACE, 400)
  const handful = reachedBy(HANDFUL, 400)
  expect(oracle).toBeGreaterThan(0.9)
  expect(surface).toBeLessThan(0.8)
  expect(surface).toBeGreaterThan(0.5)
  expect(handful).toBeLessThan(0.5)
})

test('no answer is best for everybody: the mean taste, and the longest answer, win little', () => {
  const others = samplePopulation({ count: 200, seed: 1, split: 'train' })
  const mean = Float64Array.from(TRAITS, (_, j) => meanOf(others.map((u) => u.taste[j]!)))
  const byMean = meanOf(
    users.map((u) =>
      reached(u, (e) => e.answers.map((a) => dot(mean, standardizeTraits(a.traits)))),
    ),
  )
  const byLength = meanOf(users.map((u) => reached(u, (e) => e.answers.map((a) => a.traits[0]!))))
  expect(byMean).toBeGreaterThan(0.05)
  expect(byMean).toBeLessThan(0.4)
  expect(Math.abs(byLength)).toBeLessThan(0.25)
})

test('about half of the variance of utility comes from traits that a formula on the text can count', () => {
  const sums = { surface: 0, content: 0, total: 0 }
  for (const user of users)
    for (const { answers } of pools.test) {
      const parts = answers.map((a) => {
        const z = standardizeTraits(a.traits)
        const part = (columns: readonly number[]) =>
          columns.reduce((sum, j) => sum + z[j]! * user.taste[j]!, 0)
        return { surface: part(SURFACE), content: part(ALL) - part(SURFACE) }
      })
      const variance = (values: readonly number[]) =>
        meanOf(values.map((v) => (v - meanOf(values)) ** 2))
      sums.surface += variance(parts.map((p) => p.surface))
      sums.content += variance(parts.map((p) => p.content))
      sums.total += variance(parts.map((p) => p.surface + p.content))
    }
  expect(sums.surface / sums.total).toBeGreaterThan(0.35)
  expect(sums.surface / sums.total).toBeLessThan(0.65)
  expect(sums.content / sums.total).toBeGreaterThan(0.35)
})

test('tastes have few directions in common: four factors and the mean carry most of the population', () => {
  const many = samplePopulation({ count: 400, seed: 2, split: 'train' })
  const centre = Float64Array.from(TRAITS, (_, j) => meanOf(many.map((u) => u.taste[j]!)))
  let rest = many.map((u) => u.taste.map((w, j) => w - centre[j]!))
  const total = meanOf(rest.map((r) => dot(r, r)))
  for (let factor = 0; factor < 4; factor++) {
    let direction = Float64Array.from(TRAITS, (_, j) => Math.cos(j + factor))
    for (let i = 0; i < 40; i++) {
      const next = new Float64Array(SIZE)
      for (const r of rest) {
        const along = dot(r, direction)
        for (let j = 0; j < SIZE; j++) next[j]! += along * r[j]!
      }
      const norm = Math.sqrt(dot(next, next))
      direction = next.map((x) => x / norm)
    }
    rest = rest.map((r) => {
      const along = dot(r, direction)
      return r.map((x, j) => x - along * direction[j]!)
    })
  }
  const explained = 1 - meanOf(rest.map((r) => dot(r, r))) / total
  expect(explained).toBeGreaterThan(0.55)
  expect(explained).toBeLessThan(0.95)
})

test('every trait matters to somebody, and users differ', () => {
  for (const j of ALL)
    expect(Math.max(...users.map((u) => Math.abs(u.taste[j]!)))).toBeGreaterThan(0.1)
  expect(new Set(users.map((u) => u.taste.join())).size).toBe(users.length)
})

test('a user is the same whatever the count, and differs between splits and seeds', () => {
  const few = samplePopulation({ count: 3, seed: 1, split: 'test' })
  expect(few).toEqual(users.slice(0, 3))
  expect(samplePopulation({ count: 3, seed: 1, split: 'train' })[0]!.taste).not.toEqual(
    few[0]!.taste,
  )
  expect(samplePopulation({ count: 3, seed: 2, split: 'test' })[0]!.taste).not.toEqual(
    few[0]!.taste,
  )
})

test('families are dealt out by their shares; content tastes see no surface, and who has none chooses at random', () => {
  const tastes = { mixed: 0.6, content: 0.2, none: 0.2 }
  const people = samplePopulation({ count: 50, seed: 1, split: 'test', tastes })
  const of = (family: TasteFamily) => people.filter((u) => u.family === family)
  expect(TASTE_FAMILIES.map((family) => of(family).length).filter(Boolean)).toEqual([30, 10, 10])
  expect(new Set(people.slice(0, 5).map((u) => u.family)).size).toBe(3)
  for (const user of of('content')) {
    expect(SURFACE.every((j) => user.taste[j] === 0)).toBe(true)
    expect(user.taste.some((w) => w !== 0)).toBe(true)
  }
  for (const user of of('mixed')) {
    const alike = users.find((u) => u.id === user.id)
    if (alike) expect(user.taste).toEqual(alike.taste)
  }
  const [indifferent] = of('none')
  const rng = seededRng('indifferent')
  const picks = Array.from({ length: 400 }, () => {
    const { answers } = rng.pick(pools.train)
    return choose(
      indifferent!,
      answers.slice(0, 2).map((a) => a.traits),
      rng,
    )
  })
  expect(Math.abs(meanOf(picks) - 0.5)).toBeLessThan(0.1)
})

/** Weights before they are scaled to a utility of variance 1 differ by a factor of each person. */
const drawn = (family: TasteFamily, count = 300) =>
  samplePopulation({ count, seed: 1, split: 'families', tastes: { [family]: 1 } }).map(
    ({ taste }) => taste,
  )
const cosine = (a: Float64Array, b: Float64Array) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))

test('the share that people have in common is what a family is named for', () => {
  // Two people differ by less, the more of their difference lies on four axes: squared cosines of
  // differences are 1/n in n directions.
  const alike = (['shared-0', 'shared-25', 'shared-50', 'shared-75'] as const).map((family) => {
    const people = drawn(family)
    const between = people.slice(1).map((taste, i) => taste.map((w, j) => w - people[i]![j]!))
    return meanOf(between.slice(2).map((d, i) => cosine(d, between[i]!) ** 2))
  })
  expect(alike).toEqual(alike.toSorted((a, b) => a - b))
  expect(alike.at(-1)! / alike[0]!).toBeGreaterThan(1.5)
})

test('people of one type are alike and of another are not; heavy tastes hang on few traits', () => {
  const people = drawn('clusters')
  const near = people.map((taste) =>
    Math.max(...people.map((o) => (o === taste ? 0 : cosine(o, taste)))),
  )
  const other = drawn('shared-0')
  const far = other.map((taste) =>
    Math.max(...other.map((o) => (o === taste ? 0 : cosine(o, taste)))),
  )
  expect(meanOf(near)).toBeGreaterThan(meanOf(far) + 0.05)
  const pairs = people.slice(1).map((taste, i) => cosine(taste, people[i]!))
  expect(pairs.filter((c) => c > 0.4).length / pairs.length).toBeGreaterThan(0.15)
  expect(pairs.filter((c) => c < 0.4).length / pairs.length).toBeGreaterThan(0.5)
  const largest = (taste: Float64Array) => Math.max(...taste.map((w) => w * w)) / dot(taste, taste)
  expect(meanOf(drawn('heavy').map(largest))).toBeGreaterThan(meanOf(other.map(largest)) + 0.1)
})

test('a taste for wording is none for style, and its utility has variance 1 as every other', () => {
  const wording = samplePopulation({ count: 20, seed: 1, split: 'w', tastes: { wording: 1 } })
  for (const { taste } of wording) {
    expect(ALL.every((j) => taste[j] === 0)).toBe(true)
    expect(taste.some((w) => w !== 0)).toBe(true)
  }
  for (const family of ['wording', 'clusters', 'heavy', 'shared-0'] as const) {
    const people = samplePopulation({ count: 20, seed: 1, split: 'w', tastes: { [family]: 1 } })
    const variances = people.flatMap((user) =>
      pools.test.map(({ answers }) => {
        const u = answers.map((a) => utilityOf(user, a.traits))
        return u.reduce((sum, x) => sum + (x - meanOf(u)) ** 2, 0) / (u.length - 1)
      }),
    )
    expect(meanOf(variances)).toBeGreaterThan(0.75)
    expect(meanOf(variances)).toBeLessThan(1.3)
  }
})

test('test topics are in no training request, however often they are asked about', () => {
  const { train, test: unseen } = splitByTopic(REQUESTS, 5)
  const topics = new Set(train.map((r) => r.topic.id))
  expect(unseen.every((r) => !topics.has(r.topic.id))).toBe(true)
  expect(train.length + unseen.length).toBe(REQUESTS.length)
})

test('choices follow utility most of the time; at temperature 0 always, at a high one hardly', () => {
  const agreement = (temperature?: number) => {
    const rng = seededRng('agreement')
    const right = users.flatMap((user) =>
      pools.train.slice(0, 30).map(({ answers }) => {
        const pair = answers.slice(0, 2).map((a) => a.traits)
        const [first, second] = pair.map((t) => utilityOf(user, t))
        const best = first! >= second! ? 0 : 1
        return choose(user, pair, rng, temperature) === best ? 1 : 0
      }),
    )
    return meanOf(right)
  }
  expect(agreement(0)).toBe(1)
  expect(agreement()).toBeGreaterThan(0.75)
  expect(agreement()).toBeLessThan(0.9)
  expect(agreement(50)).toBeLessThan(0.6)
})

test('utility is centred and of unit spread within a request', () => {
  const utilities = users.flatMap((u) =>
    pools.train.map(({ answers }) => answers.map((a) => utilityOf(u, a.traits))),
  )
  const within = meanOf(
    utilities.map(
      (row) => row.reduce((sum, u) => sum + (u - meanOf(row)) ** 2, 0) / (row.length - 1),
    ),
  )
  expect(within).toBeGreaterThan(0.8)
  expect(within).toBeLessThan(1.25)
  expect(Math.abs(meanOf(utilities.flat()))).toBeLessThan(0.2)
})

const plan = {
  users: users.slice(0, 5),
  requests,
  choicesPerUser: 30,
  testPerUser: 6,
  seed: 3,
}
const log = makeChoiceLog(plan)

test('a choice log fits its schema, repeats for its seed, and holds what was asked for', () => {
  for (const line of log) expect(() => ChoiceLine.parse(line)).not.toThrow()
  expect(makeChoiceLog(plan)).toEqual(log)
  expect(makeChoiceLog({ ...plan, seed: 4 })).not.toEqual(log)
  const ofUser = log.filter((l) => l.user === users[0]!.id)
  expect(ofUser.filter((l) => l.split === 'train')).toHaveLength(30)
  expect(ofUser.filter((l) => l.split === 'test')).toHaveLength(6)
  expect(new Set(log.map((l) => l.id)).size).toBe(log.length)
})

test("test topics are unseen, test lines hold all variants with Claude's first in front, and the pool is shared", async () => {
  const requestsOf = (kind: string) =>
    new Set(log.filter((l) => l.split === kind).map((l) => JSON.stringify(l.messages)))
  const seen = requestsOf('train')
  for (const request of requestsOf('test')) expect(seen.has(request)).toBe(false)
  const texts = log.filter((l) => l.split === 'train').flatMap((l) => l.candidates)
  expect(new Set(texts).size).toBeLessThan(texts.length)
  expect(new Set(texts).size).toBeLessThanOrEqual(8 * splitByTopic(requests, 3).train.length)

  const line = log.find((l) => l.split === 'test')!
  expect(line.candidates).toHaveLength(8)
  const claude = createClaude({ seed: 3 })
  const response = await claude.request('/v1/messages', {
    method: 'POST',
    headers: { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' },
    body: JSON.stringify({ model: 'claude-haiku-5-5', max_tokens: 1000, messages: line.messages }),
  })
  const { content } = (await response.json()) as { content: { type: string; text: string }[] }
  const { text } = content.find((b) => b.type === 'text')!
  expect(text).toBe(line.candidates[0])
  expect(utilityOf(users.find((u) => u.id === line.user)!, claude.traitsOf(text)!)).toBeCloseTo(
    line.utilities![0]!,
  )
})

test('a request that comes again has the same answers in another order, so that chance in who answers first is spread', () => {
  const { test } = splitByTopic(requests, 3)
  const again = makeChoiceLog({ ...plan, users: users.slice(0, 1), testPerUser: 3 * test.length })
  const orders = new Map<string, ChoiceLine[]>()
  for (const line of again.filter((l) => l.split === 'test')) {
    const asked = JSON.stringify(line.messages)
    orders.set(asked, [...(orders.get(asked) ?? []), line])
  }
  expect(orders.size).toBe(test.length)
  for (const lines of orders.values()) {
    expect(lines).toHaveLength(3)
    expect(new Set(lines.map((l) => [...l.candidates].sort().join())).size).toBe(1)
    for (const line of lines)
      for (const [i, text] of line.candidates.entries())
        expect(line.utilities![i]).toBe(lines[0]!.utilities![lines[0]!.candidates.indexOf(text)])
  }
  const firsts = [...orders.values()].filter(
    (lines) => new Set(lines.map((l) => l.candidates[0])).size > 1,
  )
  expect(firsts.length).toBeGreaterThan(0.8 * test.length)
})

test('candidates of one request are all different', () => {
  for (const { answers } of [...pools.train, ...pools.test])
    expect(new Set(answers.map((a) => a.text)).size).toBe(answers.length)
})

test('more shown candidates make longer training lines', () => {
  const [line] = makeChoiceLog({ ...plan, users: users.slice(0, 1), shown: 4 })
  expect(line!.candidates).toHaveLength(4)
})
