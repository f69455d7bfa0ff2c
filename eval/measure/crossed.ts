/**
 * Estimates whose intervals know people, topics and worlds: a bootstrap that draws worlds, and in
 * each drawn world people and, crossed with them, topics (Owen & Eckles 2012, "Bootstrapping data
 * arrays of arbitrary order"). What varies with person and topic together counts more than once, so
 * an interval is rather too wide than too narrow.
 */
import type { Rng } from '../../adapters/random.ts'
import { meanOf } from './metrics.ts'

/** n: people; topics and worlds that they were judged on. A world has topics of its own. */
export type Estimate = {
  readonly value: number
  readonly interval: readonly [number, number]
  readonly n: number
  readonly topics?: number
  readonly worlds?: number
}

/** By world and person: the topic of each line. */
type Grid = readonly (readonly (readonly string[])[])[]

/** What a line adds to the sums of a person, whose value is Σ top / Σ bottom. */
export type Line = { readonly top: number; readonly bottom: number }

/**
 * Values of people, NaN where there is none: in the sample, one a person, and in each draw, one a
 * place. People are numbered across worlds.
 */
export type Values = { readonly sample: Float64Array; readonly draws: readonly Float64Array[] }

/** times: how often each value counts. beside: another value of the same places. */
export type Statistic = (
  values: readonly number[],
  times: readonly number[],
  beside: readonly number[],
) => number

export type Crossed = {
  readonly people: number
  /** lines: of a person, by number; undefined where it was not judged. */
  values(lines: (person: number) => readonly Line[] | undefined): Values
  /**
   * Over people for whom `who` holds and who have a value, also in `beside` (default: the values);
   * null without any.
   */
  estimate(
    values: Values,
    who?: (person: number) => boolean,
    statistic?: Statistic,
    beside?: Values,
  ): Estimate | null
}

const DRAWS = 1000

/** Each place of a draw: the person, how often it was drawn, and which world's drawing it is of. */
type Draw = {
  readonly places: readonly { readonly person: number; times: number; readonly copy: number }[]
  /** By copy: how often each topic was drawn. */
  readonly topics: readonly Uint8Array[]
}

export const crossedBootstrap = (grid: Grid, rng: Rng, count = DRAWS): Crossed => {
  const worlds = grid.map((people) => [...new Set(people.flat())])
  const people = grid.flatMap((world, w) => {
    const number = new Map(worlds[w]!.map((topic, i) => [topic, i]))
    return world.map((topics) => ({ world: w, topics: topics.map((t) => number.get(t)!) }))
  })
  const starts = grid.map((_, w) => people.findIndex((p) => p.world === w))
  const drawOne = (): Draw => {
    const drawn = grid.map(() => rng.int(grid.length))
    return {
      topics: drawn.map((w) => timesDrawn(worlds[w]!.length, rng)),
      places: drawn.flatMap((w, copy) =>
        [...timesDrawn(grid[w]!.length, rng)].flatMap((times, i) =>
          times > 0 ? [{ person: starts[w]! + i, times, copy }] : [],
        ),
      ),
    }
  }
  const draws = Array.from({ length: count }, drawOne)
  return {
    people: people.length,
    values(lines) {
      const sums = people.map(({ topics }, i) => byTopic(topics, lines(i)))
      return {
        sample: Float64Array.from(sums, (own) => ratio(own)),
        draws: draws.map(({ places, topics }) =>
          Float64Array.from(places, ({ person, copy }) => ratio(sums[person]!, topics[copy])),
        ),
      }
    },
    estimate(of, who = () => true, statistic = weightedMean, beside = of) {
      const { sample, draws: values } = of
      const members = people.flatMap((_, i) =>
        Number.isNaN(sample[i]!) || Number.isNaN(beside.sample[i]!) || !who(i) ? [] : [i],
      )
      if (members.length === 0) return null
      const ofMembers = (from: Float64Array) => members.map((i) => from[i]!)
      const times = members.map(() => 1)
      const isMember = new Set(members)
      const found: number[] = []
      for (const [d, { places }] of draws.entries()) {
        const [drawn, counts, others]: [number[], number[], number[]] = [[], [], []]
        for (const [i, place] of places.entries()) {
          const [value, other] = [values[d]![i]!, beside.draws[d]![i]!]
          if (Number.isNaN(value) || Number.isNaN(other) || !isMember.has(place.person)) continue
          drawn.push(value)
          counts.push(place.times)
          others.push(other)
        }
        if (drawn.length > 0) found.push(statistic(drawn, counts, others))
      }
      const sorted = Float64Array.from(found).sort()
      const at = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!
      return {
        value: statistic(ofMembers(sample), times, ofMembers(beside.sample)),
        interval: [at(0.025), at(0.975)],
        n: members.length,
        topics: new Set(
          members.flatMap((i) => people[i]!.topics.map((t) => `${people[i]!.world}/${t}`)),
        ).size,
        worlds: new Set(members.map((i) => people[i]!.world)).size,
      }
    },
  }
}

