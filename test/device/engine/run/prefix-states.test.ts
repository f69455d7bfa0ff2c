import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AnswerInput, TrainRequest } from '../../../../device/engine/engine.ts'
import type { ModelRunner } from '../../../../device/engine/run/model-runner.ts'
import { modelRunner, persistent } from '../../../../device/engine/run/model-runner.ts'
import { prefixStates } from '../../../../device/engine/run/prefix-states.ts'
import { packRows, type Span } from '../../../../device/engine/run/rows.ts'
import { poolAnswers } from '../../../../device/engine/run/score.ts'
import { openStateFolder } from '../../../../device/engine/run/state-folder.ts'
import { statesOf } from '../../../../device/engine/run/states.ts'
import { trainAdapter } from '../../../../device/engine/train/trainer.ts'
import {
  type EngineModel,
  engineModel,
  randomAdapter,
  randomAnswers,
  relativeDifference,
} from '../../../support/engine-model.ts'

let model: EngineModel
let folder: string
beforeAll(async () => {
  model = await engineModel({
    shape: { layers: 4, hidden: 32, heads: 4, kvHeads: 2, headDim: 8, ffn: 48, vocab: 61 },
  })
  folder = mkdtempSync(join(tmpdir(), 'loreweave-prefix-'))
})
afterAll(async () => {
  await model.release()
  rmSync(folder, { recursive: true })
})

const spansOf = (inputs: readonly AnswerInput[]): readonly Span[] =>
  packRows([inputs], model.config.contextLength).flatMap(({ spans }) => spans)

/** A runner, and the keys of the graphs that it runs. */
const watched = (runner: ModelRunner) => {
  const graphs: string[] = []
  const run: ModelRunner['sessions']['run'] = (key, build, feeds) => {
    graphs.push(key)
    return runner.sessions.run(key, build, feeds)
  }
  return { runner: { ...runner, sessions: { ...runner.sessions, run } }, graphs }
}

test('are those of a whole pass, with and without an adapter below', async () => {
  const inputs = randomAnswers(model.config, 5)
  const [row] = packRows([inputs], model.config.contextLength)
  for (const below of [[], [randomAdapter(model.config, { firstLayer: 1 })]]) {
    const whole = await statesOf(model.runner(), row!, 3, below)
    const parts = await prefixStates(model.runner(), row!.spans, 3, below)
    expect(parts.size).toBe(row!.spans.length)
    for (const [{ start, ids }, states] of parts)
      expect(
        relativeDifference(states, whole.subarray(start * 32, (start + ids.length) * 32)),
      ).toBeLessThan(2e-6)
  }
})

test('do not depend on what else is asked for, to the bit', async () => {
  const inputs = randomAnswers(model.config, 8)
  const together = await prefixStates(model.runner(), spansOf(inputs), 2, [])
  const byKey = new Map([...together].map(([span, states]) => [span.key, states]))
  for (const input of inputs)
    for (const [span, states] of await prefixStates(model.runner(), spansOf([input]), 2, []))
      expect(states).toEqual(byKey.get(span.key))
})

test('a prompt runs once for all its answers', async () => {
  const prompt = [5, 6, 7, 8]
  const inputs = [1, 2, 3].map((id) => ({ ids: [...prompt, id, id, id], answerStart: 4 }))
  const { runner, graphs } = watched(model.runner())
  for (const input of inputs) await prefixStates(runner, spansOf([input]), 2, [])
  expect(graphs).toHaveLength(4)
})

test('a short prompt that comes again after a longer one does not run again', async () => {
  const after = (prompt: number[], id: number) => ({
    ids: [...prompt, id],
    answerStart: prompt.length,
  })
  const short = [5, 6, 7, 8]
  const long = Array.from({ length: 80 }, (_, i) => i % 60)
  const { runner, graphs } = watched(model.runner())
  const runsOf = async (input: AnswerInput) => {
    const before = graphs.length
    await prefixStates(runner, spansOf([input]), 2, [])
    return graphs.length - before
  }
  expect(await runsOf(after(short, 1))).toBe(2)
  expect(await runsOf(after(long, 2))).toBe(2)
  expect(await runsOf(after(short, 3))).toBe(1)
  expect(await runsOf(after(long.toReversed(), 4))).toBe(2)
  // Of long ones only the last is kept.
  expect(await runsOf(after(long, 5))).toBe(2)
  expect(await runsOf(after(short, 6))).toBe(1)
})

test('are computed once for every process that shares the folder, and again where a file is damaged', async () => {
  const spans = spansOf(randomAnswers(model.config, 6))
  const open = () => {
    const states = openStateFolder({ folder, base: 'tiny', maxBytes: 2 ** 24 })
    const { config, manifest } = model
    return watched(
      persistent(modelRunner({ config, manifest }, model.runner().sessions, 0, states)),
    )
  }
  const first = open()
  const made = await prefixStates(first.runner, spans, 2, [])
  await first.runner.cache.flush()
  expect(first.graphs).toHaveLength(spans.length)
  const second = open()
  expect(await prefixStates(second.runner, spans, 2, [])).toEqual(made)
  expect(second.graphs).toEqual([])

  const generation = join(folder, readdirSync(folder)[0]!)
  const damaged = join(generation, readdirSync(generation)[0]!)
  writeFileSync(damaged, readFileSync(damaged).subarray(0, 100))
  const third = open()
  expect(await prefixStates(third.runner, spans, 2, [])).toEqual(made)
  expect([1, 2]).toContain(third.graphs.length)
})

test('a round over the same choices computes no prefix twice, nor after a restart', async () => {
  const root = mkdtempSync(join(tmpdir(), 'loreweave-round-'))
  const open = () => {
    const states = openStateFolder({ folder: root, base: 'tiny', maxBytes: 2 ** 24 })
    const { config, manifest } = model
    return watched(modelRunner({ config, manifest }, model.runner().sessions, 2 ** 24, states))
  }
  const adapter = randomAdapter(model.config, { firstLayer: 2 })
  const choices = [3, 4, 5].map((word) =>
    [1, 2, 3].map((id) => ({ ids: [word, word, word, id, id], answerStart: 3 })),
  )
  const request: TrainRequest = {
    objective: {
      kind: 'reward',
      exitLayer: 4,
      head: new Float32Array(32).fill(0.1),
      pairs: choices.flatMap(([chosen, ...others]) =>
        others.map((rejected) => ({ chosen: chosen!, rejected, offset: 0, weight: 1 })),
      ),
    },
    adapters: [adapter],
    trainable: { index: 0, factors: ['B'] },
    epochs: 3,
    learningRate: 0.01,
    batch: 2,
    maxTokens: 64,
    clipNorm: 1,
    seed: 1,
  }
  const round = async ({ runner, graphs }: ReturnType<typeof watched>) => {
    await poolAnswers(runner, choices.flat(), { exitLayer: 4, adapters: [adapter], keepFrom: 2 })
    const { flat } = await trainAdapter(runner, request, { now: () => 0 })
    return { flat, prefixes: graphs.filter((key) => key.startsWith('pass 0 ')).length }
  }
  const first = await round(open())
  expect(first.prefixes).toBe(3 + 9)
  expect(await round(open())).toEqual({ flat: first.flat, prefixes: 0 })
  rmSync(root, { recursive: true })
})
