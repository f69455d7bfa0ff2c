import { Matrix, solve } from 'ml-matrix'
import { describe, expect, test } from 'vitest'
import type { Prior } from '../../../adapters/aggregate/prior.ts'
import { type Rng, seededRng } from '../../../adapters/random.ts'
import { fitHead, type PairRow, pairRows, pairsOf } from '../../../device/reward/head.ts'

const normals = (rng: Rng, n: number) => Float64Array.from({ length: n }, () => rng.normal())

/** Orthonormal rows by Gram-Schmidt, in float64. */
const orthonormal = (rng: Rng, k: number, size: number): Float64Array => {
  const rows: Float64Array[] = []
  while (rows.length < k) {
    let v = normals(rng, size)
    for (let pass = 0; pass < 2; pass++)
      for (const r of rows) {
        const along = r.reduce((s, x, i) => s + x * v[i]!, 0)
        v = v.map((x, i) => x - along * r[i]!)
      }
    const norm = Math.hypot(...v)
    rows.push(v.map((x) => x / norm))
  }
  return Float64Array.from(rows.flatMap((r) => [...r]))
}

const priorOf = (seed: string, size: number, k: number, rest = 0.4): Prior => {
  const rng = seededRng(seed)
  return {
    mean: normals(rng, size).map((v) => v * 0.3),
    directions: orthonormal(rng, k, size),
    variances: Float64Array.from({ length: k }, (_, j) => 3 / (j + 1)),
    rest,
  }
}

const covarianceOf = (prior: Prior): Matrix => {
  const size = prior.mean.length
  const S = Matrix.eye(size, size).mul(prior.rest)
  for (let j = 0; j < prior.variances.length; j++) {
    const d = Matrix.columnVector([...prior.directions.subarray(j * size, (j + 1) * size)])
    S.add(d.mmul(d.transpose()).mul(prior.variances[j]! - prior.rest))
  }
  return S
}

const rowsOf = (seed: string, m: number, size: number): PairRow[] => {
  const rng = seededRng(seed)
  return Array.from({ length: m }, () => ({
    difference: normals(rng, size),
    weight: 0.3 + rng.uniform(),
  }))
}

const sigma = (z: number) => 1 / (1 + Math.exp(-z))

/** The slow oracle: damped Newton on w itself, with dense matrices. */
const primal = (rows: readonly PairRow[], prior: Prior) => {
  const precision = solve(covarianceOf(prior), Matrix.eye(prior.mean.length))
  const mean = Matrix.columnVector([...prior.mean])
  const X = new Matrix(rows.map((r) => [...r.difference]))
  const objective = (w: Matrix) => {
    const z = X.mmul(w).to1DArray()
    const away = Matrix.sub(w, mean)
    const loss = z.reduce((s, v, i) => s + rows[i]!.weight * Math.log1p(Math.exp(-v)), 0)
    return loss + 0.5 * away.transpose().mmul(precision).mmul(away).get(0, 0)
  }
  let w = mean.clone()
  let hessian = precision
  for (let step = 0; step < 60; step++) {
    const z = X.mmul(w).to1DArray()
    const pull = Matrix.columnVector(z.map((v, i) => rows[i]!.weight * sigma(-v)))
    const gradient = precision.mmul(Matrix.sub(w, mean)).sub(X.transpose().mmul(pull))
    const curve = Matrix.diag(z.map((v, i) => rows[i]!.weight * sigma(v) * sigma(-v)))
    hessian = Matrix.add(precision, X.transpose().mmul(curve).mmul(X))
    const delta = solve(hessian, gradient)
    let t = 1
    while (objective(Matrix.sub(w, Matrix.mul(delta, t))) > objective(w) && t > 1e-9) t /= 2
    w = Matrix.sub(w, Matrix.mul(delta, t))
    if (delta.norm() < 1e-13 * (1 + w.norm())) break
  }
  return { w: w.to1DArray(), S: solve(hessian, Matrix.eye(prior.mean.length)) }
}

const dotOf = (a: Float64Array, b: Float64Array) => a.reduce((s, v, i) => s + v * b[i]!, 0)

const largestGap = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (v, i) => Math.abs(v - b[i]!)))

