/** A report's sentences: texts of `report-texts.json`, filled in from the figures. */
import { z } from 'zod'
import { OBEDIENCE } from '../answers/preferences.ts'
import { readData } from '../data/read-data.ts'
import { verdictOf } from '../measure/crossed.ts'
import { MARGIN } from '../run/figures.ts'
import { WATTS_A_CORE } from '../run/meter.ts'
import type { RunReport } from '../run/run-report.ts'
import { ABLATIONS } from '../run/scenario.ts'
import { short, signed } from './charts.ts'
import {
  armAt,
  armLabel,
  budgetsOf,
  estimateText,
  findDifference,
  money,
  resultAt,
} from './content.ts'

const Texts = z.record(z.string(), z.string())
const {
  sections,
  verdicts,
  method: methods,
  limits: limitations,
  ...single
} = readData(
  'report-texts.json',
  z
    .object({
      sections: Texts,
      verdicts: Texts,
      method: z.array(z.string()),
      limits: z.array(z.string()),
    })
    .catchall(z.string()),
)

/** `{name}` stands for a value. */
const fill = (
  text: string | undefined,
  values: Readonly<Record<string, string | number>>,
): string => (text ?? '').replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''))
const say = (name: string, values: Parameters<typeof fill>[1] = {}) => fill(single[name], values)

export const question = ({ scenario, people, seed, model }: RunReport): string => {
  const last = seed + people.worlds - 1
  const seeds =
    people.worlds > 1 ? `${people.worlds} worlds of seeds ${seed} to ${last}` : `seed ${seed}`
  const { about, name } = scenario
  const { learners, newcomers, requests } = people
  return say('question', { about, name, seeds, model, learners, newcomers, requests })
}

/** What a section shows. */
export const sectionText = (title: string, report: RunReport): string =>
  fill(sections[title], {
    margin: short(MARGIN),
    most: budgetsOf(report).at(-1) ?? 0,
    budget: report.scenario.rounds.budget,
    obedience: OBEDIENCE,
  })

/** What came out, in three sentences; fewer where something was left out. */
export const findings = (report: RunReport): string[] =>
  [soonerSentence(report), partsSentence(report), productSentence(report)].flatMap((s) => s ?? [])

const soonerSentence = ({ figures, people }: RunReport): string | null => {
  const sooner = figures.differences.find(
    ({ more, less, family }) =>
      family === undefined &&
      more.arm === 'federated' &&
      less.arm === 'local' &&
      (more.budget ?? 0) < (less.budget ?? 0),
  )
  if (!sooner) return null
  const { more, less } = sooner
  const [a, b] = [armAt(figures.arms, more), armAt(figures.arms, less)]
  if (!a || !b) return null
  return say('sooner', {
    more: percent(a.utility.value),
    less: percent(b.utility.value),
    early: more.budget ?? 0,
    late: less.budget ?? 0,
    verdict: fill(verdicts[verdictOf(sooner.interval, MARGIN)], { margin: short(MARGIN) }),
    difference: estimateText(sooner),
    people: people.withTaste,
  })
}

const partsSentence = (report: RunReport): string | null => {
  const budget = budgetsOf(report).find((b) => b > 0 && findDifference(report, 'prior-local', b))
  const [prior, lora, both] = ['prior-local', 'lora-local', 'federated-prior'].map((pair) =>
    findDifference(report, pair, budget ?? 0),
  )
  if (budget === undefined || !prior || !lora || !both) return null
  const [low, high] = both.interval
  return say('parts', {
    budget,
    prior: `${signed(prior.value)} [${prior.interval.map(short).join(', ')}]`,
    lora: `${signed(lora.value)} [${lora.interval.map(short).join(', ')}]`,
    adds: low > 0 ? 'adds' : high < 0 ? 'takes' : 'adds nothing certain:',
    both: estimateText(both),
  })
}

const productSentence = (report: RunReport): string | null => {
  const budget = report.figures.lift.at(-1)?.budget
  const get = (name: string) => resultAt(report.results, `run.${name}.${budget}`)
  const [mean, worst] = [get('lift.mean'), get('lift.worst_decile')]
  if (budget === undefined || !mean || !worst) return null
  const [cost, indifferent] = [get('extra_dollars.with_taste'), get('extra_dollars.indifferent')]
  const costs = cost && {
    cost: money(cost.value),
    indifferent: indifferent ? money(indifferent.interval?.[1] ?? indifferent.value) : '',
  }
  return (
    say('product', { budget, mean: signed(mean.value), worst: signed(worst.value) }) +
    (costs ? say(indifferent ? 'bothCosts' : 'cost', costs) : '')
  )
}

const percent = (share: number): string => `${Math.round(100 * share)} %`.replace('-', '−')

export const method = ({ scenario, people, ablate, against = [] }: RunReport): string[] => {
  const { world, federation } = scenario
  const steps = federation.steps.map(({ kind, rounds, cohort }) => {
    const drawn = cohort ? `, ${cohort} devices drawn for each` : ''
    return `${kind}: ${rounds} ${rounds > 1 ? 'rounds' : 'round'}${drawn}`
  })
  const values = {
    margin: MARGIN,
    worlds: people.worlds,
    world: people.worlds > 1 ? 'worlds, each' : 'world',
    newcomers: people.newcomers,
    requests: scenario.people.newcomers.requests,
    topics: people.unseenTopics,
    unseen: Math.round(100 * world.unseen),
    variants: world.variants,
    indifferent: people.newcomers - people.withTaste,
    steps: steps.join('; '),
    layers: federation.adapter.layers,
    rank: federation.adapter.rank,
  }
  const partsOf = (list: typeof ablate) => list.map((a) => `${a} (${ABLATIONS[a]})`).join('; ')
  const [parts, less] = [partsOf(ablate), partsOf(against)]
  return [
    ...methods.map((text) => fill(text, values)),
    ...(parts ? [say('ablated', { parts })] : []),
    ...(less ? [say('against', { parts: less })] : []),
  ]
}

export const limits = ({ figures, people, model }: RunReport): string[] => {
  const few = figures.arms.filter((a) => a.utility.n < people.withTaste)
  const arms = [...new Map(few.map((a) => [a.arm, a.utility.n]))]
    .map(([arm, n]) => `${armLabel(arm)} (${n})`)
    .join(', ')
  return [
    ...limitations.map((text) => fill(text, { watts: WATTS_A_CORE })),
    ...(model === 'tiny' ? [say('tiny')] : []),
    ...(arms ? [say('few', { arms })] : []),
  ]
}
