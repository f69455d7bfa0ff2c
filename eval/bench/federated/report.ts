/** The benchmark's curves as a page. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFileSync } from '../../../adapters/node/replace-file.ts'
import { escapeHtml, lineChart } from '../../report/charts.ts'
import { page } from '../../report/page.ts'
import type { Plan } from './arm.ts'
import { type Curves, meanCurve, type Point } from './curves.ts'
import type { TaskPlan } from './task.ts'

const LABELS: Readonly<Record<string, string>> = {
  alternating: 'Loreweave, one factor a round',
  alternating_compressed: 'the same, int8 up and float16 down',
  fedavg: 'Loreweave, both factors averaged',
  flower_peft: 'Flower with PEFT',
}

type Described = Omit<TaskPlan, 'seed'> & Omit<Plan, 'learningRate'> & { readonly worlds: number }

/** Writes federated.html into the folder. */
export const writeFederatedReport = (
  folder: string,
  model: string,
  { devices, steps, batch, length, worlds }: Described,
  rates: ReadonlyMap<string, number>,
  curves: Curves,
): void => {
  const chart = (xLabel: string, xOf: (point: Point) => number) =>
    lineChart(
      [...curves].map(([name, own]) => ({
        label: `${LABELS[name] ?? name}, learning rate ${rates.get(name)}`,
        points: meanCurve(own).map((point, _, all) => ({
          x: Number(xOf(point).toPrecision(3)),
          y: all[0]!.loss - point.loss,
        })),
      })),
      { xLabel },
    )
  const task =
    `${model}, ${devices} devices of different topics, ${steps} steps of ${batch} sequences of ${length} ` +
    `tokens a device and round; means over ${worlds} drawn ${worlds === 1 ? 'world' : 'worlds'}. ` +
    'The curves show by how many nats a token the loss on unseen texts of all devices has fallen.'
  mkdirSync(folder, { recursive: true })
  replaceFileSync(
    join(folder, 'federated.html'),
    page(
      'A federation beside Flower with PEFT',
      [
        '<h1>A federation beside Flower with PEFT</h1>',
        `<p>${escapeHtml(task)}</p>`,
        '<h2>By bytes</h2>',
        chart('MB that a device has sent and fetched', ({ bytes }) => bytes / 1e6),
        '<h2>By time</h2>',
        chart('seconds of a device and the server', ({ seconds }) => seconds),
      ].join('\n'),
    ),
  )
}
