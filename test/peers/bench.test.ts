// The benchmark's peer does the same work as ours: the same losses on the same weights and tokens.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { initAdapter } from '../../adapters/lora/init.ts'
import { MODULES } from '../../adapters/lora/spec.ts'
import { seededRng } from '../../adapters/random.ts'
import type { AnswerInput, Engine } from '../../device/engine/engine.ts'
import { defaultCacheFolder } from '../../device/engine/model/cache.ts'
import { openModel } from '../../device/engine/model/open.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import { type Bench, openPeft } from '../../eval/bench/context.ts'
import type { PeerProcess } from '../../eval/peers/peer-process.ts'
import { noPython, titled } from './python.ts'

describe.skipIf(noPython)(titled('PEFT as a benchmark runs it', noPython), () => {
  const root = mkdtempSync(join(tmpdir(), 'loreweave-peer-bench-'))
  const rng = seededRng('peer-bench')
  const tokens = (count: number) => Array.from({ length: count }, () => rng.int(200))
  const answer = (): AnswerInput => ({ ids: tokens(40), answerStart: 12 })
  let bench: Bench
  let engine: Engine
  let peft: PeerProcess

  beforeAll(async () => {
    const model = await openModel({ cacheFolder: root, name: 'tiny' })
    const log = () => {}
    const cache = defaultCacheFolder(process.env)
    bench = { name: 'tiny', model, cache, threads: 1, runs: 1, peers: true, log, gguf: undefined }
    engine = openEngine({ folder: model.folder, threads: 1, oneChild: true })
    peft = (await openPeft(bench, { rank: 8, alpha: 16, learningRate: 1e-3 }))!
  })
  afterAll(async () => {
    await peft.close()
    await engine.close()
    rmSync(root, { recursive: true, force: true })
  })

  const train = async (objective: Parameters<Engine['train']>[0]['objective']) => {
    const { shape } = bench.model.config
    const spec = {
      firstLayer: 0,
      endLayer: shape.layers,
      modules: [...MODULES],
      rank: 8,
      alpha: 16,
    }
    const { losses } = await engine.train({
      objective,
      adapters: [{ spec, flat: initAdapter(shape, spec, 1) }],
      trainable: { index: 0, factors: ['A', 'B'] },
      epochs: 1,
      learningRate: 1e-3,
      batch: 4,
      maxTokens: 512,
      clipNorm: 1,
      seed: 1,
    })
    return losses[0]!
  }

  // Tolerance 1e-4 on losses of 0.5 to 9; seen: below 1e-5. A new adapter changes nothing, so the first losses are the base's.
  test('states and the reward loss are ours', async () => {
    const { layers, hidden } = bench.model.config.shape
    const answers = [answer(), answer()]
    const { states } = await peft.ask({ do: 'states', answers })
    const pooled = await engine.pooled(answers, { exitLayer: layers, adapters: [] })
    for (const [i, state] of states!.entries())
      for (const [j, value] of state.entries()) expect(value).toBeCloseTo(pooled[i]![j]!, 4)

    const head = Float32Array.from({ length: hidden }, () => rng.normal())
    const pairs = [{ chosen: answers[0]!, rejected: answers[1]!, offset: 0.3, weight: 2 }]
    const reward = await train({ kind: 'reward', exitLayer: layers, head, pairs })
    const theirs = await peft.ask({ do: 'reward', pairs, head: [...head] })
    expect(theirs.loss).toBeCloseTo(reward, 4)
  })

  test('a step lowers the loss of its own tokens', async () => {
    const ids = [tokens(64)]
    const first = await peft.ask({ do: 'complete', ids })
    const second = await peft.ask({ do: 'complete', ids })
    expect(second.loss!).toBeLessThan(first.loss!)
  })
})
