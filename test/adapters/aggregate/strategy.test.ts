import { describe, expect, test } from 'vitest'
import { strategies, takeStep } from '../../../adapters/aggregate/strategy.ts'
import { adapterLayout, factorsOf, segmentOf } from '../../../adapters/lora/layout.ts'
import { matrix, multiply, transpose } from '../../../adapters/math/matrix.ts'
import { norm } from '../../../adapters/math/vector.ts'
import { seededRng } from '../../../adapters/random.ts'
import { largestDifference, rowsError } from '../../support/numbers.ts'
import {
  afterRounds,
  deviceUpdate,
  firstState,
  pairsOfState,
  productsOf,
  shape,
  spec,
  stepOf,
  strategyContract,
} from '../../support/strategy-contract.ts'

for (const strategy of Object.values(strategies))
  if (strategy.isSumEnough) strategyContract(strategy)

test('a step carries on from the state of its own strategy, and begins anew after another one', () => {
  const adapter = firstState()
  const update = Float64Array.from(deviceUpdate('B', 'one'))
  const first = takeStep(strategies.alternating, adapter, update, 'B', null)
  expect(first.adapter).toEqual(stepOf(strategies.alternating, adapter, update, 'B'))
  expect(first.optimizer).toEqual({ strategy: 'alternating', state: null })
  const other = takeStep(strategies.fedavg, adapter, update, 'B', first.optimizer)
  expect(other.adapter).toEqual(stepOf(strategies.fedavg, adapter, update, 'B'))
  expect(other.optimizer.strategy).toBe('fedavg')
})

describe('alternating', () => {
  const { alternating } = strategies

  test.each([1, 3, 5])('after %i rounds (a B-round last) every B has orthonormal columns', (n) => {
    const state = afterRounds(alternating, n)
    expect(alternating.factorOf(state)).toBe('A')
    for (const { b } of pairsOfState(state)) expect(rowsError(transpose(b))).toBeLessThan(3e-7)
  })

  test.each([0, 2, 4])('after %i rounds (an A-round last) every A has orthonormal rows', (n) => {
    const state = afterRounds(alternating, n)
    expect(alternating.factorOf(state)).toBe('B')
    for (const { a } of pairsOfState(state)) expect(rowsError(a)).toBeLessThan(3e-7)
  })

  test.each([2, 3])(
    "after %i rounds the change of the product is as long as the change of the round's factor",
    (rounds) => {
      const state = afterRounds(alternating, rounds)
      const factor = alternating.factorOf(state)
      const update = Float64Array.from(deviceUpdate(factor, 'one'))
      const before = productsOf(state)
      const after = productsOf(stepOf(alternating, state, update, factor))
      for (const [i, own] of adapterLayout(shape, spec, factorsOf(factor)).entries()) {
        const change = after[i]!.data.map((x, j) => x - before[i]!.data[j]!)
        const sent = update.subarray(own.offset, own.offset + own.size)
        expect(norm(change) / norm(sent)).toBeCloseTo(1, 5)
      }
    },
  )

  test('a layer whose B is still zero is left alone, and can still learn in the next B-round', () => {
    const first = firstState()
    const update = Float64Array.from(deviceUpdate('B', 'one'))
    const still = adapterLayout(shape, spec, ['B']).find((s) => s.name === 'layers.2.q.B')!
    update.fill(0, still.offset, still.offset + still.size)
    const state = stepOf(alternating, first, update, 'B')
    const segments = adapterLayout(shape, spec).filter((s) => s.name.startsWith('layers.2.q.'))
    for (const s of segments) expect(segmentOf(state.flat, s)).toEqual(segmentOf(first.flat, s))
    const idle = new Float64Array(deviceUpdate('A', 'x').length)
    const next = stepOf(alternating, state, idle, 'A')
    const [a, b] = segments.map((s) => segmentOf(next.flat, s))
    expect(rowsError(matrix(4, 16, a))).toBeLessThan(3e-7)
    expect(b!.every((x) => x === 0)).toBe(true)
  })

  test('a B of a lower rank than the adapter still gives orthonormal columns and the same product', () => {
    const first = firstState()
    const update = Float64Array.from(deviceUpdate('B', 'one'))
    // Columns 2 and 3 of every B stay zero.
    for (let i = 0; i < update.length; i++) if (i % 4 >= 2) update[i] = 0
    const state = stepOf(alternating, first, update, 'B')
    const layout = adapterLayout(shape, spec, ['B'])
    for (const [i, { a, b }] of pairsOfState(state).entries()) {
      expect(rowsError(transpose(b))).toBeLessThan(3e-7)
      const own = layout[i]!
      const moved = matrix(own.shape[0]!, 4, update.subarray(own.offset, own.offset + own.size))
      const expected = multiply(moved, pairsOfState(first)[i]!.a)
      expect(largestDifference(multiply(b, a).data, expected.data)).toBeLessThan(1e-6)
    }
  })

  test('thirty idle rounds move the product by rounding only', () => {
    let state = afterRounds(alternating, 2)
    const before = productsOf(state)
    for (let i = 0; i < 30; i++) {
      const factor = alternating.factorOf(state)
      state = stepOf(alternating, state, new Float64Array(deviceUpdate(factor, 'x').length), factor)
    }
    for (const [i, product] of productsOf(state).entries())
      expect(largestDifference(product.data, before[i]!.data)).toBeLessThan(3e-6)
  })
})

