/**
 * Privacy loss distributions of Gaussian mechanisms and their composition (Koskela, Jälkö & Honkela
 * 2020), on a grid that is never too optimistic: the mass between two points goes to these two so
 * that its probability stays what it is under both neighbours, which connects the dots of the curve
 * δ(e^ε) (Doroshenko et al. 2022).
 */
import { fft } from '../math/fft.ts'
import { normalCells } from '../math/normal.ts'
import type { PrivacyEvent } from './mechanism.ts'
import { logMixed, unmixed } from './mixed.ts'

/** P(loss = (first + i)·step) = mass[i]; infinite: probability of an output that proves who took part. */
type LossDistribution = {
  readonly step: number
  readonly first: number
  readonly mass: Float64Array
  readonly infinite: number
}

/** Both directions: a person more, and a person less. */
export type PrivacyLoss = readonly LossDistribution[]

const FINEST_STEP = 1e-4
const MOST_POINTS = 2 ** 19
/** Of a normal distribution, which counts as an infinite loss beyond. */
const TAIL_DEVIATIONS = 9
/** What is cut off at each end of a composition, which counts as an infinite loss. */
const LOG_TAIL = Math.log(1e-17)

/**
 * Of all events together, in any order. Fails with RangeError for the kind `fixed-size`, of which no
 * such distribution is known: see rdpEpsilon.
 */
export const composedLoss = (events: readonly PrivacyEvent[]): PrivacyLoss => {
  const sampled = events.map(({ mechanism, times }) => {
    if (mechanism.kind === 'fixed-size')
      throw new RangeError('there is no privacy loss distribution of sampling a fixed size')
    const q = mechanism.kind === 'poisson' ? mechanism.sampling : 1
    return { q, noise: mechanism.noise, times }
  })
  let step = stepFor(sampled)
  for (;;) {
    const losses = sampled.map((event) => lossesOf(event, step))
    const both = ([0, 1] as const).map((direction) =>
      spanned(sampled.map(({ times }, i) => ({ one: losses[i]![direction], times }))),
    )
    const widest = Math.max(...both.map(({ low, high }) => high - low + 1))
    if (widest <= MOST_POINTS) return both.map((one) => convolve(one, step))
    step *= Math.ceil(widest / MOST_POINTS)
  }
}

/** Smallest ε with which the loss proves (ε, δ); Infinity if there is none. */
export const epsilonOf = (loss: PrivacyLoss, delta: number): number =>
  Math.max(...loss.map((one) => epsilonOfOne(one, delta)))

/** Smallest δ for this ε. */
export const deltaOf = (loss: PrivacyLoss, epsilon: number): number =>
  Math.max(
    ...loss.map(({ step, first, mass, infinite }) => {
      let delta = infinite
      for (let i = mass.length - 1; i >= 0; i--) {
        const above = (first + i) * step - epsilon
        if (above <= 0) break
        delta -= mass[i]! * Math.expm1(-above)
      }
      return Math.min(1, delta)
    }),
  )

/**
 * Downwards from the largest loss l: with the masses above it summed, and the same masses times
 * e^(l − their loss), δ(ε) = above − e^(ε − l)·weighted, which is δ at one ε between each two points.
 */
const epsilonOfOne = ({ step, first, mass, infinite }: LossDistribution, delta: number): number => {
  if (infinite > delta) return Number.POSITIVE_INFINITY
  let above = infinite
  let weighted = 0
  for (let i = mass.length - 1; i >= 0; i--) {
    above += mass[i]!
    weighted = weighted * Math.exp(-step) + mass[i]!
    if (above <= delta) continue
    // Above the next lower point it is the ε that was looked for.
    const over = Math.log((above - delta) / weighted)
    if (over >= -step || i === 0) return Math.max(0, (first + i) * step + over)
  }
  return 0
}

type Sampled = { readonly q: number; readonly noise: number; readonly times: number }

/** No event alone has more points than there may be. */
const stepFor = (events: readonly Sampled[]): number =>
  events.reduce((step, { noise }) => {
    const span = (2 * TAIL_DEVIATIONS) / noise + 1 / noise ** 2
    return Math.max(step, span / MOST_POINTS)
  }, FINEST_STEP)

/**
 * A person less, then a person more. The loss is ln(1 − q + q·e^((2x−1)/(2z²))), of P = (1−q)·N(0, z²) +
 * q·N(1, z²) against Q = N(0, z²), or minus it with P and Q exchanged; it grows with x.
 */
