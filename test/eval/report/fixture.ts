/** A run of a few made-up people, as the reports read it. */

import { figuresOf } from '../../../eval/run/figures.ts'
import type { Judged } from '../../../eval/run/judge.ts'
import type { RunReport } from '../../../eval/run/run-report.ts'
import { readScenario } from '../../../eval/run/scenario.ts'

const KINDS = ['mixed', 'mixed', 'content', 'none'] as const
const LINE = {
  user: 'somebody',
  id: '1',
  messages: [{ role: 'user' as const, content: 'Why?' }],
  candidates: ['Because.', 'Because of that.'],
  chosen: 0,
}
/** Each arm picks the better of two answers in this share of ten prompts. */
const SHARES: Readonly<Record<string, readonly [budget: number, share: number][]>> = {
  first: [[0, 0.5]],
  oracle: [[0, 1]],
  local: [
    [10, 0.6],
    [30, 0.7],
  ],
  prior: [
    [10, 0.7],
    [30, 0.8],
  ],
  lora: [
    [10, 0.6],
    [30, 0.8],
  ],
  federated: [
    [10, 0.8],
    [30, 0.9],
  ],
  product: [
    [10, 0.7],
    [30, 0.8],
  ],
}

export const sampleReport = (): RunReport => {
  const judged: Judged = new Map(
    Object.entries(SHARES).map(([arm, rows]) => [
      arm,
      new Map(
        rows.map(([budget, share]) => [
          budget,
          KINDS.map((kind, person) =>
            Array.from({ length: 10 }, (_, i) => {
              const gain = kind === 'none' ? 0 : 1 + person
              const isBetter = i < 10 * share
              return {
                utilities: [i < 5 ? gain : 0, i < 5 ? 0 : gain],
                picked: isBetter === i < 5 ? 0 : 1,
                order: isBetter === i < 5 ? [0, 1] : [1, 0],
                asked: 2,
              }
            }),
          ),
        ]),
      ),
    ]),
  )
  const lines = Array.from({ length: 10 }, () => LINE)
  const people = KINDS.map((family) => ({ family, test: lines, topics: lines.map(() => 'a') }))
  const figures = figuresOf([{ judged, people }], {
    prefix: 'run',
    seed: 1,
    claude: 'claude-sonnet-5-5',
  })
  const estimate = { value: 0.3, interval: [0.2, 0.4] as const, n: 3 }
  return {
    scenario: { ...readScenario('small'), about: 'Of <made-up> people & "answers".' },
    seed: 1,
    ablate: [],
    model: 'made-up',
    people: {
      worlds: 1,
      learners: 9,
      newcomers: 4,
      withTaste: 3,
      families: { mixed: 2, content: 1, none: 1 },
      requests: 20,
      unseenTopics: 1,
    },
    figures,
    rounds: [
      { at: 0, kind: 'statistics', received: 9, estimate },
      { at: 3, kind: 'adapter', received: 3, estimate: { ...estimate, value: 0.35 } },
    ],
    results: [
      ...figures.results.filter((r) => !r.name.includes('extra_dollars')),
      {
        name: 'run.extra_dollars.with_taste.30',
        value: 0.001,
        unit: 'USD/request',
        n: 3,
        interval: [0.0005, 0.0015],
      },
      {
        name: 'run.extra_dollars.indifferent.30',
        value: 0.0007,
        unit: 'USD/request',
        n: 1,
        interval: [0.0007, 0.0008],
      },
      {
        name: 'rewrite.wanted_direction',
        value: 0.93,
        unit: 'share',
        n: 200,
        interval: [0.9, 0.96],
      },
    ],
    measured: [{ name: 'measured.scoring_4x200', value: 0.63, unit: 's', n: 5 }],
  }
}
