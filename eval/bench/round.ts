/** A device's round, from choices to adapter, against PEFT at full depth, a pair a step. */

import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { seededRng } from '../../adapters/random.ts'
import type { RewardPair } from '../../device/engine/engine.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import type { Results } from '../measure/results.ts'
import type { PeerProcess } from '../peers/peer-process.ts'
import { temporaryFolder } from '../programs/temporary-folder.ts'
import { alternate, extrapolated, secondsResult } from './alternate.ts'
import { benchChoices, loggedChoices } from './choices.ts'
import { type Bench, openPeft } from './context.ts'
import {
  deviceDepth,
  type Lessons,
  lessons,
  ROUND,
  readChoices,
  readerOf,
  trainThrough,
} from './recipe.ts'

export type RoundOptions = {
  readonly choices: number
  /** Pairs that PEFT makes of the choices × epochs in a run; the rest is extrapolated. */
  readonly peerChoices: number
  readonly data?: string
  readonly learningRate: number
}

export const benchRound = async (bench: Bench, options: RoundOptions): Promise<Results> => {
  const { runs, log } = bench
  const plan = { users: 1, train: options.choices, test: 0, seed: 1 }
  const [chosen] = options.data ? loggedChoices(options.data, plan) : benchChoices(plan)
  const lines = chosen!.train
  const lesson = await peerLessons(bench, lines)
  const peft = await openPeft(bench, { ...ROUND, learningRate: options.learningRate })
  const { pairs } = lesson
  const steps = pairs.length * ROUND.epochs
  const made = Math.min(options.peerChoices, steps)
  /** A few choices warm everything up. */
  const ours = (run: number) =>
    ourRound(bench, run < 0 ? lines.slice(0, FEW) : lines, options.learningRate)
  const theirs = async () => extrapolated(await pairSteps(peft!, lesson, made), made, steps)
  try {
    const times = await alternate({ ours, ...(peft && { peft: theirs }) }, runs, log)
    const name = `PEFT at full depth, extrapolated from ${made} of ${steps} pair steps`
    const peer = times['peft'] && { name, seconds: times['peft'] }
    return {
      results: [
        secondsResult({ name: 'bench.round.seconds', n: runs }, times.ours, peer),
        { name: 'bench.round.pairs', value: pairs.length, unit: 'pairs' },
        { name: 'bench.round.tokens_per_pair', value: meanTokens(pairs), unit: 'tokens' },
      ],
    }
  } finally {
    await peft?.close()
  }
}

const FEW = 16

/** Everything from texts to the trained adapter, with a new engine and an empty state folder. */
const ourRound = async (
  { model, threads }: Bench,
  lines: readonly ChoiceLine[],
  learningRate: number,
): Promise<number> => {
  const states = temporaryFolder('round')
  const engine = openEngine({ folder: model.folder, threads, stateFolder: states.path })
  const depth = deviceDepth(model)
  const reader = readerOf(model, engine, depth)
  const began = performance.now()
  try {
    const features = await readChoices(reader, lines)
    await trainThrough(model, engine, depth, lessons(features, reader.space), learningRate)
    return (performance.now() - began) / 1000
  } finally {
    await engine.close()
    states.remove()
  }
}

/** What PEFT is given: the same token ids, and any head, since its values cost nothing. */
const peerLessons = async ({ model }: Bench, lines: readonly ChoiceLine[]): Promise<Lessons> => {
  const { hidden } = model.base.shape
  const rng = seededRng('bench-round')
  const random = () => Float32Array.from({ length: hidden }, () => rng.normal() / hidden)
  const engine = { pooled: async (inputs: readonly unknown[]) => inputs.map(random) }
  const reader = readerOf(model, engine, deviceDepth(model))
  return { ...lessons(await readChoices(reader, lines), reader.space), head: random() }
}

/** Seconds of `count` steps, a pair each. */
const pairSteps = async (peft: PeerProcess, { pairs, head }: Lessons, count: number) => {
  const taken = Array.from({ length: count }, (_, i) => pairs[i % pairs.length]!)
  const { seconds } = await peft.ask({ do: 'reward', pairs: taken, head: [...head] })
  return seconds!
}

const meanTokens = (pairs: readonly RewardPair[]): number =>
  pairs.reduce((sum, { chosen, rejected }) => sum + chosen.ids.length + rejected.ids.length, 0) /
  pairs.length
