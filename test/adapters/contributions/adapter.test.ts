import { describe, expect, test } from 'vitest'
import { createExactSum } from '../../../adapters/aggregate/exact-sum.ts'
import { adapterRow, releasedAdapter } from '../../../adapters/contributions/adapter.ts'
import { vectorSize } from '../../../adapters/contributions/table.ts'
import { adapterLayout } from '../../../adapters/lora/layout.ts'
import { expectCode } from '../../support/expect-code.ts'
import { flat, headOf, job, plan, updateOf } from './contribution-setting.ts'

const before = { spec: job.adapter, flat }
const size = vectorSize(adapterRow, plan)
const numbersOf = (change: (x: number) => number) =>
  adapterRow.make({ before, after: flat.map(change) }, plan)!.flatMap((p) => Array.from(p.data))

describe('the change that a device sends', () => {
  test('is that of the one factor, and goes out as it is up to the norm', () => {
    const numbers = numbersOf((x) => x + 0.01)
    expect(numbers).toHaveLength(size)
    for (const x of numbers) expect(Math.abs(x - 0.01)).toBeLessThan(1e-7)
  })

  test('is scaled down to the norm beyond it (tolerance 1e-12)', () => {
    const numbers = numbersOf((x) => x + 5)
    expect(Math.abs(Math.hypot(...numbers) - job.training.updateNorm)).toBeLessThan(1e-12)
  })

  test('of nothing is all zeros', () => {
    expect(numbersOf((x) => x)).toEqual(Array(size).fill(0))
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('with %d is nothing to send', (wrong) => {
    const after = flat.map((x, i) => (i === flat.length - 1 ? wrong : x))
    expect(adapterRow.make({ before, after }, plan)).toBeNull()
  })
})

test('a gradient goes out as the vector of its factor, clipped, and counts once', () => {
  const asked = { ...plan, training: { ...plan.training, method: 'gradient' as const } }
  const vector = Float64Array.from(flat, (_, i) => 1e-3 * (i % 7))
  const numbers = (by: number) =>
    adapterRow
      .make({ spec: job.adapter, vector: vector.map((x) => by * x) }, asked)!
      .flatMap((p) => Array.from(p.data))
  const expected = adapterLayout(job.base.shape, job.adapter)
    .filter(({ factor }) => factor === 'B')
    .flatMap(({ offset, size }) => [...vector.subarray(offset, offset + size)])
  expect(numbers(1)).toEqual(expected)
  expect(Math.hypot(...numbers(1e6))).toBeCloseTo(job.training.updateNorm, 10)
  const { header } = updateOf(adapterRow.make({ before, after: flat }, plan)!, 'B', 4)
  expect([0, 8, 9].map((pairs) => adapterRow.weight({ ...header, pairs }, asked))).toEqual([
    1, 1, 1,
  ])
  expect(adapterRow.largestAddend!(asked)).toBe(2)
})

describe('the door', () => {
  const { header } = updateOf(adapterRow.make({ before, after: flat }, plan)!, 'B', 4)

  test('lets a device without pairs leave its change out', () => {
    adapterRow.checkPresence({ ...header, factor: null, pairs: 0 }, plan)
    adapterRow.checkPresence({ ...header, factor: null, pairs: 0 }, { ...plan, factor: null })
  })

  test.each([
    ['the other factor', { factor: 'A' as const }, plan, 'expected a change of B, got A'],
    ['pairs but no change', { factor: null, pairs: 1 }, plan, 'expected a change of B, got none'],
    [
      'pairs in a round without the adapter',
      { factor: null, pairs: 1 },
      { ...plan, factor: null },
      'expected 0 pairs without a factor, got 1',
    ],
    [
      'a change in a round without the adapter',
      {},
      { ...plan, factor: null },
      'expected a change of no factor, got B',
    ],
  ])('refuses %s', (_, given, asked, message) => {
    const call = () => adapterRow.checkPresence({ ...header, ...given }, asked)
    expect(expectCode('E_SHAPE', call).message).toBe(message)
  })

  test('lets float32 rounding of the norm pass, and no more', () => {
    const ofNorm = (norm: number) =>
      updateOf(
        adapterRow.segments(plan).map(({ name, shape }, i) => {
          const data = Array<number>(shape.reduce((a, b) => a * b, 1)).fill(0)
          if (i === 0) data[0] = norm
          return { name, shape, data }
        }),
        'B',
        4,
      )
    const { updateNorm } = job.training
    adapterRow.checkValues(ofNorm(updateNorm * 1.0009), plan)
    expectCode('E_NORM', () => adapterRow.checkValues(ofNorm(updateNorm * 1.0011), plan))
  })

  test('counts pairs up to what was asked for', () => {
    expect([0, 8, 9].map((pairs) => adapterRow.weight({ ...header, pairs }, job))).toEqual([
      0, 8, 8,
    ])
    expect(adapterRow.largestAddend!(job)).toBe(2 * 8)
  })
})

describe('the next release', () => {
  const total = createExactSum(size)
  total.add(new Float32Array(size).fill(0.5), 4)

  test('moves the factor by the mean, counts the round and keeps its optimizer', () => {
    const head = headOf()
    const finished = adapterRow.finish(total, { ...plan, strategy: 'fedavg' }, head)!
    expect(finished.moved).toEqual({
      basisEpoch: 4,
      adapterRounds: 1,
      optimizer: { strategy: 'fedavg', state: null },
    })
    const old = releasedAdapter(head.release).flat
    for (const [i, { factor, offset, size }] of adapterLayout(
      job.base.shape,
      job.adapter,
    ).entries())
      expect(Array.from(finished.parts[i]!.data)).toEqual(
        [...old.subarray(offset, offset + size)].map((x) => x + (factor === 'B' ? 0.5 : 0)),
      )
  })

  test('of gradients moves by what the optimizer makes of the mean, and keeps its moments', () => {
    const asked = { ...plan, training: { ...plan.training, method: 'gradient' as const } }
    const head = headOf()
    const finished = adapterRow.finish(total, { ...asked, strategy: 'fedavg' }, head)!
    const old = releasedAdapter(head.release).flat
    const { offset } = adapterLayout(job.base.shape, job.adapter).find((s) => s.factor === 'B')!
    // The first step of Adam is the learning rate in every number.
    expect(finished.parts[1]!.data[0]! - old[offset]!).toBeCloseTo(0.01, 5)
    const moments = finished.moved!.moments!
    expect(moments.length).toBeGreaterThan(3 * 4 * old.length)
    const next = adapterRow.finish(total, { ...asked, strategy: 'fedavg' }, { ...head, moments })!
    expect(next.parts[1]!.data[0]! - old[offset]!).toBeGreaterThan(0.011)
  })

  test('of a round without the adapter keeps the parts of the last', () => {
    expect(adapterRow.finish(total, { ...plan, factor: null }, headOf())).toBeNull()
  })

  test('may hold no module that drowns the weights, not even where float32 overflows', () => {
    adapterRow.checkReleased(headOf().release)
    for (const entry of [1e4, 1e30]) {
      const { release } = headOf([], new Float32Array(flat.length).fill(entry))
      const { message } = expectCode('E_NORM', () => adapterRow.checkReleased(release))
      expect(message).toContain('layers.0.q')
    }
  })
})
