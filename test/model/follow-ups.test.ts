/** What the real model's pooled states tell about follow-ups on style. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Engine } from '../../device/engine/engine.ts'
import { defaultCacheFolder } from '../../device/engine/model/cache.ts'
import { openModel } from '../../device/engine/model/open.ts'
import { pullModel } from '../../device/engine/model/pull.ts'
import { DEFAULT_MODEL } from '../../device/engine/model/registry.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import { FOLLOW_UP_TEXTS, trainFollowUps } from '../../device/feedback/follow-up-text.ts'
import { followUpReading, poolRequests } from '../../device/preferences/relevance.ts'
import { followUpSet, measureFollowUps } from '../../eval/labelled/feedback.ts'

const FOLLOW_UPS = followUpSet()

let engine: Engine
let states: Float32Array[]
beforeAll(async () => {
  const cacheFolder = defaultCacheFolder(process.env)
  await pullModel({ cacheFolder, name: DEFAULT_MODEL, fetch })
  const model = await openModel({ cacheFolder })
  engine = openEngine({ folder: model.folder })
  const texts = [...FOLLOW_UP_TEXTS, ...FOLLOW_UPS.map(([message]) => message)]
  states = await poolRequests(engine, model.tokenizer, followUpReading(model), texts)
})
afterAll(() => engine.close())

test('follow-ups on style are told from messages that only use the same words', () => {
  const gate = trainFollowUps(states.slice(0, FOLLOW_UP_TEXTS.length))
  const pooled = states.slice(FOLLOW_UP_TEXTS.length)
  const { precision, recall } = measureFollowUps(FOLLOW_UPS, { gate, pooled })
  expect(precision).toBeGreaterThan(0.9)
  expect(recall).toBeGreaterThan(0.93)
})
