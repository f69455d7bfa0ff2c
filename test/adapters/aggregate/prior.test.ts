import { EigenvalueDecomposition, Matrix as MlMatrix } from 'ml-matrix'
import { describe, expect, test } from 'vitest'
import {
  initialPrior,
  type Prior,
  type PriorSums,
  priorCovariance,
  priorMStep,
} from '../../../adapters/aggregate/prior.ts'
import { decodePrior, encodePrior } from '../../../adapters/contributions/prior.ts'
import { cholesky, choleskySolve } from '../../../adapters/math/cholesky.ts'
import { type Matrix, matrix, multiply, row, transpose } from '../../../adapters/math/matrix.ts'
import { dot } from '../../../adapters/math/vector.ts'
import { type Rng, seededRng } from '../../../adapters/random.ts'
import { expectCode } from '../../support/expect-code.ts'
import { largestDifference, randomMatrix, rowsError } from '../../support/numbers.ts'

const plan = { initialVariance: 2, shrinkage: 10, directions: 3 }

/** One device's posterior: w and its covariance. */
type Posterior = { readonly w: Float64Array; readonly covariance: Matrix }

const sumsOf = (posteriors: readonly Posterior[], size: number): PriorSums => {
  const first = new Float64Array(size)
  const second: number[] = []
  for (const { w } of posteriors) for (let i = 0; i < size; i++) first[i]! += w[i]!
  for (let i = 0; i < size; i++)
    for (let j = i; j < size; j++)
      second.push(
        posteriors.reduce((s, p) => s + p.w[i]! * p.w[j]! + p.covariance.data[i * size + j]!, 0),
      )
  return { first, second: Float64Array.from(second), devices: posteriors.length }
}

const randomPosteriors = (rng: Rng, count: number, size: number): Posterior[] =>
  Array.from({ length: count }, () => {
    const g = randomMatrix(rng, size, size)
    const covariance = multiply(g, transpose(g))
    return { w: randomMatrix(rng, 1, size).data, covariance }
  })

const somePrior = (): Prior =>
  priorMStep(initialPrior(6, 2), sumsOf(randomPosteriors(seededRng(0), 4, 6), 6), plan)

/** (nC + νΣ)/(n+ν) + nν/(n+ν)²·(m−μ)(m−μ)ᵀ, from the posteriors themselves in two passes. */
const denseMStep = (last: Prior, posteriors: readonly Posterior[], shrinkage: number) => {
  const size = last.mean.length
  const n = posteriors.length
  const m = last.mean.map((_, i) => posteriors.reduce((s, p) => s + p.w[i]!, 0) / n)
  const old = priorCovariance(last)
  const total = n + shrinkage
  const covariance = matrix(size, size)
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) {
      let own = 0
      for (const { w, covariance: s } of posteriors)
        own += ((w[i]! - m[i]!) * (w[j]! - m[j]!) + s.data[i * size + j]!) / n
      const shift = (m[i]! - last.mean[i]!) * (m[j]! - last.mean[j]!)
      covariance.data[i * size + j] =
        (n * own + shrinkage * old.data[i * size + j]!) / total +
        ((n * shrinkage) / total ** 2) * shift
    }
  return { mean: m.map((x, i) => (n * x + shrinkage * last.mean[i]!) / total), covariance }
}

