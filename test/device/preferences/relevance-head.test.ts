import { beforeAll, expect, test } from 'vitest'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { trainingTexts } from '../../../device/preferences/relevance.ts'
import {
  type Learned,
  learnedRelevance,
  openRelevance,
  undoneRequests,
} from '../../../device/preferences/relevance-head.ts'
import type { StateKey } from '../../../device/store/states.ts'
import { openStore } from '../../../device/store/store.ts'
import { fakeEngine, tinyModel } from '../device-fixture.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

const REQUEST = 'How does a heat pump warm a house in winter?'
const undo = (request: string, wish: Learned['wish']): Learned => ({
  request,
  wish,
  isRelevant: false,
  weight: 3,
  isUndo: true,
})

test('the head is fitted once and kept, for this process and the next', async () => {
  const store = openStore(':memory:')
  const { engine, calls } = fakeEngine(model)
  const first = openRelevance(store, model, engine)
  await first.ready()
  const found = await first.poles(REQUEST)
  expect(calls.texts).toBe(trainingTexts().length + 1)
  expect(await openRelevance(store, model, engine).poles(REQUEST)).toEqual(found)
  expect(calls.texts).toBe(trainingTexts().length + 2)
  expect(found.has('length-')).toBe(true)
})

test('a head that was fitted on other states is refitted, and the user’s examples stay', async () => {
  const store = openStore(':memory:')
  const own = [undo(REQUEST, 'length-')]
  const head = { mean: [], scale: [], gate: [], wishes: [], kinship: [] }
  store.addExamples(own)
  store.set('relevanceHead', { key: 'v3/weights/other/565', head })
  const { engine, calls } = fakeEngine(model)
  const relevance = openRelevance(store, model, engine)
  expect((await relevance.poles(REQUEST)).has('length-')).toBe(false)
  expect(calls.texts).toBe(trainingTexts().length + 2)
  expect(learnedRelevance(store)).toEqual(own)
  const { poles } = openRelevance(store, model, engine)
  await poles(REQUEST, { signal: new AbortController().signal })
  expect(calls.texts).toBe(trainingTexts().length + 4)
})

test('the kept head is read once, however many requests come', async () => {
  const store = openStore(':memory:')
  const { engine } = fakeEngine(model)
  await openRelevance(store, model, engine).ready()
  const read: string[] = []
  const get = <K extends StateKey>(key: K) => {
    read.push(key)
    return store.get(key)
  }
  const relevance = openRelevance({ ...store, get }, model, engine)
  for (let i = 0; i < 3; i++) await relevance.poles(REQUEST)
  expect(read.filter((key) => key === 'relevanceHead')).toHaveLength(1)
})

test('an undone pole is gone at the next request, without a refit', async () => {
  const store = openStore(':memory:')
  const { engine, calls } = fakeEngine(model)
  const relevance = openRelevance(store, model, engine)
  await relevance.ready()
  const before = await relevance.poles(REQUEST)
  store.addExamples([undo(REQUEST, 'length-')])
  const after = await relevance.poles(REQUEST)
  expect([before.has('length-'), after.has('length-')]).toEqual([true, false])
  expect(calls.texts).toBeLessThan(trainingTexts().length + 5)
  store.addExamples([undo(REQUEST, null)])
  expect((await relevance.poles(REQUEST)).size).toBe(0)
})

test('the newest 300 examples are kept', () => {
  const store = openStore(':memory:')
  expect(learnedRelevance(store)).toEqual([])
  store.addExamples(Array.from({ length: 305 }, (_, i) => undo(`${i}`, 'emoji+')))
  expect(learnedRelevance(store).map((l) => l.request)).toEqual(
    Array.from({ length: 300 }, (_, i) => `${i + 5}`),
  )
  expect(store.examplesVersion()).toBe('300/305')
})

test('undone requests are counted by dimension, each once', () => {
  const learned = [
    undo('a', 'length-'),
    undo('a', 'length-'),
    undo('b', 'length+'),
    undo('a', null),
    { ...undo('c', 'length-'), isUndo: false },
    undo('a', 'emoji+'),
  ]
  expect([...undoneRequests(learned)]).toEqual([
    ['length', 2],
    ['emoji', 1],
  ])
})