describe('fitHead', () => {
  test.each([
    { m: 1, size: 5, k: 0 },
    { m: 7, size: 12, k: 3 },
    { m: 40, size: 12, k: 12 },
    { m: 30, size: 25, k: 4 },
  ])(
    'agrees with a dense primal Newton: $m rows, $size dimensions, $k directions',
    ({ m, size, k }) => {
      const prior = priorOf(`p${m}`, size, k)
      const rows = rowsOf(`r${m}`, m, size)
      const fit = fitHead(rows, prior)
      const oracle = primal(rows, prior)
      expect(largestGap(fit.w, oracle.w)).toBeLessThan(1e-8)
      const { first, second } = fit.moments()
      expect(largestGap(first, oracle.w)).toBeLessThan(1e-8)
      let at = 0
      for (let i = 0; i < size; i++)
        for (let j = i; j < size; j++, at++)
          expect(second[at]).toBeCloseTo(oracle.S.get(i, j) + oracle.w[i]! * oracle.w[j]!, 8)
      const x = normals(seededRng('x'), size)
      const column = Matrix.columnVector([...x])
      const expected = column.transpose().mmul(oracle.S).mmul(column).get(0, 0)
      expect(fit.variance(x)).toBeCloseTo(expected, 8)
    },
  )

  test('within the directions is the dense posterior turned into them', () => {
    const [size, k] = [12, 3]
    const prior = priorOf('within', size, k)
    const rows = rowsOf('within', 9, size)
    const { v, change } = fitHead(rows, prior).within()
    const oracle = primal(rows, prior)
    const phi = new Matrix(
      Array.from({ length: k }, (_, i) => [...prior.directions.subarray(i * size, (i + 1) * size)]),
    )
    const away = Matrix.columnVector(oracle.w.map((x, i) => x - prior.mean[i]!))
    expect(largestGap(v, phi.mmul(away).to1DArray())).toBeLessThan(1e-8)
    const inside = phi.mmul(oracle.S).mmul(phi.transpose())
    for (let i = 0, at = 0; i < k; i++)
      for (let j = i; j < k; j++, at++)
        expect(change[at]).toBeCloseTo(inside.get(i, j) - (i === j ? prior.variances[i]! : 0), 8)
  })

  test('leaves no gradient at the optimum', () => {
    const prior = priorOf('g', 60, 8)
    const rows = rowsOf('g', 50, 60)
    const { w } = fitHead(rows, prior)
    const away = Matrix.columnVector([...w].map((v, i) => v - prior.mean[i]!))
    const gradient = solve(covarianceOf(prior), away).to1DArray()
    for (const { difference, weight } of rows) {
      const z = difference.reduce((s, v, i) => s + v * w[i]!, 0)
      for (let i = 0; i < w.length; i++) gradient[i]! -= weight * sigma(-z) * difference[i]!
    }
    expect(largestGap(gradient, new Float64Array(60))).toBeLessThan(1e-8)
  })

  test('converges on separable rows under a very wide prior', () => {
    const prior: Prior = {
      mean: new Float64Array(3),
      directions: new Float64Array(0),
      variances: new Float64Array(0),
      rest: 1e6,
    }
    const rows = [1, 2, 3].map((v) => ({ difference: Float64Array.of(v, 0, 0), weight: 1 }))
    const { w, logLikelihood } = fitHead(rows, prior)
    expect(w[0]).toBeGreaterThan(3)
    expect(Number.isFinite(w[0])).toBe(true)
    expect(logLikelihood).toBeGreaterThan(-0.1)
    expect(largestGap([...w], primal(rows, prior).w)).toBeLessThan(1e-5)
  })

  test('is the prior when there are no rows, or none with weight', () => {
    const prior = priorOf('none', 6, 2)
    for (const rows of [[], [{ difference: new Float64Array(6).fill(1), weight: 0 }]]) {
      const fit = fitHead(rows, prior)
      expect([...fit.w]).toEqual([...prior.mean])
      expect(fit.logLikelihood).toBeCloseTo(0, 12)
      const S = covarianceOf(prior)
      const { second } = fit.moments()
      expect(second[1]).toBeCloseTo(prior.mean[0]! * prior.mean[1]! + S.get(0, 1), 10)
      expect(fit.variance(Float64Array.of(0, 0, 1, 0, 0, 0))).toBeCloseTo(S.get(2, 2), 10)
    }
  })

  test('takes a prior that is flat in some directions, and repeated rows', () => {
    const prior = priorOf('flat', 8, 2, 0)
    const row = rowsOf('flat', 1, 8)[0]!
    const fit = fitHead([row, row, row], prior)
    const once = fitHead([{ ...row, weight: 3 * row.weight }], prior)
    expect(largestGap(fit.w, once.w)).toBeLessThan(1e-10)
    expect(largestGap(fit.moments().second, once.moments().second)).toBeLessThan(1e-10)
  })

  test('more choices leave less variance', () => {
    const prior = priorOf('v', 10, 2)
    const x = normals(seededRng('v'), 10)
    const variances = [0, 5, 20, 80].map((m) => fitHead(rowsOf('v', m, 10), prior).variance(x))
    for (let i = 1; i < 4; i++) expect(variances[i]).toBeLessThan(variances[i - 1]!)
  })

  describe('from an earlier fit', () => {
    // Rows that share directions, as real ones do, and more of them than a factor is taken for without asking.
    const size = 40
    const prior = priorOf('warm', size, 6)
    const rows = rowsOf('warm', 160, size)

    test.each([
      { name: 'one row more', next: rows.slice(0, 141) },
      { name: 'a new row before the others', next: [rows[150]!, ...rows.slice(0, 140)] },
      { name: 'old rows gone and new ones there', next: rows.slice(30) },
      { name: 'another order', next: rows.slice(0, 140).toReversed() },
      {
        name: 'other weights',
        next: rows.slice(0, 140).map((r, i) => ({ ...r, weight: r.weight * 0.5 ** (i / 40) })),
      },
      { name: 'nothing in common', next: rowsOf('other', 120, size) },
      { name: 'no rows', next: [] },
    ])('is the same optimum with the same posterior: $name', ({ next }) => {
      const last = fitHead(rows.slice(0, 140), prior)
      const cold = fitHead(next, prior)
      const oracle = next.length > 0 ? primal(next, prior) : null
      const x = normals(seededRng('x'), size)
      // Once from the factor that the fit left, once from its posterior's.
      for (let pass = 0; pass < 2; pass++) {
        const warm = fitHead(next, prior, last)
        expect(largestGap(warm.w, cold.w)).toBeLessThan(1e-8)
        if (oracle) expect(largestGap(warm.w, oracle.w)).toBeLessThan(1e-8)
        expect(warm.logLikelihood).toBeCloseTo(cold.logLikelihood, 8)
        expect(warm.variance(x)).toBeCloseTo(cold.variance(x), 8)
        last.variance(x)
      }
    })

    test('a different prior is not mistaken for the last one', () => {
      const other = priorOf('other prior', size, 3)
      const last = fitHead(rows, prior)
      expect(largestGap(fitHead(rows, other, last).w, fitHead(rows, other).w)).toBeLessThan(1e-8)
    })

    test('stays with the cold fit over forty choices in a row', () => {
      let fit = fitHead(rows.slice(0, 110), prior)
      for (let m = 111; m <= 150; m++) fit = fitHead(rows.slice(m - 110, m), prior, fit)
      expect(largestGap(fit.w, fitHead(rows.slice(40, 150), prior).w)).toBeLessThan(1e-8)
    })
  })

  test('tells rows as a fit without them would, nearly', () => {
    const prior = priorOf('left', 12, 3)
    const rows = rowsOf('left', 60, 12)
    const fit = fitHead(rows, prior)
    for (const left of [[0], [7, 8], [20, 21, 22]]) {
      const without = fitHead(
        rows.filter((_, i) => !left.includes(i)),
        prior,
      )
      const expected = left.map((i) => dotOf(rows[i]!.difference, without.w))
      const seen = left.map((i) => dotOf(rows[i]!.difference, fit.w))
      const gap = largestGap(fit.unseen(left), expected)
      expect(gap).toBeLessThan(0.25 * largestGap(seen, expected))
    }
  })

  test('the evidence is the integral over the prior, less that of choices at random', () => {
    const prior: Prior = { ...priorOf('one', 1, 0, 1.5), mean: Float64Array.of(0.2) }
    const rows = [0.5, -0.4, 1.1, 0.9, 0.2].map((v) => ({
      difference: Float64Array.of(v),
      weight: 1,
    }))
    let integral = 0
    for (let w = -12; w < 12; w += 1e-3) {
      const likelihood = rows.reduce((p, { difference }) => p * sigma(w * difference[0]!), 1)
      integral += likelihood * Math.exp(-((w - 0.2) ** 2) / 3) * 1e-3
    }
    const exact = Math.log(integral / Math.sqrt(3 * Math.PI)) + rows.length * Math.LN2
    expect(fitHead(rows, prior).evidence()).toBeCloseTo(exact, 1)
    expect(fitHead([], prior).evidence()).toBeCloseTo(0, 12)
  })

  test('random choices are evidence against preferences, consistent ones for them', () => {
    const prior = priorOf('taste', 10, 0, 2)
    prior.mean.fill(0)
    const drawn = rowsOf('taste', 80, 10)
    const taste = normals(seededRng('t'), 10)
    const chosen = drawn.map(({ difference, weight }) => ({
      weight,
      difference: dotOf(difference, taste) > 0 ? difference : difference.map((v) => -v),
    }))
    expect(fitHead(drawn, prior).evidence()).toBeLessThan(-2)
    expect(fitHead(chosen, prior).evidence()).toBeGreaterThan(5)
  })

  test('refuses rows of another length and rows that are not finite', () => {
    const prior = priorOf('bad', 3, 1)
    expect(() => fitHead([{ difference: new Float64Array(2), weight: 1 }], prior)).toThrow(
      /3 numbers, got 2/,
    )
    expect(() => fitHead([{ difference: Float64Array.of(1, NaN, 0), weight: 1 }], prior)).toThrow(
      /finite/,
    )
    expect(() => fitHead([{ difference: new Float64Array(3), weight: -1 }], prior)).toThrow(
      /weight/,
    )
  })

  test('fits 100 rows of 604 dimensions, with moments, fast enough for a fleet in one process', () => {
    const prior = priorOf('speed', 604, 32)
    const rows = rowsOf('speed', 100, 604).map((r) => ({
      ...r,
      difference: r.difference.map((v) => v / 17),
    }))
    fitHead(rows, prior).moments()
    const best = (run: () => void) =>
      Math.min(
        ...Array.from({ length: 5 }, () => {
          const from = performance.now()
          run()
          return performance.now() - from
        }),
      )
    let fit = fitHead(rows, prior)
    const fitMs = best(() => {
      fit = fitHead(rows, prior)
    })
    const momentsMs = best(() => fitHead(rows, prior).moments())
    console.info(`fitHead ${fitMs.toFixed(1)} ms, with moments ${momentsMs.toFixed(1)} ms`)
    expect(fit.moments().second.length).toBe((604 * 605) / 2)
    // Generous: the machine may be busy. Idle figures are in the README.
    expect(momentsMs).toBeLessThan(1500)
  })
})

describe('pairsOf', () => {
  test('sets the chosen answer against every other that was shown, weighing a choice 2 in all but 2/shown of it', () => {
    expect(pairsOf({ shown: [2, 0, 1], chosen: 0 })).toEqual([
      { chosen: 0, rejected: 2, weight: 2 / 3 },
      { chosen: 0, rejected: 1, weight: 2 / 3 },
    ])
    expect(pairsOf({ shown: [0, 1], chosen: 1 }, 0.5)).toEqual([
      { chosen: 1, rejected: 0, weight: 0.5 },
    ])
    expect(pairsOf({ shown: [3], chosen: 3 })).toEqual([])
  })

  test('pairRows subtracts features', () => {
    const rows = pairRows([Float64Array.of(1, 2), Float64Array.of(5, 5)], {
      shown: [0, 1],
      chosen: 1,
    })
    expect(rows).toEqual([{ difference: Float64Array.of(4, 3), weight: 1 }])
    expect(() => pairRows([Float64Array.of(1)], { shown: [0, 1], chosen: 1 })).toThrow(/past the 1/)
  })
})
