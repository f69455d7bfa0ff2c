import { afterAll, beforeAll, expect, test } from 'vitest'
import { chooser, generateTokens } from '../../../../device/engine/run/generate.ts'
import { packRows } from '../../../../device/engine/run/rows.ts'
import { logitsOf, statesOf } from '../../../../device/engine/run/states.ts'
import { type EngineModel, engineModel, randomAdapter } from '../../../support/engine-model.ts'

let model: EngineModel
beforeAll(async () => {
  model = await engineModel()
})
afterAll(() => model.release())

const prompt = [5, 80, 13, 200]
const options = () => ({ adapters: [randomAdapter(model.config)], maxTokens: 12, stopIds: [] })

/** Logits of the token after a text, by a full pass. */
const nextLogits = async (ids: readonly number[]): Promise<Float32Array> => {
  const { hidden, layers } = model.config.shape
  const [row] = packRows([[{ ids, answerStart: 0 }]], model.config.contextLength)
  const states = await statesOf(model.runner(), row!, layers, options().adapters)
  const last = states.slice((ids.length - 1) * hidden, ids.length * hidden)
  return logitsOf(model.runner(), last)
}

test('greedy decoding with the cache is the argmax of a full pass each time', async () => {
  const tokens = await generateTokens(model.runner(), prompt, options())
  const slow: number[] = []
  for (let i = 0; i < 12; i++) {
    const logits = await nextLogits([...prompt, ...slow])
    slow.push(logits.indexOf(Math.max(...logits)))
  }
  expect(tokens).toEqual(slow)
})

test('stops before a stop token', async () => {
  const all = await generateTokens(model.runner(), prompt, options())
  const stopId = all[5]!
  const cut = await generateTokens(model.runner(), prompt, { ...options(), stopIds: [stopId] })
  expect(cut).toEqual(all.slice(0, all.indexOf(stopId)))
})

test('sampling repeats for a seed and differs between seeds', async () => {
  const sampled = (seed: number) =>
    generateTokens(model.runner(), prompt, { ...options(), temperature: 3, seed })
  expect(await sampled(1)).toEqual(await sampled(1))
  expect(await sampled(1)).not.toEqual(await sampled(2))
})

test('a nucleus of topP leaves out the tail', () => {
  const logits = Float32Array.of(Math.log(0.5), Math.log(0.3), Math.log(0.15), Math.log(0.05))
  const choose = chooser({ adapters: [], maxTokens: 1, stopIds: [], temperature: 1, topP: 0.75 })
  const counts = [0, 0, 0, 0]
  for (let i = 0; i < 4000; i++) counts[choose(logits)]!++
  expect(counts.slice(2)).toEqual([0, 0])
  expect(counts[0]! / 4000).toBeCloseTo(0.625, 1)
})

test('ends where the context ends', async () => {
  const short = await engineModel({ contextLength: 8 })
  const tokens = await generateTokens(short.runner(), prompt, { ...options(), maxTokens: 50 })
  expect(tokens).toHaveLength(4)
  await short.release()
})

test('refuses an empty prompt with E_SHAPE', async () => {
  const made = generateTokens(model.runner(), [], options())
  await expect(made).rejects.toMatchObject({ code: 'E_SHAPE' })
})
