/** The engine as the rest of the device sees it: calls go to child processes, because ONNX blocks its thread. */
import { availableParallelism } from 'node:os'
import { engineChild } from './child.ts'
import type { Progress } from './messages.ts'
import type { Engine, TrainProgress } from './types.ts'

export type EngineOptions = {
  /** Converted weights (weights.bin and weights.json). */
  readonly folder: string
  /** Of each child; default: all cores. */
  readonly threads?: number
  /** Hidden states each child keeps below the adapters; default 256 MiB. */
  readonly cacheBytes?: number
  /** A child without work for so long is ended; default five minutes. */
  readonly idleMs?: number
  /** Samples the children's memory while they work, so that memory() tells the peak; each sample stops a child for milliseconds. */
  readonly watchMemory?: boolean
  /** Trains in the scoring child, which has the states below the adapter already. For a process that does one thing after the other:
   *  scoring waits for the training before it. */
  readonly oneChild?: boolean
}

/** Starts nothing: each child begins with its first call. One child scores, one trains, unless oneChild says otherwise. */
export const openEngine = (options: EngineOptions): Engine => {
  const { folder, threads = availableParallelism(), cacheBytes = 256 * 2 ** 20 } = options
  const life = { idleMs: options.idleMs ?? 300_000, watchMemory: options.watchMemory ?? false }
  const service = { folder, threads, cacheBytes }
  const scoring = engineChild(service, life)
  const training = options.oneChild ? scoring : engineChild(service, life)
  return {
    pooled: (inputs, { onProgress, ...pooledOptions }) =>
      scoring.call(
        { method: 'pooled', args: [inputs, pooledOptions] },
        onProgress &&
          ((progress: Progress) => 'done' in progress && onProgress(progress.done, progress.of)),
      ),
    score: (prompt, candidates, { adapters }) =>
      scoring.call({ method: 'score', args: [prompt, candidates, { adapters }] }),
    generate: (prompt, generateOptions) =>
      scoring.call({ method: 'generate', args: [prompt, generateOptions] }),
    train: (request, onProgress, signal) =>
      training.call(
        { method: 'train', args: [request] },
        onProgress && ((progress: Progress) => onProgress(progress as TrainProgress)),
        signal,
      ),
    memory: async () => {
      const children = [...new Set([scoring, training])]
      const peaks = await Promise.all(children.map((child) => child.peakBytes()))
      return { peakPssBytes: peaks.reduce((a, b) => a + b) }
    },
    close: async () => {
      await Promise.all([scoring.close(), training.close()])
    },
  }
}
