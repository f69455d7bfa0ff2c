import { expect, test } from 'vitest'
import { seededRng } from '../../../../adapters/random.ts'
import { type QuantizedTensor, quantize } from '../../../../device/engine/model/quantize.ts'

const K = 64
const blocks = 6
const rows = (blocks * 32) / K
const rng = seededRng('quantize')

/** The weights that the codes stand for, by the definition in ONNX Runtime's MatMulNBits. */
const restored = ({ bits, codes, scales, offsets }: QuantizedTensor): number[] =>
  Array.from({ length: blocks * 32 }, (_, i) => {
    const block = i >> 5
    if (bits === 8) return scales[block]! * (codes[i]! - 128)
    const half = i & 1 ? codes[i >> 1]! >> 4 : codes[i >> 1]! & 15
    const [row, column] = [Math.floor(block / (K / 32)), block % (K / 32)]
    return scales[block]! * (half - 8) + offsets![column * rows + row]!
  })

test('weights of 16 levels a block, as Q4_1 makes them, come back as they are', () => {
  const w = new Float32Array(blocks * 32)
  for (let block = 0; block < blocks; block++) {
    const [step, least] = [(1 + rng.int(500)) / 4096, -rng.int(900) / 1024]
    for (let i = 0; i < 32; i++) {
      const level = i === 3 ? 0 : i === 17 ? 15 : rng.int(16)
      w[32 * block + i] = least + step * level
    }
  }
  const q = quantize(w, K)
  expect(q).toMatchObject({ bits: 4, error: 0 })
  expect(restored(q)).toEqual([...w])
})

test('weights of 255 levels around zero, as Q8_0 makes them, come back as they are', () => {
  const w = new Float32Array(blocks * 32)
  for (let block = 0; block < blocks; block++) {
    const step = (1 + rng.int(500)) / 4096
    for (let i = 0; i < 32; i++) w[32 * block + i] = step * (i === 5 ? 127 : rng.int(255) - 127)
  }
  const q = quantize(w, K)
  expect(q).toMatchObject({ bits: 8, error: 0 })
  expect(restored(q)).toEqual([...w])
})

test('other weights are rounded to 8 bits, no further than half a step, and the error is what was lost', () => {
  const w = Float32Array.from({ length: blocks * 32 }, () => rng.normal())
  const q = quantize(w, K)
  const back = restored(q)
  for (const [i, x] of back.entries())
    expect(Math.abs(x - w[i]!)).toBeLessThanOrEqual(0.5001 * q.scales[i >> 5]!)
  const squares = (values: readonly number[]) => values.reduce((sum, x) => sum + x * x, 0)
  expect(q.bits).toBe(8)
  expect(q.error).toBeCloseTo(
    Math.sqrt(squares(back.map((x, i) => x - w[i]!)) / squares([...w])),
    8,
  )
  expect(q.error).toBeLessThan(0.01)
})

test('a block of one value, zero included, is that value', () => {
  const w = new Float32Array(blocks * 32).fill(0.375, 32, 64)
  expect(restored(quantize(w, K))).toEqual([...w])
})
