/** What the work cost: seconds, the engine's processor time, and energy by a stated model. */
import { seededRng } from '../../adapters/random.ts'
import { machineIo } from '../../device/agent/machine-io.ts'
import { treeSeconds } from '../../device/agent/process-time.ts'
import type { Engine } from '../../device/engine/engine.ts'
import { medianOf } from '../measure/metrics.ts'
import type { Result } from '../measure/results.ts'

/** One busy laptop core, with its share of memory and board. No power meter is read. */
export const WATTS_A_CORE = 6

type Work = { calls: number; items: number; seconds: number; cpuSeconds: number }

export type Meter = {
  readonly engine: Engine
  /**
   * answers: read by the engine, not found in a cache; pairs: trained on, once for each pass;
   * gradients: answers through which a gradient was taken.
   */
  readonly answers: Readonly<Work>
  readonly pairs: Readonly<Work>
  readonly gradients: Readonly<Work>
}

/** One call at a time, as a shared engine makes them. */
export const meteredEngine = (
  engine: Engine,
  cpuSeconds: () => number | Promise<number> = childCpuSeconds,
): Meter => {
  const [answers, pairs, gradients] = [noWork(), noWork(), noWork()]
  const metered = async <T>(work: Work, items: number, run: () => Promise<T>): Promise<T> => {
    const [began, cpu] = [performance.now(), await cpuSeconds()]
    const result = await run()
    work.calls++
    work.items += items
    work.seconds += (performance.now() - began) / 1000
    work.cpuSeconds += (await cpuSeconds()) - cpu
    return result
  }
  return {
    answers,
    pairs,
    gradients,
    engine: {
      ...engine,
      pooled: (inputs, options) =>
        metered(answers, inputs.length, () => engine.pooled(inputs, options)),
      train: (request, ...rest) => {
        const { objective, epochs } = request
        const count = 'pairs' in objective ? objective.pairs.length : objective.examples.length
        return metered(pairs, count * epochs, () => engine.train(request, ...rest))
      },
      gradient: (request, ...rest) =>
        metered(gradients, request.answers.length, () => engine.gradient(request, ...rest)),
    },
  }
}

const noWork = (): Work => ({ calls: 0, items: 0, seconds: 0, cpuSeconds: 0 })

/** Four fresh answers of 200 tokens after a prompt of 100, some times; seconds of each. */
export const scoringSeconds = async (
  engine: Engine,
  { vocab, exitLayer, runs = 5 }: { vocab: number; exitLayer: number; runs?: number },
): Promise<number[]> => {
  const rng = seededRng('scoring')
  const tokens = (n: number) => Array.from({ length: n }, () => rng.int(vocab))
  const seconds: number[] = []
  for (let run = 0; run <= runs; run++) {
    const prompt = tokens(100)
    const inputs = Array.from({ length: 4 }, () => ({
      ids: [...prompt, ...tokens(200)],
      answerStart: prompt.length,
    }))
    const began = performance.now()
    await engine.pooled(inputs, { exitLayer, adapters: [] })
    // The first one starts the engine.
    if (run > 0) seconds.push((performance.now() - began) / 1000)
  }
  return seconds
}

/** Joules are processor seconds × the watts above; what was not computed here is left out. */
export const measuredResults = (
  { answers, pairs, gradients }: Omit<Meter, 'engine'>,
  latency: readonly number[],
): Result[] => [
  { name: 'measured.scoring_4x200', value: medianOf(latency), unit: 's', n: latency.length },
  ...perItem('answer_read', answers),
  ...perItem('pair_trained', pairs),
  ...perItem('answer_gradient', gradients),
]

const perItem = (name: string, { items, seconds, cpuSeconds }: Work): Result[] =>
  items === 0
    ? []
    : [
        { name: `measured.${name}.time`, value: seconds / items, unit: 's', n: items },
        {
          name: `measured.${name}.energy`,
          value: (WATTS_A_CORE * cpuSeconds) / items,
          unit: 'J',
          n: items,
        },
      ]

/** Processor time of the engine's processes so far; 0 where the machine does not say. */
export const childCpuSeconds = async (): Promise<number> => {
  const { user, system } = process.cpuUsage()
  const all = await treeSeconds(process.platform, machineIo(), process.pid)
  return Math.max(0, (all ?? 0) - (user + system) / 1e6)
}
