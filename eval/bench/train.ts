/** One training step at full depth, LoRA r = 8 on all seven linears: ours against PEFT's. */
import { initAdapter } from '../../adapters/lora/init.ts'
import { MODULES } from '../../adapters/lora/spec.ts'
import { seededRng } from '../../adapters/random.ts'
import type { TrainRequest } from '../../device/engine/engine.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import type { Result, Results } from '../measure/results.ts'
import { ownChildren, peakDuring, processTree } from '../programs/memory.ts'
import { alternate, bytesResult, rateResult } from './alternate.ts'
import { type Bench, openPeft } from './context.ts'

/** Sequences of one step, and the tokens of each. */
const BATCHES = [
  { sequences: 1, length: 512 },
  { sequences: 4, length: 128 },
] as const
type Batch = (typeof BATCHES)[number]

const LORA = { rank: 8, alpha: 16, learningRate: 1e-4 }

export const benchTrain = async (bench: Bench): Promise<Results> => {
  const results: Result[] = []
  for (const batch of BATCHES) results.push(...(await benchBatch(bench, batch)))
  return { results }
}

/** Processes are new for each batch, so that one's memory says nothing about the other's. */
const benchBatch = async (bench: Bench, batch: Batch): Promise<Result[]> => {
  const { model, threads, runs, log } = bench
  const title = `${batch.sequences}x${batch.length}`
  const ids = batchIds(batch, model.config.shape.vocab)
  const engine = openEngine({ folder: model.folder, threads })
  const peft = await openPeft(bench, LORA)
  const losses: { ours?: number; peft?: number } = {}
  const ours = async (): Promise<number> => {
    const { seconds, losses: made } = await engine.train(requestOf(bench, ids))
    losses.ours ??= made[0]!
    return seconds
  }
  const theirs = async (): Promise<number> => {
    const { seconds, loss } = await peft!.ask({ do: 'complete', ids })
    losses.peft ??= loss!
    return seconds!
  }
  try {
    const times = await alternate({ ours, ...(peft && { peft: theirs }) }, runs, (line) =>
      log(`${title} ${line}`),
    )
    const tokens = batch.sequences * batch.length
    const peer = times['peft'] && { name: 'PEFT', seconds: times['peft'] }
    const peers = peft ? [peft.pid] : []
    const peak = await peakDuring(() => ownChildren(peers), ours)
    const peerPeak = peft && (await peakDuring(() => processTree(peft.pid), theirs))
    const name = `bench.train.${title}`
    return [
      rateResult({ name: `${name}.tokens_per_second`, n: runs }, tokens, times.ours, peer),
      ...(peak > 0
        ? [
            bytesResult(
              `${name}.peak_pss`,
              peak,
              peerPeak ? { name: 'PEFT', value: peerPeak } : undefined,
            ),
          ]
        : []),
      {
        name: `${name}.first_loss`,
        value: losses.ours!,
        unit: 'nats/token',
        ...(losses.peft !== undefined && { peer: { name: 'PEFT', value: losses.peft } }),
      },
    ]
  } finally {
    await engine.close()
    await peft?.close()
  }
}

/** The same tokens for all. */
const batchIds = ({ sequences, length }: Batch, vocab: number): number[][] => {
  const rng = seededRng('bench-train')
  return Array.from({ length: sequences }, () => Array.from({ length }, () => rng.int(vocab)))
}

/** One step from a new adapter. */
const requestOf = ({ model }: Bench, ids: readonly (readonly number[])[]): TrainRequest => {
  const { shape } = model.config
  const { rank, alpha, learningRate } = LORA
  const spec = { firstLayer: 0, endLayer: shape.layers, modules: [...MODULES], rank, alpha }
  return {
    objective: {
      kind: 'completion',
      examples: ids.map((sequence) => ({ ids: sequence, answerStart: 1 })),
    },
    adapters: [{ spec, flat: initAdapter(shape, spec, 1) }],
    trainable: { index: 0, factors: ['A', 'B'] },
    epochs: 1,
    learningRate,
    batch: ids.length,
    maxTokens: Math.max(...ids.map((sequence) => sequence.length)),
    clipNorm: 1,
    seed: 1,
  }
}
