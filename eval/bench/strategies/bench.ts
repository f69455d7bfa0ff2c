/**
 * Every aggregation strategy on the same worlds of the same task (task.ts): the loss after equal bytes,
 * and by how much a round misses the mean of what its devices made. Each has the best learning rate of
 * a grid for it.
 */
import { meanOf } from '../../measure/metrics.ts'
import type { Results } from '../../measure/results.ts'
import { overWorlds } from '../over-worlds.ts'
import { type Arm, type Point, runArm } from './arm.ts'
import { makeTask, SIZE, type Task } from './task.ts'

export type StrategiesOptions = {
  readonly worlds: number
  readonly devices: number
  readonly rounds: number
  readonly steps: number
  readonly log: (line: string) => void
}

const RANK = 8
const MIXED = { rank: 16, ranks: [4, 8, 16] } as const
const ARMS: readonly Arm[] = [
  { name: 'alternating', strategy: 'alternating', rank: RANK },
  { name: 'fedavg', strategy: 'fedavg', rank: RANK },
  { name: 'ffa', strategy: 'ffa', rank: RANK },
  { name: 'fedsvd', strategy: 'fedsvd', rank: RANK },
  { name: 'fedex', strategy: 'fedex', rank: RANK, residual: 2 * RANK },
  { name: 'flex_mixed', strategy: 'flex', ...MIXED },
  { name: 'padded_mixed', strategy: 'fedavg', ...MIXED, isPadded: true },
]
const RATES = [0.003, 0.01, 0.03, 0.1]
/** Differences that the issue asks for: the first is to be no worse, or better, than the second. */
const PAIRS = [
  ['alternating', 'fedavg'],
  ['alternating', 'ffa'],
  ['flex_mixed', 'padded_mixed'],
  ['fedex', 'fedavg'],
] as const

const figure = (name: string, values: readonly number[]) =>
  overWorlds(`bench.strategies.${name}`, values, 'share')

type Measured = {
  readonly rate: number
  readonly sent: number[]
  readonly moved: number[]
  readonly error: number[]
}

/** rounds: of fedavg; the others have the bytes of so many. */
export const benchStrategies = async (options: StrategiesOptions): Promise<Results> => {
  const tasks = Array.from({ length: options.worlds }, (_, i) =>
    makeTask(`world/${i}`, options.devices),
  )
  const measured = new Map<string, Measured>()
  for (const arm of ARMS) {
    measured.set(arm.name, measure(tasks, arm, options))
    options.log(`${arm.name}: learning rate ${measured.get(arm.name)!.rate}`)
    // Lets progress be printed.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    results: [
      ...[...measured].flatMap(([name, own]) => [
        figure(`${name}.loss.sent`, own.sent),
        figure(`${name}.loss.moved`, own.moved),
        figure(`${name}.error`, own.error),
      ]),
      ...PAIRS.flatMap(([one, other]) =>
        (['sent', 'moved'] as const).map((by) =>
          figure(
            `${one}-${other}.loss.${by}`,
            measured.get(one)![by].map((x, i) => x - measured.get(other)![by][i]!),
          ),
        ),
      ),
    ],
  }
}

/** At the learning rate whose loss after equal sent bytes is the lowest in the mean. */
const measure = (tasks: readonly Task[], arm: Arm, options: StrategiesOptions): Measured => {
  const { rounds, steps } = options
  // A device of fedavg sends 2·RANK·SIZE numbers a round, and fetches as many.
  const budget = 2 * RANK * SIZE * rounds
  const tried = RATES.map((learningRate) => {
    const curves = tasks.map((task) =>
      runArm(task, arm, { rounds: 2 * rounds, steps, learningRate }),
    )
    const at = (by: 'sent' | 'moved', numbers: number) =>
      curves.map((curve) => (curve.findLast((point) => point[by] <= numbers) ?? curve[0]!).loss)
    return {
      rate: learningRate,
      sent: at('sent', budget),
      moved: at('moved', 2 * budget),
      error: curves.map((curve) => meanOf(curve.map((point: Point) => point.error))),
    }
  })
  return tried.reduce((best, one) => (meanOf(one.sent) < meanOf(best.sent) ? one : best))
}
