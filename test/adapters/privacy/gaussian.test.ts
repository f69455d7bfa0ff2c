import fc from 'fast-check'
import { expect, test } from 'vitest'
import { composedMu, gaussianEpsilon } from '../../../adapters/privacy/gaussian.ts'
import { composedLoss, epsilonOf } from '../../../adapters/privacy/pld.ts'

const off = (value: number, expected: number) => Math.abs(value / expected - 1)

// dp_accounting's PLD accountant, as in accountant.test.ts.
test.each([
  [[[10, 50]], 1e-5, 2.9432],
  [[[2, 1]], 1e-5, 1.9931],
] as const)('rounds of %j at δ = %d come to ε = %d', (charges, delta, epsilon) => {
  expect(off(gaussianEpsilon(composedMu(charges), delta), epsilon)).toBeLessThan(1e-4)
})

test('several noise multipliers come to what their privacy loss distributions say, and never above it', () => {
  const charges = [
    [5, 3],
    [9, 20],
    [30, 400],
  ] as const
  const events = charges.map(([noise, times]) => ({
    mechanism: { kind: 'gaussian' as const, noise },
    times,
  }))
  for (const delta of [1e-5, 1e-8]) {
    const exact = gaussianEpsilon(composedMu(charges), delta)
    const found = epsilonOf(composedLoss(events), delta)
    expect(found).toBeGreaterThanOrEqual(exact * (1 - 1e-9))
    expect(off(found, exact)).toBeLessThan(1e-3)
  }
})

test('more rounds, less noise and a smaller delta cost more', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 20, noNaN: true }),
      fc.double({ min: -20, max: -2, noNaN: true }),
      (mu, log) => {
        const delta = 10 ** log
        const epsilon = gaussianEpsilon(mu, delta)
        expect(gaussianEpsilon(mu * 1.1, delta)).toBeGreaterThanOrEqual(epsilon)
        expect(gaussianEpsilon(mu, delta / 2)).toBeGreaterThanOrEqual(epsilon)
      },
    ),
    { seed: 7 },
  )
})

test('nothing done is nothing spent, and what no ε proves is infinite', () => {
  expect(gaussianEpsilon(composedMu([]), 1e-6)).toBe(0)
  expect(gaussianEpsilon(1000, 1e-6)).toBe(Number.POSITIVE_INFINITY)
})
