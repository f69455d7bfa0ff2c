import { expect, test } from 'vitest'
import { adapterLayout, segmentOf } from '../../../../adapters/lora/layout.ts'
import { TINY_CONFIG } from '../../../../device/engine/model/tiny.ts'
import {
  firstLayerOf,
  stackLora,
  unstackGradient,
} from '../../../../device/engine/run/lora-feeds.ts'
import { randomAdapter } from '../../../support/engine-model.ts'
import { expectCode } from '../../../support/expect-code.ts'

const { shape } = TINY_CONFIG
const first = randomAdapter(TINY_CONFIG, { modules: ['q', 'v'], rank: 2, alpha: 6 })
const second = randomAdapter(TINY_CONFIG, { firstLayer: 1, modules: ['q'], rank: 3, alpha: 3 }, 2)

test('stacks ranks only where both adapters are, with the scale in B', () => {
  const { ranks, feeds } = stackLora(shape, [first, second], 0, 2)
  expect(ranks).toEqual({ 'layers.0.q': 2, 'layers.0.v': 2, 'layers.1.q': 5, 'layers.1.v': 2 })
  const b = segmentOf(
    first.flat,
    adapterLayout(shape, first.spec).find((s) => s.name === 'layers.1.q.B')!,
  )
  expect(feeds['layers.1.q.B']![5]).toBeCloseTo(3 * b[2]!, 6)
  expect(feeds['layers.1.q.A']).toHaveLength(5 * shape.hidden)
})

test('takes only the layers of the range', () => {
  expect(Object.keys(stackLora(shape, [first], 1, 2).ranks)).toEqual(['layers.1.q', 'layers.1.v'])
  expect(stackLora(shape, [first], 2, 2).ranks).toEqual({})
})

test('a stacked gradient goes back to its adapter, and only there', () => {
  const flat = new Float64Array(second.flat.length)
  const segments = adapterLayout(shape, second.spec)
  const stackedA = Float32Array.from({ length: 5 * shape.hidden }, (_, i) => i)
  unstackGradient([first, second], 1, segments[0]!, stackedA, flat)
  expect([...flat.subarray(0, 3)]).toEqual([128, 129, 130])
  const stackedB = Float32Array.from({ length: 64 * 5 }, (_, i) => i)
  unstackGradient([first, second], 1, segments[1]!, stackedB, flat)
  const b = segments[1]!.offset
  expect([...flat.subarray(b, b + 6)]).toEqual([2, 3, 4, 7, 8, 9])
})

test('the first touched layer is the lowest, and none without adapters', () => {
  expect(firstLayerOf([second, first])).toBe(0)
  expect(firstLayerOf([second])).toBe(1)
  expect(firstLayerOf([])).toBe(Number.POSITIVE_INFINITY)
})

test('refuses a vector that is not of its layout with E_SHAPE', () => {
  expectCode('E_SHAPE', () => stackLora(shape, [{ ...first, flat: new Float32Array(3) }], 0, 2))
})
