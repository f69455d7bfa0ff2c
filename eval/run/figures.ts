/** From picks to figures: every name, value and interval that a run prints and its report draws. */
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { seededRng } from '../../adapters/random.ts'
import {
  type Crossed,
  crossedBootstrap,
  type Estimate,
  type Line,
  minus,
  type Statistic,
  type Values,
  type Verdict,
  verdictOf,
  worstTenth,
  worstTenthAgain,
} from '../measure/crossed.ts'
import {
  meanNdcg,
  meanOf,
  meanRegret,
  type Pick,
  reachableOf,
  topOne,
  worthOf,
} from '../measure/metrics.ts'
import type { Result } from '../measure/results.ts'
import { extraOf } from './cost.ts'
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

export type Difference = Estimate & {
  readonly more: At
  readonly less: At
  /** Where it is over one family of tastes only. */
  readonly family?: string
  readonly verdict: Verdict
}

export type Figures = {
  readonly results: readonly Result[]
  readonly arms: readonly ArmFigures[]
  readonly differences: readonly Difference[]
  /** Points beyond Claude's first of every person, by the product's budget. */
  readonly lift: readonly { readonly budget: number; readonly points: readonly number[] }[]
  /** The federated arm under the release of the at-th round. */
  readonly rounds: readonly { readonly at: number; readonly estimate: Estimate }[]
  /** Who has something to win. */
  readonly hasTaste: readonly boolean[]
  /** Families of tastes, in which somebody has something to win. */
  readonly families: readonly string[]
}

type Metric = keyof typeof METRICS
export type ArmFigures = At & {
  readonly [metric in Exclude<Metric, 'ndcg'>]: Estimate
} & {
  readonly ndcg: Estimate | null
  /** utility, by family of tastes. */
  readonly byFamily: Readonly<Record<string, Estimate>>
}

export type FigureOptions = {
  readonly prefix: string
  readonly seed: number
  /** By whose price further answers are counted. */
  readonly claude: string
}

/** A difference in shares of the reachable utility that nobody would notice. */
export const MARGIN = 0.02

const alone = (top: number): Line => ({ top, bottom: 1 })
const NO_LINE: Line = { top: 0, bottom: 0 }
const reachable = (pick: Pick): Line => ({
  top: worthOf(pick) - meanOf(pick.utilities),
  bottom: reachableOf([pick]),
})
const METRICS = {
  utility: { of: reachable, unit: 'share' },
  top1: { of: (pick: Pick) => alone(topOne([pick])), unit: 'share' },
  regret: { of: (pick: Pick) => alone(meanRegret([pick])), unit: 'utility' },
  ndcg: { of: (pick: Pick) => alone(meanNdcg([pick])), unit: 'share' },
} as const

