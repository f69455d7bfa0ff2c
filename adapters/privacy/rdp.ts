/**
 * Rényi differential privacy of Gaussian mechanisms (Mironov 2017; Mironov, Talwar & Zhang 2019; Wang,
 * Balle & Kasiviswanathan 2019), and what it says about ε.
 */
import type { Mechanism, PrivacyEvent } from './mechanism.ts'
import { LARGE, logMixed } from './mixed.ts'

/** Orders at which it is computed: dense where few rounds or much noise have their best one. */
export const RDP_ORDERS: readonly number[] = [
  ...Array.from({ length: 99 }, (_, i) => 1 + (i + 1) / 10),
  ...Array.from({ length: 53 }, (_, i) => 11 + i),
  ...[128, 256, 512, 1024],
]

/** Smallest ε that some order proves for the composition of all events. delta: in (0, 1). */
export const rdpEpsilon = (
  events: readonly PrivacyEvent[],
  delta: number,
  orders = RDP_ORDERS,
): number => {
  const epsilons = orders.map((order) =>
    epsilonAt(
      order,
      events.reduce((sum, { mechanism, times }) => sum + times * rdpOf(mechanism, order), 0),
      delta,
    ),
  )
  return Math.max(0, Math.min(...epsilons))
}

/** Rényi divergence of this order, above 1, between outputs on neighbours. */
export const rdpOf = (mechanism: Mechanism, order: number): number => {
  const { noise } = mechanism
  if (mechanism.kind === 'fixed-size') {
    const { sample, population } = mechanism
    return withoutReplacement(sample / population, noise, order)
  }
  const q = mechanism.kind === 'poisson' ? mechanism.sampling : 1
  return q === 1 ? order / (2 * noise * noise) : poissonSampled(q, noise, order)
}

/** Canonne, Kamath & Steinke 2020, proposition 12; and total variation below δ needs no ε at all. */
const epsilonAt = (order: number, rdp: number, delta: number): number =>
  delta * delta + Math.expm1(-rdp) > 0
    ? 0
    : rdp + Math.log1p(-1 / order) - Math.log(delta * order) / (order - 1)

/** ln E[f^α] / (α−1) with f = 1−q+q·L, L the likelihood ratio of N(1, z²) to N(0, z²). */
const poissonSampled = (q: number, noise: number, order: number): number => {
  const logF = (x: number) => logMixed(q, (2 * x - 1) / (2 * noise * noise))
  // f^α − 1 − α(f−1) has the same mean as f^α − 1, since E[f] = 1, and no cancellation.
  const excess = (x: number) => {
    const log = logF(x)
    if (order * log > LARGE) return order * log
    return Math.log(Math.max(0, Math.expm1(order * log) - order * Math.expm1(log)))
  }
  const log = logNormalMean((x) => order * logF(x), noise, order)
  const exact = log > 1 ? log : Math.log1p(Math.exp(logNormalMean(excess, noise, order)))
  return exact / (order - 1)
}

/** Whole orders by the bound of Wang et al.; between two of them (α−1)·RDP is convex. */
const withoutReplacement = (q: number, noise: number, order: number): number => {
  if (q === 1) return order / (2 * noise * noise)
  const low = Math.floor(order)
  const share = order - low
  const at = (whole: number) => (whole < 2 ? 0 : logMomentBound(q, noise, whole))
  const log = share === 0 ? at(low) : (1 - share) * at(low) + share * at(low + 1)
  return log / (order - 1)
}

/** Above this order only the looser of the two bounds of a term is taken. */
const TIGHT_ORDERS = 256

/** Wang et al. 2019, theorem 27, of the Gaussian mechanism, whose ε(∞) is infinite. */
const logMomentBound = (q: number, noise: number, order: number): number => {
  const variance = noise * noise
  const logs = [0]
  let logChoose = Math.log(order)
  const central = order <= TIGHT_ORDERS ? centralMoments(noise, order + 1) : null
  for (let j = 2; j <= order; j++) {
    logChoose += Math.log((order - j + 1) / j)
    const moment = (j * (j - 1)) / (2 * variance)
    const loose = Math.LN2 + moment
    const tight =
      j === 2
        ? Math.log(4 * Math.expm1(moment))
        : central
          ? Math.log(4) + (central(2 * Math.floor(j / 2)) + central(2 * Math.ceil(j / 2))) / 2
          : Infinity
    logs.push(Math.min(loose, tight) + j * Math.log(q) + logChoose)
  }
  return logSum(logs)
}

/** By even order j: ln E[(L−1)^j], which the paper has as a forward difference with signs. */
const centralMoments = (noise: number, most: number) => {
  const known = new Map<number, number>()
  for (let j = 2; j <= most; j += 2) {
    const log = (x: number) => {
      const loss = (2 * x - 1) / (2 * noise * noise)
      return j * (loss > LARGE ? loss : Math.log(Math.abs(Math.expm1(loss))))
    }
    known.set(j, logNormalMean(log, noise, j))
  }
  return (j: number): number => known.get(j)!
}

/**
 * ln E[e^{g(x)}] for x ~ N(0, z²), g growing like order·x/z²: the trapezoid rule, whose error falls
 * exponentially for functions as smooth as these.
 */
const logNormalMean = (g: (x: number) => number, noise: number, order: number): number => {
  const step = noise / 16
  const logs: number[] = []
  for (let x = -14 * noise; x <= order + 14 * noise; x += step)
    logs.push(g(x) - (x * x) / (2 * noise * noise))
  return logSum(logs) + Math.log(step / (noise * Math.sqrt(2 * Math.PI)))
}

const logSum = (logs: readonly number[]): number => {
  let most = Number.NEGATIVE_INFINITY
  for (const log of logs) most = Math.max(most, log)
  if (most === Number.NEGATIVE_INFINITY) return most
  let sum = 0
  for (const log of logs) sum += Math.exp(log - most)
  return most + Math.log(sum)
}
