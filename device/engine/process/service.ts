/** The whole engine inside one process. A child runs it; tests call it directly. */
import { env } from 'onnxruntime-node'
import type {
  Engine,
  GradientRequest,
  GradientResult,
  TrainRequest,
  TrainResult,
  Weights,
} from '../engine.ts'
import { canQuantize, openQuantized } from '../model/quantized-store.ts'
import { readManifest } from '../model/weight-store.ts'
import { generateTokens } from '../run/generate.ts'
import { type ModelRunner, modelRunner } from '../run/model-runner.ts'
import { poolAnswers, scoreCandidates } from '../run/score.ts'
import { openSessions } from '../run/sessions.ts'
import { openStateFolder } from '../run/state-folder.ts'
import { divideLimit, planGradient, planTraining } from '../train/memory-plan.ts'
import { type GradientHooks, pooledGradient } from '../train/pooled-gradient.ts'
import { type TrainHooks, trainAdapter } from '../train/trainer.ts'
import { freeBytes } from './memory.ts'

/** folder: converted weights; cacheBytes: states kept in memory below the adapters. */
export type ServiceOptions = {
  readonly folder: string
  readonly threads: number
  readonly cacheBytes: number
  /** The weights for pooling, scoring and decoding; training reads float32. By default only
   *  decoding reads quantized weights, if the model's rows are made of whole blocks. */
  readonly weights?: Weights | undefined
  /** Most memory for a training, weights included; default: what the system has. */
  readonly memoryBytes?: number | undefined
  /** Where states outlast the process; by default nowhere, since they derive from private text. */
  readonly stateFolder?: string | undefined
  /** Largest size of that folder; default 1 GiB, which is 400 thousand tokens of 576 numbers. */
  readonly stateBytes?: number | undefined
}

export type Service = Pick<Engine, 'pooled' | 'score' | 'generate'> & {
  train(request: TrainRequest, hooks: TrainHooks): Promise<TrainResult>
  gradient(request: GradientRequest, hooks: GradientHooks): Promise<GradientResult>
  release(): Promise<void>
}

/** Fails as readManifest does when the folder holds no converted weights. */
export const openService = (options: ServiceOptions): Service => {
  const { folder, threads, stateFolder, stateBytes = 2 ** 30 } = options
  const { cacheBytes, limitBytes } = divideLimit(options.memoryBytes, options.cacheBytes)
  const manifest = readManifest(folder)
  const open = (count: number) =>
    modelRunner(
      { config: manifest.config, manifest },
      openSessions(folder, count),
      cacheBytes,
      stateFolder === undefined
        ? undefined
        : openStateFolder({
            folder: stateFolder,
            base: basis(manifest.source, count),
            maxBytes: stateBytes,
          }),
    )
  const runner = open(threads)
  const { config } = manifest
  let opening: Promise<ModelRunner> | undefined
  const quantized = () => {
    opening ??= openQuantized(folder, manifest).then((weights) =>
      modelRunner(
        { config, manifest, quantized: weights },
        openSessions(folder, threads),
        cacheBytes,
      ),
    )
    return opening
  }
  const bounds = () => ({ limitBytes, freeBytes: freeBytes() })
  const isQuantized = options.weights === 'quantized'
  const scoring = async () => (isQuantized ? quantized() : runner)
  const decoding = async () =>
    isQuantized || (options.weights === undefined && canQuantize(config)) ? quantized() : runner
  return {
    pooled: async (inputs, pooledOptions) => {
      const pooled = await poolAnswers(await scoring(), inputs, pooledOptions)
      await runner.cache.flush()
      return pooled
    },
    score: async (prompt, candidates, { adapters }) =>
      scoreCandidates(await scoring(), prompt, candidates, adapters),
    generate: async (prompt, generateOptions) =>
      generateTokens(await decoding(), prompt, generateOptions),
    train: async (given, hooks) => {
      const request = planTraining(runner.model, given, bounds())
      if ((request.threads ?? threads) === threads) return trainAdapter(runner, request, hooks)
      const own = open(request.threads!)
      return trainAdapter(own, request, hooks).finally(() => own.sessions.release())
    },
    gradient: async (given, hooks) =>
      pooledGradient(runner, planGradient(runner.model, given, bounds()), hooks),
    release: async () => {
      await runner.sessions.release()
      await (await opening)?.sessions.release()
    },
  }
}

/** What decides a state's bits beside the text: weights, runtime, and how sums are divided. */
const basis = (weights: string, threads: number): string =>
  `${STATE_FORMAT} ${weights} ${env.versions.node} ${threads}`

/** Raised when the graph below the adapters computes other states. */
const STATE_FORMAT = 3
