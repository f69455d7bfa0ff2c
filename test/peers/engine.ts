/** Our engine over a model folder, for comparison with somebody else's numbers. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LoraFeed, TrainRequest } from '../../device/engine/engine.ts'
import type { ModelConfig } from '../../device/engine/model/config.ts'
import { openGguf } from '../../device/engine/model/gguf.ts'
import {
  fileDigest,
  ggufSource,
  openHuggingFace,
  type TensorSource,
} from '../../device/engine/model/tensor-source.ts'
import { convertWeights, readManifest } from '../../device/engine/model/weight-store.ts'
import { modelRunner } from '../../device/engine/run/model-runner.ts'
import { packRows } from '../../device/engine/run/rows.ts'
import { openSessions } from '../../device/engine/run/sessions.ts'
import { logitsOf, statesOf } from '../../device/engine/run/states.ts'
import { batchGradient } from '../../device/engine/train/gradient.ts'
import { itemsOf } from '../../device/engine/train/objectives.ts'
import { withReference } from '../../device/engine/train/reference.ts'

export type PeerEngine = {
  readonly config: ModelConfig
  /** After every token, row after row. */
  logits(ids: readonly number[], adapters?: readonly LoraFeed[]): Promise<Float32Array>
  /** Of the mean cross-entropy of the tokens from answerStart on, by every factor of the adapter. */
  gradient(ids: readonly number[], answerStart: number, adapter: LoraFeed): Promise<Float64Array>
  /** After the last token. */
  lastLogits(ids: readonly number[], adapters?: readonly LoraFeed[]): Promise<Float32Array>
  close(): Promise<void>
}

/** folder: of converted weights. */
export const openConverted = (folder: string, threads = 2): PeerEngine => {
  const manifest = readManifest(folder)
  const { config } = manifest
  const { hidden, layers, vocab } = config.shape
  const sessions = openSessions(folder, threads)
  const runner = modelRunner({ config, manifest }, sessions, 0)
  const states = async (ids: readonly number[], adapters: readonly LoraFeed[]) => {
    const [row] = packRows([[{ ids, answerStart: 0 }]], config.contextLength)
    return statesOf(runner, row!, layers, adapters)
  }
  const at = (all: Float32Array, t: number) => all.slice(t * hidden, (t + 1) * hidden)
  return {
    config,
    async logits(ids, adapters = []) {
      const all = await states(ids, adapters)
      const out = new Float32Array(ids.length * vocab)
      for (let t = 0; t < ids.length; t++) out.set(await logitsOf(runner, at(all, t)), t * vocab)
      return out
    },
    async gradient(ids, answerStart, adapter) {
      const request: TrainRequest = {
        objective: { kind: 'completion', examples: [{ ids, answerStart }] },
        adapters: [adapter],
        trainable: { index: 0, factors: ['A', 'B'] },
        epochs: 1,
        learningRate: 0,
        batch: 1,
        maxTokens: config.contextLength,
        clipNorm: 0,
        seed: 0,
      }
      const items = itemsOf(request.objective, request.maxTokens)
      const referred = await withReference(runner, request, items)
      return (await batchGradient(runner, request, referred)).gradient
    },
    lastLogits: async (ids, adapters = []) =>
      logitsOf(runner, at(await states(ids, adapters), ids.length - 1)),
    close: () => sessions.release(),
  }
}

/** folder: as transformers saves it. */
export const openFolderEngine = async (folder: string): Promise<PeerEngine> => {
  const { source, close } = await openHuggingFace(folder)
  return openSource(source).finally(close)
}

export const openGgufEngine = async (path: string): Promise<PeerEngine> => {
  const file = await openGguf(path)
  return ggufSource(file, await fileDigest(path))
    .then(openSource)
    .finally(file.close)
}

/** Converted into a temporary folder. */
const openSource = async (source: TensorSource): Promise<PeerEngine> => {
  const temporary = mkdtempSync(join(tmpdir(), 'loreweave-peer-'))
  await convertWeights(source, join(temporary, 'model'))
  const engine = openConverted(join(temporary, 'model'), 1)
  return {
    ...engine,
    close: async () => {
      await engine.close()
      rmSync(temporary, { recursive: true, force: true })
    },
  }
}

/** The largest absolute difference. */
export const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  if (a.length !== b.length) throw new Error(`${a.length} numbers against ${b.length}`)
  let largest = 0
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!))
  return largest
}
