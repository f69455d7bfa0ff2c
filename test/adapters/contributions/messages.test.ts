import { describe, expect, test } from 'vitest'
import {
  encodeContainer,
  findPart,
  type Part,
  partsOf,
} from '../../../adapters/container/container.ts'
import {
  decodeRelease,
  decodeUpdate,
  encodeRelease,
  encodeUpdate,
} from '../../../adapters/contributions/messages.ts'
import { adapterLayout } from '../../../adapters/lora/layout.ts'
import type { ReleaseHeader, UpdateHeader } from '../../../adapters/wire/containers.ts'
import { expectCode } from '../../support/expect-code.ts'

const shape = { layers: 2, hidden: 4, heads: 2, kvHeads: 1, headDim: 2, ffn: 6, vocab: 10 }
const adapter = { firstLayer: 0, endLayer: 2, modules: ['q' as const], rank: 2, alpha: 4 }
const common = {
  protocol: 1 as const,
  base: { name: 'toy', weights: 'a'.repeat(64), tokenizer: 'b'.repeat(64), shape },
  adapter,
  features: { pooled: 2, named: ['length'] },
  basisEpoch: 0,
}
const updateHeader: Omit<UpdateHeader, 'segments'> = {
  ...common,
  kind: 'update',
  jobId: 'job',
  roundId: 'round',
  release: 'c'.repeat(64),
  factor: 'B',
  pairs: 3,
}
const releaseHeader: Omit<ReleaseHeader, 'segments'> = {
  ...common,
  kind: 'release',
  exitLayer: 2,
  version: 0,
  parent: null,
  jobId: null,
  roundId: null,
  cohort: 0,
  inputs: null,
  createdAt: 0,
}

const filled = (name: string, dims: readonly number[]): Part => ({
  name,
  shape: dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => i / 3 - 1),
})
const adapterParts = (factors: ('A' | 'B')[]) =>
  adapterLayout(shape, adapter, factors).map((s) => filled(s.name, s.shape))
const priorMoments = [filled('prior.first', [3]), filled('prior.second', [6])]
const statistics = [
  filled('statistics.count', [1]),
  filled('statistics.sum', [3]),
  filled('statistics.sumSquares', [3]),
]
const prior = [
  filled('prior.mean', [3]),
  filled('prior.directions', [2, 3]),
  filled('prior.variances', [2]),
  filled('prior.rest', [1]),
]
const update = () => encodeUpdate(updateHeader, [...adapterParts(['B']), ...priorMoments])
const wholeRelease = [...adapterParts(['A', 'B']), ...prior, filled('statistics.scale', [3])]

