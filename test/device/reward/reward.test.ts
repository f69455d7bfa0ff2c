import { describe, expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import { rawFeatures } from '../../../device/reward/feature-space.ts'
import { compare, likelihoodWords, scoreFeatures } from '../../../device/reward/reward.ts'
import { FEATURE_NAMES, namedFeatures } from '../../../device/text/named-features.ts'

const size = 2 + FEATURE_NAMES.length
const oneHot = (j: number, value: number) =>
  Float64Array.from({ length: size }, (_, i) => (i === j ? value : 0))
const REQUEST = 'Why is the sky blue?'
const SPACE = { pooled: 2, named: FEATURE_NAMES }
const textOf = (answer: string) => ({
  words: new Float64Array(),
  named: namedFeatures(answer, REQUEST),
})
const answers = ['Scattering.', 'Well, it might be scattering! Let me know if you want more.']

describe('scoreFeatures', () => {
  test('is the head times the scaled features, centred on the request and split by feature', () => {
    const rng = seededRng('reward')
    const draw = () => Float64Array.from({ length: size }, () => rng.normal())
    const [scale, w] = [draw(), draw()]
    const raw = answers.map((a) => rawFeatures(SPACE, [a.length, 1], textOf(a)))
    const [first, second] = scoreFeatures(raw, scale, w)
    const expected = raw[1]!.reduce((sum, v, j) => sum + (v - raw[0]![j]!) * scale[j]! * w[j]!, 0)
    expect(second!.reward - first!.reward).toBeCloseTo(expected, 9)
    expect(second!.reward + first!.reward).toBeCloseTo(0, 9)
    for (const { named, pooledContribution, reward } of [first!, second!])
      expect(named.reduce((sum, c) => sum + c.contribution, pooledContribution)).toBeCloseTo(
        reward,
        12,
      )
  })

  test('takes a space of named features only', () => {
    const ones = new Float64Array(FEATURE_NAMES.length).fill(1)
    const raw = answers.map((a) => namedFeatures(a, REQUEST))
    for (const score of scoreFeatures(raw, ones, ones)) expect(score.pooledContribution).toBe(0)
  })

  test('refuses a scale or a head of another size', () => {
    const raw = [new Float64Array(size)]
    expect(() => scoreFeatures(raw, new Float64Array(3), raw[0]!)).toThrow(/the scale 3/)
    expect(() => scoreFeatures(raw, raw[0]!, new Float64Array(3))).toThrow(
      /3 numbers does not fit 32/,
    )
  })
})

describe('compare', () => {
  const at = (name: string) => 2 + FEATURE_NAMES.indexOf(name)
  const w = new Float64Array(size)
  w[at('length')] = -1
  w[at('hedging')] = 2
  w[at('list_share')] = -1
  w[0] = 1
  const ones = new Float64Array(size).fill(1)
  const vector = (values: Record<string, number>, pooled = 0) => {
    const v = oneHot(0, pooled)
    for (const [name, value] of Object.entries(values)) v[at(name)] = value
    return v
  }
  const compared = (answer: Float64Array, other: Float64Array) => {
    const [a, b] = scoreFeatures([answer, other], ones, w)
    return compare(a!, b!)
  }

  test('names what speaks for an answer, the larger first, then what speaks against it', () => {
    const long = vector({ length: 2, hedging: 0.4, list_share: 0.5 })
    expect(compared(vector({}), long)).toBe('shorter, fewer lists, though less hedging')
    expect(compared(long, vector({}))).toBe('more hedging, though longer, more lists')
    expect(compared(vector({ length: 1 }), vector({}))).toBe('against it: longer')
  })

  test('says of the pooled states only that they are like those of chosen answers', () => {
    expect(compared(vector({}, 1), vector({ length: 1 }, 0))).toBe(
      'shorter; wording more like answers you picked',
    )
    expect(compared(vector({}, 0), vector({}, 1))).toBe(
      'against it: wording less like answers you picked',
    )
  })

  test('is silent about traces', () => {
    expect(compared(vector({}), vector({ length: 0.04 }))).toBe(
      'hardly any difference that matters to you',
    )
  })
})

describe('likelihoodWords', () => {
  test('says probabilities in words', () => {
    expect([0.95, 0.8, 0.65, 0.5].map(likelihoodWords)).toEqual([
      'very likely',
      'likely',
      'somewhat more likely than not',
      'about even',
    ])
  })
})
