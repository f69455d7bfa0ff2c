import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeContainer,
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
import { sha256 } from '../../../adapters/node/sha256.ts'
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

/** Puts the right digest under bytes that were tampered with. */
const reseal = (bytes: Uint8Array): Uint8Array => {
  const end = bytes.length - 32
  bytes.set(sha256(bytes.subarray(0, end)), end)
  return bytes
}

describe('the container', () => {
  test('any header and payload come back as they were', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean())),
        fc.float32Array({ noNaN: true }),
        (header, payload) => {
          const decoded = decodeContainer(encodeContainer({ ...header }, payload))
          expect(decoded.header).toEqual(JSON.parse(JSON.stringify({ ...header })))
          expect(decoded.payload).toEqual(payload)
        },
      ),
    )
  })

  test('the bytes are those of the documented layout', () => {
    const bytes = encodeContainer({ a: 1 }, Float32Array.of(1))
    expect(String.fromCharCode(...bytes.subarray(0, 4))).toBe('LRWV')
    expect([...bytes.subarray(4, 10)]).toEqual([1, 0, 7, 0, 0, 0])
    expect(new TextDecoder().decode(bytes.subarray(10, 17))).toBe('{"a":1}')
    expect([...bytes.subarray(17, 24)]).toEqual([0, 0, 0, 0, 0, 0, 0])
    expect([...bytes.subarray(24, 28)]).toEqual([0, 0, 0x80, 0x3f])
    expect(bytes.subarray(28)).toEqual(sha256(bytes.subarray(0, 28)))
  })

  test('a container in the middle of another buffer is read at its own offset', () => {
    const bytes = encodeContainer({ a: 1 }, Float32Array.of(1, 2))
    const outer = new Uint8Array(bytes.length + 9)
    outer.set(bytes, 3)
    for (const view of [
      outer.subarray(3, 3 + bytes.length),
      Buffer.from(outer.buffer, 3, bytes.length),
    ])
      expect(decodeContainer(view).payload).toEqual(Float32Array.of(1, 2))
  })

  test('a flip of any byte is refused with E_CONTAINER', () => {
    const bytes = update()
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bent = bytes.slice()
        bent[at]! ^= flip
        expectCode('E_CONTAINER', () => decodeUpdate(bent))
      }),
    )
  })

  test('a cut anywhere is refused with E_CONTAINER', () => {
    const bytes = update()
    for (let end = 0; end < bytes.length; end++)
      expectCode('E_CONTAINER', () => decodeUpdate(bytes.subarray(0, end)))
  })

  test('bytes behind the end are refused with E_CONTAINER', () => {
    const bytes = update()
    for (const extra of [1, 4, 32])
      expectCode('E_CONTAINER', () =>
        decodeUpdate(Uint8Array.of(...bytes, ...new Uint8Array(extra))),
      )
  })

  test.each([
    ['another version', (b: Uint8Array) => b.fill(2, 4, 5)],
    ['a header longer than the file', (b: Uint8Array) => b.fill(255, 6, 7)],
    ['a header longer than the bound', (b: Uint8Array) => b.fill(255, 9, 10)],
    ['a header that is not JSON', (b: Uint8Array) => b.fill(0x7d, 10, 11)],
    ['padding that is not zero', (b: Uint8Array) => b.fill(1, 17, 18)],
    ['a header that is not UTF-8', (b: Uint8Array) => b.fill(255, 12, 13)],
  ])('%s is refused with E_CONTAINER even under the right digest', (_, bend) => {
    const bytes = encodeContainer({ a: 1 }, Float32Array.of(1))
    expectCode('E_CONTAINER', () => decodeContainer(reseal(bend(bytes))))
  })

  test('a header over the bound cannot be written', () => {
    expect(() => encodeContainer({ a: 'x'.repeat(2 ** 20) }, new Float32Array())).toThrow(
      RangeError,
    )
  })
})

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
