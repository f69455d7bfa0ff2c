import { describe, expect, test } from 'vitest'
import { type AdapterState, changesOf } from '../../../adapters/aggregate/adapter-state.ts'
import { optimize, optimizerOf } from '../../../adapters/aggregate/server-optimizer.ts'
import { strategies, takeStep } from '../../../adapters/aggregate/strategy.ts'
import { adapterLayout, type Factors, segmentOf } from '../../../adapters/lora/layout.ts'
import { seededRng } from '../../../adapters/random.ts'
import { OptimizerPlan, TrainingPlan } from '../../../adapters/wire/jobs.ts'
import { expectCode } from '../../support/expect-code.ts'
import { largestDifference } from '../../support/numbers.ts'
import { deviceUpdate, firstState, shape, spec } from '../../support/strategy-contract.ts'

const adam = OptimizerPlan.parse({ name: 'adam', learningRate: 0.1, epsilon: 1e-3 })
const plain = { saved: undefined, isGauged: false }
const meanOf = (factor: Factors, name: string) => Float64Array.from(deviceUpdate(factor, name))

test('a job that names no optimizer has none for steps and adam for gradients', () => {
  const training = TrainingPlan.parse({})
  expect(optimizerOf({ training })).toEqual({ name: 'none' })
  expect(optimizerOf({ training: { ...training, method: 'gradient' } })).toEqual({
    name: 'adam',
    learningRate: 0.01,
    beta1: 0.9,
    beta2: 0.99,
    epsilon: 1e-6,
  })
  expect(optimizerOf({ training, optimizer: adam })).toBe(adam)
})

test('none gives the mean itself and keeps nothing', () => {
  const mean = meanOf('B', 'one')
  expect(optimize({ name: 'none' }, firstState(), mean, 'B', plain)).toEqual({ change: mean })
})

/** By the papers, number by number: β₁ 0.9, β₂ 0.99, η 0.1, τ 1e-3, v₀ = τ². */
const SLOW: Record<
  string,
  (g: number, m: number, v: number) => [m: number, v: number, step: number]
> = {
  avgm: (g, m) => [0.9 * m + g, 0, 0.1 * (0.9 * m + g)],
  adam: (g, m, v) => divided(0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g),
  yogi: (g, m, v) => divided(0.9 * m + 0.1 * g, v > g * g ? v - 0.01 * g * g : v + 0.01 * g * g),
  adagrad: (g, m, v) => divided(0.9 * m + 0.1 * g, v + g * g),
}
const divided = (m: number, v: number): [number, number, number] => [
  m,
  v,
  (0.1 * m) / (Math.sqrt(v) + 1e-3),
]

// Tolerance: moments are kept as float32.
test.each(Object.keys(SLOW))(
  'without a gauge %s is the one of the paper, each factor with its own moments',
  (name) => {
    const scale = name === 'avgm' ? {} : { epsilon: 1e-3 }
    const plan = OptimizerPlan.parse({ name, learningRate: 0.1, ...scale })
    const newSlow = () => {
      const kept: [number, number][] = []
      return (mean: Float64Array) =>
        mean.map((g, i) => {
          const [m, v, change] = SLOW[name]!(g, ...(kept[i] ?? [0, 1e-6]))
          kept[i] = [m, v]
          return change
        })
    }
    const slow = { A: newSlow(), B: newSlow() }
    let saved: Uint8Array | undefined
    for (const [i, factor] of (['B', 'A', 'B', 'B', 'A'] as const).entries()) {
      const mean = meanOf(factor, `round/${i}`)
      const before = mean.slice()
      const { change, moments } = optimize(plan, firstState(), mean, factor, {
        saved,
        isGauged: false,
      })
      expect(mean).toEqual(before)
      expect(largestDifference(change, slow[factor](mean))).toBeLessThan(1e-7)
      saved = moments
    }
  },
)

