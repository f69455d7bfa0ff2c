import { describe, expect, test } from 'vitest'
import {
  COLUMNS,
  COMPLETE,
  DEFAULT_RATES,
  parametersOf,
  TABLE,
} from '../../../adapters/secagg/parameters.ts'

/** Logarithms to base 2 of factorials. */
const factorials = [0]
const logFactorial = (n: number): number => {
  for (let i = factorials.length; i <= n; i++) factorials.push(factorials[i - 1]! + Math.log2(i))
  return factorials[n]!
}
const choose = (n: number, k: number): number =>
  k < 0 || k > n ? -Infinity : logFactorial(n) - logFactorial(k) - logFactorial(n - k)
/** log2(2^a + 2^b). */
const plus = (a: number, b: number): number => {
  const [most, least] = a > b ? [a, b] : [b, a]
  return least === -Infinity ? most : most + Math.log2(1 + 2 ** (least - most))
}
const sum = (from: number, to: number, term: (i: number) => number): number => {
  let total = -Infinity
  for (let i = from; i <= to; i++) total = plus(total, term(i))
  return total
}

/** Of `drawn` from n of which `marked` are marked, exactly x are: log2 of the probability. */
const hypergeometric = (n: number, marked: number, drawn: number, x: number): number =>
  choose(marked, x) + choose(n - marked, drawn - x) - choose(n, drawn)

type Case = { n: number; degree: number; threshold: number; adversaries: number; dropped: number }

const RISKS = {
  /** Adversaries hold enough shares of some device. */
  revealed: ({ n, degree, threshold, adversaries }: Case) =>
    Math.log2(n) +
    sum(threshold, Math.min(adversaries, degree), (x) =>
      hypergeometric(n - 1, adversaries, degree, x),
    ),
  /** Of a device too few neighbours are left to give its key back. */
  lost: ({ n, degree, threshold, dropped }: Case) =>
    Math.log2(n) + sum(0, threshold - 1, (x) => hypergeometric(n - 1, n - 1 - dropped, degree, x)),
  /** Some of the honest survivors have drawn none of the others, nor these any of them. */
  disconnected: ({ n, degree, adversaries, dropped }: Case) => {
    const honest = n - adversaries - dropped
    const none = (others: number) => choose(n - 1 - others, degree) - choose(n - 1, degree)
    return sum(1, Math.floor(honest / 2), (m) => {
      return choose(honest, m) + m * none(honest - m) + (honest - m) * none(m)
    })
  },
  /** Some set of fewer than a fifth: each with `threshold` neighbours in it or among adversaries. */
  splitOff: ({ n, degree, threshold, adversaries }: Case) => {
    let worst = -Infinity
    for (let m = 2; m < n / 5; m++) {
      const marked = Math.min(n - 1, m - 1 + adversaries)
      const one = sum(threshold, Math.min(marked, degree), (x) =>
        hypergeometric(n - 1, marked, degree, x),
      )
      worst = Math.max(worst, choose(n, m) + m * one)
    }
    return worst
  },
}
const BITS = { revealed: -40, lost: -20, disconnected: -40, splitOff: -40 } as const

describe('the table of degrees and thresholds', () => {
  test.each(TABLE)(
    'keeps its four promises for $adversaries adversaries and $dropouts dropouts',
    ({ adversaries, dropouts }) => {
      for (const [i, most] of COLUMNS.entries()) {
        const least = i === 0 ? COMPLETE + 1 : COLUMNS[i - 1]! + 1
        for (const n of new Set([least, Math.round((least + most) / 2), most])) {
          const { degree, threshold } = parametersOf(n, { adversaries, dropouts })
          const counts = {
            adversaries: Math.floor(adversaries * n),
            dropped: Math.floor(dropouts * n),
          }
          const risks = { n, degree, threshold, ...counts }
          for (const name of ['revealed', 'lost', 'disconnected', 'splitOff'] as const)
            expect.soft(RISKS[name](risks), `${name} at ${n}`).toBeLessThanOrEqual(BITS[name])
        }
      }
    },
  )

  test('the promises do not hold with two thirds of the degree', () => {
    const broken = { n: 1000, degree: 58, threshold: 24, adversaries: 100, dropped: 300 }
    expect(Math.max(RISKS.revealed(broken), RISKS.lost(broken) - 20)).toBeGreaterThan(-40)
  })

  test('up to 50 devices everybody is a neighbour, and a majority must answer', () => {
    for (const n of [2, 3, 5, 20, 50]) {
      const { degree, threshold, quorum } = parametersOf(n, DEFAULT_RATES)
      expect(degree).toBe(n - 1)
      expect(2 * threshold).toBeGreaterThan(n)
      expect(threshold).toBeLessThanOrEqual(n)
      expect(quorum).toBeGreaterThanOrEqual(threshold)
    }
  })

  test('two lists that share no honest signer cannot both have a quorum', () => {
    for (const { adversaries, dropouts } of TABLE)
      for (const n of [2, 3, 7, 50, 51, 333, 10_000]) {
        const { quorum } = parametersOf(n, { adversaries, dropouts })
        const against = Math.floor(adversaries * n)
        expect(2 * quorum).toBeGreaterThan(n - against + 2 * against)
      }
  })

  test('refuses rates and numbers of devices that it does not have, with E_PLAN', () => {
    for (const [n, adversaries] of [
      [1, 0.1],
      [10_001, 0.1],
      [100, 0.15],
    ] as const)
      expect(() => parametersOf(n, { adversaries, dropouts: 0.3 })).toThrow(
        expect.objectContaining({ code: 'E_PLAN' }),
      )
  })
})
