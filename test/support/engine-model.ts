/** Converted models for engine tests, in a temporary folder that `release` removes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { adapterLayout, layoutSize } from '../../adapters/lora/layout.ts'
import type { AdapterSpec } from '../../adapters/lora/spec.ts'
import { seededRng } from '../../adapters/random.ts'
import type { AnswerInput, LoraFeed } from '../../device/engine/engine.ts'
import type { ModelConfig } from '../../device/engine/model/config.ts'
import type { TensorSource } from '../../device/engine/model/tensor-source.ts'
import { TINY_CONFIG, tinySource } from '../../device/engine/model/tiny.ts'
import { convertWeights, type WeightManifest } from '../../device/engine/model/weight-store.ts'
import { type ModelRunner, modelRunner } from '../../device/engine/run/model-runner.ts'
import { openSessions } from '../../device/engine/run/sessions.ts'

export type EngineModel = {
  readonly folder: string
  readonly manifest: WeightManifest
  readonly config: ModelConfig
  /** A runner with a cache of its own; its sessions are shared. */
  runner(cacheBytes?: number): ModelRunner
  release(): Promise<void>
}

export const engineModel = (changes: Partial<ModelConfig> = {}): Promise<EngineModel> =>
  convertedModel(tinySource({ ...TINY_CONFIG, ...changes }))

export const convertedModel = async (source: TensorSource): Promise<EngineModel> => {
  const root = mkdtempSync(join(tmpdir(), 'loreweave-engine-'))
  const folder = join(root, 'model')
  const manifest = await convertWeights(source, folder)
  const { config } = manifest
  const sessions = openSessions(folder, 1)
  return {
    folder,
    manifest,
    config,
    runner: (cacheBytes = 0) => modelRunner({ config, manifest }, sessions, cacheBytes),
    release: async () => {
      await sessions.release()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/** An adapter with normal A and B, large enough to change what the model says. */
export const randomAdapter = (
  config: ModelConfig,
  changes: Partial<AdapterSpec> = {},
  seed = 1,
): LoraFeed => {
  const spec: AdapterSpec = {
    firstLayer: 0,
    endLayer: config.shape.layers,
    modules: ['q', 'v', 'down'],
    rank: 2,
    alpha: 4,
    ...changes,
  }
  const rng = seededRng(`adapter/${seed}`)
  const size = layoutSize(adapterLayout(config.shape, spec))
  return { spec, flat: Float32Array.from({ length: size }, () => 0.2 * rng.normal()) }
}

/** n answers over few prompts, so that some share one. */
export const randomAnswers = (config: ModelConfig, n: number, seed = 1): AnswerInput[] => {
  const rng = seededRng(`answers/${seed}`)
  const ids = (count: number) => Array.from({ length: count }, () => rng.int(config.shape.vocab))
  const prompts = [ids(5), ids(9), ids(14)]
  return Array.from({ length: n }, () => {
    const prompt = rng.pick(prompts)
    return { ids: [...prompt, ...ids(3 + rng.int(20))], answerStart: prompt.length }
  })
}

/** Largest absolute difference, relative to the largest absolute value of b. */
export const relativeDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let difference = 0
  let largest = 0
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    difference = Math.max(difference, Math.abs(a[i]! - b[i]!))
    largest = Math.max(largest, Math.abs(b[i]!))
  }
  return difference / largest
}
