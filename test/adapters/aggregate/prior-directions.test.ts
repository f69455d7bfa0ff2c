import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  initialPrior,
  type Prior,
  priorCovariance,
  priorMStep,
} from '../../../adapters/aggregate/prior.ts'
import {
  coordinatesWithin,
  type HeadWithin,
  headClipFor,
  momentsWithin,
  priorMStepWithin,
} from '../../../adapters/aggregate/prior-directions.ts'
import { matrix, orthonormalizeRows, triangleSize } from '../../../adapters/math/matrix.ts'
import { dot, norm } from '../../../adapters/math/vector.ts'
import { type Rng, seededRng } from '../../../adapters/random.ts'
import { expectCode } from '../../support/expect-code.ts'
import { largestDifference } from '../../support/numbers.ts'

const D = 9
const K = 3
const plan = { initialVariance: 2, shrinkage: 5, directions: K }

const normals = (rng: Rng, n: number) => Float64Array.from({ length: n }, () => rng.normal())

const somePrior = (): Prior => {
  const rng = seededRng('prior')
  const directions = matrix(K, D, normals(rng, K * D))
  orthonormalizeRows(directions)
  return {
    mean: normals(rng, D),
    directions: directions.data,
    variances: Float64Array.of(3, 2, 1.5),
    rest: 0.4,
  }
}

/** A head whose choices said something about the directions alone: [k] seen vectors explain its posterior. */
const headIn = (rng: Rng): { readonly head: HeadWithin; readonly shrunk: Float64Array } => {
  const v = normals(rng, K)
  const seen = Float64Array.from({ length: K }, () => 0.6 * rng.normal())
  const shrunk = new Float64Array(triangleSize(K))
  for (let i = 0, at = 0; i < K; i++)
    for (let j = i; j < K; j++, at++) shrunk[at] = -seen[i]! * seen[j]!
  return { head: { v, change: shrunk }, shrunk }
}

/** Φᵀx: [D]. */
const lifted = ({ directions }: Prior, x: Float64Array): Float64Array =>
  Float64Array.from({ length: D }, (_, i) =>
    x.reduce((sum, value, k) => sum + value * directions[k * D + i]!, 0),
  )

/** E[w] and the upper triangle of E[wwᵀ], dense: w = μ + Φᵀv, S = Σ + Φᵀ·change·Φ. */
const fullMoments = (prior: Prior, { v, change }: HeadWithin) => {
  const w = lifted(prior, v).map((x, i) => x + prior.mean[i]!)
  const covariance = priorCovariance(prior).data.slice()
  const { directions } = prior
  for (let a = 0, at = 0; a < K; a++)
    for (let b = a; b < K; b++, at++)
      for (let i = 0; i < D; i++)
        for (let j = 0; j < D; j++) {
          const one = directions[a * D + i]! * directions[b * D + j]!
          const other = a === b ? 0 : directions[b * D + i]! * directions[a * D + j]!
          covariance[i * D + j]! += change[at]! * (one + other)
        }
  const second: number[] = []
  for (let i = 0; i < D; i++)
    for (let j = i; j < D; j++) second.push(w[i]! * w[j]! + covariance[i * D + j]!)
  return { first: w, second }
}

const summed = (all: readonly { first: ArrayLike<number>; second: ArrayLike<number> }[]) => {
  const add = (name: 'first' | 'second') =>
    Float64Array.from(all[0]![name], (_, i) => all.reduce((sum, one) => sum + one[name][i]!, 0))
  return { first: add('first'), second: add('second'), devices: all.length }
}