describe('priorMStep', () => {
  test('with every direction kept, is the dense two-pass formula to 1e-10', () => {
    const last = somePrior()
    const posteriors = randomPosteriors(seededRng(1), 7, 6)
    const expected = denseMStep(last, posteriors, 10)
    const prior = priorMStep(last, sumsOf(posteriors, 6), { ...plan, directions: 6 })
    expect(largestDifference(prior.mean, expected.mean)).toBeLessThan(1e-12)
    expect(largestDifference(priorCovariance(prior).data, expected.covariance.data)).toBeLessThan(
      1e-10,
    )
  })

  test('with a relaxation, moves by so many times the plain step', () => {
    const last = somePrior()
    const sums = sumsOf(randomPosteriors(seededRng(3), 7, 6), 6)
    const all = { ...plan, directions: 6 }
    const [once, more] = [all, { ...all, relaxation: 1.5 }].map((p) => priorMStep(last, sums, p))
    const far = Float64Array.from(last.mean, (m, i) => m + 1.5 * (once!.mean[i]! - m))
    expect(largestDifference(more!.mean, far)).toBeLessThan(1e-12)
    const [from, plain, relaxed] = [last, once!, more!].map((prior) => priorCovariance(prior).data)
    const expected = Float64Array.from(from!, (c, i) => c + 1.5 * (plain![i]! - c))
    expect(largestDifference(relaxed!, expected)).toBeLessThan(1e-10)
  })

  test('with fewer directions, keeps the leading ones and the mean of the other eigenvalues', () => {
    const last = somePrior()
    const posteriors = randomPosteriors(seededRng(2), 7, 6)
    const { covariance } = denseMStep(last, posteriors, 10)
    const rows = Array.from({ length: 6 }, (_, i) => [...row(covariance, i)])
    const full = new EigenvalueDecomposition(new MlMatrix(rows), { assumeSymmetric: true })
    const values = full.realEigenvalues.toReversed()
    const prior = priorMStep(last, sumsOf(posteriors, 6), plan)
    expect(largestDifference(prior.variances, values.slice(0, 3))).toBeLessThan(1e-10)
    expect(prior.rest).toBeCloseTo((values[3]! + values[4]! + values[5]!) / 3, 10)
    const directions = matrix(3, 6, prior.directions)
    expect(rowsError(directions)).toBeLessThan(1e-12)
    const image = multiply(directions, covariance)
    for (let k = 0; k < 3; k++)
      expect(
        largestDifference(
          row(image, k),
          row(directions, k).map((x) => x * values[k]!),
        ),
      ).toBeLessThan(1e-9)
  })

  test('without devices, and with posteriors that only repeat the prior, nothing moves', () => {
    const last = somePrior()
    const none = { first: new Float64Array(6), second: new Float64Array(21), devices: 0 }
    expect(priorMStep(last, none, plan)).toBe(last)
    const same = { w: last.mean, covariance: priorCovariance(last) }
    const prior = priorMStep(last, sumsOf([same, same, same], 6), plan)
    expect(largestDifference(prior.mean, last.mean)).toBeLessThan(1e-12)
    expect(largestDifference(priorCovariance(prior).data, same.covariance.data)).toBeLessThan(1e-10)
  })

  test('one device against a strong pseudo-count moves the prior little', () => {
    const last = initialPrior(6, 2)
    const one = sumsOf(randomPosteriors(seededRng(3), 1, 6), 6)
    const firm = priorMStep(last, one, { ...plan, shrinkage: 1e6 })
    const free = priorMStep(last, one, { ...plan, shrinkage: 0 })
    expect(largestDifference(firm.mean, last.mean)).toBeLessThan(1e-5)
    expect(largestDifference(free.mean, one.first)).toBeLessThan(1e-12)
  })

  test('variances stay positive when every device says the same with certainty', () => {
    const certain = { w: new Float64Array(6).fill(1), covariance: matrix(6, 6) }
    const prior = priorMStep(initialPrior(6, 2), sumsOf([certain, certain], 6), {
      ...plan,
      shrinkage: 0,
    })
    expect([...prior.variances, prior.rest].every((v) => v > 0)).toBe(true)
    expect(prior.rest).toBe(2e-6)
  })

  test('the plan may ask for no directions, or for more than there are', () => {
    const sums = sumsOf(randomPosteriors(seededRng(4), 5, 6), 6)
    const flat = priorMStep(initialPrior(6, 2), sums, { ...plan, directions: 0 })
    const full = priorMStep(initialPrior(6, 2), sums, { ...plan, directions: 256 })
    expect(flat.variances).toHaveLength(0)
    expect(full.variances).toHaveLength(6)
    // Both have the trace of the same covariance.
    expect(6 * flat.rest).toBeCloseTo(
      full.variances.reduce((a, b) => a + b),
      10,
    )
  })

  test('sums of another size are refused with E_SHAPE', () => {
    const sums = { first: new Float64Array(6), second: new Float64Array(21), devices: 1 }
    const last = initialPrior(6, 2)
    expectCode('E_SHAPE', () => priorMStep(last, { ...sums, first: new Float64Array(5) }, plan))
    expectCode('E_SHAPE', () => priorMStep(last, { ...sums, second: new Float64Array(36) }, plan))
  })
})

