import { expect, test } from 'vitest'
import { initialPrior } from '../../../adapters/aggregate/prior.ts'
import { seededRng } from '../../../adapters/random.ts'
import type { Engine } from '../../../device/engine/engine.ts'
import { pairedGain, pointsGained } from '../../../device/reward/held-back-accuracy.ts'
import { FEATURE_NAMES } from '../../../device/text/named-features.ts'
import { fakeDevice, fakeEngine, shortChoices, tinyModel } from '../device-fixture.ts'

const model = await tinyModel()

test.each([
  [{ right: 3, pairs: 8 }, { right: 5, pairs: 8 }, 25],
  [{ right: 5, pairs: 8 }, { right: 3, pairs: 8 }, -25],
  [{ right: 5, pairs: 8 }, { right: 5, pairs: 10 }, null],
  [null, { right: 5, pairs: 8 }, null],
  [{ right: 0, pairs: 0 }, { right: 0, pairs: 0 }, null],
])('from %j to %j: %s points', (before, after, points) => {
  expect(pointsGained(before, after)).toBe(points)
})

test('a training reports the points that it gained, and none if too few choices can be held back', async () => {
  const few = fakeDevice(model).device
  await few.importChoices(shortChoices(19))
  expect((await few.train({ adapter: true })).adapter?.points).toBeNull()
  const { device } = fakeDevice(model)
  await device.importChoices(shortChoices(24))
  expect((await device.train({ adapter: true })).adapter?.points).toEqual(expect.any(Number))
})

const SIZE = 4 + FEATURE_NAMES.length
const scale = new Float64Array(SIZE).fill(1 / Math.sqrt(4))

/** Two readings of the same choices at random; in the second, feature 0 says which was chosen. */
const readings = (seed: number, count: number, signal: number) => {
  const rng = seededRng(`readings/${seed}`)
  const made = Array.from({ length: count }, () => {
    const read = (by: number) =>
      [0, 1].map((i) =>
        Float64Array.from({ length: SIZE }, (_, j) =>
          j < 4 ? rng.normal() + (j === 0 && i === chosen ? by : 0) : 0,
        ),
      )
    const chosen = rng.int(2)
    const choice = { shown: [0, 1], chosen, weight: 1, answers: [] }
    return { before: { ...choice, raw: read(0) }, after: { ...choice, raw: read(signal) } }
  })
  return [
    { features: made.map((m) => m.before), scale },
    { features: made.map((m) => m.after), scale },
  ] as const
}

test('a reading that says nothing more is found better about once in twenty times', () => {
  const found = Array.from({ length: 200 }, (_, seed) =>
    pairedGain(...readings(seed, 60, 0), initialPrior(SIZE, 2), 12),
  )
  expect(found.filter((gain) => gain?.isBetter).length).toBeLessThan(20)
})

test('one that shows what was chosen is found better, by its share of pairs', () => {
  const gain = pairedGain(...readings(1, 60, 4), initialPrior(SIZE, 2), 12)!
  expect(gain).toMatchObject({ isBetter: true, before: { pairs: 12 }, after: { pairs: 12 } })
  expect(pointsGained(gain.before, gain.after)).toBeGreaterThan(20)
  expect(pairedGain(...readings(1, 60, 4), initialPrior(SIZE, 2), 1)).toBeNull()
})

/** Sixty choices between answers that differ by one word, of which half are chosen at random. */
const wordChoices = (isRight: (i: number) => boolean) =>
  shortChoices(60).map((choice, i) => ({
    ...choice,
    candidates: [`Subject ${i} is plain.`, `Subject ${i} is round.`],
    chosen: isRight(i) ? 1 : 0,
  }))

/** Under an adapter that was trained, the states of some texts are marked. */
const markingEngine = (isMarked: (text: string, trainedOn: ReadonlySet<string>) => boolean) => {
  const { engine } = fakeEngine(model)
  const trainedOn = new Set<string>()
  const made: Engine = {
    ...engine,
    async train(request, ...rest) {
      if (request.objective.kind === 'reward')
        for (const { chosen } of request.objective.pairs)
          trainedOn.add(model.tokenizer.decode(chosen.ids))
      return engine.train(request, ...rest)
    },
    async pooled(inputs, options) {
      const states = await engine.pooled(inputs, { ...options, adapters: [] })
      if (options.adapters.length > 0)
        for (const [i, { ids }] of inputs.entries())
          if (isMarked(model.tokenizer.decode(ids), trainedOn)) states[i]!.fill(20)
      return states
    },
  }
  return made
}

test('an adapter that only learned random choices by heart does not serve, and makes nothing more certain', async () => {
  const rng = seededRng('coin')
  const { device, store } = fakeDevice(model, {
    engine: markingEngine((text, seen) => seen.has(text)),
  })
  await device.importChoices(wordChoices(() => rng.uniform() < 0.5))
  await device.train()
  const before = device.status().ranking!
  const { adapter } = await device.train({ adapter: true })
  expect(adapter).toMatchObject({ serves: false, points: 0 })
  expect(store.get('serving')).toMatchObject({ private: true, serves: false })
  expect(device.status().ranking).toEqual(before)
  expect(before.certainty).toBeLessThan(0.7)
})

test('one that shows what the user likes serves, with the certainty that was found without it', async () => {
  const { device } = fakeDevice(model, { engine: markingEngine((text) => text.includes('round')) })
  const rng = seededRng('round')
  await device.importChoices(wordChoices(() => rng.uniform() < 0.95))
  await device.train()
  const { certainty } = device.status().ranking!
  const messages = [{ role: 'user' as const, content: 'Explain subject 99' }]
  const answers = ['plain', 'round'].map((word) => ({ text: `Subject 99 is ${word}.` }))
  const lead = async () => {
    const { candidates } = await device.rerank({ messages }, answers)
    return candidates[1]!.reward - candidates[0]!.reward
  }
  const without = await lead()
  const { adapter } = await device.train({ adapter: true })
  expect(adapter).toMatchObject({ serves: true })
  expect(adapter!.points).toBeGreaterThan(0)
  expect(await lead()).toBeGreaterThan(without + 0.5)
  expect(device.status().ranking!.certainty).toBe(certainty)
})
