/** Values of dp_accounting (Google, Poisson sampling, add or remove), and formulas of their own. */
import { expect, test } from 'vitest'
import { erfc } from '../../../adapters/math/normal.ts'
import { noiseFor, spentBy } from '../../../adapters/privacy/accountant.ts'
import { Mechanism, type PrivacyEvent } from '../../../adapters/privacy/mechanism.ts'
import { composedLoss, deltaOf, epsilonOf } from '../../../adapters/privacy/pld.ts'
import { RDP_ORDERS, rdpEpsilon, rdpOf } from '../../../adapters/privacy/rdp.ts'

const gaussian = (noise: number, times = 1): PrivacyEvent => ({
  mechanism: { kind: 'gaussian', noise },
  times,
})
const poisson = (sampling: number, noise: number, times: number): PrivacyEvent => ({
  mechanism: { kind: 'poisson', sampling, noise },
  times,
})
const fixedSize = (sample: number, population: number, noise: number, times: number) =>
  ({ mechanism: { kind: 'fixed-size', sample, population, noise }, times }) as const

const off = (value: number, expected: number) => Math.abs(value / expected - 1)

test.each([
  [poisson(0.01, 1, 1000), 1e-5, 2.1014, 1.8282, 'pld'],
  [gaussian(10, 50), 1e-5, 3.189, 2.9432, 'exact'],
  [poisson(0.001, 0.6, 1000), 1e-6, 3.14096, 2.1067, 'pld'],
  [gaussian(2), 1e-5, 2.1657, 1.9931, 'exact'],
])('%j at δ = %d: RDP %d, PLD %d', (event, delta, rdp, pld, accountant) => {
  expect(off(rdpEpsilon([event], delta), rdp)).toBeLessThan(1e-3)
  const spent = spentBy([event], delta)
  expect(spent).toMatchObject({ accountant, neighbours: 'add-or-remove' })
  expect(off(spent.epsilon, pld)).toBeLessThan(1e-4)
  expect(off(epsilonOf(composedLoss([event]), delta), pld)).toBeLessThan(1e-4)
})

test('a sample of a fixed size is accounted by RDP between neighbours that differ in one', () => {
  const spent = spentBy([fixedSize(100, 10_000, 1, 200)], 1e-5)
  expect(spent).toMatchObject({ accountant: 'rdp', neighbours: 'replace-one' })
  expect(off(spent.epsilon, 1.7509)).toBeLessThan(1e-3)
})

const cdf = (x: number) => (x < 0 ? erfc(-x / Math.SQRT2) / 2 : 1 - erfc(x / Math.SQRT2) / 2)

/** Balle & Wang 2018, theorem 5. */
const deltaOfGaussian = (mu: number, epsilon: number) =>
  cdf(mu / 2 - epsilon / mu) - Math.exp(epsilon) * cdf(-mu / 2 - epsilon / mu)

test.each([
  [1, 1],
  [30, 1000],
])('Gaussians of noise %d, %i of them, have the curve of one', (noise, times) => {
  const loss = composedLoss([gaussian(noise, times)])
  for (const epsilon of [0.1, 0.5, 1, 2, 4]) {
    const exact = deltaOfGaussian(Math.sqrt(times) / noise, epsilon)
    const found = deltaOf(loss, epsilon)
    expect(found).toBeGreaterThan(exact - 1e-12)
    expect(found).toBeLessThan(exact * (1 + 3e-5) + 1e-12)
  }
})

/** The curve of one sampled Gaussian by its definition, ∫ max(0, p − e^ε·q). */
const deltaByIntegral = (q: number, noise: number, epsilon: number) => {
  const density = (x: number, mean: number) =>
    Math.exp(-((x - mean) ** 2) / (2 * noise * noise)) / (noise * Math.sqrt(2 * Math.PI))
  let [removed, added] = [0, 0]
  const step = noise / 4000
  for (let x = -10 * noise; x < 1 + 10 * noise; x += step) {
    const [without, having] = [density(x, 0), (1 - q) * density(x, 0) + q * density(x, 1)]
    removed += Math.max(0, having - Math.exp(epsilon) * without) * step
    added += Math.max(0, without - Math.exp(epsilon) * having) * step
  }
  return Math.max(removed, added)
}

test.each([
  [0.05, 0.7, 0.3],
  [0.2, 1, 0.1],
  [0.5, 2, 0.4],
])('one round that samples %d with noise %d: δ at ε = %d', (q, noise, epsilon) => {
  const found = deltaOf(composedLoss([poisson(q, noise, 1)]), epsilon)
  expect(off(found, deltaByIntegral(q, noise, epsilon))).toBeLessThan(1e-4)
})

/** Mironov, Talwar & Zhang 2019, section 3.3, of whole orders. */
const rdpByBinomials = (q: number, noise: number, order: number) => {
  let sum = 0
  let choose = 1
  for (let k = 0; k <= order; k++) {
    const moment = Math.exp((k * k - k) / (2 * noise * noise))
    sum += choose * (1 - q) ** (order - k) * q ** k * moment
    choose *= (order - k) / (k + 1)
  }
  return Math.log(sum) / (order - 1)
}

test.each([
  [0.01, 1, 2],
  [0.3, 1.5, 7],
  [0.001, 4, 32],
  [0.2, 0.6, 5],
])(
  'the RDP of sampling %d with noise %d at order %i is that of the binomial sum',
  (q, noise, order) => {
    const found = rdpOf({ kind: 'poisson', sampling: q, noise }, order)
    expect(off(found, rdpByBinomials(q, noise, order))).toBeLessThan(1e-6)
  },
)

test('what is not known is refused', () => {
  expect(() => composedLoss([fixedSize(1, 10, 1, 1)])).toThrow(RangeError)
  expect(() => spentBy([fixedSize(1, 10, 1, 1), gaussian(1)], 1e-5)).toThrow('together')
  expect(() => spentBy([gaussian(1)], 0)).toThrow(RangeError)
  expect(() => noiseFor(1e-9, 1e-12, (z) => [gaussian(z, 1e6)])).toThrow('no noise')
  for (const wrong of [
    { kind: 'poisson', sampling: 1.5, noise: 1 },
    { kind: 'gaussian', noise: 0 },
    { kind: 'fixed-size', sample: 3, population: 2, noise: 1 },
    { kind: 'laplace', noise: 1 },
  ])
    expect(Mechanism.safeParse(wrong).success).toBe(false)
})

test('nothing done is nothing spent, and a proof of who took part has no ε', () => {
  expect(spentBy([], 1e-6).epsilon).toBe(0)
  expect(epsilonOf([{ step: 1, first: 0, mass: Float64Array.of(0.5), infinite: 0.5 }], 0.1)).toBe(
    Number.POSITIVE_INFINITY,
  )
  expect(RDP_ORDERS.every((order) => order > 1)).toBe(true)
})
