/** A training that is killed at one moment after the other ends in the bytes of one that was left alone. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Objective, TrainRequest, TrainResult } from '../../../../device/engine/run/types.ts'
import { trainAdapter } from '../../../../device/engine/train/trainer.ts'
import {
  type EngineModel,
  engineModel,
  randomAdapter,
  randomAnswers,
} from '../../../support/engine-model.ts'
import { programFile } from '../../../support/programs.ts'
import type { Moment, TrainJob } from '../../../support/train-child.ts'

let model: EngineModel
let folder: string
beforeAll(async () => {
  model = await engineModel({
    shape: { layers: 3, hidden: 32, heads: 4, kvHeads: 2, headDim: 8, ffn: 48, vocab: 61 },
  })
  folder = mkdtempSync(join(tmpdir(), 'loreweave-kill-'))
})
afterAll(async () => {
  await model.release()
  rmSync(folder, { recursive: true })
})

const kto = (count: number, seed: number): Objective => ({
  kind: 'kto',
  beta: 0.1,
  examples: randomAnswers(model.config, count, seed).map((answer, i) => ({
    answer,
    isDesirable: i % 3 > 0,
    weight: 1,
  })),
})
const reward = (count: number): Objective => {
  const inputs = randomAnswers(model.config, 2 * count)
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
const requestOf = (objective: Objective): TrainRequest => ({
  objective,
  adapters: [
    randomAdapter(model.config, { rank: 3, modules: ['v'] }, 4),
    randomAdapter(model.config, { firstLayer: 1, modules: ['k', 'o', 'up'] }),
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

const killedAndResumed = (
  name: string,
  request: TrainRequest,
  moments: readonly [Moment, number][],
): TrainResult => {
  const job: TrainJob = {
    folder: model.folder,
    stateFolder: join(folder, `${name}-states`),
    request: { ...request, checkpoint: join(folder, `${name}.checkpoint`) },
    result: join(folder, `${name}.result`),
  }
  const path = join(folder, `${name}.job`)
  writeFileSync(path, serialize(job))
  for (const moment of moments) {
    const { signal } = child(path, ...moment)
    expect([...moment, signal]).toEqual([...moment, 'SIGKILL'])
  }
  expect(child(path).status).toBe(0)
  return deserialize(readFileSync(job.result)) as TrainResult
}

const outcome = ({ flat, losses, evaluations, steps, tokens }: TrainResult) => ({
  flat,
  losses,
  evaluations,
  steps,
  tokens,
})

test('KTO with a schedule, early stop and cached states, killed at every kind of moment', async () => {
  const request: TrainRequest = {
    ...requestOf(kto(9, 1)),
    schedule: 'cosine',
    warmup: 0.2,
    proximal: 0.01,
    validation: { objective: kto(4, 2), every: 3, patience: 4 },
  }
  const whole = await trainAdapter(model.runner(), request, { now: () => 0 })
  expect(whole.evaluations.length).toBeGreaterThan(4)
  const killed = killedAndResumed('kto', request, [
    ['row', 2],
    ['half-states', 3],
    ['row', 14],
    ['row', 16],
    ['half-checkpoint', 1],
    ['step', 2],
    ['before-rename', 2],
    ['after-rename', 3],
    ['row', 20],
    ['end', 1],
  ])
  expect(outcome(killed)).toEqual(outcome(whole))
})

test('a reward over cached states, killed before and after its first checkpoint', async () => {
  const request = requestOf(reward(6))
  const whole = await trainAdapter(model.runner(), request, { now: () => 0 })
  const killed = killedAndResumed('reward', request, [
    ['half-states', 1],
    ['before-rename', 1],
    ['after-rename', 1],
    ['half-checkpoint', 2],
  ])
  expect(outcome(killed)).toEqual(outcome(whole))
})
