import { describe, expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import { DIMENSIONS, type Dimension } from '../../../adapters/wire/personalization.ts'
import {
  heldOutAccuracy,
  poolRequests,
  type RelevanceExample,
  relevanceOf,
  relevantDimensions,
  seedExamples,
  trainRelevance,
} from '../../../device/personalize/relevance.ts'
import { RELEVANCE_SEEDS } from '../../../device/personalize/relevance-seeds.ts'

const HIDDEN = 24
const rng = seededRng('relevance')

/** Requests whose states lean one way where length matters and another where emoji do. */
const example = (dimensions: Dimension[]): RelevanceExample => ({
  dimensions,
  pooled: Float32Array.from({ length: HIDDEN }, (_, j) => {
    const lean =
      (j === 0 && dimensions.includes('length')) || (j === 1 && dimensions.includes('emoji'))
    return 5 + rng.normal() + (lean ? 4 : 0)
  }),
})
const examples = Array.from({ length: 80 }, (_, i) =>
  example([[], ['length'], ['emoji'], ['length', 'emoji']][i % 4] as Dimension[]),
)

describe('relevance seeds', () => {
  test('cover every dimension and requests where none matters, without repeats', () => {
    expect(RELEVANCE_SEEDS.length).toBeGreaterThanOrEqual(80)
    for (const d of DIMENSIONS)
      expect(
        RELEVANCE_SEEDS.filter((s) => s.dimensions.includes(d)).length,
        d,
      ).toBeGreaterThanOrEqual(8)
    expect(RELEVANCE_SEEDS.filter((s) => s.dimensions.length === 0).length).toBeGreaterThanOrEqual(
      15,
    )
    expect(new Set(RELEVANCE_SEEDS.map((s) => s.request)).size).toBe(RELEVANCE_SEEDS.length)
    for (const { dimensions } of RELEVANCE_SEEDS)
      for (const d of dimensions) expect(DIMENSIONS).toContain(d)
  })
})

describe('trainRelevance', () => {
  test('learns what matters for unseen requests, and that nothing may', () => {
    const head = trainRelevance(examples)
    const found = (d: Dimension[]) => [...relevantDimensions(head, example(d).pooled)]
    expect(found([])).toEqual([])
    expect(found(['length'])).toEqual(['length'])
    expect(found(['length', 'emoji'])).toEqual(['length', 'emoji'])
    expect(relevanceOf(head, example([]).pooled).tables).toBeLessThan(0.2)
  })

  test('is data that survives JSON', () => {
    const head = trainRelevance(examples.slice(0, 12))
    const pooled = examples[13]!.pooled
    expect(relevanceOf(JSON.parse(JSON.stringify(head)), pooled)).toEqual(relevanceOf(head, pooled))
  })

  test('weighs what a user undid', () => {
    const pooled = example(['length']).pooled
    const before = relevanceOf(trainRelevance(examples), pooled).length
    const after = relevanceOf(
      trainRelevance([...examples, { pooled, dimensions: [], weight: 20 }]),
      pooled,
    ).length
    expect(after).toBeLessThan(before - 0.2)
  })

  test('reports held-out accuracy above the majority where there is something to learn', () => {
    const { accuracy, majority, noneRecall, byDimension } = heldOutAccuracy(examples, 5)
    expect(majority).toBeCloseTo(13 / 14, 6)
    expect(accuracy).toBeGreaterThan(0.98)
    expect(byDimension.length).toBeGreaterThan(0.9)
    expect(noneRecall).toBeGreaterThan(0.8)
  })

  test('refuses no examples and states of another size', () => {
    expect(() => trainRelevance([])).toThrow(/at least one/)
    const odd = { pooled: new Float32Array(3), dimensions: [] }
    expect(() => trainRelevance([examples[0]!, odd])).toThrow(/24 numbers, got 3/)
    expect(() => relevanceOf(trainRelevance(examples.slice(0, 3)), odd.pooled)).toThrow(/got 3/)
    expect(() => seedExamples([odd.pooled])).toThrow(/seed states, got 1/)
  })
})

test('poolRequests asks for one state a request, without adapters', async () => {
  const tokenizer = {
    chat: (messages: readonly { content: string }[]) => ({
      text: '',
      ids: [1, ...[...messages[0]!.content].map((c) => c.charCodeAt(0)), 2],
    }),
  }
  const engine = {
    pooled: async (
      inputs: readonly { ids: readonly number[]; answerStart: number }[],
      options: object,
    ) => {
      expect(options).toEqual({ exitLayer: 7, adapters: [] })
      return inputs.map((i) => Float32Array.of(i.ids.length, i.answerStart))
    },
  }
  expect(await poolRequests(engine, tokenizer, 7, ['ab', 'c'])).toEqual([
    Float32Array.of(4, 1),
    Float32Array.of(3, 1),
  ])
})
