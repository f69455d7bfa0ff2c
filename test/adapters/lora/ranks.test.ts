import { expect, test } from 'vitest'
import type { Adapter } from '../../../adapters/lora/layout.ts'
import { readPairs } from '../../../adapters/lora/pairs.ts'
import { joinRanks, residualSpec, splitRanks, withRank } from '../../../adapters/lora/ranks.ts'
import { add, multiply, scaleColumns } from '../../../adapters/math/matrix.ts'
import { norm } from '../../../adapters/math/vector.ts'
import { deviceUpdate, shape, spec } from '../../support/strategy-contract.ts'

const adapter: Adapter = { spec, flat: deviceUpdate('AB', 'an adapter') }

/** (α/r)·BA of each module. */
const weightsOf = (one: Adapter) =>
  readPairs(shape, one).map(({ a, b }) =>
    multiply(
      scaleColumns(b, new Float64Array(one.spec.rank).fill(one.spec.alpha / one.spec.rank)),
      a,
    ),
  )

const distance = (one: Adapter[], other: Adapter[]): number => {
  const sum = (adapters: Adapter[]) =>
    adapters.map(weightsOf).reduce((all, own) => all.map((w, i) => add(w, own[i]!)))
  const others = sum(other)
  return Math.max(...sum(one).map((w, i) => norm(add(w, others[i]!, -1).data)))
}

test.each([1, 2, 4])('an adapter is its leading %i directions and the rest', (rank) => {
  const { leading, rest } = splitRanks(shape, adapter, rank)
  expect(leading.spec).toEqual({ ...spec, rank, alpha: 2 * rank })
  expect(rest?.spec.rank).toBe(rank === 4 ? undefined : 4 - rank)
  expect(distance([leading, ...(rest ? [rest] : [])], [adapter])).toBeLessThan(1e-12)
  if (rest) expect(distance([joinRanks(shape, leading, rest)], [adapter])).toBeLessThan(1e-12)
})

test('two adapters in scales of their own are one, in the scale of the first', () => {
  const other = {
    spec: { ...withRank(spec, 2), alpha: 7 },
    flat: deviceUpdate('AB', 'x').slice(0, 336),
  }
  const joined = joinRanks(shape, adapter, {
    ...other,
    flat: splitRanks(shape, adapter, 2).leading.flat,
  })
  expect(joined.spec).toMatchObject({ rank: 6, alpha: 12 })
  const two = { ...other, flat: splitRanks(shape, adapter, 2).leading.flat }
  expect(distance([joined], [adapter, two])).toBeLessThan(1e-6)
})

test('an add-on has the scale of its adapter', () => {
  expect(residualSpec(spec)).toBeNull()
  expect(residualSpec({ ...spec, residual: 6 })).toEqual({ ...spec, rank: 6, alpha: 12 })
})
