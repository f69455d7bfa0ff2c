/** Everything that figures are made of: people of all worlds, what arms picked, and draws of both. */
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { seededRng } from '../../adapters/random.ts'
import {
  type Crossed,
  crossedBootstrap,
  type Estimate,
  type Line,
  type Values,
} from '../measure/crossed.ts'
import { meanOf, type Pick, reachableOf, worthOf } from '../measure/metrics.ts'
import type { Result } from '../measure/results.ts'
import type { Judged } from './judge.ts'

/** One arm after a number of choices; null: it knows none. */
export type At = { readonly arm: string; readonly budget: number | null }

/** People of a world of their own, and what arms picked for them. */
export type JudgedWorld = {
  readonly judged: Judged
  readonly people: readonly {
    readonly test: readonly ChoiceLine[]
    /** Of each test line. */
    readonly topics: readonly string[]
    readonly family?: string
  }[]
}

export type FigureOptions = {
  readonly prefix: string
  readonly seed: number
  /** By whose price further answers are counted. */
  readonly claude: string
}

/** people: numbered across worlds. */
export type Sample = FigureOptions & {
  readonly crossed: Crossed
  readonly people: readonly (JudgedWorld['people'][number] & { readonly hasTaste: boolean })[]
  readonly families: readonly string[]
  /** On which anybody was judged. */
  readonly topics: readonly string[]
  readonly at: readonly At[]
  values(at: At, of: (pick: Pick, line: ChoiceLine, topic: string) => Line): Values
  utility(at: At): Values
  /** Whether the arm has ordered all candidates of every line. */
  hasOrder(at: At): boolean
}

export const alone = (top: number): Line => ({ top, bottom: 1 })
export const reachable = (pick: Pick): Line => ({
  top: worthOf(pick) - meanOf(pick.utilities),
  bottom: reachableOf([pick]),
})

export const sampleOf = (worlds: readonly JudgedWorld[], options: FigureOptions): Sample => {
  const places = worlds.flatMap(({ judged, people }) =>
    people.map((person, i) => ({
      person,
      picks: ({ arm, budget }: At) => judged.get(arm)?.get(budget ?? 0)?.[i],
    })),
  )
  const people = places.map(({ person, picks }) => ({
    ...person,
    hasTaste: reachableOf(picks({ arm: 'first', budget: null }) ?? []) > 0,
  }))
  const crossed = crossedBootstrap(
    worlds.map((world) => world.people.map(({ topics }) => topics)),
    seededRng(`intervals/${options.seed}`),
  )
  const values: Sample['values'] = (at, of) =>
    crossed.values((i) => {
      const { test, topics } = people[i]!
      return places[i]!.picks(at)?.map((pick, n) => of(pick, test[n]!, topics[n]!))
    })
  const hasOrder = (at: At) =>
    places.every(({ picks }) => picks(at)?.every((pick) => pick.order !== undefined) ?? true)
  const families = [...new Set(people.flatMap((p) => (p.hasTaste && p.family) || []))].sort()
  const topics = [...new Set(people.flatMap((person) => person.topics))].sort()
  const at = atOf(worlds[0]!.judged)
  const shares = new Map(at.map((where) => [dotted(where), values(where, reachable)]))
  const utility = (where: At) => shares.get(dotted(where))!
  return { ...options, crossed, people, families, topics, at, values, utility, hasOrder }
}

/** Arms that own choices do not affect have the single budget 0, which no other arm has alone. */
const atOf = (judged: Judged): At[] =>
  [...judged].flatMap(([arm, byBudget]) => {
    const budgets = [...byBudget.keys()]
    const isFixed = budgets.length === 1 && budgets[0] === 0
    return budgets.map((budget) => ({ arm, budget: isFixed ? null : budget }))
  })

export const suffix = (family: string | undefined) => (family === undefined ? '' : `.${family}`)
export const dotted = ({ arm, budget }: At): string => (budget === null ? arm : `${arm}.${budget}`)

export const resultOf = (name: string, estimate: Estimate, unit: string): Result => {
  const { value, interval, n, topics, worlds } = estimate
  const judgedOn = topics === undefined ? {} : { topics, worlds }
  return { name, value, unit, n, ...judgedOn, interval: [...interval] }
}
