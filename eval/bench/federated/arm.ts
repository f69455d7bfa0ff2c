/** What takes part in the benchmark: ours by each strategy, and Flower with PEFT. */
import type { AdapterState } from '../../../adapters/aggregate/adapter-state.ts'
import { createExactSum } from '../../../adapters/aggregate/exact-sum.ts'
import { type SumStrategy, strategies, takeStep } from '../../../adapters/aggregate/strategy.ts'
import { joinParts, type Part } from '../../../adapters/container/container.ts'
import { adapterRow } from '../../../adapters/contributions/adapter.ts'
import { compressRelease, compressUpdate } from '../../../adapters/contributions/compress.ts'
import { initAdapter } from '../../../adapters/lora/init.ts'
import { adapterLayout, factorsOf, segmentOf } from '../../../adapters/lora/layout.ts'
import { MODULES } from '../../../adapters/lora/spec.ts'
import { seededRng } from '../../../adapters/random.ts'
import { type CompressionPlan, JobSpec } from '../../../adapters/wire/jobs.ts'
import type { Engine, LoraFeed } from '../../../device/engine/engine.ts'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { featureSpace } from '../../../device/reward/feature-space.ts'
import { meanOf } from '../../measure/metrics.ts'
import type { PeerProcess } from '../../peers/peer-process.ts'
import { type FederatedTask, lessonOf, type Sequence } from './task.ts'

/** Of a run. steps: of AdamW on each device in a round; batch: sequences of a step. */
export type Plan = { readonly steps: number; readonly batch: number; readonly learningRate: number }

export const LORA = { rank: 8, alpha: 16 } as const

/**
 * What a round took. sentBytes, fetchedBytes: of one device. seconds: of one device, in the mean, and
 * of the server; nothing is sent anywhere.
 */
export type Took = {
  readonly sentBytes: number
  readonly fetchedBytes: number
  readonly seconds: number
}

/** A federation under way. loss: nats a token of sequences that nobody trains on. */
export type Run = { round(): Promise<Took>; loss(): Promise<number> }
export type Arm = { readonly name: string; start(task: FederatedTask, plan: Plan): Promise<Run> }

type OwnArm = {
  readonly name: string
  readonly strategy: 'alternating' | 'fedavg' | 'ffa' | 'fedsvd'
  readonly compression?: CompressionPlan
}

/** Trained by a device's engine, and aggregated as a server does. */
export const ownArm = (
  { model, engine }: { readonly model: LocalModel; readonly engine: Engine },
  { name, strategy: strategyName, compression }: OwnArm,
): Arm => ({
  name,
  start: async (task, plan) => {
    const { shape } = model.config
    const job = jobOf(model, strategyName, compression)
    const spec = job.adapter
    const strategy: SumStrategy = strategies[strategyName]
    const flat = initAdapter(shape, spec, 1)
    let state: AdapterState = { shape, spec, flat, basisEpoch: 0, adapterRounds: 0 }
    let rounds = 0
    return {
      loss: () => lossOf(engine, task.unseen, [state]),
      async round() {
        const factor = strategy.factorOf(state)
        const made: Part[][] = []
        const seconds: number[] = []
        for (const [i, device] of task.devices.entries()) {
          const began = performance.now()
          const after = await trained(
            engine,
            state,
            factor,
            lessonOf(device, rounds, plan.steps * plan.batch),
            plan,
          )
          const parts = adapterRow.make({ before: state, after }, { ...job, factor })!
          made.push([...compressUpdate(parts, job, () => seededRng(`${i}/${rounds}`))])
          seconds.push(secondsSince(began))
        }
        const began = performance.now()
        const first = joinParts(made[0]!).payload
        const sum = createExactSum(first.length)
        for (const parts of made) sum.add(joinParts(parts).payload, 1)
        const { adapter } = takeStep(strategy, state, sum.mean(), factor, null)
        const release = compressRelease(partsOf(adapter), job, () => seededRng(`release/${rounds}`))
        state = { ...adapter, flat: joinParts(release).payload }
        rounds++
        return {
          sentBytes: meanOf(made.map(bytesOf)),
          fetchedBytes: bytesOf(release),
          seconds: meanOf(seconds) + secondsSince(began),
        }
      },
    }
  },
})

/** Its own FedAvg of both factors (eval/peers/federated_peer.py). */
export const flowerArm = (peer: PeerProcess): Arm => ({
  name: 'flower_peft',
  start: async (task, { steps, batch, learningRate }) => {
    await peer.ask({ do: 'start', learningRate, seed: 1 })
    let rounds = 0
    return {
      loss: async () => (await peer.ask({ do: 'loss', ids: task.unseen })).loss!,
      async round() {
        const batches = task.devices.map((device) => {
          const lesson = lessonOf(device, rounds, steps * batch)
          return Array.from({ length: steps }, (_, i) => lesson.slice(i * batch, (i + 1) * batch))
        })
        rounds++
        const { seconds, sentBytes } = await peer.ask({ do: 'round', batches })
        return { sentBytes: sentBytes!, fetchedBytes: sentBytes!, seconds: seconds! }
      },
    }
  },
})

/** A job that leaves updates as long as they are. */
const jobOf = (
  model: LocalModel,
  strategy: OwnArm['strategy'],
  compression: CompressionPlan | undefined,
): JobSpec =>
  JobSpec.parse({
    name: 'bench',
    base: model.base,
    adapter: { firstLayer: 0, endLayer: model.config.shape.layers, modules: [...MODULES], ...LORA },
    exitLayer: model.config.shape.layers,
    features: featureSpace(model.base.shape.hidden),
    contributions: ['adapter'],
    strategy,
    cohort: { size: 1, goal: 1, minimum: 1 },
    training: { updateNorm: 1e6 },
    ...(compression && { compression }),
  })

const trained = async (
  engine: Engine,
  state: AdapterState,
  factor: ReturnType<SumStrategy['factorOf']>,
  lesson: readonly Sequence[],
  { batch, learningRate }: Plan,
): Promise<Float32Array> => {
  const { flat } = await engine.train({
    objective: { kind: 'completion', examples: lesson.map((ids) => ({ ids, answerStart: 1 })) },
    adapters: [state],
    trainable: { index: 0, factors: factorsOf(factor) },
    epochs: 1,
    learningRate,
    batch,
    maxTokens: Math.max(...lesson.map((ids) => ids.length)),
    clipNorm: 1,
    seed: 1,
  })
  return flat
}

const lossOf = async (
  engine: Engine,
  sequences: readonly Sequence[],
  adapters: readonly LoraFeed[],
): Promise<number> => {
  let [sum, tokens] = [0, 0]
  for (const ids of sequences) {
    const [score] = await engine.score(ids.slice(0, 1), [ids.slice(1)], { adapters })
    sum -= score!.logProb
    tokens += score!.tokens
  }
  return sum / tokens
}

const partsOf = ({ shape, spec, flat }: AdapterState): Part[] =>
  adapterLayout(shape, spec).map((segment) => ({
    name: segment.name,
    shape: segment.shape,
    data: segmentOf(flat, segment),
  }))

const bytesOf = (parts: readonly Part[]): number =>
  parts.reduce((sum, { data, encoded }) => sum + (encoded?.bytes.length ?? 4 * data.length), 0)

const secondsSince = (began: number): number => (performance.now() - began) / 1000
