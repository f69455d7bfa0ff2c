import { describe, expect, test } from 'vitest'
import type { AdapterState } from '../../../adapters/aggregate/adapter-state.ts'
import { collectSingles, type Single } from '../../../adapters/aggregate/singles.ts'
import { strategies } from '../../../adapters/aggregate/strategy.ts'
import { adapterLayout, layoutSize } from '../../../adapters/lora/layout.ts'
import { readPairs } from '../../../adapters/lora/pairs.ts'
import { residualSpec, splitRanks, withRank } from '../../../adapters/lora/ranks.ts'
import { add, type Matrix, multiply } from '../../../adapters/math/matrix.ts'
import { norm } from '../../../adapters/math/vector.ts'
import { seededRng } from '../../../adapters/random.ts'
import { expectCode } from '../../support/expect-code.ts'
import { largestDifference, randomVector, rowsError } from '../../support/numbers.ts'
import { firstState, pairsOfState, shape, spec } from '../../support/strategy-contract.ts'

const wide = { ...spec, residual: 12 }
const sizeOf = (rank: number) => layoutSize(adapterLayout(shape, withRank(spec, rank)))
const updateOf = (seed: string, rank = 4): Float32Array =>
  randomVector(seededRng(seed), sizeOf(rank), 0.1)

/** What the adapter and its add-on come to, of each module. */
const productsOf = (state: AdapterState): Matrix[] => {
  const addOn = residualSpec(state.spec)
  const more = addOn && state.residual && { spec: addOn, flat: state.residual }
  const own = pairsOfState(state).map(({ a, b }) => multiply(b, a))
  if (!more) return own
  return readPairs(shape, more).map(({ a, b }, i) => add(own[i]!, multiply(b, a)))
}

/** The mean of what each device's adapter comes to, formed. */
const meanOfProducts = (state: AdapterState, singles: readonly Single[]): Matrix[] => {
  const total = singles.reduce((sum, { weight }) => sum + weight, 0)
  const before = productsOf(state)
  return before.map((start, i) =>
    singles.reduce((sum, { vector, weight }) => {
      const rank = vector.length / sizeOf(1)
      const { leading } = splitRanks(shape, { spec: withRank(spec, 4), flat: state.flat }, rank)
      const [old] = [readPairs(shape, leading)[i]!]
      const moved = { spec: leading.spec, flat: leading.flat.map((x, k) => x + vector[k]!) }
      const now = readPairs(shape, moved)[i]!
      return add(sum, add(multiply(now.b, now.a), multiply(old.b, old.a), -1), weight / total)
    }, start),
  )
}

const cases = [
  { strategy: strategies.flex, first: firstState(), ranks: [1, 2, 4, 2] },
  { strategy: strategies.fedex, first: { ...firstState(), spec: wide }, ranks: [4, 4, 4, 4] },
] as const

describe.each(cases)('$strategy.name', ({ strategy, first, ranks }) => {
  const singles = (seed: string): Single[] =>
    ranks.map((rank, i) => ({ vector: updateOf(`${seed}/${i}`, rank), weight: 1 + i }))
  const stateAfter = (rounds: number): AdapterState => {
    let state: AdapterState = first
    for (let i = 0; i < rounds; i++) state = strategy.combine(state, singles(`round/${i}`)).adapter
    return state
  }

  test('trains both factors, and a sum is not enough', () => {
    expect(strategy.factorOf(first)).toBe('AB')
    expect(strategy.isSumEnough).toBe(false)
  })

  test.each([0, 1, 2])('after %i rounds devices that change nothing keep the product', (rounds) => {
    const state = stateAfter(rounds)
    const idle = ranks.map((rank) => ({ vector: new Float32Array(sizeOf(rank)), weight: 1 }))
    const next = productsOf(strategy.combine(state, idle).adapter)
    for (const [i, product] of productsOf(state).entries())
      expect(largestDifference(next[i]!.data, product.data)).toBeLessThan(1e-6)
  })

  test.each([0, 1, 3])('after %i rounds one device moves the product as it says', (rounds) => {
    const state = stateAfter(rounds)
    const one = [{ vector: updateOf('one'), weight: 3 }]
    const next = productsOf(strategy.combine(state, one).adapter)
    for (const [i, product] of meanOfProducts(state, one).entries())
      expect(largestDifference(next[i]!.data, product.data)).toBeLessThan(1e-5)
  })

  test('is the mean of the products but for what it says that it discards', () => {
    const state = stateAfter(1)
    const some = singles('some')
    const { adapter, energies } = strategy.combine(state, some)
    const next = productsOf(adapter)
    const error = meanOfProducts(state, some).reduce(
      (sum, product, i) => sum + norm(add(product, next[i]!, -1).data) ** 2,
      0,
    )
    const rank = strategy.name === 'flex' ? 4 : 12
    const told = energies.slice(rank).reduce((sum, x) => sum + x, 0)
    expect(told).toBeGreaterThan(0)
    expect(error / told).toBeCloseTo(1, 3)
  })

  test('the order of the devices is irrelevant, to the last byte', () => {
    const made = (order: readonly Single[]) => {
      const collected = collectSingles()
      for (const { vector, weight } of order) collected.add(vector, weight)
      return strategy.combine(stateAfter(1), collected.all())
    }
    const expected = made(singles('some'))
    for (let seed = 0; seed < 5; seed++)
      expect(made(seededRng(seed).shuffle(singles('some')))).toEqual(expected)
  })

  test('changes its result only, counts the round and opens a new basis', () => {
    const state = stateAfter(2)
    const copy = structuredClone(state)
    const next = strategy.combine(state, singles('some')).adapter
    expect(state).toEqual(copy)
    expect([next.adapterRounds, next.basisEpoch]).toEqual([3, 3])
  })

  test('an update of another size is refused with E_SHAPE', () => {
    for (const size of [7, sizeOf(5)])
      expectCode('E_SHAPE', () =>
        strategy.combine(first, [{ vector: new Float32Array(size), weight: 1 }]),
      )
  })
})

test('flex orders directions by their strength, and those without any can still learn', () => {
  const low = [{ vector: updateOf('low', 1), weight: 1 }]
  const { adapter } = strategies.flex.combine(firstState(), low)
  for (const { a, b } of pairsOfState(adapter)) {
    expect(rowsError(a)).toBeLessThan(1e-6)
    const lengths = [0, 1, 2, 3].map((j) =>
      Math.hypot(...Array.from({ length: b.rows }, (_, i) => b.data[i * 4 + j]!)),
    )
    expect(lengths[0]).toBeGreaterThan(0.01)
    for (const rest of lengths.slice(1)) expect(rest).toBeLessThan(1e-7)
  }
})

test('fedex needs an adapter with a residual', () => {
  const one = [{ vector: updateOf('one'), weight: 1 }]
  expectCode('E_SHAPE', () => strategies.fedex.combine(firstState(), one))
})

test('an update that is not finite is not collected', () => {
  const vector = updateOf('one')
  vector[3] = Number.NaN
  expectCode('E_NOT_FINITE', () => collectSingles().add(vector, 1))
  expect(() => collectSingles().add(updateOf('one'), -1)).toThrow(RangeError)
})
