import { beforeAll, describe, expect, test } from 'vitest'
import { initialPrior } from '../../../adapters/aggregate/prior.ts'
import { seededRng } from '../../../adapters/random.ts'
import { featureCount } from '../../../adapters/wire/primitives.ts'
import type { Engine } from '../../../device/engine/engine.ts'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { cachePooled, encodeChoice } from '../../../device/reward/choice-features.ts'
import {
  candidateExits,
  chooseExit,
  type Judged,
  shallowestOfBest,
} from '../../../device/reward/choose-exit.ts'
import { keepExit, ownExit } from '../../../device/reward/exit-layer.ts'
import { featureSpace } from '../../../device/reward/feature-space.ts'
import { openStore } from '../../../device/store/store.ts'
import { fakeEngine, tinyModel } from '../device-fixture.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

const HIDDEN = 4
const space = featureSpace(HIDDEN)
const prior = initialPrior(featureCount(space), 2)

/** Two answers of the same style; which one is chosen is not in the named features. */
const choices = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    user: 'me',
    id: `c${i}`,
    messages: [{ role: 'user' as const, content: `Explain subject ${i}` }],
    candidates: [`It is a thing, number ${i}.`, `It is a tool, number ${i}.`],
    chosen: seededRng(`choice/${i}`).int(2),
  }))

/** States of noise, in whose first number the chosen answers stand out from a layer on; higher layers tell the same. */
const engineKnowing = (from: number, count: number) => {
  const isChosen = new Map<string, boolean>()
  for (const choice of choices(count))
    for (const [j, { input }] of encodeChoice(
      { tokenizer: model.tokenizer, maxTokens: 64, memo: new Map() },
      choice,
    ).entries())
      isChosen.set(input.ids.join(), j === choice.chosen)
  const calls: (readonly number[])[] = []
  const engine: Engine = {
    ...fakeEngine(model).engine,
    pooled: async (inputs, { exitLayer, through = [] }) => {
      const layers = [...through, exitLayer]
      calls.push(layers)
      return inputs.map(({ ids }) =>
        Float32Array.from(
          layers.flatMap((layer) => {
            const rng = seededRng(`${Math.min(layer, from)}/${ids.join()}`)
            const noise = Array.from({ length: HIDDEN }, () => 0.3 * rng.normal())
            if (layer >= from) noise[0]! += isChosen.get(ids.join()) ? 1 : -1
            return noise
          }),
        ),
      )
    },
  }
  return { engine, calls }
}

const choose = (from: number, count = 60, store = openStore(':memory:')) => {
  const { engine, calls } = engineKnowing(from, count)
  const result = chooseExit(
    {
      engine: cachePooled(engine, 'weights', store),
      tokenizer: model.tokenizer,
      space,
      maxTokens: 64,
      memo: new Map(),
      layers: 30,
      prior,
    },
    choices(count).map((choice) => ({ ...choice, at: 0 })),
    [],
  )
  return { result, calls }
}

describe('choosing an exit layer', () => {
  test('a layer that tells more than the ones below it wins over them', async () => {
    const { layer, scores, choices: used } = await choose(12).result
    expect([layer, used]).toEqual([12, 60])
    expect(scores.map((s) => s.layer)).toEqual([6, 12, 18, 24])
    expect(scores[1]!.accuracy).toBeGreaterThan(0.9)
    expect(scores[0]!.accuracy).toBeLessThan(0.75)
    expect(scores[0]!.behind).toBeGreaterThan(scores[0]!.standardError)
  })

  test('where all tell the same, or nothing, the shallowest wins', async () => {
    expect(await choose(1).result).toMatchObject({ layer: 6 })
  })

  test('the layers are run through once, and every layer is kept for serving', async () => {
    const store = openStore(':memory:')
    const first = choose(12, 60, store)
    const table = await first.result
    expect(first.calls).toEqual([
      [6, 12, 18, 24],
      [6, 12, 18, 24],
    ])
    const second = choose(12, 60, store)
    expect(await second.result).toEqual(table)
    expect(second.calls).toEqual([])
  })

  test('needs twenty choices', async () => {
    await expect(choose(12, 19).result).rejects.toMatchObject({
      code: 'E_DATA',
      message: expect.stringContaining('there are 19'),
    })
  })
})

test.each([
  [30, [6, 12, 18, 24]],
  [2, [1, 2]],
  [1, [1]],
])('a model of %i layers is tried after %j', (layers, expected) => {
  expect(candidateExits(layers)).toEqual(expected)
})

const judged = (layer: number, logLikelihoods: number[]): Judged => ({
  layer,
  logLikelihoods,
  accuracies: logLikelihoods.map((v) => (v > -0.6 ? 1 : 0)),
})

test('one standard error is that of the differences, choice by choice', () => {
  // Behind by 0.1 on the mean; differences 0, 0.2, 0, 0.2: standard error 0.2 / √3 / 2 = 0.0577.
  const best = judged(12, [-0.5, -0.5, -0.5, -0.5])
  const { layer, scores } = shallowestOfBest([judged(6, [-0.5, -0.7, -0.5, -0.7]), best])
  expect(layer).toBe(12)
  expect(scores[0]).toMatchObject({ layer: 6, accuracy: 0.5 })
  expect(scores[0]!.behind).toBeCloseTo(0.1, 12)
  expect(scores[0]!.standardError).toBeCloseTo(0.2 / Math.sqrt(3) / 2, 12)
  // The same mean, less sure: differences −0.6, 0.8, −0.6, 0.8.
  expect(shallowestOfBest([judged(6, [0.1, -1.3, 0.1, -1.3]), best]).layer).toBe(6)
})

test('a kept layer is of one model, and within it', () => {
  const store = openStore(':memory:')
  expect(ownExit(store, model)).toBe(model.suggestedExit)
  keepExit(store, model, 2)
  expect(ownExit(store, model)).toBe(2)
  const other = { ...model, base: { ...model.base, weights: 'f'.repeat(64) } }
  expect(ownExit(store, other)).toBe(model.suggestedExit)
  for (const layer of [0, 3, 1.5])
    expect(() => keepExit(store, model, layer)).toThrow(/must be 1 to 2/)
})
