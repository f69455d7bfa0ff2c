import { expect, test } from 'vitest'
import { initialPrior } from '../../../adapters/aggregate/prior.ts'
import type { ChoiceLine } from '../../../adapters/formats/choice-log.ts'
import { seededRng } from '../../../adapters/random.ts'
import type { FeatureDeps } from '../../../device/reward/choice-features.ts'
import { FEATURE_NAMES } from '../../../device/text/named-features.ts'
import { logsByUser } from '../../../eval/inputs/user-log.ts'
import { reachableUtility } from '../../../eval/measure/metrics.ts'
import {
  firstArm,
  headArm,
  longestArm,
  oracleArm,
  orderOf,
  randomArm,
  scoredArm,
  startOf,
} from '../../../eval/run/arms.ts'

/** Named features only: the local model is never asked. */
const deps: FeatureDeps = {
  engine: {
    pooled: () => {
      throw new Error('named features need no states')
    },
  },
  tokenizer: {
    hash: '0',
    eosIds: [0],
    encode: (text) => [...text].map((_, i) => i + 1),
    decode: () => '',
    chat: () => ({ text: '', ids: [1] }),
  },
  space: { pooled: 0, named: [...FEATURE_NAMES] },
  exitLayer: 1,
  maxTokens: 64,
  memo: new Map(),
}

const answers = [
  'Yes.',
  'Yes, and the reason is that warm air rises, cools, and lets its water fall as rain over the hills.',
  '- warm air rises\n- it cools\n- water falls',
]

/** Somebody who always takes the shortest answer. */
const line = (n: number, split: 'train' | 'test'): ChoiceLine => {
  const candidates = seededRng(n)
    .shuffle(answers)
    .map((text) => `${text} (${n})`)
  const lengths = candidates.map((c) => c.length)
  return {
    user: 'brief',
    id: `${split}-${n}`,
    messages: [{ role: 'user', content: `Why does it rain? ${n}` }],
    candidates,
    chosen: lengths.indexOf(Math.min(...lengths)),
    split,
    utilities: lengths.map((l) => -l),
  }
}
const [log] = logsByUser([
  ...Array.from({ length: 20 }, (_, n) => line(n, 'train')),
  ...Array.from({ length: 10 }, (_, n) => line(100 + n, 'test')),
])

test('a head fitted to choices finds what the user likes on unseen prompts', async () => {
  const picks = await headArm(deps, startOf(null))(log!, 20)
  expect(picks).toHaveLength(10)
  expect(reachableUtility(picks)).toBeGreaterThan(0.9)
  expect(reachableUtility(await longestArm(log!, 20))).toBeLessThan(0)
})

test('a budget of no choices knows nothing, and a released prior then decides', async () => {
  const scale = new Float64Array(FEATURE_NAMES.length).fill(1)
  const flat = initialPrior(FEATURE_NAMES.length, 2)
  const likesLong = {
    ...flat,
    mean: flat.mean.map((_, i) => (FEATURE_NAMES[i] === 'length' ? 3 : 0)),
  }
  const start = { adapters: [], prior: likesLong, scale }
  expect(await headArm(deps, start)(log!, 0)).toEqual(await longestArm(log!, 0))
})

test("the fixed arms pick Claude's first, the longest, and by chance", async () => {
  expect((await firstArm(log!, 0)).every(({ picked }) => picked === 0)).toBe(true)
  const random = await randomArm(seededRng(1))(log!, 0)
  expect(new Set(random.map(({ picked }) => picked)).size).toBeGreaterThan(1)
})

test('the oracle takes the best, an arm of scores the highest, and of equals the earlier', async () => {
  expect(reachableUtility(await oracleArm(log!, 0))).toBe(1)
  const shortest = scoredArm(async ({ candidates }) => candidates.map((c) => -c.length))
  expect(await shortest(log!, 0)).toEqual(await oracleArm(log!, 0))
  expect(orderOf([1, 3, 3, 2])).toEqual([1, 2, 3, 0])
})

test('a head that may not see the named features knows nothing where there are no states', async () => {
  const masked = await headArm(deps, startOf(null), 'named')(log!, 20)
  expect(masked).toEqual(await firstArm(log!, 0))
  const others = await headArm(deps, startOf(null), 'states')(log!, 20)
  expect(others).toEqual(await headArm(deps, startOf(null))(log!, 20))
})

test('lines without a split train, lines with one candidate are left out, users stay apart', () => {
  const { split: _, ...plain } = line(1, 'train')
  const single = { ...plain, candidates: ['only'], chosen: 0, utilities: [0] }
  const logs = logsByUser([plain, { ...plain, user: 'other' }, single])
  expect(logs.map(({ user, train, test: unseen }) => [user, train.length, unseen.length])).toEqual([
    ['brief', 1, 0],
    ['other', 1, 0],
  ])
})

test('without utilities the chosen answer is worth 1 and the others 0', async () => {
  const { utilities: _, ...unknown } = line(1, 'test')
  const [pick] = await firstArm({ user: 'brief', train: [], test: [unknown] }, 0)
  expect(pick!.utilities.reduce((a, b) => a + b, 0)).toBe(1)
  expect(pick!.utilities[unknown.chosen]).toBe(1)
})
