import { expect, test } from 'vitest'
import {
  followedRelease,
  isStaged,
  isWorse,
  judged,
  LEAST_JUDGES,
  meanDifference,
  promote,
  stage,
} from '../../../server/releases/rollout.ts'
import type { Judgement } from '../../../server/store/records.ts'
import { expectCode } from '../../support/expect-code.ts'
import { parsedJob } from '../../support/federation-fixture.ts'

const { base, features } = parsedJob()
const lineage = { id: 'line', base, features, head: 'new', updatedAt: 0 }
const devices = Array.from({ length: 2000 }, (_, i) => `device-${i}`)

test('a share of the devices follows a staged release, the others the promoted one', () => {
  const staged = { ...stage({ ...lineage, head: 'old' }, { share: 0.1 }), head: 'new' }
  const early = devices.filter((id) => followedRelease(staged, id) === 'new')
  expect(early.length).toBeGreaterThan(150)
  expect(early.length).toBeLessThan(250)
  expect(followedRelease(promote(staged), devices.find((id) => !early.includes(id))!)).toBe('new')
  expect(devices.every((id) => followedRelease(lineage, id) === 'new')).toBe(true)
})

test('a larger share holds the devices of every smaller one', () => {
  const small = devices.filter((id) => isStaged('line', id, 0.2))
  expect(small.every((id) => isStaged('line', id, 0.5))).toBe(true)
  expect(devices.every((id) => isStaged('line', id, 1))).toBe(true)
  expect(devices.some((id) => isStaged('line', id, 0))).toBe(false)
})

test('a share that shrinks under a staged release is refused: devices would have to go back', () => {
  const staged = { ...stage({ ...lineage, head: 'old' }, { share: 0.5 }), head: 'new' }
  expectCode('E_CONFLICT', () => stage(staged, { share: 0.1 }))
  expect(stage(staged, { share: 0.8 }).rollout).toEqual({ share: 0.8, promoted: 'old' })
  expect(stage(promote(staged), { share: 0.1 }).rollout).toEqual({ share: 0.1, promoted: 'new' })
})

const after = (differences: readonly number[]) =>
  differences.reduce<Judgement | undefined>(
    (before, difference) => judged(before, { difference }),
    undefined,
  )!

test('a release is worse once enough devices say so, and not by chance', () => {
  const worse = Array.from({ length: LEAST_JUDGES }, (_, i) => -0.2 - 0.01 * (i % 5))
  expect(isWorse(after(worse))).toBe(true)
  expect(isWorse(after(worse.slice(1)))).toBe(false)
  expect(isWorse(after(worse.map((_, i) => (i % 2 ? -1 : 0.8))))).toBe(false)
  expect(isWorse(after(worse.map((d) => -d)))).toBe(false)
  expect(isWorse(undefined)).toBe(false)
})

test('the mean and its interval are those of the textbook', () => {
  // 1, 0, -1, 0.5: mean 0.125, sample variance 0.7292.
  const { mean, low, high } = meanDifference(after([1, 0, -1, 0.5]))!
  expect(mean).toBeCloseTo(0.125, 12)
  expect(high - mean).toBeCloseTo(1.96 * Math.sqrt(0.7291666667 / 4), 8)
  expect(mean - low).toBeCloseTo(high - mean, 12)
  expect(meanDifference(after([1]))).toBeNull()
})
