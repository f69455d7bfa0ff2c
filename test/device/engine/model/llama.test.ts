import { expect, test } from 'vitest'
import type { ModelConfig } from '../../../../device/engine/model/config.ts'
import { TINY_CONFIG } from '../../../../device/engine/model/tiny.ts'
import { packRows } from '../../../../device/engine/run/rows.ts'
import { scoreCandidates } from '../../../../device/engine/run/score.ts'
import { statesOf } from '../../../../device/engine/run/states.ts'
import { engineModel, randomAdapter, relativeDifference } from '../../../support/engine-model.ts'
import { slowLogProbs, slowStates } from '../../../support/slow-llama.ts'

const { shape } = TINY_CONFIG
const VARIANTS: [string, Partial<ModelConfig>][] = [
  ['Llama', {}],
  ['Qwen2: a bias on q, k and v', { architecture: 'qwen2', attentionBias: true }],
  [
    'Qwen3: every head of q and k normed',
    { architecture: 'qwen3', shape: { ...shape, headDim: 24 } },
  ],
  ['scaled rotary frequencies', { ropeFactors: [1, 1, 1.5, 2, 3, 5, 8, 8] }],
  ['an untied head', { tiedHead: false }],
  ['as many KV heads as heads', { shape: { ...shape, kvHeads: 4 } }],
  ['heads wider than the hidden size', { shape: { ...shape, headDim: 24, vocab: 31 } }],
  [
    'one KV head, odd sizes',
    { shape: { ...shape, layers: 3, heads: 3, kvHeads: 1, headDim: 6, hidden: 10, ffn: 7 } },
  ],
]
const ids = [3, 250, 17, 17, 90, 4, 200, 33, 8].map((id) => id % 31)

// Tolerance 2e-5: float32 against float64 over two or three layers.
test.each(VARIANTS)(
  'states and log-probabilities agree with a plain loop: %s',
  async (_, changes) => {
    const model = await engineModel(changes)
    const adapters = [
      randomAdapter(model.config),
      randomAdapter(model.config, { firstLayer: 1, modules: ['o', 'gate', 'v'], rank: 3 }, 2),
    ]
    const { layers, hidden } = model.config.shape
    const [row] = packRows([[{ ids, answerStart: 0 }]], 4096)
    const states = await statesOf(model.runner(), row!, layers, adapters)
    const slow = slowStates(model.folder, model.manifest, ids, layers, adapters)
    expect(relativeDifference(states.subarray(0, ids.length * hidden), slow.flat())).toBeLessThan(
      2e-5,
    )

    const [score] = await scoreCandidates(model.runner(), ids.slice(0, 4), [ids.slice(4)], adapters)
    const logProbs = slowLogProbs(model.folder, model.manifest, slow)
    const expected = ids.slice(4).reduce((sum, id, i) => sum + logProbs[3 + i]![id]!, 0)
    expect(score!.logProb).toBeCloseTo(expected, 3)
    const best = logProbs[3]!.indexOf(Math.max(...logProbs[3]!))
    expect(score!.firstLogits[0]!.id).toBe(best)
    await model.release()
  },
)

test('the graph for an exit layer reads no weight above it', async () => {
  const model = await engineModel()
  const [row] = packRows([[{ ids, answerStart: 0 }]], 4096)
  const tensors = Object.fromEntries(
    Object.entries(model.manifest.tensors).filter(([name]) => !name.startsWith('layers.1.')),
  )
  const runner = model.runner()
  const cut = { ...runner, model: { ...runner.model, manifest: { ...model.manifest, tensors } } }
  const states = await statesOf(cut, row!, 1, [])
  const slow = slowStates(model.folder, model.manifest, ids, 1)
  expect(relativeDifference(states.subarray(0, slow.flat().length), slow.flat())).toBeLessThan(2e-5)
  await model.release()
})
