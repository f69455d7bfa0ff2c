import { expect, test } from 'vitest'
import { type Rng, seededRng } from '../../../adapters/random.ts'
import {
  crossedBootstrap,
  type Line,
  minus,
  verdictOf,
  worstTenth,
  worstTenthAgain,
} from '../../../eval/measure/crossed.ts'

const line = (top: number, bottom = 1): Line => ({ top, bottom })

type Effects = { world: number; person: number; topic: number; both: number }

/** So many worlds of people who are each judged on all topics once, with effects of each kind. */
const simulated = (
  { world, person, topic, both }: Effects,
  { worlds, people, topics }: { worlds: number; people: number; topics: number },
  rng: Rng,
) => {
  const lines: Line[][] = []
  const grid = Array.from({ length: worlds }, () => {
    const common = world * rng.normal()
    const ofTopic = Array.from({ length: topics }, () => topic * rng.normal())
    return Array.from({ length: people }, () => {
      const own = person * rng.normal()
      lines.push(ofTopic.map((t) => line(common + own + t + both * rng.normal())))
      return ofTopic.map((_, t) => `topic ${t}`)
    })
  })
  return { grid, lines }
}

test('a value is a ratio of sums, its estimate says how many people, topics and worlds it is of', () => {
  const grid = [
    [
      ['a', 'b'],
      ['a', 'a'],
    ],
    [['a', 'c']],
  ]
  const lines = [[line(1, 2), line(3, 2)], [line(0), line(1)], undefined]
  const crossed = crossedBootstrap(grid, seededRng(1))
  const values = crossed.values((i) => lines[i])
  expect([...values.sample]).toEqual([1, 0.5, Number.NaN])
  expect(crossed.estimate(values)).toMatchObject({ value: 0.75, n: 2, topics: 2, worlds: 1 })
  expect(crossed.estimate(values, (i) => i === 2)).toBeNull()
  expect(crossed.estimate(minus(values, values))).toMatchObject({ value: 0, interval: [0, 0] })
})

test('whoever has nothing to win has no value, also where a draw leaves nothing', () => {
  const crossed = crossedBootstrap([[['a'], ['b']]], seededRng(1))
  const values = crossed.values((i) => [line(i, i)])
  expect(values.sample[0]).toBeNaN()
  expect(crossed.estimate(values)).toMatchObject({ value: 1, interval: [1, 1], n: 1 })
})

test.each([
  ['people alone', { world: 0, person: 1, topic: 0, both: 0 }],
  ['topics alone', { world: 0, person: 0, topic: 1, both: 0 }],
  ['people, topics and noise', { world: 0, person: 0.5, topic: 0.5, both: 1 }],
  ['worlds too', { world: 0.3, person: 0.5, topic: 0.5, both: 1 }],
])('19 intervals of 20 hold the truth, or more, and none is twice too wide: %s', (_, effects) => {
  const rng = seededRng('coverage')
  const size = { worlds: 5, people: 12, topics: 10 }
  const intervals = Array.from({ length: 40 }, () => {
    const { grid, lines } = simulated(effects, size, rng)
    const crossed = crossedBootstrap(grid, rng, 100)
    return crossed.estimate(crossed.values((i) => lines[i]))!.interval
  })
  const held = intervals.filter(([low, high]) => low <= 0 && high >= 0).length
  expect(held / intervals.length).toBeGreaterThanOrEqual(0.9)
  const { world, person, topic, both } = effects
  const { worlds, people, topics } = size
  const variance =
    (world ** 2 + person ** 2 / people + topic ** 2 / topics + both ** 2 / (people * topics)) /
    worlds
  const width = intervals.reduce((sum, [low, high]) => sum + high - low, 0) / intervals.length
  expect(width / (2 * 1.96 * Math.sqrt(variance))).toBeLessThan(2)
})

test('topics that all people share widen an interval, however many the people are', () => {
  const rng = seededRng('topics')
  const effects = { world: 0, person: 0.1, topic: 1, both: 0 }
  const { grid, lines } = simulated(effects, { worlds: 1, people: 100, topics: 10 }, rng)
  const crossed = crossedBootstrap(grid, rng, 300)
  const [low, high] = crossed.estimate(crossed.values((i) => lines[i]))!.interval
  expect(high - low).toBeGreaterThan(0.6)
})

test('the worst tenth counts people as often as they were drawn', () => {
  const worst = (values: number[], times = values.map(() => 1)) => worstTenth(values, times, values)
  expect(worst([3, 1, 2])).toBe(1)
  expect(worst(Array.from({ length: 40 }, (_, i) => 40 - i))).toBe(2.5)
  expect(worst([7, -3, 5])).toBe(-3)
  expect(worst([3, 1, 2], [16, 1, 3])).toBe(1.5)
})

test('the worst tenth of one half of the topics is judged on the other, so that luck is no harm', () => {
  const rng = seededRng('halves')
  const ones = Array.from({ length: 1000 }, () => 1)
  const luck = [0, 1].map(() => ones.map(() => rng.normal()))
  expect(worstTenth(luck[0]!, ones, luck[0]!)).toBeLessThan(-1.5)
  expect(Math.abs(worstTenthAgain(luck[0]!, ones, luck[1]!))).toBeLessThan(0.3)
  const harmed = luck.map((half) => half.map((value, i) => value - (i < 100 ? 10 : 0)))
  expect(worstTenthAgain(harmed[0]!, ones, harmed[1]!)).toBeCloseTo(-10, 0)
})

test.each([
  [[0.01, 0.2], 'better'],
  [[-0.01, 0.2], 'no worse'],
  [[-0.019, -0.001], 'no worse'],
  [[-0.03, 0.2], 'undecided'],
  [[-0.3, -0.1], 'worse'],
] as const)('an interval of %j is %s by a margin of .02', (interval, verdict) => {
  expect(verdictOf(interval, 0.02)).toBe(verdict)
})
