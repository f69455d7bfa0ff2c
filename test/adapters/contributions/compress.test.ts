import { describe, expect, test } from 'vitest'
import { joinParts, type Part } from '../../../adapters/container/container.ts'
import {
  compressionError,
  compressRelease,
  compressUpdate,
  encodedAgain,
} from '../../../adapters/contributions/compress.ts'
import { Encoding } from '../../../adapters/formats/encoding.ts'
import { norm } from '../../../adapters/math/vector.ts'
import { seededRng } from '../../../adapters/random.ts'
import { TrainingPlan } from '../../../adapters/wire/jobs.ts'
import { randomVector } from '../../support/numbers.ts'

const part = (name: string, size: number): Part => ({
  name,
  shape: [size],
  data: randomVector(seededRng(name), size, 0.1),
})
const parts = [part('layers.0.q.B', 4608), part('layers.0.k.B', 1023), part('prior.second', 2000)]
const rng = () => seededRng(1)
const change = (of: readonly Part[]) =>
  norm(
    Float64Array.from(
      of.filter(({ name }) => name.startsWith('layers.')).flatMap(({ data }) => Array.from(data)),
    ),
  )

test('without a word of it nothing is compressed', () => {
  const training = TrainingPlan.parse({})
  expect(compressUpdate(parts, { training, compression: undefined }, () => seededRng(1))).toBe(
    parts,
  )
  expect(compressRelease(parts, { compression: { updates: 'int8' } }, rng)).toBe(parts)
})

test.each(Encoding.options)('%s: long parts alone, and within the largest norm', (updates) => {
  const updateNorm = change(parts)
  const training = TrainingPlan.parse({ updateNorm })
  for (let seed = 0; seed < 20; seed++) {
    const made = compressUpdate(parts, { training, compression: { updates } }, () =>
      seededRng(seed),
    )
    expect(made.map(({ encoded }) => encoded?.encoding)).toEqual([updates, undefined, updates])
    expect(change(made)).toBeLessThanOrEqual(updateNorm)
    expect(change(made)).toBeGreaterThan(0.95 * updateNorm)
  }
})

test('the error falls with the bits, and is what the format says', () => {
  const training = TrainingPlan.parse({ updateNorm: 1e6 })
  const error = (updates: Encoding) =>
    compressionError(
      parts,
      compressUpdate(parts, { training, compression: { updates } }, () => seededRng(1)),
    )
  expect(error('float16')).toBeLessThan(3e-4)
  expect(error('int8')).toBeGreaterThan(error('float16'))
  expect(error('int8')).toBeLessThan(0.015)
  expect(error('int4')).toBeGreaterThan(10 * error('int8'))
  expect(error('int4')).toBeLessThan(0.25)
})

test('what float16 cannot hold stays float32', () => {
  const large = { ...part('prior.directions', 2000), data: new Float32Array(2000).fill(1e6) }
  expect(compressRelease([large], { compression: { releases: 'float16' } }, rng)).toEqual([large])
})

describe('a release in int8', () => {
  const compression = { releases: 'int8' } as const
  const directions = part('prior.directions', 2000)

  test('has its directions in float16, finer than what devices check them by', () => {
    const made = compressRelease([...parts, directions], { compression }, rng)
    const encodings = made.map(({ encoded }) => encoded?.encoding)
    expect(encodings).toEqual(['int8', undefined, 'int8', 'float16'])
  })

  test('keeps the bytes of what did not change, whatever is drawn', () => {
    const once = compressRelease([...parts, directions], { compression }, rng)
    const again = compressRelease(once, { compression }, () => seededRng('another round'))
    expect(again).toEqual(once)
  })

  test('is read and written again to the same bytes', () => {
    const once = compressRelease([...parts, directions], { compression }, rng)
    const { segments } = joinParts(once)
    const read = once.map(({ name, shape, data }) => ({ name, shape, data }))
    expect(encodedAgain(read, segments)).toEqual(once)
  })

  test('takes on changes shorter than half a step: over many rounds they add up', () => {
    const start = { ...part('layers.0.q.B', 1024), data: new Float32Array(1024).fill(0.25) }
    // The first number of each block sets the step, 1/127.
    for (let i = 0; i < 1024; i += 64) start.data[i] = 1
    const rounds = 60
    let now: readonly Part[] = [start]
    for (let round = 0; round < rounds; round++) {
      const moved = now.map((one) => ({
        ...one,
        data: Float64Array.from(one.data, (x) => (x === 1 ? 1 : x + 1e-3)),
      }))
      now = compressRelease(moved, { compression }, () => seededRng(`release/${round}`))
    }
    const others = Array.from(now[0]!.data).filter((_, i) => i % 64 !== 0)
    const mean = others.reduce((sum, x) => sum + x, 0) / others.length
    // Tolerance: five standard deviations, each rounding at most half a step.
    const deviation = ((1 / 127 / 2) * Math.sqrt(rounds)) / Math.sqrt(others.length)
    expect(Math.abs(mean - (0.25 + rounds * 1e-3))).toBeLessThan(5 * deviation)
  })
})