describe('the M-step within the directions', () => {
  const last = somePrior()
  const rng = seededRng('heads')
  const heads = Array.from({ length: 12 }, () => headIn(rng).head)
  const within = summed(heads.map((head) => momentsWithin(head, 100)))
  const full = summed(heads.map((head) => fullMoments(last, head)))

  test.each([undefined, 1.5])(
    'is the full one where heads moved only in the span, to 1e-9 (relaxation %s)',
    (relaxation) => {
      const asked = { ...plan, ...(relaxation && { relaxation }) }
      const got = priorMStepWithin(last, within, asked, 100)
      const expected = priorMStep(last, full, asked)
      expect(largestDifference(got.mean, expected.mean)).toBeLessThan(1e-9)
      expect(
        largestDifference(priorCovariance(got).data, priorCovariance(expected).data),
      ).toBeLessThan(1e-9)
      expect(Math.abs(got.rest - expected.rest)).toBeLessThan(1e-9)
    },
  )

  test('keeps the rest and orthonormal directions of the same span, whatever the sums', () => {
    const wild = {
      first: normals(rng, K).map((x) => 30 * x),
      second: normals(rng, triangleSize(K)).map((x) => 30 * x),
      devices: 4,
    }
    const got = priorMStepWithin(last, wild, plan, 2)
    expect(got.rest).toBe(last.rest)
    for (const variance of got.variances) expect(variance).toBeGreaterThanOrEqual(last.rest)
    const rowOf = (prior: Prior, i: number) => prior.directions.subarray(i * D, (i + 1) * D)
    for (let i = 0; i < K; i++) {
      for (let j = 0; j < K; j++)
        expect(dot(rowOf(got, i), rowOf(got, j))).toBeCloseTo(i === j ? 1 : 0, 12)
      const inSpan = coordinatesWithin({ ...last, mean: new Float64Array(D) }, rowOf(got, i))
      expect(norm(inSpan)).toBeCloseTo(1, 12)
    }
  })

  test('without devices is the last prior', () => {
    const none = {
      first: new Float64Array(K),
      second: new Float64Array(triangleSize(K)),
      devices: 0,
    }
    const got = priorMStepWithin(last, none, plan, 1)
    expect(largestDifference(got.mean, last.mean)).toBe(0)
    expect(largestDifference(got.variances, last.variances)).toBe(0)
  })

  test('refuses sums of another number of directions with E_SHAPE', () => {
    const other = { ...within, second: within.second.subarray(1) }
    expectCode('E_SHAPE', () => priorMStepWithin(last, other, plan, 1))
    expectCode('E_SHAPE', () => coordinatesWithin(initialPrior(4, 1), new Float64Array(3)))
  })
})

describe('the moments of a head', () => {
  test('are nothing where its choices said nothing', () => {
    const { first, second } = momentsWithin(
      { v: new Float64Array(K), change: new Float64Array(triangleSize(K)) },
      3,
    )
    expect([...first, ...second].every((x) => x === 0)).toBe(true)
  })

  test('are at most as long as was said, and no longer than they were', () => {
    const numbers = (n: number) =>
      fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: n, maxLength: n })
    fc.assert(
      fc.property(
        numbers(K),
        numbers(triangleSize(K)),
        fc.double({ min: 0.1, max: 20, noNaN: true }),
        (v, change, most) => {
          const clip = headClipFor(most)
          const { first, second } = momentsWithin(
            { v: Float64Array.from(v), change: Float64Array.from(change) },
            clip,
          )
          expect(norm(first)).toBeLessThanOrEqual(clip * (1 + 1e-12))
          expect(Math.hypot(norm(first), norm(second))).toBeLessThanOrEqual(most * (1 + 1e-12))
        },
      ),
    )
  })

  test('reach that length: a head beyond the clip in one direction', () => {
    const moments = momentsWithin(
      { v: Float64Array.of(0, 7, 0), change: new Float64Array(triangleSize(K)) },
      headClipFor(2),
    )
    expect(Math.hypot(norm(moments.first), norm(moments.second))).toBeCloseTo(2, 12)
  })

  test('say what a head of 3 in the second of two directions does, in units of a clip of 6', () => {
    const { first, second } = momentsWithin(
      { v: Float64Array.of(1, 3), change: Float64Array.of(-0.5, 0, -1) },
      6,
    )
    expect([...first]).toEqual([1, 3])
    expect([...second]).toEqual([0.5 / 6, (3 / 6) * Math.SQRT2, 8 / 6])
  })
})
