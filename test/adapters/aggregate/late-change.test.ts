import { expect, test } from 'vitest'
import type { AdapterState } from '../../../adapters/aggregate/adapter-state.ts'
import { turnedChange, turnsBetween } from '../../../adapters/aggregate/late-change.ts'
import { strategies } from '../../../adapters/aggregate/strategy.ts'
import { initAdapter } from '../../../adapters/lora/init.ts'
import { adapterLayout, layoutSize, segmentOf } from '../../../adapters/lora/layout.ts'
import { matrix, multiply } from '../../../adapters/math/matrix.ts'
import { seededRng } from '../../../adapters/random.ts'
import { parsedJob } from '../../support/federation-fixture.ts'

const { base, adapter: spec } = parsedJob()
const { shape } = base
const rng = seededRng('late')
const sizeB = layoutSize(adapterLayout(shape, spec, ['B']))
const someChange = () => Float32Array.from({ length: sizeB }, () => 0.1 * rng.normal())

/** Releases one after the other, each from a change of B. */
const releases = (name: 'fedsvd' | 'ffa', count: number): AdapterState[] => {
  const flat = initAdapter(shape, spec, 1)
  const all: AdapterState[] = [{ shape, spec, flat, basisEpoch: 0, adapterRounds: 0 }]
  for (let i = 0; i < count; i++) {
    const change = Float64Array.from(someChange())
    all.push(strategies[name].step(all.at(-1)!, change, 'B', null).adapter)
  }
  return all
}

/** ΔB·A of every module. */
const products = ({ flat }: AdapterState, change: Float32Array): number[] => {
  const ofB = adapterLayout(shape, spec, ['B'])
  return adapterLayout(shape, spec)
    .filter(({ factor }) => factor === 'A')
    .flatMap((segment, i) => {
      const { shape: dims, offset, size } = ofB[i]!
      const b = matrix(dims[0]!, dims[1]!, change.subarray(offset, offset + size))
      const a = matrix(segment.shape[0]!, segment.shape[1]!, segmentOf(flat, segment))
      return [...multiply(b, a).data]
    })
}

test.each(['fedsvd', 'ffa'] as const)(
  'a change over an earlier A of %s is the same change of the weights over every later one, to 1e-6',
  (name) => {
    const all = releases(name, 4)
    const change = someChange()
    const wanted = products(all[1]!, change)
    for (const now of all.slice(2)) {
      const turned = turnedChange(change, { shape, spec }, turnsBetween(all[1]!, now), 1)
      for (const [i, x] of products(now, turned).entries())
        expect(Math.abs(x - wanted[i]!)).toBeLessThan(1e-6)
    }
    // The change as it is would be another.
    const asItIs = products(all[4]!, change)
    const isSame = asItIs.every((x, i) => Math.abs(x - wanted[i]!) < 1e-3)
    expect(isSame).toBe(name === 'ffa')
  },
)

test('where A is the same, a change is only scaled by its share', () => {
  const [first] = releases('fedsvd', 0)
  const change = someChange()
  expect(turnsBetween(first!, first!).every((turn) => turn === null)).toBe(true)
  expect(turnedChange(change, { shape, spec }, turnsBetween(first!, first!), 0.5)).toEqual(
    change.map((x) => 0.5 * x),
  )
})
