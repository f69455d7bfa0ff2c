import { expect, test } from 'vitest'
import { changesOf } from '../../../adapters/aggregate/adapter-state.ts'
import {
  averagingError,
  responseSize,
  responsesOf,
} from '../../../adapters/aggregate/averaging-error.ts'
import { createExactSum } from '../../../adapters/aggregate/exact-sum.ts'
import { add, multiply } from '../../../adapters/math/matrix.ts'
import { norm } from '../../../adapters/math/vector.ts'
import { expectCode } from '../../support/expect-code.ts'
import { deviceUpdate, shape, spec } from '../../support/strategy-contract.ts'

const where = { shape, spec, updateNorm: 20 }
type Device = { readonly update: Float32Array; readonly weight: number }

const estimateOf = (devices: readonly Device[]): number => {
  const [first] = devices
  const sum = createExactSum(first!.update.length + responseSize(where))
  for (const { update, weight } of devices)
    sum.add(Float32Array.from([...update, ...responsesOf(where, update)]), weight)
  return averagingError(where, sum.mean())
}

/** Σp(B−B̄)(A−Ā), formed. */
const exactOf = (devices: readonly Device[]): number => {
  const total = devices.reduce((all, { weight }) => all + weight, 0)
  const pairs = devices.map(({ update }) => changesOf(where, update, 'AB'))
  let squares = 0
  for (const [i, { a, b }] of pairs[0]!.entries()) {
    const share = (k: number) => devices[k]!.weight / total
    const zero = { a: add(a, a, -1), b: add(b, b, -1) }
    const mean = pairs.reduce(
      (sum, own, k) => ({ a: add(sum.a, own[i]!.a, share(k)), b: add(sum.b, own[i]!.b, share(k)) }),
      zero,
    )
    const error = pairs.reduce(
      (sum, own, k) =>
        add(sum, multiply(add(own[i]!.b, mean.b, -1), add(own[i]!.a, mean.a, -1)), share(k)),
      multiply(zero.b, zero.a),
    )
    squares += norm(error.data) ** 2
  }
  return (spec.alpha / spec.rank) * Math.sqrt(squares)
}

const devices = (seed: string): Device[] =>
  Array.from({ length: 6 }, (_, i) => ({
    update: deviceUpdate('AB', `${seed}/${i}`),
    weight: 1 + i,
  }))

test('the estimate of the averaging error is near the error itself, and right in the mean', () => {
  const shares = Array.from({ length: 20 }, (_, i) => {
    const some = devices(`world/${i}`)
    return estimateOf(some) / exactOf(some)
  })
  // Six modules of rank four and more: a standard error of 7 % each was seen.
  for (const share of shares) expect(Math.abs(share - 1)).toBeLessThan(0.3)
  expect(Math.abs(shares.reduce((a, b) => a + b) / shares.length - 1)).toBeLessThan(0.06)
})

test('devices that send the same, or one factor only, have no error (tolerance: float32)', () => {
  const [one] = devices('same')
  const alone = [one!, { ...one!, weight: 5 }]
  expect(estimateOf(alone)).toBeLessThan(1e-5 * norm(one!.update))
  const half = devices('half').map(({ update, weight }) => {
    const pairs = changesOf(where, update, 'AB').map(({ a, b }) => [...a.data.fill(0), ...b.data])
    return { update: Float32Array.from(pairs.flat()), weight }
  })
  expect(estimateOf(half)).toBe(0)
})

test('an update of another size is refused with E_SHAPE', () => {
  expectCode('E_SHAPE', () => responsesOf(where, new Float32Array(7)))
})
