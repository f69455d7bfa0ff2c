/** What the real model's pooled states tell about which preferences matter. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Engine } from '../../device/engine/engine.ts'
import { defaultCacheFolder } from '../../device/engine/model/cache.ts'
import { openModel } from '../../device/engine/model/open.ts'
import { pullModel } from '../../device/engine/model/pull.ts'
import { DEFAULT_MODEL } from '../../device/engine/model/registry.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import {
  poolRequests,
  relevantPoles,
  requestReading,
  seedExamples,
  trainingTexts,
  trainRelevance,
} from '../../device/preferences/relevance.ts'
import { leftOutRelevance } from './left-out.ts'

/** Requests that no seed holds and no rule knows. */
const UNSEEN = [
  'What comes out when I multiply the hours of a week by three?',
  'How do I get candle wax off a table cloth?',
  'Compare tea and coffee',
  'Write a haiku about snow.',
]
let engine: Engine
let states: Float32Array[]
beforeAll(async () => {
  const cacheFolder = defaultCacheFolder(process.env)
  await pullModel({ cacheFolder, name: DEFAULT_MODEL, fetch })
  const model = await openModel({ cacheFolder })
  engine = openEngine({ folder: model.folder })
  const texts = [...trainingTexts(), ...UNSEEN]
  states = await poolRequests(engine, model.tokenizer, requestReading(model), texts)
})
afterAll(() => engine.close())
const seeds = () => states.slice(0, trainingTexts().length)

test('of requests of kinds that no seed is of, nearly all get what they need and no more', () => {
  const byKind = leftOutRelevance(seeds(), (seed) => seed.kind * 7, 11)
  const byRequest = leftOutRelevance(seeds(), (_, index) => index, 5)
  console.info(
    `relevance, left-out kinds ${JSON.stringify(byKind)}, requests ${JSON.stringify(byRequest)}`,
  )
  expect(byKind.untouched).toBeGreaterThan(0.94)
  expect(byKind.recall).toBeGreaterThan(0.92)
  expect(byRequest.untouched).toBeGreaterThan(0.95)
  expect(byRequest.recall).toBeGreaterThan(0.95)
  expect(byRequest.falseAlarms).toBeLessThan(0.45)
})

test('unseen requests get what suits them', () => {
  const trained = seedExamples(seeds())
  const head = trainRelevance(trained.examples, trained.states)
  const [sum, wax, comparison, haiku] = states
    .slice(seeds().length)
    .map((pooled, i) => relevantPoles(head, { request: UNSEEN[i]!, pooled }))
  expect([...sum!]).toEqual([])
  expect([...wax!]).toContain('steps+')
  expect([...comparison!]).toContain('tables+')
  expect([...haiku!]).not.toContain('tables+')
  for (const found of [wax, comparison]) expect([...found!]).toContain('length-')
})
