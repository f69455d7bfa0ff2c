/** From the engine's start to its first score, weights cached; and memory at rest. */
import { seededRng } from '../../adapters/random.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import type { Results } from '../measure/results.ts'
import { secondsResult } from './alternate.ts'
import type { Bench } from './context.ts'
import { deviceMemory } from './device-memory.ts'
import { deviceDepth } from './recipe.ts'

/** Tokens of the text that is scored first, and of its prompt. */
const SIZE = { tokens: 300, prompt: 100 } as const

/** The engine's process starts within each run. */
export const benchLoad = async (bench: Bench): Promise<Results> => {
  const { model, threads, runs, log } = bench
  const rng = seededRng('bench-load')
  const ids = Array.from({ length: SIZE.tokens }, () => rng.int(model.config.shape.vocab))
  const times: number[] = []
  for (let run = -1; run < runs; run++) {
    const began = performance.now()
    const engine = openEngine({ folder: model.folder, threads })
    const options = { exitLayer: deviceDepth(model).exitLayer, adapters: [] }
    await engine.pooled([{ ids, answerStart: SIZE.prompt }], options).finally(engine.close)
    const seconds = (performance.now() - began) / 1000
    log(`${run < 0 ? 'warm-up' : `run ${run + 1} of ${runs}`}: ${seconds.toFixed(3)} s`)
    if (run >= 0) times.push(seconds)
  }
  const first = secondsResult({ name: 'bench.load.first_score', n: runs }, times)
  return { results: [first, ...(await deviceMemory(bench))] }
}
