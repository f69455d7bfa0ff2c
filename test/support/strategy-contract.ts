/** What every aggregation strategy keeps; those that need single updates are in product-strategy.test.ts. */
import { describe, expect, test } from 'vitest'
import type { AdapterState } from '../../adapters/aggregate/adapter-state.ts'
import { createExactSum } from '../../adapters/aggregate/exact-sum.ts'
import type { SumStrategy } from '../../adapters/aggregate/strategy.ts'
import { initAdapter } from '../../adapters/lora/init.ts'
import {
  adapterLayout,
  type Factors,
  factorsOf,
  layoutSize,
  segmentOf,
} from '../../adapters/lora/layout.ts'
import { type Matrix, matrix, multiply } from '../../adapters/math/matrix.ts'
import { norm } from '../../adapters/math/vector.ts'
import { seededRng } from '../../adapters/random.ts'
import { expectCode } from './expect-code.ts'
import { largestDifference, randomVector } from './numbers.ts'

export const shape = { layers: 3, hidden: 16, heads: 4, kvHeads: 2, headDim: 4, ffn: 24, vocab: 50 }
export const spec = {
  firstLayer: 1,
  endLayer: 3,
  modules: ['q', 'v', 'down'] as const,
  rank: 4,
  alpha: 8,
}

export const firstState = (): AdapterState => ({
  shape,
  spec,
  flat: initAdapter(shape, spec, 3),
  basisEpoch: 0,
  adapterRounds: 0,
})

/** One device's change of what a round moves. */
export const deviceUpdate = (factor: Factors, name: string): Float32Array =>
  randomVector(seededRng(name), layoutSize(adapterLayout(shape, spec, factorsOf(factor))), 0.1)

/** The factors of each linear, in the order of the layout. */
export const pairsOfState = ({ flat }: AdapterState): { a: Matrix; b: Matrix }[] => {
  const all = adapterLayout(shape, spec).map((s) =>
    matrix(s.shape[0]!, s.shape[1]!, segmentOf(flat, s)),
  )
  return all.flatMap((a, i) => (i % 2 === 0 ? [{ a, b: all[i + 1]! }] : []))
}

/** B·A of each linear. */
export const productsOf = (state: AdapterState): Matrix[] =>
  pairsOfState(state).map(({ a, b }) => multiply(b, a))

/** The state after some rounds of random updates. */
export const afterRounds = (strategy: SumStrategy, rounds: number): AdapterState => {
  let adapter = firstState()
  let state = strategy.init(adapter)
  for (let i = 0; i < rounds; i++) {
    const factor = strategy.factorOf(adapter)
    const update = Float64Array.from(deviceUpdate(factor, `round/${i}`))
    const next = strategy.step(adapter, update, factor, state)
    adapter = next.adapter
    state = JSON.parse(JSON.stringify(next.state))
  }
  return adapter
}

/** A first step. */
export const stepOf = (
  strategy: SumStrategy,
  adapter: AdapterState,
  update: Float64Array,
  factor: Factors,
): AdapterState => strategy.step(adapter, update, factor, strategy.init(adapter)).adapter

/** The products that the mean update alone would give: (B + ΔB)·A or B·(A + ΔA). */
const plainProducts = (
  state: AdapterState,
  update: ArrayLike<number>,
  factor: Factors,
): Matrix[] => {
  const layout = adapterLayout(shape, spec)
  const flat = state.flat.slice()
  for (const own of adapterLayout(shape, spec, factorsOf(factor))) {
    const { offset } = layout.find((s) => s.name === own.name)!
    for (let i = 0; i < own.size; i++) flat[offset + i]! += update[own.offset + i]!
  }
  return productsOf({ ...state, flat })
}

const expectSameProducts = (got: Matrix[], expected: Matrix[]): void => {
  for (const [i, product] of got.entries()) {
    const tolerance = 1e-6 * Math.max(1, norm(expected[i]!.data))
    expect(largestDifference(product.data, expected[i]!.data)).toBeLessThan(tolerance)
  }
}

