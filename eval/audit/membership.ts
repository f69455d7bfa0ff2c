/**
 * Whether a noised sum tells that one person is in it, and what ε that proves at least. The attacker is the
 * one that differential privacy is defined against: it knows everybody else's part, and the person's own.
 */
import { noiseFor } from '../../adapters/privacy/accountant.ts'
import { seededRng } from '../../adapters/random.ts'

export type MembershipAttack = {
  readonly promised: number
  readonly noise: number
  /** With 95 % confidence; 0 where the attack shows nothing. */
  readonly provenAtLeast: number
  /** Of the attacks that say "took part", with as many in as out: how many are right. */
  readonly accuracy: number
}

const CONFIDENCE = 0.95

/** A person's part has the norm of the clip, 1. rounds: releases, each with its own noise. */
export const attackMembership = (
  epsilon: number | null,
  { delta, rounds, trials, seed }: Readonly<Record<'delta' | 'rounds' | 'trials' | 'seed', number>>,
): MembershipAttack => {
  const noise =
    epsilon === null
      ? 0
      : noiseFor(epsilon, delta, (z) => [
          { mechanism: { kind: 'gaussian', noise: z }, times: rounds },
        ])
  const rng = seededRng(`membership/${seed}`)
  // The noised sum less all others, along the person's part; its mean over the rounds says all there is.
  const seen = (isIn: boolean): number => Number(isIn) + (noise / Math.sqrt(rounds)) * rng.normal()
  const drawn = (isIn: boolean) => Array.from({ length: trials }, () => seen(isIn))
  const [inside, outside] = [drawn(true), drawn(false)]
  const half = Math.floor(trials / 2)
  // The threshold is chosen on one half of the trials and judged on the other.
  const threshold = bestThreshold(inside.slice(0, half), outside.slice(0, half), delta)
  const hits = (values: readonly number[]) => values.slice(half).filter((x) => x > threshold).length
  const of = trials - half
  const [caught, wrong] = [hits(inside), hits(outside)]
  const [, most] = proportion(wrong, of)
  const [least] = proportion(caught, of)
  return {
    promised: epsilon ?? Number.POSITIVE_INFINITY,
    noise,
    provenAtLeast: Math.max(0, Math.log((least - delta) / most) || 0),
    accuracy:
      (inside.filter((x) => x > 0.5).length + outside.filter((x) => x <= 0.5).length) /
      (2 * trials),
  }
}

/** Where ln(caught / wrong) is largest, less about two standard errors of it. */
const bestThreshold = (
  inside: readonly number[],
  outside: readonly number[],
  delta: number,
): number => {
  const [rising, falling] = [inside, outside].map((values) => [...values].sort((a, b) => a - b))
  let best = { at: 0, bound: Number.NEGATIVE_INFINITY }
  let below = 0
  for (const [i, at] of falling!.entries()) {
    while (below < rising!.length && rising![below]! <= at) below++
    const [caught, wrong] = [rising!.length - below, falling!.length - i - 1]
    const least = (caught - 2 * Math.sqrt(caught + 1)) / rising!.length - delta
    const most = (wrong + 2 * Math.sqrt(wrong + 1) + 2) / falling!.length
    const bound = Math.log(Math.max(1e-12, least) / most)
    if (bound > best.bound) best = { at, bound }
  }
  return best.at
}

/** Clopper & Pearson 1934: where the share of a population lies by `hits` of `of`. */
export const proportion = (hits: number, of: number): readonly [least: number, most: number] => {
  const tail = (1 - CONFIDENCE) / 2
  const least = hits === 0 ? 0 : solve((p) => 1 - binomialUpTo(hits - 1, of, p) - tail)
  const most = hits === of ? 1 : solve((p) => tail - binomialUpTo(hits, of, p))
  return [least, most]
}

/** P(X ≤ k), by its terms. */
const binomialUpTo = (k: number, n: number, p: number): number => {
  if (p <= 0) return 1
  if (p >= 1) return k >= n ? 1 : 0
  let log = n * Math.log1p(-p)
  let sum = Math.exp(log)
  for (let i = 1; i <= k; i++) {
    log += Math.log((n - i + 1) / i) + Math.log(p) - Math.log1p(-p)
    sum += Math.exp(log)
  }
  return Math.min(1, sum)
}

/** The zero of a function that rises from 0 to 1. */
const solve = (f: (p: number) => number): number => {
  let [low, high] = [0, 1]
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (f(middle) < 0) low = middle
    else high = middle
  }
  return (low + high) / 2
}