describe('between two gauges', () => {
  /** One B-round, then the same adapter with its A in another basis of the same rows. */
  const turned = (turn: (rows: Float32Array[]) => Float32Array[]): AdapterState => {
    const first = firstState()
    const flat = first.flat.slice()
    for (const segment of adapterLayout(shape, spec)) {
      if (segment.factor !== 'A') continue
      const width = segment.shape[1]!
      const own = segmentOf(flat, segment)
      const rows = Array.from({ length: spec.rank }, (_, k) =>
        own.slice(k * width, (k + 1) * width),
      )
      own.set(turn(rows).flatMap((row) => [...row]))
    }
    return { ...first, flat }
  }
  const gradient = meanOf('B', 'gradient')
  /** The gradient by B in the turned basis: its columns are turned the same way. */
  const turnedGradient = (turn: (columns: Float32Array[]) => Float32Array[]) => {
    const out = gradient.slice()
    for (const { offset, shape: dims } of adapterLayout(shape, spec, ['B'])) {
      const [rows, rank] = [dims[0]!, dims[1]!]
      const columns = Array.from({ length: rank }, (_, k) =>
        Float32Array.from({ length: rows }, (_, o) => gradient[offset + o * rank + k]!),
      )
      for (const [k, column] of turn(columns).entries())
        for (const [o, x] of column.entries()) out[offset + o * rank + k] = x
    }
    return out
  }
  const second = (adapter: AdapterState, mean: Float64Array) => {
    const { moments } = optimize(adam, firstState(), gradient, 'B', {
      saved: undefined,
      isGauged: true,
    })
    return optimize(adam, adapter, mean, 'B', { saved: moments, isGauged: true }).change
  }
  const stay = second(firstState(), gradient)

  test('moments follow the rows of the frozen factor when they swap and change sign', () => {
    const turn = ([a, b, c, d]: Float32Array[]) => [b!, a!.map((x) => -x), d!, c!]
    const change = second(turned(turn), turnedGradient(turn))
    const back = change.slice()
    for (const { offset, shape: dims } of adapterLayout(shape, spec, ['B']))
      for (let o = 0; o < dims[0]!; o++) {
        const at = offset + o * 4
        const [b, a, d, c] = change.subarray(at, at + 4)
        back.set([-a!, b!, c!, d!], at)
      }
    // Tolerance: A is orthonormal in float32.
    expect(largestDifference(back, stay)).toBeLessThan(1e-5)
  })

  test('what lies outside of the new basis is dropped', () => {
    const rng = seededRng('elsewhere')
    // Orthonormal rows, at right angles to the old ones.
    const turn = (rows: Float32Array[]) => {
      const kept = rows.map((row) => [...row])
      const made: number[][] = []
      for (let k = 0; k < rows.length; k++) {
        let row = [...rows[0]!].map(() => rng.normal())
        for (const other of [...kept, ...made]) {
          const along = row.reduce((sum, x, i) => sum + x * other[i]!, 0)
          row = row.map((x, i) => x - along * other[i]!)
        }
        const length = Math.hypot(...row)
        made.push(row.map((x) => x / length))
      }
      return made.map((row) => Float32Array.from(row))
    }
    const zero = new Float64Array(gradient.length)
    expect(Math.max(...second(firstState(), zero))).toBeGreaterThan(0.05)
    // Tolerance: float32, and τ is 1e-3.
    expect(Math.max(...second(turned(turn), zero).map(Math.abs))).toBeLessThan(1e-4)
  })

  test('twenty alternating rounds of one gradient keep moving the product and stay finite', () => {
    let adapter = firstState()
    let saved: Uint8Array | undefined
    for (let i = 0; i < 20; i++) {
      const factor = strategies.alternating.factorOf(adapter)
      const { change, moments } = optimize(adam, adapter, meanOf(factor, `noise/${i}`), factor, {
        saved,
        isGauged: true,
      })
      saved = moments
      const largest = Math.max(...change.map(Math.abs))
      expect(largest).toBeGreaterThan(0.01)
      expect(largest).toBeLessThan(1)
      adapter = takeStep(strategies.alternating, adapter, change, factor, null).adapter
    }
  })
})

test('moments of both factors in one round are those of each by itself', () => {
  const adapter = firstState()
  const both = optimize(adam, adapter, meanOf('AB', 'one'), 'AB', plain)
  const pairs = changesOf(adapter, meanOf('AB', 'one'), 'AB')
  const changed = changesOf(adapter, both.change, 'AB')
  for (const factor of ['A', 'B'] as const) {
    const own = factor === 'A' ? ('a' as const) : ('b' as const)
    const mean = Float64Array.from(pairs.flatMap((pair) => [...pair[own].data]))
    const alone = optimize(adam, adapter, mean, factor, plain)
    const expected = changesOf(adapter, alone.change, factor)
    expect(changed.map((pair) => pair[own])).toEqual(expected.map((pair) => pair[own]))
  }
})

test('refuses another size, and saved bytes that are damaged or of another adapter', () => {
  const mean = meanOf('B', 'one')
  expectCode('E_SHAPE', () => optimize(adam, firstState(), mean.subarray(1), 'B', plain))
  const { moments } = optimize(adam, firstState(), mean, 'B', plain)
  const damaged = moments!.slice()
  damaged[200]! ^= 1
  expectCode('E_CONTAINER', () =>
    optimize(adam, firstState(), mean, 'B', { ...plain, saved: damaged }),
  )
  const other = { ...firstState(), spec: { ...spec, modules: ['q'] as const } }
  const small = new Float64Array(2 * 16 * 4)
  expectCode('E_SHAPE', () => optimize(adam, other, small, 'B', { ...plain, saved: moments }))
})
