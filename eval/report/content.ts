/** A report's words and rows, before they become HTML or Markdown; all follow from the figures. */
import type { Result } from '../measure/results.ts'
import type { ArmFigures, At, Estimate } from '../run/figures.ts'
import { ARM_LABELS } from '../run/lineup.ts'
import { WATTS_A_CORE } from '../run/meter.ts'
import type { RunReport } from '../run/run-report.ts'
import { ABLATIONS } from '../run/scenario.ts'
import { short, signed } from './charts.ts'

export const armLabel = (arm: string): string => ARM_LABELS[arm] ?? arm

const atLabel = ({ arm, budget }: At): string =>
  budget === null ? armLabel(arm) : `${armLabel(arm)}, ${budget}`

/** `federated − local, 10`, or `federated, 10 − local, 30` where they differ in choices. */
export const pairLabel = ({ more, less }: { readonly more: At; readonly less: At }): string =>
  more.budget === less.budget || less.budget === null
    ? `${armLabel(more.arm)} − ${armLabel(less.arm)}, ${more.budget}`
    : `${atLabel(more)} − ${atLabel(less)}`

/** `.36 [.31, .41]` */
export const estimateText = ({ value, interval }: Pick<Estimate, 'value' | 'interval'>): string =>
  `${short(value)} [${interval.map(short).join(', ')}]`

export const question = ({ scenario, people, seed, model }: RunReport): string =>
  'Whether people who come to Claude with a small local model that a federation has taught ' +
  `are served better, and sooner, than they would be alone. ${scenario.about} Scenario ` +
  `${scenario.name}, seed ${seed}, local model ${model}; ${people.learners} devices to ` +
  `learn from, ${people.newcomers} people judged, ${people.requests} requests.`

/** What came out, in three sentences; fewer where something was left out. */
export const findings = (report: RunReport): string[] =>
  [soonerSentence(report), partsSentence(report), productSentence(report)].flatMap((s) => s ?? [])

const soonerSentence = ({ figures, people }: RunReport): string | null => {
  const sooner = figures.differences.find(
    ({ more, less }) =>
      more.arm === 'federated' && less.arm === 'local' && (more.budget ?? 0) < (less.budget ?? 0),
  )
  if (!sooner) return null
  const { more, less } = sooner
  const [a, b] = [armAt(figures.arms, more), armAt(figures.arms, less)]
  if (!a || !b) return null
  const verdict = clearly(sooner, 'more than', 'less than', 'no clear difference from')
  return (
    `With the federation, new people win ${percent(a.utility.value)} of what there is to win ` +
    `over a random answer after ${more.budget} choices of their own: ${verdict} the ` +
    `${percent(b.utility.value)} that they win alone after ${less.budget} (difference ` +
    `${estimateText(sooner)}, ${people.withTaste} people).`
  )
}

const partsSentence = ({ figures }: RunReport): string | null => {
  const budget = figures.differences.find(
    ({ more, less }) => more.arm === 'prior' && less.arm === 'local' && (more.budget ?? 0) > 0,
  )?.more.budget
  const find = (more: string, less: string) =>
    figures.differences.find(
      (d) =>
        d.more.arm === more &&
        d.less.arm === less &&
        d.more.budget === budget &&
        d.less.budget === budget,
    )
  const [prior, lora, both] = [
    find('prior', 'local'),
    find('lora', 'local'),
    find('federated', 'prior'),
  ]
  if (!prior || !lora || !both) return null
  const adds = clearly(both, 'adds', 'takes', 'adds nothing certain:')
  return (
    `At ${budget} choices the prior alone is worth ${signed(prior.value)} ` +
    `[${prior.interval.map(short).join(', ')}] over no federation and LoRA alone ` +
    `${signed(lora.value)} [${lora.interval.map(short).join(', ')}]; LoRA on top of the prior ` +
    `${adds} ${estimateText(both)}.`
  )
}

