import { afterAll, beforeAll, expect, test } from 'vitest'
import { poolAnswers, scoreCandidates } from '../../../../device/engine/run/score.ts'
import {
  type EngineModel,
  engineModel,
  randomAdapter,
  randomAnswers,
  relativeDifference,
} from '../../../support/engine-model.ts'
import { slowStates } from '../../../support/slow-llama.ts'

let model: EngineModel
beforeAll(async () => {
  model = await engineModel({
    shape: { layers: 4, hidden: 32, heads: 4, kvHeads: 2, headDim: 8, ffn: 48, vocab: 61 },
  })
})
afterAll(() => model.release())

test('a pooled state is the mean over the answer’s own tokens', async () => {
  const [input] = randomAnswers(model.config, 1)
  const adapter = randomAdapter(model.config)
  const [pooled] = await poolAnswers(model.runner(), [input!], {
    exitLayer: 3,
    adapters: [adapter],
  })
  const slow = slowStates(model.folder, model.manifest, input!.ids, 3, [adapter]).slice(
    input!.answerStart,
  )
  const mean = slow[0]!.map((_, i) => slow.reduce((sum, x) => sum + x[i]!, 0) / slow.length)
  expect(relativeDifference(pooled!, mean)).toBeLessThan(1e-5)
})

// Tolerance 2e-6: the same sums in another order.
test('answers pooled together have the states of each pooled alone', async () => {
  const inputs = randomAnswers(model.config, 40)
  const adapters = [randomAdapter(model.config)]
  const together = await poolAnswers(model.runner(), inputs, { exitLayer: 3, adapters })
  for (const [i, input] of inputs.entries()) {
    const [alone] = await poolAnswers(model.runner(), [input], { exitLayer: 3, adapters })
    expect(relativeDifference(together[i]!, alone!)).toBeLessThan(2e-6)
  }
})

test('layers pooled on the way have the states of each pooled as an exit', async () => {
  const inputs = randomAnswers(model.config, 12)
  const adapters = [randomAdapter(model.config)]
  const all = await poolAnswers(model.runner(), inputs, { exitLayer: 4, through: [1, 3], adapters })
  const { hidden } = model.config.shape
  for (const [j, exitLayer] of [1, 3, 4].entries()) {
    const alone = await poolAnswers(model.runner(), inputs, { exitLayer, adapters })
    for (const [i, states] of all.entries()) {
      expect(states).toHaveLength(3 * hidden)
      const part = states.slice(j * hidden, (j + 1) * hidden)
      expect(relativeDifference(part, alone[i]!)).toBeLessThan(2e-6)
    }
  }
})

test('packed weights give the same states', async () => {
  const inputs = randomAnswers(model.config, 12)
  const options = { exitLayer: 4, through: [2], adapters: [randomAdapter(model.config)] }
  const plain = await poolAnswers(model.runner(), inputs, options)
  const packed = await poolAnswers(model.runner(), inputs, { ...options, packed: true })
  for (const [i, states] of packed.entries())
    expect(relativeDifference(states, plain[i]!)).toBeLessThan(2e-6)
})

test('cached states below the adapters change nothing, for a new adapter neither', async () => {
  const inputs = randomAnswers(model.config, 30)
  const cached = model.runner(2 ** 24)
  for (const seed of [1, 2]) {
    const adapters = [randomAdapter(model.config, { firstLayer: 2 }, seed)]
    const fresh = await poolAnswers(model.runner(0), inputs, { exitLayer: 4, adapters })
    const kept = await poolAnswers(cached, inputs, { exitLayer: 4, adapters })
    for (const [i, state] of kept.entries())
      expect(relativeDifference(state, fresh[i]!)).toBeLessThan(2e-6)
  }
})

test('states kept for a layer serve an adapter that comes later', async () => {
  const inputs = randomAnswers(model.config, 6)
  const runner = model.runner(2 ** 24)
  const graphs: string[] = []
  const run: typeof runner.sessions.run = (key, build, feeds) => {
    graphs.push(key)
    return runner.sessions.run(key, build, feeds)
  }
  const watched = { ...runner, sessions: { ...runner.sessions, run } }
  const without = await poolAnswers(watched, inputs, { exitLayer: 4, adapters: [], keepFrom: 2 })
  const plain = await poolAnswers(model.runner(0), inputs, { exitLayer: 4, adapters: [] })
  for (const [i, state] of without.entries())
    expect(relativeDifference(state, plain[i]!)).toBeLessThan(2e-6)
  expect(graphs.some((key) => key.startsWith('pass 0 2 '))).toBe(true)

  graphs.length = 0
  const adapters = [randomAdapter(model.config, { firstLayer: 2 })]
  await poolAnswers(watched, inputs, { exitLayer: 4, adapters })
  expect(graphs.length).toBeGreaterThan(0)
  expect(graphs.every((key) => key.startsWith('pass 2 4 '))).toBe(true)
})

test('a cache too small for the texts only costs time', async () => {
  const inputs = randomAnswers(model.config, 30)
  const adapters = [randomAdapter(model.config, { firstLayer: 2 })]
  const small = await poolAnswers(model.runner(6000), inputs, { exitLayer: 4, adapters })
  const fresh = await poolAnswers(model.runner(0), inputs, { exitLayer: 4, adapters })
  for (const [i, state] of small.entries())
    expect(relativeDifference(state, fresh[i]!)).toBeLessThan(2e-6)
})

test('reports progress up to all inputs', async () => {
  const seen: number[] = []
  const inputs = randomAnswers(model.config, 30)
  await poolAnswers(model.runner(), inputs, {
    exitLayer: 1,
    adapters: [],
    onProgress: (done) => seen.push(done),
  })
  expect(seen.at(-1)).toBe(30)
  expect(seen).toEqual([...seen].sort((a, b) => a - b))
})

test('the log-probability of a candidate is the sum over its prefixes', async () => {
  const prompt = [1, 2, 3]
  const runner = model.runner()
  const [whole, head] = await scoreCandidates(runner, prompt, [[4, 5, 6], [4]], [])
  const [tail] = await scoreCandidates(runner, [...prompt, 4], [[5, 6]], [])
  expect(whole!.logProb).toBeCloseTo(head!.logProb + tail!.logProb, 4)
  expect(whole!.tokens).toBe(3)
  expect(whole!.firstLogits).toHaveLength(5)
})

test.each([0, 5])('refuses exit layer %i with E_SHAPE', async (exitLayer) => {
  const pooled = poolAnswers(model.runner(), randomAnswers(model.config, 1), {
    exitLayer,
    adapters: [],
  })
  await expect(pooled).rejects.toMatchObject({ code: 'E_SHAPE' })
})

test.each([
  ['an empty prompt', [], [[1]]],
  ['an empty candidate', [1], [[]]],
  ['a token that the model does not have', [1], [[61]]],
])('refuses %s with E_SHAPE', async (_, prompt, candidates) => {
  const scores = scoreCandidates(model.runner(), prompt, candidates, [])
  await expect(scores).rejects.toMatchObject({ code: 'E_SHAPE' })
})