export const strategyContract = (strategy: SumStrategy): void => {
  describe(`${strategy.name} keeps the contract of strategies:`, () => {
    test('the first round trains B, since A has no gradient through a zero B', () => {
      expect(strategy.factorOf(firstState())).toContain('B')
    })

    test.each([0, 1, 2, 3])('after %i rounds a zero update keeps the product', (rounds) => {
      const state = afterRounds(strategy, rounds)
      const factor = strategy.factorOf(state)
      const zero = new Float64Array(deviceUpdate(factor, 'zero').length)
      expectSameProducts(productsOf(stepOf(strategy, state, zero, factor)), productsOf(state))
    })

    test.each([0, 1, 2, 3])(
      'after %i rounds the product moves exactly as the mean update says',
      (rounds) => {
        const state = afterRounds(strategy, rounds)
        const factor = strategy.factorOf(state)
        const update = Float64Array.from(deviceUpdate(factor, 'one'))
        const next = stepOf(strategy, state, update, factor)
        expectSameProducts(productsOf(next), plainProducts(state, update, factor))
      },
    )

    test('the order of the devices is irrelevant, to the last byte', () => {
      const state = afterRounds(strategy, 1)
      const factor = strategy.factorOf(state)
      const devices = Array.from({ length: 9 }, (_, i) => ({
        update: deviceUpdate(factor, `device/${i}`),
        pairs: 1 + i * 7,
      }))
      const run = (order: typeof devices) => {
        const sum = createExactSum(devices[0]!.update.length)
        for (const { update, pairs } of order) sum.add(update, pairs)
        return stepOf(strategy, state, sum.mean(), factor)
      }
      const expected = run(devices)
      for (let seed = 0; seed < 5; seed++)
        expect(run(seededRng(seed).shuffle(devices))).toEqual(expected)
    })

    test('what it carries from round to round is the same after JSON', () => {
      const adapter = firstState()
      const moved = strategy.factorOf(adapter)
      const update = Float64Array.from(deviceUpdate(moved, 'one'))
      const first = strategy.step(adapter, update, moved, strategy.init(adapter))
      const kept = JSON.parse(JSON.stringify(first.state))
      expect(kept).toEqual(first.state)
      const factor = strategy.factorOf(first.adapter)
      const second = Float64Array.from(deviceUpdate(factor, 'two'))
      expect(strategy.step(first.adapter, second, factor, kept)).toEqual(
        strategy.step(first.adapter, second, factor, first.state),
      )
    })

    test('a step changes its result only, counts the round and opens a new basis', () => {
      const state = afterRounds(strategy, 2)
      const before = state.flat.slice()
      const factor = strategy.factorOf(state)
      const update = Float64Array.from(deviceUpdate(factor, 'one'))
      const next = stepOf(strategy, state, update, factor)
      expect(state.flat).toEqual(before)
      expect(update).toEqual(Float64Array.from(deviceUpdate(factor, 'one')))
      expect([next.adapterRounds, next.basisEpoch]).toEqual([3, 3])
      expect([next.shape, next.spec]).toEqual([shape, spec])
    })

    test('twelve rounds stay finite and move the product each time', () => {
      let last = productsOf(firstState())
      for (let rounds = 1; rounds <= 12; rounds++) {
        const products = productsOf(afterRounds(strategy, rounds))
        for (const [i, product] of products.entries()) {
          expect(product.data.every(Number.isFinite)).toBe(true)
          expect(largestDifference(product.data, last[i]!.data)).toBeGreaterThan(1e-3)
        }
        last = products
      }
    })

    test('an update of another size or factor is refused with E_SHAPE', () => {
      const state = firstState()
      const update = Float64Array.from(deviceUpdate('B', 'one'))
      expectCode('E_SHAPE', () => stepOf(strategy, state, update.subarray(1), 'B'))
      expectCode('E_SHAPE', () => stepOf(strategy, state, update, 'A'))
      const short = { ...state, flat: state.flat.subarray(1) }
      expectCode('E_SHAPE', () => stepOf(strategy, short, update, 'B'))
    })

    test('an update that is not finite is refused with E_NOT_FINITE', () => {
      const update = Float64Array.from(deviceUpdate('B', 'one'))
      update[5] = Number.NaN
      expectCode('E_NOT_FINITE', () => stepOf(strategy, firstState(), update, 'B'))
    })
  })
}
