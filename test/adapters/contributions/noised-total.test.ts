import { describe, expect, test } from 'vitest'
import { createExactSum } from '../../../adapters/aggregate/exact-sum.ts'
import { joinParts } from '../../../adapters/container/container.ts'
import { clipOf, clippedParts } from '../../../adapters/contributions/clipped.ts'
import { readRing, ringOf } from '../../../adapters/contributions/masked.ts'
import { decodeUpdate } from '../../../adapters/contributions/messages.ts'
import {
  noisedTotal,
  noiseOf,
  type PrivateJob,
  sharesOf,
} from '../../../adapters/contributions/noised-total.ts'
import { addendOf, askedRows } from '../../../adapters/contributions/table.ts'
import { seededRng } from '../../../adapters/random.ts'
import { nobleCiphers } from '../../../adapters/secagg/ciphers.ts'
import { addTo } from '../../../adapters/secagg/ring.ts'
import type { Assignment } from '../../../adapters/wire/federation.ts'
import type { JobSpecInput } from '../../../adapters/wire/jobs.ts'
import { parsedJob, updateFor, updateParts } from '../../support/federation-fixture.ts'

const NOISE = 2
const job = (more: Partial<JobSpecInput> = {}): PrivateJob => {
  const spec = parsedJob({
    contributions: ['adapter', 'prior'],
    cohort: { size: 4, goal: 4, minimum: 4 },
    training: { updateNorm: 0.5 },
    prior: { clip: 0.8 },
    privacy: { noise: NOISE, shares: { adapter: 0.25, prior: 0.75 } },
    ...more,
  })
  return { ...spec, factor: 'B', privacy: { ...spec.privacy!, noise: NOISE } }
}
const plan = job()
const assignment = {
  ...plan,
  ...{ jobId: 'job', roundId: 'round', uploadToken: 'x'.repeat(16), release: 'ab'.repeat(32) },
  ...{ basisEpoch: 0, deadlineAt: 0 },
} as Assignment
const lengthOf = (numbers: ArrayLike<number>) => Math.hypot(...Array.from(numbers))

describe('what a device adds', () => {
  test('is at most as long as its clip, whatever was sent', () => {
    // Far beyond both clips.
    const update = decodeUpdate(
      updateFor(assignment, 'long', { parts: (parts) => parts.map(scaled(100)) }),
    )
    for (const row of askedRows(plan)) {
      const addend = addendOf(row, update)!
      expect(lengthOf(addend) / clipOf(row.name, plan)).toBeCloseTo(1, 6)
    }
  })

  test('counts once, whatever number of pairs it names', () => {
    const { header } = decodeUpdate(updateFor(assignment, 'a', { header: { pairs: 64 } }))
    expect(askedRows(plan).map((row) => row.weight(header, plan))).toEqual([1, 1])
  })

  test('is clipped on the device as a whole: both moments of a head by the same share', () => {
    const parts = updateParts(assignment, seededRng('device')).filter(({ name }) =>
      name.startsWith('prior.'),
    )
    const made = clippedParts('prior', parts, plan)
    expect(lengthOf(joinParts(made).payload)).toBeCloseTo(0.8, 6)
    const shares = made.flatMap(({ data }, i) =>
      Array.from(data, (x, j) => x / parts[i]!.data[j]!).filter(Number.isFinite),
    )
    for (const share of shares) expect(share).toBeCloseTo(shares[0]!, 5)
  })
})

const scaled =
  (by: number) =>
  <P extends { readonly data: ArrayLike<number> }>(part: P): P => ({
    ...part,
    data: Float32Array.from(part.data, (x) => x * by),
  })

describe('the noise on a sum', () => {
  test('is its noise multiplier times the sensitivity, over the root of its share', () => {
    const rows = askedRows(plan).map((row) => ({ ...noiseOf(row, plan), name: row.name }))
    for (const { name, sigma, sensitivity, share, clip } of rows) {
      expect(sigma).toBeCloseTo((NOISE * sensitivity) / Math.sqrt(share), 12)
      expect(share).toBe({ adapter: 0.25, prior: 0.75 }[name as 'adapter' | 'prior'])
      expect(sensitivity).toBeGreaterThan(clip)
      expect(sensitivity / clip).toBeLessThan(1 + 1e-5)
    }
    // Together they are one mechanism of the job's multiplier.
    const squares = rows.reduce((sum, one) => sum + (one.sensitivity / one.sigma) ** 2, 0)
    expect(1 / Math.sqrt(squares)).toBeCloseTo(NOISE, 9)
  })

  test('is sized for what one device can change of a rounded sum, of plain and of masked updates', () => {
    const masked = job({ masks: {} })
    const updates = Array.from({ length: 4 }, (_, i) =>
      decodeUpdate(updateFor(assignment, `device ${i}`, { parts: (p) => p.map(scaled(50)) })),
    )
    const rng = seededRng('rounding')
    const told = { ...masked, masking: { devices: 4 }, planDigest: 'cd'.repeat(32) }
    const rings = updates.map((one) => ringOf(one, told, { ciphers: nobleCiphers, rng }))
    for (const row of askedRows(plan)) {
      const sumOf = (count: number) => {
        const sum = createExactSum(noiseOf(row, plan).size)
        for (const one of updates.slice(0, count)) sum.add(addendOf(row, one)!, 1)
        return sum.sum()
      }
      const moved = lengthOf(sumOf(4).map((x, i) => x - sumOf(3)[i]!))
      expect(moved).toBeLessThanOrEqual(noiseOf(row, plan).sensitivity)
      expect(moved).toBeGreaterThan(0.99 * noiseOf(row, plan).clip)

      const ringSum = (count: number) => {
        const sum = new Uint32Array(rings[0]!.length)
        for (const ring of rings.slice(0, count)) addTo(sum, ring)
        return readRing(sum, told, nobleCiphers).totalOf(row)!.sum()
      }
      const few = ringSum(3)
      const movedMasked = lengthOf(ringSum(4).map((x, i) => x - few[i]!))
      expect(movedMasked).toBeLessThanOrEqual(noiseOf(row, masked).sensitivity)
    }
  })

  test('is drawn for each contribution and each key by itself, and where nothing was sent too', () => {
    const [adapter, prior] = askedRows(plan)
    const of = (key: number, row = adapter!) =>
      noisedTotal(row, null, plan, { key: new Uint8Array(32).fill(key), ciphers: nobleCiphers })
    expect(of(1).sum()).toEqual(of(1).sum())
    expect(of(1).sum()).not.toEqual(of(2).sum())
    const size = noiseOf(prior!, plan).size
    expect(of(1, prior!).sum().slice(0, 4)).not.toEqual(of(1).sum().slice(0, 4))
    expect(of(1, prior!).sum()).toHaveLength(size)
  })

  test('is divided by the minimum, whatever came', () => {
    const [row] = askedRows(plan)
    const total = { sum: () => new Float64Array(noiseOf(row!, plan).size).fill(12) }
    const key = { key: new Uint8Array(32), ciphers: nobleCiphers }
    const noised = noisedTotal(row!, total, plan, key)
    expect([noised.weight(), noised.count()]).toEqual([4, 4])
    expect(noised.mean()[0]).toBe(noised.sum()[0]! / 4)
  })

  test('of what nothing bounds there is none', () => {
    const { clip: _, ...prior } = plan.prior
    const unbounded = { ...plan, prior }
    expect(() => noiseOf(askedRows(unbounded)[1]!, unbounded)).toThrow(RangeError)
    expect(sharesOf({}, ['adapter', 'prior'])).toEqual({ adapter: 0.5, prior: 0.5 })
  })
})
