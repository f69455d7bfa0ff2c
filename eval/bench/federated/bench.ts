/**
 * A federation of LoRA on texts that differ from device to device: ours by its strategies, and Flower with
 * PEFT on the same weights, tokens, steps and devices; the loss after equal bytes and after equal time.
 */
import { fileURLToPath } from 'node:url'
import { openEngine } from '../../../device/engine/process/client.ts'
import type { Results } from '../../measure/results.ts'
import { FEDERATED_PACKAGES } from '../../peers/python.ts'
import { type Bench, openPythonPeer } from '../context.ts'
import { type Arm, flowerArm, LORA, ownArm, type Run } from './arm.ts'
import { after, type Curve, figures, type Point, sizeOf } from './curves.ts'
import { writeFederatedReport } from './report.ts'
import { type FederatedTask, makeFederatedTask } from './task.ts'

export type FederatedOptions = {
  readonly devices: number
  /** Of the arms that send both factors; the others have as many bytes. */
  readonly rounds: number
  readonly steps: number
  readonly batch: number
  readonly length: number
  readonly worlds: number
  /** Learning rates that each arm has the best of, in a world that is not measured. */
  readonly rates: readonly number[]
  readonly report?: string
}

const OWN = [
  { name: 'alternating', strategy: 'alternating' },
  {
    name: 'alternating_compressed',
    strategy: 'alternating',
    compression: { updates: 'int8', releases: 'float16' },
  },
  { name: 'fedavg', strategy: 'fedavg' },
] as const
/** Rounds of an arm whose rounds are small, in rounds of one that sends both factors. */
const MOST_ROUNDS = 2

export const benchFederated = async (bench: Bench, options: FederatedOptions): Promise<Results> => {
  const { model, threads, log } = bench
  const engine = openEngine({ folder: model.folder, threads })
  const peer = await openPythonPeer(bench, 'Flower with PEFT', FEDERATED_PACKAGES, SCRIPT, LORA)
  try {
    const arms = [
      ...OWN.map((own) => ownArm({ model, engine }, own)),
      ...(peer ? [flowerArm(peer)] : []),
    ]
    const task = (seed: number) => makeFederatedTask(model.tokenizer, { ...options, seed })
    const rates = await bestRates(arms, task(0), options, log)
    const curves = new Map<string, Curve[]>(arms.map(({ name }) => [name, []]))
    for (let world = 1; world <= options.worlds; world++) {
      const made = await runSideBySide(arms, task(world), rates, options, (line) =>
        log(`world ${world}: ${line}`),
      )
      for (const [name, curve] of made) curves.get(name)!.push(curve)
    }
    if (options.report) writeFederatedReport(options.report, bench.name, options, rates, curves)
    return { results: figures(curves, rates) }
  } finally {
    await engine.close()
    await peer?.close()
  }
}

const SCRIPT = fileURLToPath(new URL('../../peers/federated_peer.py', import.meta.url))

/** By the loss after all rounds. */
const bestRates = async (
  arms: readonly Arm[],
  task: FederatedTask,
  { rates, rounds, ...plan }: FederatedOptions,
  log: (line: string) => void,
): Promise<ReadonlyMap<string, number>> => {
  const best = new Map<string, number>(arms.map(({ name }) => [name, rates[0]!]))
  if (rates.length === 1) return best
  for (const arm of arms) {
    const losses: number[] = []
    for (const learningRate of rates) {
      const run = await arm.start(task, { ...plan, learningRate })
      for (let i = 0; i < rounds; i++) await run.round()
      losses.push(await run.loss())
      log(`${arm.name}: loss ${losses.at(-1)!.toFixed(3)} at a learning rate of ${learningRate}`)
    }
    best.set(arm.name, rates[losses.indexOf(Math.min(...losses))]!)
  }
  return best
}

/**
 * Round by round in turn, so that what else the machine does falls on all: each until it has moved as
 * many bytes as the largest rounds make.
 */
const runSideBySide = async (
  arms: readonly Arm[],
  task: FederatedTask,
  rates: ReadonlyMap<string, number>,
  { rounds, ...plan }: FederatedOptions,
  log: (line: string) => void,
): Promise<ReadonlyMap<string, Curve>> => {
  const made = new Map<string, { readonly run: Run; curve: [Point, ...Point[]] }>()
  for (const arm of arms) {
    const run = await arm.start(task, { ...plan, learningRate: rates.get(arm.name)! })
    made.set(arm.name, { run, curve: [{ bytes: 0, seconds: 0, loss: await run.loss() }] })
  }
  let budget = 0
  for (let round = 0; round < rounds * MOST_ROUNDS; round++)
    for (const [name, { run, curve }] of round % 2 === 0 ? made : [...made].toReversed()) {
      const last = curve.at(-1)!
      if (round >= rounds && last.bytes + sizeOf(curve) > budget) continue
      const point = after(last, await run.round(), await run.loss())
      curve.push(point)
      if (round < rounds) budget = Math.max(budget, point.bytes)
      log(
        `${name}, round ${round + 1}: loss ${point.loss.toFixed(3)}, ${point.seconds.toFixed(1)} s`,
      )
    }
  return new Map([...made].map(([name, { curve }]) => [name, curve]))
}