const lossesOf = (
  { q, noise }: Sampled,
  step: number,
): readonly [LossDistribution, LossDistribution] => {
  const lossAt = (x: number) => logMixed(q, (2 * x - 1) / (2 * noise * noise))
  const ends = [-TAIL_DEVIATIONS * noise, 1 + TAIL_DEVIATIONS * noise].map(lossAt)
  const first = Math.floor(ends[0]! / step)
  const points = Math.ceil(ends[1]! / step) - first + 1
  const outputs = Float64Array.from(
    { length: points },
    (_, i) => noise * noise * unmixed(q, (first + i) * step) + 0.5,
  )
  const without = normalCells(outputs, 0, noise)
  const shifted = normalCells(outputs, 1, noise)
  const having = without.map((m, i) => (1 - q) * m + q * shifted[i]!)
  return [
    gridded(having, without, step, first),
    gridded(without.toReversed(), having.toReversed(), step, 1 - first - points),
  ]
}

/**
 * p, q: [points + 1], what lies below the first point, between each two and above the last, under the
 * two neighbours; the loss is ln(p / q).
 */
const gridded = (
  p: Float64Array,
  q: Float64Array,
  step: number,
  first: number,
): LossDistribution => {
  const mass = new Float64Array(p.length - 1)
  mass[0] = p[0]!
  for (let i = 1; i < mass.length; i++) {
    // a + b = p and a·e^−lower + b·e^−(lower + step) = q.
    const weighted = q[i]! * Math.exp((first + i - 1) * step)
    const upper = Math.min(p[i]!, Math.max(0, (p[i]! - weighted) / -Math.expm1(-step)))
    mass[i - 1]! += p[i]! - upper
    mass[i]! += upper
  }
  return { step, first, mass, infinite: p[mass.length]! }
}

type Repeated = { readonly one: LossDistribution; readonly times: number }

/** low, high: in steps; a composition has less than the tail beyond each. */
type Spanned = { readonly ones: readonly Repeated[]; readonly low: number; readonly high: number }
const spanned = (ones: readonly Repeated[]): Spanned => ({
  ones,
  low: lowestOf(ones),
  high: highestOf(ones),
})

/** Chernoff's bound, the best of some. */
const highestOf = (ones: readonly Repeated[]): number =>
  Math.min(
    ends(ones, (d) => d.first + d.mass.length - 1),
    ...CHERNOFF.map((lambda) => Math.ceil((logMoment(ones, lambda) - LOG_TAIL) / lambda)),
  )
const lowestOf = (ones: readonly Repeated[]): number =>
  Math.max(
    ends(ones, (d) => d.first),
    ...CHERNOFF.map((lambda) => Math.floor(-(logMoment(ones, -lambda) - LOG_TAIL) / lambda)),
  )

/** Per step of the grid. */
const CHERNOFF = Array.from({ length: 24 }, (_, i) => 10 ** (-5 + i / 4))

const ends = (ones: readonly Repeated[], end: (d: LossDistribution) => number): number =>
  ones.reduce((sum, { one, times }) => sum + times * end(one), 0)

/** ln E[e^(λ·loss/step)] of the composition. */
const logMoment = (ones: readonly Repeated[], lambda: number): number =>
  ones.reduce((sum, { one, times }) => {
    const { first, mass } = one
    const most = lambda * (lambda > 0 ? first + mass.length - 1 : first)
    let moment = 0
    for (let i = 0; i < mass.length; i++) moment += mass[i]! * Math.exp(lambda * (first + i) - most)
    return sum + times * (most + Math.log(moment))
  }, 0)

/** What falls outside wraps around, and is counted as infinite. */
const convolve = ({ ones, low, high }: Spanned, step: number): LossDistribution => {
  let size = 1
  while (size < high - low + 1) size *= 2
  const product = { re: new Float64Array(size).fill(1), im: new Float64Array(size) }
  let offset = 0
  let finite = 1
  for (const { one, times } of ones) {
    const re = new Float64Array(size)
    const im = new Float64Array(size)
    for (const [i, m] of one.mass.entries()) re[i % size]! += m
    fft(re, im)
    multiplyPower(product, re, im, times)
    offset += one.first * times
    finite *= (1 - one.infinite) ** times
  }
  fft(product.im, product.re)
  const mass = new Float64Array(high - low + 1)
  for (let i = 0; i < mass.length; i++) {
    const at = (((low + i - offset) % size) + size) % size
    mass[i] = Math.max(0, product.re[at]! / size)
  }
  return { step, first: low, mass, infinite: 1 - finite + 2 * Math.exp(LOG_TAIL) }
}

/** product ← product · (re + i·im)^times, by repeated squaring. */
const multiplyPower = (
  product: { readonly re: Float64Array; readonly im: Float64Array },
  re: Float64Array,
  im: Float64Array,
  times: number,
): void => {
  for (let k = 0; k < re.length; k++) {
    let [a, b] = [re[k]!, im[k]!]
    let [c, d] = [product.re[k]!, product.im[k]!]
    for (let left = times; left > 0; left = Math.floor(left / 2)) {
      if (left % 2 === 1) [c, d] = [c * a - d * b, c * b + d * a]
      ;[a, b] = [a * a - b * b, 2 * a * b]
    }
    product.re[k] = c
    product.im[k] = d
  }
}
