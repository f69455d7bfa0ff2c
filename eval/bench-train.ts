/** Throughput and memory of full-depth training: 1 × 512 tokens, LoRA r = 8 on all seven linears of every layer. */
import { initAdapter } from '../adapters/lora/init.ts'
import { MODULES } from '../adapters/lora/spec.ts'
import { seededRng } from '../adapters/random.ts'
import type { LocalModel } from '../device/engine/model/open.ts'
import { openEngine } from '../device/engine/run/client.ts'
import { medianOf } from './metrics.ts'
import type { Results } from './results.ts'

const TOKENS = 512
const RANK = 8

/** runs: timed steps after one that is not counted; the figure is their median. Every token but the first is predicted. */
export const benchTrain = async (options: {
  readonly model: LocalModel
  readonly runs: number
  readonly threads?: number
}): Promise<Results> => {
  const { model, runs, threads } = options
  const { shape } = model.config
  const spec = {
    firstLayer: 0,
    endLayer: shape.layers,
    modules: [...MODULES],
    rank: RANK,
    alpha: 2 * RANK,
  }
  const rng = seededRng('bench-train')
  const ids = Array.from({ length: TOKENS }, () => rng.int(shape.vocab))
  const engine = openEngine({
    folder: model.folder,
    watchMemory: true,
    ...(threads && { threads }),
  })
  const times: number[] = []
  let last = 0
  try {
    await engine.train(
      {
        objective: { kind: 'completion', examples: [{ ids, answerStart: 1 }] },
        adapters: [{ spec, flat: initAdapter(shape, spec, 1) }],
        trainable: { index: 0, factors: ['A', 'B'] },
        epochs: runs + 1,
        learningRate: 1e-4,
        batch: 1,
        maxTokens: TOKENS,
        clipNorm: 1,
        seed: 1,
      },
      ({ seconds }) => {
        times.push(seconds - last)
        last = seconds
      },
    )
    const { peakPssBytes } = await engine.memory()
    const median = medianOf(times.slice(1))
    return {
      results: [
        {
          name: 'bench.train.tokens_per_second',
          value: TOKENS / median,
          unit: 'tokens/s',
          n: runs,
        },
        { name: 'bench.train.step_seconds', value: median, unit: 's', n: runs },
        { name: 'bench.train.peak_pss', value: peakPssBytes, unit: 'bytes' },
      ],
    }
  } finally {
    await engine.close()
  }
}
