/**
 * What a round is worth: accuracy on unseen choices after training on the last layers below the
 * exit, against full depth. Heads are refitted on the trained states, as a device does.
 */

import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { seededRng } from '../../adapters/random.ts'
import type { AnswerInput, Engine } from '../../device/engine/engine.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import type { UserLog } from '../inputs/user-log.ts'
import { bootstrapInterval, meanOf, pairedDifference } from '../measure/metrics.ts'
import type { Result } from '../measure/results.ts'
import { benchChoices, loggedChoices } from './choices.ts'
import { type Bench, openPeft } from './context.ts'
import {
  type Depth,
  deviceDepth,
  fitOwnHead,
  fullDepth,
  hits,
  lessons,
  ROUND,
  readChoices,
  readerOf,
  trainThrough,
} from './recipe.ts'

export type AccuracyOptions = {
  readonly users: number
  readonly choices: number
  readonly unseen: number
  readonly data?: string
  readonly learningRate: number
  /** Another step size for the full depth, where the device's does not suit it. */
  readonly fullLearningRate: number
}

/** Hits of every unseen choice of one user. */
type Arm = (log: UserLog) => Promise<number[]>

/** `bench.accuracy.<arm>`, and ours minus full depth, paired over choices. Slow: a round a user. */
export const benchAccuracy = async (bench: Bench, options: AccuracyOptions): Promise<Result[]> => {
  const { model, threads, log } = bench
  const plan = { users: options.users, train: options.choices, test: options.unseen, seed: 1 }
  const logs = options.data ? loggedChoices(options.data, plan) : benchChoices(plan)
  const engine = openEngine({ folder: model.folder, threads, oneChild: true })
  const arms: Record<string, Arm> = {
    no_adapter: untrainedArm(bench, engine, deviceDepth(model)),
    ours: trainedArm(bench, engine, deviceDepth(model), options.learningRate),
    full_depth: trainedArm(bench, engine, fullDepth(model), options.fullLearningRate),
    ...(bench.peers && { peft: peftArm(bench, engine, options.fullLearningRate) }),
  }
  try {
    const made: Record<string, number[]> = {}
    for (const person of logs)
      for (const [name, arm] of Object.entries(arms)) {
        const got = await arm(person)
        made[name] = [...(made[name] ?? []), ...got]
        log(`${person.user}: ${name} ${meanOf(got).toFixed(3)}`)
      }
    return summary(made)
  } finally {
    await engine.close()
  }
}

/** Accuracy of each arm, and how far ours is from each that trained at full depth. */
export const summary = (hitsByArm: Readonly<Record<string, readonly number[]>>): Result[] => {
  const rng = seededRng('bench-accuracy')
  const took = Object.entries(hitsByArm).filter(([, values]) => values.length > 0)
  const results: Result[] = took.map(([name, values]) => ({
    name: `bench.accuracy.${name}`,
    value: meanOf(values),
    unit: 'share',
    n: values.length,
    interval: [...bootstrapInterval(values, meanOf, rng)],
  }))
  for (const [name, values] of took.filter(([name]) => name === 'full_depth' || name === 'peft')) {
    const { value, interval, n } = pairedDifference(hitsByArm['ours']!, values, rng)
    results.push({
      name: `bench.accuracy.ours_minus_${name}`,
      value,
      unit: 'share',
      n,
      interval: [...interval],
    })
  }
  return results
}

const untrainedArm =
  ({ model }: Bench, engine: Engine, depth: Depth): Arm =>
  async ({ train, test }) => {
    const reader = readerOf(model, engine, depth)
    const head = fitOwnHead(await readChoices(reader, train), reader.space)
    return hits(await readChoices(reader, test), head)
  }

const trainedArm =
  ({ model }: Bench, engine: Engine, depth: Depth, learningRate: number): Arm =>
  async ({ train, test }) => {
    const reader = readerOf(model, engine, depth)
    const lesson = lessons(await readChoices(reader, train), reader.space)
    const adapters = [await trainThrough(model, engine, depth, lesson, learningRate)]
    const head = fitOwnHead(await readChoices(reader, train, adapters), reader.space)
    return hits(await readChoices(reader, test, adapters), head)
  }

/** PEFT's full run, a pair a step; the first head is fitted on our untrained model's states. */
const peftArm =
  (bench: Bench, engine: Engine, learningRate: number): Arm =>
  async ({ train, test }) => {
    const peft = await openPeft(bench, { ...ROUND, learningRate })
    if (!peft) return []
    try {
      const before = readerOf(bench.model, engine, fullDepth(bench.model))
      const { head, pairs } = lessons(await readChoices(before, train), before.space)
      const rng = seededRng('bench-accuracy/peft')
      for (let epoch = 0; epoch < ROUND.epochs; epoch++)
        await peft.ask({ do: 'reward', pairs: rng.shuffle([...pairs]), head: [...head] })
      const pooled = async (answers: readonly AnswerInput[]) => {
        const { states } = await peft.ask({ do: 'states', answers })
        return states!.map((state) => Float32Array.from(state))
      }
      const after = readerOf(bench.model, { pooled }, fullDepth(bench.model))
      const read = (lines: readonly ChoiceLine[]) => readChoices(after, lines)
      return hits(await read(test), fitOwnHead(await read(train), after.space))
    } finally {
      await peft.close()
    }
  }