/** Everything that figures are made of. people: numbered across worlds. */
type Sample = FigureOptions & {
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

/**
 * Shares are means over people who have something to win: the others' share is 0/0. Differences are
 * paired over the people that both arms were judged on. All intervals are of the same draws, so
 * that leaving an arm out changes no other figure.
 */
export const figuresOf = (worlds: readonly JudgedWorld[], options: FigureOptions): Figures => {
  const sample = sampleOf(worlds, options)
  const { prefix } = options
  const all = sample.at.map((at) => armFigures(sample, at))
  const isRound = ({ arm }: At) => arm.startsWith(ROUND)
  const arms = all.filter((a) => !isRound(a))
  const rounds = all
    .filter(isRound)
    .map(({ arm, utility }) => ({ at: Number(arm.slice(ROUND.length)), estimate: utility }))
  const differences = differencesOf(sample)
  const lift = liftFigures(sample)
  return {
    arms,
    differences,
    rounds,
    lift: lift.people,
    hasTaste: sample.people.map((p) => p.hasTaste),
    families: sample.families,
    results: [
      ...arms.flatMap((arm) => [
        ...(Object.keys(METRICS) as Metric[]).flatMap((metric) => {
          const name = `${prefix}.${metric}.${dotted(arm)}`
          return arm[metric] ? [resultOf(name, arm[metric], METRICS[metric].unit)] : []
        }),
        ...Object.entries(arm.byFamily).map(([family, estimate]) =>
          resultOf(`${prefix}.utility.${dotted(arm)}.${family}`, estimate, 'share'),
        ),
      ]),
      ...differences.map((d) => ({
        ...resultOf(
          `${prefix}.difference.${dotted(d.more)}-minus-${dotted(d.less)}${suffix(d.family)}`,
          d,
          'share',
        ),
        margin: MARGIN,
        verdict: d.verdict,
      })),
      ...lift.results,
      ...rounds.map(({ at, estimate }) => resultOf(`${prefix}.round.${at}`, estimate, 'share')),
    ],
  }
}

/** Arm of the release of the at-th round of the plan: its figures stand apart. */
export const roundArm = (at: number): string => `${ROUND}${at}`
const ROUND = 'round_'

const suffix = (family: string | undefined) => (family === undefined ? '' : `.${family}`)
const dotted = ({ arm, budget }: At): string => (budget === null ? arm : `${arm}.${budget}`)

const resultOf = (name: string, estimate: Estimate, unit: string): Result => {
  const { value, interval, n, topics, worlds } = estimate
  const judgedOn = topics === undefined ? {} : { topics, worlds }
  return { name, value, unit, n, ...judgedOn, interval: [...interval] }
}

const sampleOf = (worlds: readonly JudgedWorld[], options: FigureOptions): Sample => {
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

const NOBODY: Estimate = { value: 0, interval: [0, 0], n: 0 }

const armFigures = (sample: Sample, at: At): ArmFigures => {
  const { crossed, people, families, utility, values, hasOrder } = sample
  const hasTaste = (i: number) => people[i]!.hasTaste
  const estimate = (metric: Metric) =>
    crossed.estimate(values(at, METRICS[metric].of), hasTaste) ?? NOBODY
  return {
    ...at,
    utility: crossed.estimate(utility(at), hasTaste) ?? NOBODY,
    top1: estimate('top1'),
    regret: estimate('regret'),
    ndcg: hasOrder(at) ? estimate('ndcg') : null,
    byFamily: Object.fromEntries(
      families.flatMap((family) => {
        const found = crossed.estimate(utility(at), (i) => people[i]!.family === family)
        return found ? [[family, found]] : []
      }),
    ),
  }
}

/** What is compared at the same number of choices. */
const SAME = (
  'federated-local prior-local lora-local federated-prior federated-lora federated-global ' +
  'federated-first local-named local-states private-federated federated-dpo product-first ' +
  'product-federated whole-product whole-first shipped-whole shipped-first'
)
  .split(' ')
  .map((pair) => pair.split('-') as [string, string])
/** What is compared with the local arm at the next larger number of choices. */
const SOONER = ['federated', 'prior', 'lora'] as const
/** What is compared within each family of tastes too. */
const APART: ReadonlySet<string> = new Set(['federated-local', 'federated-prior', 'product-first'])

const differencePairs = (at: readonly At[]): { more: At; less: At }[] => {
  const find = (arm: string, budget: number) =>
    at.find((a) => a.arm === arm && (a.budget === budget || a.budget === null))
  const budgets = [...new Set(at.flatMap((a) => a.budget ?? []))].sort((a, b) => a - b)
  const pair = (more: At | undefined, less: At | undefined) =>
    more && less ? [{ more, less }] : []
  const sooner = budgets.filter((b) => b > 0 && find('local', b))
  return [
    ...sooner.flatMap((budget, i) => {
      const next = sooner[i + 1]
      return next === undefined
        ? []
        : SOONER.flatMap((arm) => pair(find(arm, budget), find('local', next)))
    }),
    ...budgets.flatMap((b) => SAME.flatMap(([more, less]) => pair(find(more, b), find(less, b)))),
  ].filter(({ more, less }) => more.budget !== null || less.budget !== null)
}

const differencesOf = ({ at, crossed, people, families, utility }: Sample): Difference[] =>
  differencePairs(at).flatMap(({ more, less }) => {
    const values = minus(utility(more), utility(less))
    const apart = APART.has(`${more.arm}-${less.arm}`) ? families : []
    return [undefined, ...apart].flatMap((family) => {
      const who = (i: number) =>
        people[i]!.hasTaste && (family === undefined || people[i]!.family === family)
      const estimate = crossed.estimate(values, who)
      if (!estimate) return []
      const verdict = verdictOf(estimate.interval, MARGIN)
      return [{ more, less, ...estimate, ...(family && { family }), verdict }]
    })
  })

const least: Statistic = (values) => Math.min(...values)

const askedOf = (pick: Pick) => pick.asked ?? pick.utilities.length
const extra = (pick: Pick, line: ChoiceLine, claude: string) =>
  extraOf(line, pick.asked ?? 1, claude)
/** What is counted of a request that the product answers, and the unit. */
const COUNTED: Readonly<Record<string, [string, (...of: Parameters<typeof extra>) => number]>> = {
  answers_asked: ['answers', askedOf],
  bought: ['share', (pick) => Number(askedOf(pick) > 1)],
  first_kept: ['share', (pick) => Number(pick.picked === 0)],
  extra_tokens: ['tokens/request', (...of) => extra(...of).tokens],
  extra_dollars: ['USD/request', (...of) => extra(...of).dollars],
}

const liftFigures = (sample: Sample): { people: Figures['lift']; results: Result[] } => {
  const { crossed, people, at, values } = sample
  // Points are hundredths of what there is to win on average.
  const toWin = crossed.estimate(
    values({ arm: 'first', budget: null }, (pick) => alone(reachableOf([pick]))),
    (i) => people[i]!.hasTaste,
  )
  const perPoint = toWin ? 100 / toWin.value : 0
  const gain = (pick: Pick) => alone(perPoint * (worthOf(pick) - pick.utilities[0]!))
  const order = new Map(sample.topics.map((topic, i) => [topic, i]))
  const half = (of: At, remainder: number) =>
    values(of, (pick, _, topic) => (order.get(topic)! % 2 === remainder ? gain(pick) : NO_LINE))
  const product = at
    .filter(({ arm }) => arm === 'product')
    .map((of) => ({
      budget: of.budget ?? 0,
      points: values(of, gain),
      halves: [half(of, 0), half(of, 1)] as const,
    }))
  return {
    people: product.map(({ budget, points }) => ({ budget, points: [...points.sample] })),
    results: product.flatMap((of) => productResults(sample, of)),
  }
}

/** Beyond Claude's first: over all topics, and over each half of them. */
type Points = {
  readonly budget: number
  readonly points: Values
  readonly halves: readonly [Values, Values]
}

const productResults = (sample: Sample, { budget, points, halves }: Points): Result[] => {
  const { crossed, people, families, prefix, claude, values } = sample
  type Who = (i: number) => boolean
  const result = (
    what: string,
    of: Values,
    unit: string,
    who?: Who,
    statistic?: Statistic,
    beside?: Values,
  ) => {
    const estimate = crossed.estimate(of, who, statistic, beside)
    const [name, family] = what.split('/')
    return estimate
      ? [resultOf(`${prefix}.${name}.${budget}${suffix(family)}`, estimate, unit)]
      : []
  }
  const isOf = (family: string) => (i: number) => people[i]!.family === family
  const hasTaste = (i: number) => people[i]!.hasTaste
  const groups = { with_taste: hasTaste, indifferent: (i: number) => !hasTaste(i) }
  return [
    ...(
      [
        ['lift.mean', points],
        ['lift.worst_decile', points, worstTenth],
        ['lift.worst_decile_again', halves[0], worstTenthAgain, halves[1]],
      ] as const
    ).flatMap(([what, of, statistic, beside]) => [
      ...result(what, of, 'points', undefined, statistic, beside),
      ...families.flatMap((family) =>
        result(`${what}/${family}`, of, 'points', isOf(family), statistic, beside),
      ),
    ]),
    ...result('lift.worst', points, 'points', undefined, least),
    ...result('lift.indifferent', points, 'points', groups.indifferent),
    ...Object.entries(COUNTED).flatMap(([what, [unit, of]]) => {
      const at = { arm: 'product', budget }
      const counted = values(at, (pick, line) => alone(of(pick, line, claude)))
      return Object.entries(groups).flatMap(([group, who]) =>
        result(`${what}.${group}`, counted, unit, who),
      )
    }),
  ]
}
