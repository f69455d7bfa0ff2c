import { expect, test } from 'vitest'
import { adapterLayout, layoutSize, segmentOf } from '../../../adapters/lora/layout.ts'
import { productChange } from '../../../adapters/lora/product-change.ts'
import { seededRng } from '../../../adapters/random.ts'
import { randomVector } from '../../support/numbers.ts'

const shape = { layers: 3, hidden: 6, heads: 2, kvHeads: 1, headDim: 4, ffn: 5, vocab: 9 }
const spec = {
  firstLayer: 1,
  endLayer: 3,
  modules: ['q' as const, 'down' as const],
  rank: 2,
  alpha: 6,
}
const layout = adapterLayout(shape, spec)
const rng = seededRng('product change')
const draw = () => randomVector(rng, layoutSize(layout))

/** (α/r)·BA of every module, one after the other, formed in full. */
const products = (flat: Float32Array): number[] => {
  const all: number[] = []
  for (let i = 0; i < layout.length; i += 2) {
    const [a, b] = [segmentOf(flat, layout[i]!), segmentOf(flat, layout[i + 1]!)]
    const [width, height] = [layout[i]!.shape[1]!, layout[i + 1]!.shape[0]!]
    for (let o = 0; o < height; o++)
      for (let x = 0; x < width; x++) {
        let sum = 0
        for (let r = 0; r < spec.rank; r++) sum += b[o * spec.rank + r]! * a[r * width + x]!
        all.push((spec.alpha / spec.rank) * sum)
      }
  }
  return all
}
const length = (values: number[]) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0))

test('agrees with the products formed in full, to 1e-9', () => {
  const [before, after] = [draw(), draw()]
  const [old, own] = [products(before), products(after)]
  const { norm, change } = productChange(shape, spec, before, after)
  expect(norm).toBeCloseTo(length(own), 9)
  expect(change).toBeCloseTo(length(own.map((v, i) => v - old[i]!)), 9)
})

test('another gauge of the same product is no change', () => {
  const before = draw()
  const after = before.slice()
  for (const { factor, offset, size } of layout)
    for (let i = offset; i < offset + size; i++) after[i]! *= factor === 'A' ? 4 : 0.25
  expect(productChange(shape, spec, before, after).change).toBeLessThan(1e-5)
})

test('an adapter that does nothing has no norm', () => {
  const zero = new Float32Array(layoutSize(layout))
  expect(productChange(shape, spec, zero, zero)).toEqual({ norm: 0, change: 0 })
})