const productSentence = (report: RunReport): string | null => {
  const budget = report.figures.lift.at(-1)?.budget
  const get = (name: string) => resultAt(report.results, `run.${name}.${budget}`)
  const [mean, worst] = [get('lift.mean'), get('lift.worst_decile')]
  if (budget === undefined || !mean || !worst) return null
  const cost = get('extra_dollars.with_taste')
  const indifferent = get('extra_dollars.indifferent')
  const forIndifferent = indifferent
    ? `, and ${money(indifferent.interval?.[1] ?? indifferent.value)} for people without ` +
      'a taste, who gain and lose nothing'
    : ''
  const price = cost
    ? ` Its further answers cost at most ${money(cost.value)} a request${forIndifferent}.`
    : ''
  return (
    `After ${budget} choices, what the product itself returns is worth ${signed(mean.value)} ` +
    `points over Claude's first answer on average, and ${signed(worst.value)} for the ` +
    'worst-served tenth of people (100 points: all that there is to win over a random ' +
    `answer).${price}`
  )
}

/** A difference's verdict by its interval. */
const clearly = (
  { interval }: Pick<Estimate, 'interval'>,
  more: string,
  less: string,
  unclear: string,
) => (interval[0] > 0 ? more : interval[1] < 0 ? less : unclear)

const percent = (share: number): string => `${Math.round(100 * share)} %`.replace('-', '−')
const money = (dollars: number): string => `$${dollars.toFixed(4)}`

export const armAt = (arms: readonly ArmFigures[], { arm, budget }: At): ArmFigures | undefined =>
  arms.find((a) => a.arm === arm && (a.budget === budget || a.budget === null))

export const resultAt = (results: readonly Result[], name: string): Result | undefined =>
  results.find((r) => r.name === name)

/** Numbers of choices at which arms were judged. */
export const budgetsOf = ({ figures }: RunReport): number[] =>
  [...new Set(figures.arms.flatMap((a) => a.budget ?? []))].sort((a, b) => a - b)

/** The issue's comparison: share of the reachable utility by arm and number of choices. */
export const comparison = (report: RunReport): { head: string[]; rows: string[][] } => {
  const budgets = budgetsOf(report)
  const arms = [...new Set(report.figures.arms.map((a) => a.arm))]
  return {
    head: ['arm', ...budgets.map((b) => `${b} choices`), 'people'],
    rows: arms.map((arm) => {
      const of = budgets.map((budget) => armAt(report.figures.arms, { arm, budget }))
      const n = report.figures.arms.find((a) => a.arm === arm)?.utility.n
      return [armLabel(arm), ...of.map((a) => (a ? estimateText(a.utility) : '')), String(n ?? '')]
    }),
  }
}

/** The other metrics at the largest number of choices. */
export const metricsTable = (report: RunReport): { head: string[]; rows: string[][] } => {
  const budget = budgetsOf(report).at(-1) ?? 0
  const arms = [...new Set(report.figures.arms.map((a) => a.arm))]
  return {
    head: ['arm', 'best answer taken', 'regret', 'NDCG'],
    rows: arms.flatMap((arm) => {
      const figures = armAt(report.figures.arms, { arm, budget })
      if (!figures) return []
      const { top1, regret, ndcg } = figures
      return [
        [armLabel(arm), estimateText(top1), estimateText(regret), ndcg ? estimateText(ndcg) : ''],
      ]
    }),
  }
}

/** What the product asks and what that costs, by number of choices. */
export const costTable = (report: RunReport): { head: string[]; rows: string[][] } => {
  const budgets = report.figures.lift.map((l) => l.budget)
  const row = (label: string, name: string, format: (r: Result) => string) => {
    const found = budgets.map((b) => resultAt(report.results, `run.${name}.${b}`))
    return found.some(Boolean) ? [[label, ...found.map((r) => (r ? format(r) : ''))]] : []
  }
  const plain = (r: Result) => estimateText({ value: r.value, interval: r.interval! })
  const groups = [
    ['people with a taste', 'with_taste'],
    ['people without one', 'indifferent'],
  ] as const
  return {
    head: ['after so many choices', ...budgets.map(String)],
    rows: [
      ...row('points over Claude’s first, everybody', 'lift.mean', plain),
      ...row('the worst-served tenth', 'lift.worst_decile', plain),
      ...row('the worst-served person', 'lift.worst', (r) => short(r.value)),
      ...row('people without a taste', 'lift.indifferent', plain),
      ...groups.flatMap(([label, group]) => [
        ...row(`answers asked for, ${label}`, `answers_asked.${group}`, plain),
        ...row(`another than the first returned, ${label}`, `not_first.${group}`, plain),
        ...row(`further tokens a request, ${label}`, `extra_tokens.${group}`, plain),
        ...row(
          `further cost a request, ${label}`,
          `extra_dollars.${group}`,
          (r) => `${money(r.value)} (≤ ${money(r.interval![1])})`,
        ),
      ]),
    ],
  }
}