/** Paired: NaN where one of the two has no value. */
export const minus = (a: Values, b: Values): Values => ({
  sample: a.sample.map((x, i) => x - b.sample[i]!),
  draws: a.draws.map((values, d) => values.map((x, i) => x - b.draws[d]![i]!)),
})

const weightedMean: Statistic = (values, times) => {
  let [sum, total] = [0, 0]
  for (const [i, value] of values.entries()) {
    sum += times[i]! * value
    total += times[i]!
  }
  return sum / total
}

/** Mean of the lowest tenth, at least one value. */
export const worstTenth: Statistic = (values, times) => meanOfWorst(values, times, values)

/**
 * The tenth that is lowest in one of two values, in the other one; the mean of both ways. Where the
 * values are of different requests, bad luck in those by which the tenth was found does not count.
 */
export const worstTenthAgain: Statistic = (values, times, beside) =>
  (meanOfWorst(values, times, beside) + meanOfWorst(beside, times, values)) / 2

const meanOfWorst: Statistic = (values, times, by) => {
  const all = values.flatMap((value, i) =>
    Array.from({ length: times[i]! }, () => ({ value, by: by[i]! })),
  )
  const worst = all.sort((a, b) => a.by - b.by).slice(0, Math.max(1, Math.floor(all.length / 10)))
  return meanOf(worst.map(({ value }) => value))
}

/**
 * What an interval of a − b shows: better than 0, no worse than −margin (non-inferiority at 2.5 %,
 * one-sided), worse than 0, or none of these.
 */
export type Verdict = 'better' | 'no worse' | 'worse' | 'undecided'
export const verdictOf = ([low, high]: Estimate['interval'], margin: number): Verdict =>
  low > 0 ? 'better' : low > -margin ? 'no worse' : high < 0 ? 'worse' : 'undecided'

const timesDrawn = (size: number, rng: Rng): Uint8Array => {
  const times = new Uint8Array(size)
  for (let i = 0; i < size; i++) times[rng.int(size)]!++
  return times
}

/** Sums over a person's lines of each topic: topic, Σ top, Σ bottom, in threes. */
const byTopic = (
  topics: readonly number[],
  lines: readonly Line[] | undefined,
): Float64Array | null => {
  if (!lines) return null
  const sums = new Map<number, [number, number]>()
  for (const [i, { top, bottom }] of lines.entries()) {
    const [a, b] = sums.get(topics[i]!) ?? [0, 0]
    sums.set(topics[i]!, [a + top, b + bottom])
  }
  return Float64Array.from([...sums].flatMap(([topic, [a, b]]) => [topic, a, b]))
}

const ratio = (sums: Float64Array | null, times?: Uint8Array): number => {
  if (!sums) return Number.NaN
  let [top, bottom] = [0, 0]
  for (let i = 0; i < sums.length; i += 3) {
    const weight = times ? times[sums[i]!]! : 1
    top += weight * sums[i + 1]!
    bottom += weight * sums[i + 2]!
  }
  return bottom > 0 ? top / bottom : Number.NaN
}
