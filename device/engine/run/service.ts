/** The engine's work inside one process: what a child runs, and what tests call directly. */
import { readManifest } from '../model/weight-store.ts'
import { type TrainHooks, trainAdapter } from '../train/trainer.ts'
import { generateTokens } from './generate.ts'
import { modelRunner } from './model-runner.ts'
import { poolAnswers, scoreCandidates } from './score.ts'
import { openSessions } from './sessions.ts'
import type {
  AnswerInput,
  CandidateScore,
  GenerateOptions,
  LoraFeed,
  PooledOptions,
  TrainRequest,
  TrainResult,
} from './types.ts'

/** folder: converted weights; cacheBytes: states kept below the adapters. */
export type ServiceOptions = {
  readonly folder: string
  readonly threads: number
  readonly cacheBytes: number
}

export type Service = {
  pooled(inputs: readonly AnswerInput[], options: PooledOptions): Promise<Float32Array[]>
  score(
    prompt: readonly number[],
    candidates: readonly (readonly number[])[],
    options: { readonly adapters: readonly LoraFeed[] },
  ): Promise<CandidateScore[]>
  generate(prompt: readonly number[], options: GenerateOptions): Promise<number[]>
  train(request: TrainRequest, hooks: TrainHooks): Promise<TrainResult>
  release(): Promise<void>
}

/** Fails as readManifest does when the folder holds no converted weights. */
export const openService = ({ folder, threads, cacheBytes }: ServiceOptions): Service => {
  const manifest = readManifest(folder)
  const open = (count: number) =>
    modelRunner({ config: manifest.config, manifest }, openSessions(folder, count), cacheBytes)
  const runner = open(threads)
  return {
    pooled: (inputs, options) => poolAnswers(runner, inputs, options),
    score: (prompt, candidates, { adapters }) =>
      scoreCandidates(runner, prompt, candidates, adapters),
    generate: (prompt, options) => generateTokens(runner, prompt, options),
    train: async (request, hooks) => {
      if ((request.threads ?? threads) === threads) return trainAdapter(runner, request, hooks)
      const own = open(request.threads!)
      return trainAdapter(own, request, hooks).finally(() => own.sessions.release())
    },
    release: () => runner.sessions.release(),
  }
}
