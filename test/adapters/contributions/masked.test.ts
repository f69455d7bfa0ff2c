import { describe, expect, test } from 'vitest'
import { adapterRow } from '../../../adapters/contributions/adapter.ts'
import {
  decodeMaskedUpdate,
  encodeMaskedUpdate,
  type MaskedPlan,
  readRing,
  ringOf,
  ringSize,
} from '../../../adapters/contributions/masked.ts'
import { priorRow } from '../../../adapters/contributions/prior.ts'
import { statisticsRow } from '../../../adapters/contributions/statistics.ts'
import { nativeCiphers } from '../../../adapters/node/ciphers.ts'
import { seededRng } from '../../../adapters/random.ts'
import { addTo } from '../../../adapters/secagg/ring.ts'
import { NORM_SHARES } from '../../../adapters/wire/norm-shares.ts'
import { featureCount } from '../../../adapters/wire/primitives.ts'
import { job, plan as serverPlan, updateOf } from './contribution-setting.ts'

const plan: MaskedPlan = {
  ...serverPlan,
  contributions: ['adapter', 'prior', 'statistics'],
  masking: { devices: 100 },
  planDigest: 'ab'.repeat(32),
}
const d = featureCount(job.features)
const tools = (seed: number) => ({ ciphers: nativeCiphers, rng: seededRng(seed) })

/** A device's update, and what it adds. */
const device = (seed: number, pairs = 4) => {
  const rng = seededRng(seed)
  const size = adapterRow.masked.segments(plan)[0]!.size
  const change = Float64Array.from({ length: size }, () => 0.01 * rng.normal())
  const w = Float64Array.from({ length: d }, () => 0.3 * rng.normal())
  const second = [...w.keys()].flatMap((i) => [...w.slice(i)].map((x) => x * w[i]!))
  const squares = Float64Array.from({ length: d }, (_, i) => 10 ** (i % 5) * (1 + rng.uniform()))
  let at = 0
  const parts = [
    ...adapterRow.segments(plan).map(({ name, shape }) => {
      const length = shape.reduce((product, n) => product * n, 1)
      const data = change.slice(at, at + length)
      at += length
      return { name, shape, data }
    }),
    ...priorRow.make({ first: w, second }, plan)!,
    ...statisticsRow.make({ count: 1, sum: new Float64Array(d), sumSquares: squares }, plan)!,
  ]
  return { update: updateOf(parts, 'B', pairs), pairs, change, w, second, squares }
}

describe('an update in the ring', () => {
  test('the sum of some devices says their weighted sums and counts', () => {
    const devices = [device(1, 8), device(2, 2), device(3, 4)]
    const ring = new Uint32Array(ringSize(plan))
    for (const [i, one] of devices.entries()) addTo(ring, ringOf(one.update, plan, tools(i)))
    const { totalOf, norms } = readRing(ring, plan, nativeCiphers)
    const adapter = totalOf(adapterRow)!
    expect([adapter.weight(), adapter.count()]).toEqual([14, 3])
    for (const [i, x] of adapter.mean().entries()) {
      const mean = devices.reduce((sum, one) => sum + (one.pairs * one.change[i]!) / 14, 0)
      expect(Math.abs(x - mean)).toBeLessThan(1e-5)
    }
    const prior = totalOf(priorRow)!
    expect([prior.weight(), prior.count()]).toEqual([3, 3])
    for (const [i, x] of prior.sum().entries()) {
      const sum = devices.reduce((s, { w, second }) => s + (i < d ? w[i]! : second[i - d]!), 0)
      expect(Math.abs(x - sum)).toBeLessThan(1e-4)
    }
    const statistics = totalOf(statisticsRow)!.sum()
    expect(statistics[0]).toBeCloseTo(3, 5)
    for (let i = 0; i < d; i++) {
      const sum = devices.reduce((s, one) => s + Math.fround(one.squares[i]!), 0)
      expect(Math.abs(statistics[1 + d + i]! - sum)).toBeLessThan(3e-6)
    }
    expect(norms.reduce((sum, n) => sum + n, 0)).toBe(3)
    expect(norms.length).toBe(NORM_SHARES.length)
  })

  test('a device without a part adds nothing to it', () => {
    const { w, second } = device(5)
    const update = updateOf(priorRow.make({ first: w, second }, plan)!)
    const { totalOf } = readRing(ringOf(update, plan, tools(1)), plan, nativeCiphers)
    expect(totalOf(adapterRow)!.weight()).toBe(0)
    expect(totalOf(priorRow)!.count()).toBe(1)
    expect(totalOf(statisticsRow)!.count()).toBe(0)
  })

  test('a head that is too long is shortened whole: its moments stay those of one head', () => {
    const w = Float64Array.from({ length: d }, () => 1000)
    const second = [...w.keys()].flatMap((i) => [...w.slice(i)].map((x) => x * w[i]!))
    const update = updateOf(priorRow.make({ first: w, second }, plan)!)
    const ring = ringOf(update, plan, tools(2))
    const sum = readRing(ring, plan, nativeCiphers).totalOf(priorRow)!.sum()
    expect(sum[0]!).toBeLessThan(20)
    expect(sum[d]! / sum[0]! ** 2).toBeCloseTo(1, 2)
  })

  test('more devices than the ring has room for are refused with E_NORM', () => {
    const many = {
      ...plan,
      training: { ...plan.training, maxPairs: 10_000 },
      masking: { devices: 1000 },
    }
    expect(() => ringSize(many)).toThrow(expect.objectContaining({ code: 'E_NORM' }))
  })

  test('a masked update is read as it was written', () => {
    const masked = Uint32Array.of(0, 1, 2 ** 32 - 1, 0x7fc00001)
    const header = { roundId: 'round-1', planDigest: 'cd'.repeat(32) }
    const read = decodeMaskedUpdate(encodeMaskedUpdate(header, masked))
    expect(read.header).toMatchObject(header)
    expect(read.masked).toEqual(masked)
    const update = device(6).update
    expect(() =>
      decodeMaskedUpdate(encodeMaskedUpdate({ ...header, roundId: '' }, masked)),
    ).toThrow()
    expect(update.header.kind).toBe('update')
  })
})
