import { describe, expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import { FEATURE_NAMES, namedFeatures } from '../../../device/personalize/features.ts'
import {
  calibrate,
  explain,
  likelihoodWords,
  rewardModel,
  scoreFeatures,
} from '../../../device/personalize/reward.ts'

const tokenizer = {
  eosIds: [0],
  encode: (text: string) => [...text].map((c) => c.charCodeAt(0)),
  chat: (messages: readonly { content: string }[]) => ({
    text: '',
    ids: messages.flatMap((m) => tokenizer.encode(m.content)),
  }),
}
/** States that count the answer's tokens. */
const engine = {
  pooled: async (inputs: readonly { ids: readonly number[]; answerStart: number }[]) =>
    inputs.map((i) => Float32Array.of(i.ids.length - i.answerStart, 1)),
}
const base = { engine, tokenizer, exitLayer: 1, adapters: [] }
const size = 2 + FEATURE_NAMES.length
const oneHot = (j: number, value: number) =>
  Float64Array.from({ length: size }, (_, i) => (i === j ? value : 0))
const messages = [{ role: 'user' as const, content: 'Why is the sky blue?' }]
const candidates = ['Scattering.', 'Well, it might be scattering! Let me know if you want more.']

describe('rewardModel', () => {
  test('is the head times the scaled features, centred on the request and split by feature', async () => {
    const rng = seededRng('reward')
    const draw = () => Float64Array.from({ length: size }, () => rng.normal())
    const [scale, w] = [draw(), draw()]
    const scores = await rewardModel({ ...base, scale, head: { w } })(
      messages,
      undefined,
      candidates,
    )
    const raw = candidates.map((c) => [c.length, 1, ...namedFeatures(c, 'Why is the sky blue?')])
    const expected = raw[1]!.reduce((sum, v, j) => sum + (v - raw[0]![j]!) * scale[j]! * w[j]!, 0)
    expect(scores[1]!.reward - scores[0]!.reward).toBeCloseTo(expected, 9)
    expect(scores[0]!.reward + scores[1]!.reward).toBeCloseTo(0, 9)
    for (const s of scores)
      expect(s.named.reduce((sum, c) => sum + c.contribution, s.pooledContribution)).toBeCloseTo(
        s.reward,
        12,
      )
  })

  test('leaves the engine alone when the space has named features only', async () => {
    const idle = { pooled: () => Promise.reject(new Error('called')) }
    const ones = new Float64Array(FEATURE_NAMES.length).fill(1)
    const score = rewardModel({ ...base, engine: idle, scale: ones, head: { w: ones } })
    expect(await score(messages, undefined, candidates)).toHaveLength(2)
  })

  test('refuses a head of another size', () => {
    const scale = new Float64Array(size)
    expect(() => rewardModel({ ...base, scale, head: { w: new Float64Array(3) } })).toThrow(
      /got 31 and 3/,
    )
    expect(() =>
      rewardModel({ ...base, scale: new Float64Array(3), head: { w: new Float64Array(3) } }),
    ).toThrow(/E|got/)
  })
})

describe('explain', () => {
  test('names what speaks for and against an answer', () => {
    const at = (name: string) => 2 + FEATURE_NAMES.indexOf(name)
    const w = new Float64Array(size)
    w[at('length')] = -1
    w[at('hedging')] = 2
    const raw = [
      oneHot(at('length'), 0),
      oneHot(at('length'), 2).map((v, j) => v + oneHot(at('hedging'), 0.4)[j]!),
    ]
    const scores = scoreFeatures(raw, new Float64Array(size).fill(1), w)
    expect(explain(scores[0]!)).toBe('for it: shorter; against it: less hedging')
    expect(explain(scores[1]!)).toBe('for it: more hedging; against it: longer')
    expect(explain(scoreFeatures([raw[0]!], new Float64Array(size).fill(1), w)[0]!)).toBe(
      'nothing in it stands out',
    )
  })

  test('says probabilities in words', () => {
    expect([0.95, 0.8, 0.65, 0.5].map(likelihoodWords)).toEqual([
      'very likely',
      'likely',
      'somewhat more likely than not',
      'about even',
    ])
  })
})

describe('calibrate', () => {
  test('is 1 without data, below 1 for an overconfident head, above 1 for a timid one', () => {
    expect(calibrate([])).toBeCloseTo(1, 6)
    const half = Array.from({ length: 200 }, (_, i) => (i % 2 ? 3 : -3))
    expect(calibrate(half)).toBeLessThan(0.3)
    expect(calibrate(new Array<number>(200).fill(0.5))).toBeGreaterThan(2)
  })

  test('finds the factor that leads were divided by', () => {
    const rng = seededRng('calibrate')
    const leads = Array.from({ length: 4000 }, () => {
      const logOdds = 1.5 * rng.normal()
      const isChosen = rng.uniform() < 1 / (1 + Math.exp(-logOdds))
      return (isChosen ? logOdds : -logOdds) * 3
    })
    expect(calibrate(leads)).toBeCloseTo(1 / 3, 1)
  })
})
