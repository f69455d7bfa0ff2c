import { describe, expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import { POLES, type Pole } from '../../../device/preferences/dimensions.ts'
import {
  fitOwn,
  type OwnExample,
  poolRequests,
  type RelevanceExample,
  relevantPoles,
  requestReading,
  scoresOf,
  seedExamples,
  trainingTexts,
  trainRelevance,
} from '../../../device/preferences/relevance.ts'
import { RELEVANCE_SEEDS } from '../../../device/preferences/relevance-seeds.ts'
import { DIMENSIONS } from '../../../device/records/preference.ts'
import { leftOutRelevance } from '../../model/left-out.ts'

const HIDDEN = 24
const rng = seededRng('relevance')
const REQUEST = 'Please say something about the garden.'

const state = (leans: readonly number[]) =>
  Float32Array.from({ length: HIDDEN }, (_, j) => 5 + rng.normal() + (leans.includes(j) ? 4 : 0))
/** States lean one way where anything matters, another where length does, another where emoji do. */
const example = (...poles: Pole[]): RelevanceExample => ({
  request: REQUEST,
  poles: new Set(poles),
  pooled: state([
    ...(poles.length > 0 ? [2] : []),
    ...(poles.includes('length-') ? [0] : []),
    ...(poles.includes('emoji+') ? [1] : []),
  ]),
})
const kinds: Pole[][] = [[], ['tone-'], ['tone-', 'length-'], ['tone-', 'emoji+', 'length-']]
const examples = Array.from({ length: 120 }, (_, i) => example(...kinds[i % 4]!))
const states = POLES.map(() => state([]))
const head = trainRelevance(examples, states)

describe('relevance seeds', () => {
  test('cover every pole and requests where none matters, over many kinds, without repeats', () => {
    for (const pole of POLES)
      expect(RELEVANCE_SEEDS.filter((s) => s.poles.has(pole)).length, pole).toBeGreaterThan(50)
    expect(RELEVANCE_SEEDS.filter((s) => s.poles.size === 0).length).toBeGreaterThan(200)
    expect(new Set(RELEVANCE_SEEDS.map((s) => s.request)).size).toBe(RELEVANCE_SEEDS.length)
    expect(new Set(RELEVANCE_SEEDS.map((s) => s.kind)).size).toBeGreaterThan(40)
    for (const { request, poles } of RELEVANCE_SEEDS) {
      expect(request).not.toBe('')
      for (const pole of poles) expect(POLES).toContain(pole)
    }
  })
})

describe('trainRelevance', () => {
  test('learns what matters for unseen requests, and that nothing may', () => {
    const right = kinds.map((poles) => {
      const unseen = Array.from({ length: 20 }, () => example(...poles))
      return unseen.filter((e) => {
        const found = relevantPoles(head, e)
        return poles.length === 0
          ? found.size === 0
          : found.has('emoji+') === poles.includes('emoji+') && found.has('tone-')
      }).length
    })
    expect(Math.min(...right)).toBeGreaterThan(14)
  })

  test('is data that survives JSON', () => {
    const e = example('tone-')
    expect(scoresOf(JSON.parse(JSON.stringify(head)), e)).toEqual(scoresOf(head, e))
  })

  test('refuses examples of one kind only, and states of another size', () => {
    expect(() => trainRelevance([], states)).toThrow(/both kinds/)
    expect(() =>
      trainRelevance(
        examples.filter((e) => e.poles.size > 0),
        states,
      ),
    ).toThrow(/both/)
    const odd = { ...example('tone-'), pooled: new Float32Array(3) }
    expect(() => trainRelevance([...examples, odd], states)).toThrow(/24 numbers, got 3/)
    expect(() => scoresOf(head, odd)).toThrow(/got 3/)
    expect(() => seedExamples([odd.pooled])).toThrow(/states, got 1/)
  })

  test('a request that is plain by its wording needs no state', () => {
    const e = example('tone-', 'length-')
    expect(relevantPoles(head, e).size).toBeGreaterThan(0)
    expect(relevantPoles(head, { ...e, request: 'What is 2 + 2?' }).size).toBe(0)
  })
})

describe('fitOwn', () => {
  const undo = (pooled: ArrayLike<number>, pole: Pole | null): OwnExample => ({
    request: REQUEST,
    pooled,
    pole,
    isRelevant: false,
    weight: 3,
  })

  test('nothing of one’s own changes nothing', () => {
    const e = example('tone-', 'length-')
    expect(relevantPoles(head, e, fitOwn(head, []))).toEqual(relevantPoles(head, e))
  })

  test('an undone pole is gone for the same request, the others stay', () => {
    const e = example('tone-', 'length-')
    const own = fitOwn(head, [undo(e.pooled, 'length-')])
    const [before, after] = [relevantPoles(head, e), relevantPoles(head, e, own)]
    expect(before.has('length-')).toBe(true)
    expect(after.has('length-')).toBe(false)
    expect(after.has('tone-')).toBe(true)
  })

  test('less so for a dissimilar request, and for a dissimilar pole', () => {
    const e = example('tone-', 'length-')
    const own = fitOwn(head, [undo(e.pooled, 'length-')])
    const drop = (r: RelevanceExample, pole: Pole) => own(r).poles[POLES.indexOf(pole)]!
    expect(drop(e, 'length-')).toBeLessThan(2 * drop(example('tone-', 'length-'), 'length-'))
    expect(drop(e, 'length-')).toBeLessThan(2 * drop(e, 'tone-'))
  })

  test('an undone block shuts the gate for its request', () => {
    const e = example('tone-', 'length-')
    expect(relevantPoles(head, e, fitOwn(head, [undo(e.pooled, null)])).size).toBe(0)
  })

  test('a pole that the user asked for is found where the seeds would not find it', () => {
    const e = example('tone-')
    const asked = { ...undo(e.pooled, 'emoji+'), isRelevant: true }
    expect(relevantPoles(head, e).has('emoji+')).toBe(false)
    expect(relevantPoles(head, e, fitOwn(head, [asked])).has('emoji+')).toBe(true)
  })

  test('takes the same request many times over', () => {
    const { pooled } = example('tone-')
    const own = fitOwn(
      head,
      Array.from({ length: 50 }, () => undo(pooled, 'tone-')),
    )
    expect(own(example('tone-')).poles.every(Number.isFinite)).toBe(true)
  })
})

test('left-out heads find nothing in states that say nothing', () => {
  const noise = trainingTexts().map(() => state([]))
  const { recall, falseAlarms, untouchedByGate } = leftOutRelevance(noise, (s) => s.kind, 4)
  expect(Math.abs(recall - falseAlarms)).toBeLessThan(0.35)
  expect(untouchedByGate).toBeLessThan(0.75)
})

test('a request is read half as deep as answers, whatever the model’s depth', () => {
  const layers = [12, 7, 3, 2, 1].map((suggestedExit) => {
    const { exitLayer, through } = requestReading({ suggestedExit })
    return [...(through ?? []), exitLayer]
  })
  expect(layers).toEqual([[4, 6], [2, 4], [1, 2], [1], [1]])
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
      expect(options).toEqual({ exitLayer: 7, through: [4], packed: true, adapters: [] })
      return inputs.map((i) => Float32Array.of(i.ids.length, i.answerStart))
    },
  }
  const reading = { exitLayer: 7, through: [4], packed: true, maxTokens: 4 }
  expect(await poolRequests(engine, tokenizer, reading, ['ab', 'c', 'abcdef'])).toEqual([
    Float32Array.of(4, 1),
    Float32Array.of(3, 1),
    Float32Array.of(5, 1),
  ])
  expect(DIMENSIONS.length * 2).toBe(POLES.length)
})