describe('updates and releases', () => {
  test('an update comes back with its segments and its numbers', () => {
    const decoded = decodeUpdate(update())
    expect(decoded.header).toMatchObject(updateHeader)
    expect(partsOf(decoded)).toEqual([...adapterParts(['B']), ...priorMoments])
    expect(findPart(decoded, 'prior.first')).toEqual(priorMoments[0]!.data)
    expect(findPart(decoded, 'statistics.sum')).toBeUndefined()
  })

  test.each([
    ['the adapter alone', adapterParts(['A', 'B'])],
    ['adapter and prior', [...adapterParts(['A', 'B']), ...prior]],
    ['a prior without directions', [...adapterParts(['A', 'B']), prior[0]!, prior[3]!]],
    ['everything', wholeRelease],
  ])('a release with %s comes back', (_, parts) => {
    expect(partsOf(decodeRelease(encodeRelease(releaseHeader, parts)))).toEqual(parts)
  })

  test('an update of statistics only names no factor', () => {
    const bytes = encodeUpdate({ ...updateHeader, factor: null, pairs: 0 }, statistics)
    expect(partsOf(decodeUpdate(bytes))).toEqual(statistics)
  })

  test.each([
    ['no adapter though a factor is named', priorMoments],
    ['an adapter of the other factor', adapterParts(['A'])],
    ['parts in another order', [...priorMoments, ...adapterParts(['B'])]],
    ['half of the prior', [...adapterParts(['B']), priorMoments[0]!]],
    ['an unknown part', [...adapterParts(['B']), filled('extra', [2])]],
    ['a part twice', [...adapterParts(['B']), ...adapterParts(['B'])]],
    [
      'a prior of another feature space',
      [...adapterParts(['B']), filled('prior.first', [4]), filled('prior.second', [10])],
    ],
  ])('an update with %s is refused with E_SHAPE, on both sides', (_, parts) => {
    expectCode('E_SHAPE', () => encodeUpdate(updateHeader, parts))
    const segments = decodeSegments(parts)
    const payload = Float32Array.from(parts.flatMap((p) => Array.from(p.data)))
    expectCode('E_SHAPE', () =>
      decodeUpdate(encodeContainer({ ...updateHeader, segments }, payload)),
    )
  })

  test.each([
    ['too few numbers', (s: Placed[]) => s, -1],
    ['too many numbers', (s: Placed[]) => s, 1],
    ['a gap', (s: Placed[]) => s.map((x, i) => (i === 1 ? { ...x, offset: x.offset + 1 } : x)), 1],
    [
      'an overlap',
      (s: Placed[]) => s.map((x, i) => (i === 1 ? { ...x, offset: x.offset - 1 } : x)),
      -1,
    ],
    [
      'a size that its shape does not have',
      (s: Placed[]) => s.map((x, i) => (i === 1 ? { ...x, size: x.size + 1 } : x)),
      1,
    ],
  ])('segments with %s are refused with E_SHAPE', (_, bend, extra) => {
    const segments = decodeSegments(adapterParts(['B']))
    const total = segments.reduce((sum, s) => sum + s.size, 0)
    const bytes = encodeContainer(
      { ...updateHeader, segments: bend(segments) },
      new Float32Array(total + extra),
    )
    expectCode('E_SHAPE', () => decodeUpdate(bytes))
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'a payload that holds %d is refused with E_NOT_FINITE',
    (value) => {
      const parts = adapterParts(['B'])
      const bent = parts.map((p, i) =>
        i === 1 ? { ...p, data: Float32Array.from(p.data, () => value) } : p,
      )
      expectCode('E_NOT_FINITE', () => encodeUpdate(updateHeader, bent))
      const payload = Float32Array.from(bent.flatMap((p) => Array.from(p.data)))
      const header = { ...updateHeader, segments: decodeSegments(parts) }
      expectCode('E_NOT_FINITE', () => decodeUpdate(encodeContainer(header, payload)))
    },
  )

  test('an adapter that ends past the model is refused with E_SHAPE', () => {
    const header = { ...updateHeader, adapter: { ...adapter, endLayer: 3 } }
    expectCode('E_SHAPE', () => encodeUpdate(header, adapterParts(['B'])))
  })

  test('a release is no update, and unknown fields are refused', () => {
    expectCode('E_CONTAINER', () => decodeUpdate(encodeRelease(releaseHeader, wholeRelease)))
    const segments = decodeSegments(adapterParts(['B']))
    const payload = new Float32Array(segments.reduce((sum, s) => sum + s.size, 0))
    const header = { ...updateHeader, segments, extra: 1 }
    expectCode('E_CONTAINER', () => decodeUpdate(encodeContainer(header, payload)))
  })

  test('another protocol version is refused with E_PROTOCOL', () => {
    const segments = decodeSegments(adapterParts(['B']))
    const payload = new Float32Array(segments.reduce((sum, s) => sum + s.size, 0))
    const header = { ...updateHeader, segments, protocol: 2 }
    expectCode('E_PROTOCOL', () => decodeUpdate(encodeContainer(header, payload)))
  })
})

type Placed = { name: string; shape: number[]; offset: number; size: number }

const decodeSegments = (parts: readonly Part[]): Placed[] => {
  let offset = 0
  return parts.map(({ name, shape: dims, data }) => {
    const placed = { name, shape: [...dims], offset, size: data.length }
    offset += data.length
    return placed
  })
}