describe('EM', () => {
  const size = 8
  /** Two directions in which users differ, a little of everything else, and a common taste. */
  const truth: Prior = {
    mean: Float64Array.of(1, -1, 0, 0, 0, 0, 0.5, 0),
    directions: Float64Array.from([0.6, 0.8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]),
    variances: Float64Array.of(4, 2),
    rest: 0.05,
  }
  const noise = 0.5

  /** A user's few linear observations of a w drawn from the truth. */
  const drawUser = (rng: Rng) => {
    const root = cholesky(priorCovariance(truth))
    const z = randomMatrix(rng, 1, size).data
    const w = truth.mean.map((m, i) => m + dot(row(root, i), z))
    const inputs = randomMatrix(rng, 5, size)
    const outputs = Array.from(
      { length: 5 },
      (_, i) => dot(row(inputs, i), w) + Math.sqrt(noise) * rng.normal(),
    )
    return { w, inputs, outputs }
  }

  /** The exact posterior of linear regression under the prior. */
  const posteriorOf = (
    prior: Prior,
    { inputs, outputs }: ReturnType<typeof drawUser>,
  ): Posterior => {
    const inverse = (a: Matrix) => {
      const l = cholesky(a)
      const out = matrix(size, size)
      for (let i = 0; i < size; i++) {
        const unit = new Float64Array(size)
        unit[i] = 1
        row(out, i).set(choleskySolve(l, unit))
      }
      return out
    }
    const precision = inverse(priorCovariance(prior))
    const right = multiply(precision, matrix(size, 1, prior.mean)).data
    for (const [n, y] of outputs.entries())
      for (let i = 0; i < size; i++) {
        right[i]! += (row(inputs, n)[i]! * y) / noise
        for (let j = 0; j < size; j++)
          precision.data[i * size + j]! += (row(inputs, n)[i]! * row(inputs, n)[j]!) / noise
      }
    return { w: choleskySolve(cholesky(precision), right), covariance: inverse(precision) }
  }

  test('over 150 users recovers the population, and then serves a new user better than the first prior', () => {
    const rng = seededRng(11)
    const users = Array.from({ length: 150 }, () => drawUser(rng))
    const first = initialPrior(size, 2)
    let prior = first
    for (let round = 0; round < 15; round++) {
      const current = prior
      const posteriors = users.map((u) => posteriorOf(current, u))
      prior = priorMStep(current, sumsOf(posteriors, size), {
        ...plan,
        shrinkage: 2,
        directions: 2,
      })
    }
    expect(largestDifference(prior.mean, truth.mean)).toBeLessThan(0.35)
    const spread = priorCovariance(truth).data
    const distance = (p: Prior) =>
      Math.hypot(...priorCovariance(p).data.map((x, i) => x - spread[i]!))
    expect(distance(prior)).toBeLessThan(0.4 * distance(first))
    const newUsers = Array.from({ length: 60 }, () => drawUser(rng))
    const error = (p: Prior) =>
      newUsers.reduce((sum, u) => {
        const { w } = posteriorOf(p, u)
        return sum + w.reduce((s, x, i) => s + (x - u.w[i]!) ** 2, 0)
      }, 0)
    expect(error(prior)).toBeLessThan(0.4 * error(first))
  })
})

describe('a prior in a release', () => {
  const finder = (prior: Prior) => {
    const parts = new Map(encodePrior(prior).map((p) => [p.name, Float32Array.from(p.data)]))
    return (name: string) => parts.get(name)
  }

  test('comes back to float32 rounding', () => {
    const prior = somePrior()
    const decoded = decodePrior(finder(prior), 6, plan)
    expect(largestDifference(decoded.mean, prior.mean)).toBeLessThan(1e-6)
    expect(
      largestDifference(priorCovariance(decoded).data, priorCovariance(prior).data),
    ).toBeLessThan(1e-5)
    expect(encodePrior(prior).map((p) => p.name)).toEqual([
      'prior.mean',
      'prior.directions',
      'prior.variances',
      'prior.rest',
    ])
  })

  test('without directions has neither directions nor variances', () => {
    const prior = initialPrior(4, 2)
    expect(encodePrior(prior).map((p) => p.name)).toEqual(['prior.mean', 'prior.rest'])
    expect(decodePrior(finder(prior), 4, plan)).toEqual(prior)
  })

  test("where there is none, is the plan's first prior", () => {
    expect(decodePrior(() => undefined, 4, plan)).toEqual(initialPrior(4, 2))
  })

  test('of another size, or with a variance that is not positive, is refused', () => {
    const prior = somePrior()
    expectCode('E_SHAPE', () => decodePrior(finder(prior), 5, plan))
    const { rest: _, ...others } = prior
    expectCode('E_CONTAINER', () => decodePrior(finder({ ...others, rest: 0 }), 6, plan))
    const withoutRest = finder(prior)
    expectCode('E_SHAPE', () =>
      decodePrior((name) => (name === 'prior.rest' ? undefined : withoutRest(name)), 6, plan),
    )
  })
})
