/** What answers are worth beyond Claude's first, to whom, and what that costs. */
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import {
  type Line,
  type Statistic,
  type Values,
  worstTenth,
  worstTenthAgain,
} from '../measure/crossed.ts'
import { type Pick, reachableOf, worthOf } from '../measure/metrics.ts'
import type { Result } from '../measure/results.ts'
import { extraOf } from './cost.ts'
import { type At, alone, dotted, resultOf, type Sample, suffix } from './sample.ts'

const NO_LINE: Line = { top: 0, bottom: 0 }
const least: Statistic = (values) => Math.min(...values)

const askedOf = (pick: Pick) => pick.asked ?? pick.utilities.length
const extra = (pick: Pick, line: ChoiceLine, claude: string) =>
  extraOf(line, pick.asked ?? 1, claude, pick.blockTokens)
/** What is counted of a request that the product answers, and the unit. */
const COUNTED: Readonly<Record<string, [string, (...of: Parameters<typeof extra>) => number]>> = {
  answers_asked: ['answers', askedOf],
  bought: ['share', (pick) => Number(askedOf(pick) > 1)],
  first_kept: ['share', (pick) => Number(pick.picked === 0)],
  extra_tokens: ['tokens/request', (...of) => extra(...of).tokens],
  extra_dollars: ['USD/request', (...of) => extra(...of).dollars],
}

export const liftFigures = (
  sample: Sample,
): {
  people: { readonly budget: number; readonly points: readonly number[] }[]
  results: Result[]
} => {
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
    results: [
      ...product.flatMap((of) => productResults(sample, of)),
      ...at.filter(({ arm }) => PARTS.has(arm)).flatMap((of) => worthResults(sample, of, gain)),
    ],
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

/** What reranking, rewriting and both are worth a request and cost it, over the same people. */
const worthResults = (sample: Sample, at: At, gain: (pick: Pick) => Line): Result[] => {
  const { crossed, people, prefix, claude, values } = sample
  const judged = values({ arm: 'whole', budget: at.budget }, gain)
  const figure = (what: string, of: Values, unit: string) => {
    const estimate = crossed.estimate(of, (i) => people[i]!.hasTaste, undefined, judged)
    return estimate ? [resultOf(`${prefix}.${what}.${dotted(at)}`, estimate, unit)] : []
  }
  const cost = values(at, (pick, line) => alone(extra(pick, line, claude).dollars))
  return [...figure('worth', values(at, gain), 'points'), ...figure('cost', cost, 'USD/request')]
}
const PARTS: ReadonlySet<string> = new Set(['product', 'rewritten', 'whole', 'shipped'])
