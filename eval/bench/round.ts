/**
 * A device's contribution to a round of the adapter, from texts to the bytes of its update, by the
 * code of a device: states, head, and the gradient over choices that the head has not seen. Against
 * PEFT at full depth, a step for each of the pairs.
 */

import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { MODULES } from '../../adapters/lora/spec.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import { seededRng } from '../../adapters/random.ts'
import type { Assignment } from '../../adapters/wire/federation.ts'
import { GRADIENT_TRAINING, JobSpec } from '../../adapters/wire/jobs.ts'
import type { RewardPair } from '../../device/engine/engine.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import { type RoundResult, runRound } from '../../device/federation/compute-round.ts'
import { DeviceSettings } from '../../device/home/settings.ts'
import { featureSpace } from '../../device/reward/feature-space.ts'
import { firstRelease } from '../../server/releases/release.ts'
import type { Results } from '../measure/results.ts'
import type { PeerProcess } from '../peers/peer-process.ts'
import { ownChildren, peakDuring } from '../programs/memory.ts'
import { temporaryFolder } from '../programs/temporary-folder.ts'
import { alternate, bytesResult, extrapolated, secondsResult } from './alternate.ts'
import { benchChoices, loggedChoices } from './choices.ts'
import { type Bench, openPeft } from './context.ts'
import { deviceDepth, type Lessons, lessons, ROUND, readChoices, readerOf } from './recipe.ts'

export type RoundOptions = {
  readonly choices: number
  /** Pairs that PEFT steps through in a run; the rest is extrapolated. */
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
  let steps = 0
  /** A few choices warm everything up. */
  const ours = async (run: number) => {
    const { seconds, pairs } = await ourRound(bench, run < 0 ? lines.slice(0, FEW) : lines)
    steps = pairs
    return seconds
  }
  const theirs = async () => {
    const made = Math.min(options.peerChoices, steps)
    return extrapolated(await pairSteps(peft!, lesson, made), made, steps)
  }
  try {
    const times = await alternate({ ours, ...(peft && { peft: theirs }) }, runs, log)
    const made = Math.min(options.peerChoices, steps)
    const name = `PEFT at full depth, extrapolated from ${made} of ${steps} pair steps`
    const peer = times['peft'] && { name, seconds: times['peft'] }
    const peak = await peakDuring(
      () => ownChildren(peft ? [peft.pid] : []),
      () => ours(0),
    )
    return {
      results: [
        secondsResult({ name: 'bench.round.seconds', n: runs }, times.ours, peer),
        ...(peak > 0 ? [bytesResult('bench.round.peak_pss', peak)] : []),
        { name: 'bench.round.pairs', value: steps, unit: 'pairs' },
        { name: 'bench.round.tokens_per_pair', value: meanTokens(lesson.pairs), unit: 'tokens' },
      ],
    }
  } finally {
    await peft?.close()
  }
}

const FEW = 16

/** Everything from texts to the update, with a new engine and an empty state folder. */
const ourRound = async (
  { model, threads }: Bench,
  lines: readonly ChoiceLine[],
): Promise<Pick<RoundResult, 'pairs'> & { readonly seconds: number }> => {
  const states = temporaryFolder('round')
  const engine = openEngine({ folder: model.folder, threads, stateFolder: states.path })
  const { assignment, release, space } = firstRound(model)
  const began = performance.now()
  try {
    const { pairs } = await runRound(
      { model, engine, space, memo: new Map() },
      assignment,
      release,
      lines,
    )
    return { pairs, seconds: (performance.now() - began) / 1000 }
  } finally {
    await engine.close()
    states.remove()
  }
}

/** The first round of a new lineage, which asks for the gradient. */
const firstRound = (model: Bench['model']) => {
  const { exitLayer, firstLayer } = deviceDepth(model)
  const { rank, alpha } = ROUND
  const space = featureSpace(model.base.shape.hidden)
  const { maxTokens } = DeviceSettings.parse({})
  const job = JobSpec.parse({
    name: 'bench',
    base: model.base,
    adapter: { firstLayer, endLayer: exitLayer, modules: [...MODULES], rank, alpha },
    exitLayer,
    features: space,
    contributions: ['adapter'],
    cohort: { size: 1, goal: 1, minimum: 1 },
    training: { ...GRADIENT_TRAINING, maxTokens },
  })
  const release = firstRelease(job, 0).bytes
  const { base, adapter, features, contributions, training, prior, purpose } = job
  const assignment: Assignment = {
    ...{ base, adapter, exitLayer, features, contributions, training, prior, purpose },
    ...{ jobId: 'job', roundId: 'round', uploadToken: 'x'.repeat(16), basisEpoch: 0 },
    release: sha256Hex(release),
    factor: 'B',
    deadlineAt: 1,
  }
  return { assignment, release, space }
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
