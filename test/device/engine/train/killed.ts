/** Trainings that are killed at one moment after the other, and one that is left alone. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { expect } from 'vitest'
import type { Objective, TrainRequest, TrainResult } from '../../../../device/engine/engine.ts'
import type { ModelConfig } from '../../../../device/engine/model/config.ts'
import { trainAdapter } from '../../../../device/engine/train/trainer.ts'
import { engineModel, randomAdapter, randomAnswers } from '../../../support/engine-model.ts'
import { programFile } from '../../../support/programs.ts'
import type { Moment, TrainJob } from '../../../support/train-child.ts'

export type Killing = {
  /** What a training left alone ends in. */
  whole(request: TrainRequest): Promise<TrainResult>
  /** What it ends in when it is killed at each of the moments and started again. */
  killed(name: string, request: TrainRequest, moments: readonly [Moment, number][]): TrainResult
  readonly ktoRequest: TrainRequest
  readonly rewardRequest: TrainRequest
  release(): Promise<void>
}

export const openKilling = async (): Promise<Killing> => {
  const model = await engineModel({
    shape: { layers: 3, hidden: 32, heads: 4, kvHeads: 2, headDim: 8, ffn: 48, vocab: 61 },
  })
  const folder = mkdtempSync(join(tmpdir(), 'loreweave-kill-'))
  const { config } = model
  return {
    whole: (request) => trainAdapter(model.runner(), request, { now: () => 0 }),
    killed: (name, request, moments) =>
      killedAndResumed(join(folder, name), model.folder, request, moments),
    ktoRequest: {
      ...requestOf(config, kto(config, 9, 1)),
      schedule: 'cosine',
      warmup: 0.2,
      proximal: 0.01,
      validation: { objective: kto(config, 4, 2), every: 3, patience: 4 },
    },
    rewardRequest: requestOf(config, reward(config, 6)),
    release: async () => {
      await model.release()
      rmSync(folder, { recursive: true })
    },
  }
}

const kto = (config: ModelConfig, count: number, seed: number): Objective => ({
  kind: 'kto',
  beta: 0.1,
  examples: randomAnswers(config, count, seed).map((answer, i) => ({
    answer,
    isDesirable: i % 3 > 0,
    weight: 1,
  })),
})
const reward = (config: ModelConfig, count: number): Objective => {
  const inputs = randomAnswers(config, 2 * count)
  return {
    kind: 'reward',
    exitLayer: 2,
    head: Float32Array.from({ length: 32 }, (_, i) => Math.cos(i)),
    pairs: Array.from({ length: count }, (_, i) => ({
      chosen: inputs[2 * i]!,
      rejected: inputs[2 * i + 1]!,
      offset: 0.1,
      weight: 1,
    })),
  }
}
const requestOf = (config: ModelConfig, objective: Objective): TrainRequest => ({
  objective,
  adapters: [
    randomAdapter(config, { rank: 3, modules: ['v'] }, 4),
    randomAdapter(config, { firstLayer: 1, modules: ['k', 'o', 'up'] }),
  ],
  trainable: { index: 1, factors: ['A', 'B'] },
  epochs: 4,
  learningRate: 0.02,
  batch: 2,
  maxTokens: 64,
  clipNorm: 1,
  seed: 5,
})

const child = (job: string, ...moment: [] | [Moment, number]) =>
  spawnSync(
    process.execPath,
    [programFile('test/support/train-child'), job, ...moment.map(String)],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )

/** path: its files begin so. */
const killedAndResumed = (
  path: string,
  modelFolder: string,
  request: TrainRequest,
  moments: readonly [Moment, number][],
): TrainResult => {
  const job: TrainJob = {
    folder: modelFolder,
    stateFolder: `${path}-states`,
    request: { ...request, checkpoint: `${path}.checkpoint` },
    result: `${path}.result`,
  }
  const jobPath = `${path}.job`
  writeFileSync(jobPath, serialize(job))
  for (const moment of moments) {
    const { signal } = child(jobPath, ...moment)
    expect([...moment, signal]).toEqual([...moment, 'SIGKILL'])
  }
  expect(child(jobPath).status).toBe(0)
  return deserialize(readFileSync(job.result)) as TrainResult
}

/** What must not depend on how often it was killed. */
export const outcome = ({ flat, losses, evaluations, steps, tokens }: TrainResult) => ({
  flat,
  losses,
  evaluations,
  steps,
  tokens,
})
