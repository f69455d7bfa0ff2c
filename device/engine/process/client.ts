/** The engine for the device: calls go to child processes, because ONNX blocks its thread. */
import { rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { FedError } from '../../../adapters/errors.ts'
import type { Engine, TrainProgress, Weights } from '../engine.ts'
import { EngineChild } from './child.ts'
import { CAN_STOP } from './governor.ts'
import type { Progress } from './messages.ts'
import { rateMeter } from './rate.ts'

export type EngineOptions = {
  /** Converted weights (weights.bin and weights.json). */
  readonly folder: string
  /** Threads of each child; default: all cores. */
  readonly threads?: number
  /** See ServiceOptions. */
  readonly weights?: Weights | undefined
  /** Hidden states each child keeps below the adapters; default 256 MiB. */
  readonly cacheBytes?: number
  /** Largest memory that a training may take, weights included: it takes smaller rows, or fails
   *  with E_MEMORY. */
  readonly memoryBytes?: number | undefined
  /** A folder in which those states outlast the children (see ServiceOptions); none by default. */
  readonly stateFolder?: string
  /** A child that has had no work for this long is ended; default five minutes. */
  readonly idleMs?: number
  /** Samples the children's memory while they work, so that memory() includes the peak; each
   *  sample stops a child for milliseconds. */
  readonly watchMemory?: boolean
  /** Trains in the scoring child, which has the states below the adapter already. For a program
   *  that does one thing at a time: scoring waits for the training before it. */
  readonly oneChild?: boolean
  /** Starts the scoring child at once, so that it is there when the first call comes. */
  readonly startsAtOnce?: boolean
  /** CPU share of the training child, 0.1 to 1 (default). Below 1 is E_USAGE on Windows. */
  readonly cpuShare?: number
  /** Polled while the training child has work: true stops it within 100 ms, false resumes it. */
  readonly isPaused?: () => boolean
  /** A longer pause (default 30 s) ends the training child; its checkpoint resumes it. */
  readonly longestPauseMs?: number
  /** Ends every call with E_CANCELLED, future calls included. A function is asked at each call for
   *  the signal that ends it. */
  readonly signal?: AbortSignal | (() => AbortSignal | undefined)
}

/** No single run of a model takes this long. */
const SILENT_MS = 30_000

/** Default memory for the hidden states that a child keeps. */
export const CACHE_BYTES = 256 * 2 ** 20

/** Starts nothing yet. One child scores and one trains, unless oneChild is set. */
export const openEngine = (options: EngineOptions): Engine => {
  const { folder, threads = availableParallelism(), cacheBytes = CACHE_BYTES } = options
  const { cpuShare = 1, isPaused = () => false, longestPauseMs = 30_000 } = options
  if (cpuShare < 1 && !CAN_STOP)
    throw new FedError('E_USAGE', 'a CPU share below 1 needs signals that this system lacks')
  const life = { idleMs: options.idleMs ?? 300_000, watchMemory: options.watchMemory ?? false }
  const { memoryBytes, stateFolder, weights } = options
  const service = { folder, threads, weights, cacheBytes, memoryBytes, stateFolder }
  const training = new EngineChild(service, {
    ...life,
    policy: { cpuShare, isPaused, longestPauseMs },
  })
  const scoring = options.oneChild
    ? training
    : new EngineChild(service, { ...life, silentMs: SILENT_MS })
  if (options.startsAtOnce) scoring.warm()
  return {
    pooled: (inputs, { onProgress, signal, ...pooledOptions }) =>
      scoring.call(
        { method: 'pooled', args: [inputs, pooledOptions] },
        counted(onProgress),
        endOf(options),
        signal,
      ),
    score: (prompt, candidates, { adapters }) =>
      scoring.call(
        { method: 'score', args: [prompt, candidates, { adapters }] },
        undefined,
        endOf(options),
      ),
    generate: (prompt, generateOptions) =>
      scoring.call(
        { method: 'generate', args: [prompt, generateOptions] },
        undefined,
        endOf(options),
      ),
    train: (request, onProgress, signal) => {
      const rate = rateMeter()
      return training.call(
        { method: 'train', args: [request] },
        onProgress &&
          ((progress: Progress) => {
            const steps = progress as TrainProgress
            onProgress({ ...steps, ...rate(steps, performance.now() - training.pausedMs()) })
          }),
        endOf(options, signal),
      )
    },
    gradient: (request, onProgress, signal) =>
      training.call(
        { method: 'gradient', args: [request] },
        counted(onProgress),
        endOf(options, signal),
      ),
    memory: async () => {
      const children = [...new Set([scoring, training])]
      const peaks = await Promise.all(children.map((child) => child.peakBytes()))
      return { peakPssBytes: peaks.reduce((a, b) => a + b) }
    },
    forget: async () => {
      await Promise.all([scoring.renew(), training.renew()])
      if (stateFolder) await rm(stateFolder, { recursive: true, force: true })
    },
    close: async () => {
      await Promise.all([scoring.close(), training.close()])
    },
  }
}

const counted = (onProgress: ((done: number, of: number) => void) | undefined) =>
  onProgress &&
  ((progress: Progress) => {
    if ('done' in progress) onProgress(progress.done, progress.of)
  })

/** Aborts when the engine's calls end, or this one. */
const endOf = ({ signal: own }: EngineOptions, signal?: AbortSignal): AbortSignal | undefined => {
  const signals = [typeof own === 'function' ? own() : own, signal].filter((s) => s !== undefined)
  return signals.length > 1 ? AbortSignal.any(signals) : signals[0]
}
