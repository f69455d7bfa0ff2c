/** What takes hundreds of compositions. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { noiseFor, spentBy } from '../../../adapters/privacy/accountant.ts'
import type { PrivacyEvent } from '../../../adapters/privacy/mechanism.ts'
import { rdpEpsilon } from '../../../adapters/privacy/rdp.ts'

const gaussian = (noise: number, times = 1): PrivacyEvent => ({
  mechanism: { kind: 'gaussian', noise },
  times,
})
const poisson = (sampling: number, noise: number, times: number): PrivacyEvent => ({
  mechanism: { kind: 'poisson', sampling, noise },
  times,
})
const off = (value: number, expected: number) => Math.abs(value / expected - 1)

// dp_accounting's RDP and PLD accountants.
test.each([
  [poisson(0.01, 1, 200), 1e-5, 1.3401, 0.9125],
  [poisson(0.01, 0.8, 200), 1e-5, 2.4315, 1.8018],
  [poisson(0.1, 1, 100), 1e-5, 7.9039, 7.0466],
  [poisson(0.1, 2, 100), 1e-5, 2.5806, 2.3374],
  [poisson(0.05, 1.5, 300), 1e-6, 3.5823, 3.2937],
  [gaussian(1), 1e-5, 4.7285, 4.3772],
])('%j at δ = %d: RDP %d, PLD %d', (event, delta, rdp, pld) => {
  expect(off(rdpEpsilon([event], delta), rdp)).toBeLessThan(1e-3)
  expect(off(spentBy([event], delta).epsilon, pld)).toBeLessThan(1e-4)
})

// Its calibration by PLD.
test.each([
  [1000, 50, 100, 1e-4, 1.2034, 0.6435],
  [10_000, 100, 200, 1e-5, 0.7747, 0.4942],
  [100_000, 500, 300, 1e-6, 0.7421, 0.4793],
])(
  'the least noise for ε = 2 and 8: of %i people %i a round, %i rounds',
  (n, k, t, delta, two, eight) => {
    const noise = (epsilon: number) => noiseFor(epsilon, delta, (z) => [poisson(k / n, z, t)])
    expect(off(noise(2), two)).toBeLessThan(2e-4)
    expect(off(noise(8), eight)).toBeLessThan(2e-4)
  },
)

test('more noise, fewer rounds, a smaller sample or a larger δ never cost more; order is nothing', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.6, max: 5, noNaN: true }),
      fc.double({ min: 0.001, max: 0.5, noNaN: true }),
      fc.integer({ min: 1, max: 300 }),
      (noise, q, times) => {
        const epsilon = spentBy([poisson(q, noise, times)], 1e-5).epsilon
        const less = [
          spentBy([poisson(q, noise * 1.2, times)], 1e-5),
          spentBy([poisson(q / 2, noise, times)], 1e-5),
          spentBy([poisson(q, noise, times)], 1e-4),
        ]
        for (const one of less) expect(one.epsilon).toBeLessThanOrEqual(epsilon + 1e-9)
        expect(rdpEpsilon([poisson(q, noise, times)], 1e-5)).toBeGreaterThan(epsilon - 1e-6)
        const parts = [poisson(q, noise, times), gaussian(9, 3)]
        const both = [parts, parts.toReversed()].map((p) => spentBy(p, 1e-5).epsilon)
        expect(both[0]).toBeCloseTo(both[1]!, 9)
        expect(both[0]).toBeGreaterThan(epsilon)
      },
    ),
    { numRuns: 4 },
  )
})
