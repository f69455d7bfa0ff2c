import { expect, test } from 'vitest'
import type { Part } from '../../../adapters/container/container.ts'
import {
  compressionError,
  compressRelease,
  compressUpdate,
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
  expect(compressRelease(parts, { compression: { updates: 'int8' } })).toBe(parts)
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
  expect(compressRelease([large], { compression: { releases: 'float16' } })).toEqual([large])
})