export const method = (report: RunReport): string[] => {
  const { scenario, people } = report
  const { world, federation } = scenario
  const { layers, rank } = federation.adapter
  const adapter = `${layers} layers below the exit, rank ${rank}`
  const steps = federation.steps.map((step) => {
    const rounds = `${step.rounds} ${step.rounds > 1 ? 'rounds' : 'round'}`
    const cohort = step.cohort ? `, ${step.cohort} devices drawn for each` : ''
    return `${step.kind}: ${rounds}${cohort}`
  })
  return [
    'Score of an arm for a person: Σ (u(picked) − mean u) / Σ (max u − mean u) over unseen ' +
      'requests; 0 is a random pick, 1 always the best. Means are over people who have ' +
      'something to win; intervals are 95 % bootstrap intervals over people, and differences ' +
      'are paired over them.',
    `The ${people.newcomers} people judged took no part in the federation, and are judged ` +
      `on ${scenario.people.newcomers.requests} requests each about topics that no training ` +
      `choice of anybody was about (${Math.round(100 * world.unseen)} % of the topics), with ` +
      `${world.variants} answers to each. ${people.newcomers - people.withTaste} of them have ` +
      'no taste and choose at random.',
    'The federation is the real server and the real device agent in one process; they share ' +
      'the local model and the states that it reads out of a text. Its plan: ' +
      `${steps.join('; ')}. LoRA lies on ${adapter}.`,
    'Points: hundredths of what there is to win over a random answer, averaged over people ' +
      'with a taste, so that they are defined for people without one. The product is a device ' +
      'with its own settings: how many answers it asks for, its margin, its certainty and its ' +
      'exploration are its own; it picks among those answers only.',
    ...(report.ablate.length > 0
      ? [`Taken away: ${report.ablate.map((a) => `${a} (${ABLATIONS[a]})`).join('; ')}.`]
      : []),
  ]
}

export const limits = (report: RunReport): string[] => [
  'The people and their answers are simulated: tastes are linear in traits of answers that ' +
    'are composed from templates. The mock is not Claude, and people are less simple. What ' +
    'carries over is the comparison of arms on equal terms, not the size of the shares.',
  'The prior of the arm “prior, no LoRA” is that of the last release before the adapter is ' +
    'trained; the federated arm’s prior had further rounds afterwards.',
  ...(report.model === 'tiny'
    ? ['The local model of this run is a tiny random one: its figures say nothing about quality.']
    : []),
  ...smallArms(report),
  'Costs are upper bounds by a price table, as if no prompt cache held. Energy is processor ' +
    `time of the engine’s processes × ${WATTS_A_CORE} W a core, a stated figure for a laptop ` +
    'and not a measurement of power; devices that share nothing read each of their answers ' +
    'themselves.',
]

const smallArms = ({ figures, people }: RunReport): string[] => {
  const few = figures.arms.filter((a) => a.utility.n < people.withTaste)
  const names = [...new Map(few.map((a) => [a.arm, a.utility.n]))]
  return names.length === 0
    ? []
    : [
        'Judged on fewer people, because they cost much: ' +
          `${names.map(([arm, n]) => `${armLabel(arm)} (${n})`).join(', ')}.`,
      ]
}

/** Everything that the report knows. */
export const allResults = ({ results, measured }: RunReport): Result[] => [...results, ...measured]

export const valueText = (value: number): string => String(Number(value.toPrecision(4)))