describe('fedavg', () => {
  const { fedavg } = strategies

  test.each(['A', 'B', 'AB'] as const)(
    'adds the mean update of %s and leaves the rest',
    (moves) => {
      const state = afterRounds(fedavg, 1)
      expect(fedavg.factorOf(state)).toBe('AB')
      const update = Float64Array.from(deviceUpdate(moves, 'one'))
      const next = stepOf(fedavg, state, update, moves)
      const moved = adapterLayout(shape, spec, factorsOf(moves))
      for (const s of adapterLayout(shape, spec)) {
        const change = moved.find((m) => m.name === s.name)
        const expected = segmentOf(state.flat, s).map((x, i) =>
          change ? x + update[change.offset + i]! : x,
        )
        expect(segmentOf(next.flat, s)).toEqual(expected)
      }
    },
  )
})

describe('strategies that train B alone', () => {
  const { fedsvd, ffa } = strategies

  test.each([1, 3, 5])('after %i rounds of fedsvd every A has orthonormal rows', (rounds) => {
    for (const { a } of pairsOfState(afterRounds(fedsvd, rounds)))
      expect(rowsError(a)).toBeLessThan(3e-7)
  })

  test('neither leaves the row space of the first A', () => {
    const first = pairsOfState(firstState())
    for (const strategy of [fedsvd, ffa])
      for (const [i, { a }] of pairsOfState(afterRounds(strategy, 6)).entries()) {
        const basis = first[i]!.a
        const projected = multiply(multiply(a, transpose(basis)), basis)
        expect(largestDifference(projected.data, a.data)).toBeLessThan(1e-6)
      }
  })

  test('a gradient step does the same under both: re-gauging alone changes nothing', () => {
    // The gradient by B in the present basis is G·Aᵀ, for the gradient G by the product.
    const rng = seededRng('product gradient')
    const gradients = pairsOfState(firstState()).map(({ a, b }) =>
      matrix(
        b.rows,
        a.cols,
        Float64Array.from({ length: b.rows * a.cols }, () => rng.normal()),
      ),
    )
    const trained = (strategy: typeof ffa) => {
      let state = firstState()
      for (let round = 0; round < 5; round++) {
        const update = Float64Array.from(
          pairsOfState(state).flatMap(({ a }, i) => [
            ...multiply(gradients[i]!, transpose(a)).data.map((x) => 0.01 * x),
          ]),
        )
        state = stepOf(strategy, state, update, 'B')
      }
      return productsOf(state)
    }
    const plain = trained(ffa)
    for (const [i, product] of trained(fedsvd).entries())
      expect(largestDifference(product.data, plain[i]!.data)).toBeLessThan(1e-5)
  })
})
