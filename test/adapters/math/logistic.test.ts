import { expect, test } from 'vitest'
import { logMeanExp, sigmoid, softmax, softplus } from '../../../adapters/math/logistic.ts'

test('softmax gives shares that sum to 1, by the values’ differences alone', () => {
  const shares = softmax([1, 2, 4])
  expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 12)
  expect(shares[1]! / shares[0]!).toBeCloseTo(Math.E, 12)
  for (const [i, share] of softmax([1001, 1002, 1004]).entries())
    expect(share).toBeCloseTo(shares[i]!, 12)
  expect(softmax([0, -2000])).toEqual([1, 0])
})

test('the log of a mean is taken without overflow', () => {
  expect(logMeanExp([0, Math.log(3)])).toBeCloseTo(Math.log(2), 12)
  expect(logMeanExp([-5000, -5000])).toBe(-5000)
  expect(logMeanExp([5000])).toBe(5000)
})

test('softplus and sigmoid fit each other at every size', () => {
  for (const x of [-800, -30, -1, 0, 1, 30, 800]) {
    expect(softplus(x) - softplus(-x)).toBeCloseTo(x, 9)
    if (Math.abs(x) < 100) expect(-softplus(-x)).toBeCloseTo(Math.log(sigmoid(x)), 9)
  }
})
