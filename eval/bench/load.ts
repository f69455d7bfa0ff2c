/** From nothing to the first score, and what the engine holds at rest. The weights are converted and in the system's file cache. */
import { setTimeout } from 'node:timers/promises'
import { seededRng } from '../../adapters/random.ts'
import { openEngine } from '../../device/engine/run/client.ts'
import type { Result, Results } from '../results.ts'
import { bytesResult, secondsResult } from './alternate.ts'
import { type Bench, SERVING } from './context.ts'
import { ownChildren, sumOf } from './memory.ts'
import { deviceDepth } from './recipe.ts'

/** Tokens of the text that is scored first, and of its prompt. */
const SIZE = { tokens: 300, prompt: 100 } as const
/** How long a child is left without work before it is ended here; a device waits minutes. */
const IDLE_MS = 1000

/** The engine's process starts within each run. */
export const benchLoad = async (bench: Bench): Promise<Results> => {
  const { model, threads, runs, log } = bench
  const rng = seededRng('bench-load')
  const ids = Array.from({ length: SIZE.tokens }, () => rng.int(model.config.shape.vocab))
  const times: number[] = []
  let after = 0
  let idle = 0
  for (let run = -1; run < runs; run++) {
    const began = performance.now()
    const engine = openEngine({ folder: model.folder, threads, ...SERVING, idleMs: IDLE_MS })
    try {
      const options = { exitLayer: deviceDepth(model).exitLayer, adapters: [] }
      await engine.pooled([{ ids, answerStart: SIZE.prompt }], options)
      const seconds = (performance.now() - began) / 1000
      log(`${run < 0 ? 'warm-up' : `run ${run + 1} of ${runs}`}: ${seconds.toFixed(3)} s`)
      if (run >= 0) times.push(seconds)
      if (run < runs - 1) continue
      after = await sumOf(ownChildren([]))
      await setTimeout(3 * IDLE_MS)
      idle = await sumOf(ownChildren([]))
    } finally {
      await engine.close()
    }
  }
  const results: Result[] = [secondsResult({ name: 'bench.load.first_score', n: runs }, times)]
  if (after > 0)
    results.push(
      bytesResult('bench.load.engine_pss', after),
      bytesResult('bench.load.engine_idle_pss', idle),
    )
  return { results }
}
