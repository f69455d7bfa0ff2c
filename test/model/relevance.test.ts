/** What the real model's pooled states tell about which preferences matter. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openModel } from '../../device/engine/model/open.ts'
import { defaultCacheFolder, pullModel } from '../../device/engine/model/pull.ts'
import { DEFAULT_MODEL } from '../../device/engine/model/registry.ts'
import { openEngine } from '../../device/engine/run/client.ts'
import type { Engine } from '../../device/engine/run/types.ts'
import {
  heldOutAccuracy,
  poolRequests,
  relevantDimensions,
  seedExamples,
  trainRelevance,
} from '../../device/personalize/relevance.ts'
import { RELEVANCE_SEEDS } from '../../device/personalize/relevance-seeds.ts'

/** Requests that no seed holds. */
const UNSEEN = [
  'What is 12 squared?',
  'How do I descale a kettle?',
  'Compare tea and coffee',
  'Hello there',
]
let engine: Engine
let states: Float32Array[]
beforeAll(async () => {
  const cacheFolder = defaultCacheFolder(process.env)
  await pullModel({ cacheFolder, name: DEFAULT_MODEL, fetch })
  const model = await openModel({ cacheFolder })
  engine = openEngine({ folder: model.folder })
  const requests = [...RELEVANCE_SEEDS.map((s) => s.request), ...UNSEEN]
  states = await poolRequests(engine, model.tokenizer, model.suggestedExit, requests)
})
afterAll(() => engine.close())

test('held-out requests are judged far better than by the majority, and most that need nothing get nothing', () => {
  const { accuracy, majority, noneRecall } = heldOutAccuracy(
    seedExamples(states.slice(0, RELEVANCE_SEEDS.length)),
    10,
  )
  console.info(
    `relevance: accuracy ${accuracy.toFixed(3)}, majority ${majority.toFixed(3)}, none ${noneRecall.toFixed(2)}`,
  )
  expect(accuracy).toBeGreaterThan(0.87)
  expect(majority).toBeLessThan(0.8)
  expect(noneRecall).toBeGreaterThan(0.7)
})

test('unseen requests get what suits them', () => {
  const head = trainRelevance(seedExamples(states.slice(0, RELEVANCE_SEEDS.length)))
  const [sum, kettle, comparison, greeting] = states
    .slice(RELEVANCE_SEEDS.length)
    .map((s) => relevantDimensions(head, s))
  expect([...sum!]).toEqual([])
  expect([...kettle!]).toContain('steps')
  expect([...comparison!]).toContain('tables')
  expect([...greeting!]).toContain('emoji')
  expect([...greeting!]).not.toContain('steps')
})
