import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeContainer,
  encodeContainer,
  encodedOf,
  joinParts,
  type Part,
  pieces,
} from '../../../adapters/container/container.ts'
import { applyDelta, encodeDelta } from '../../../adapters/container/delta.ts'
import { decodeValues, encodeValues } from '../../../adapters/formats/encoding.ts'
import { sha256 } from '../../../adapters/node/sha256.ts'
import { seededRng } from '../../../adapters/random.ts'
import { expectCode } from '../../support/expect-code.ts'

const toy = () =>
  encodeContainer(
    { kind: 'toy', names: ['one', 'two'] },
    Float32Array.from({ length: 30 }, (_, i) => i / 3 - 1),
  )

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
    expect([...bytes.subarray(28)]).toEqual([...sha256(bytes.subarray(0, 28))])
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
    const bytes = toy()
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bent = bytes.slice()
        bent[at]! ^= flip
        expectCode('E_CONTAINER', () => decodeContainer(bent))
      }),
    )
  })

  test('a cut anywhere is refused with E_CONTAINER', () => {
    const bytes = toy()
    for (let end = 0; end < bytes.length; end++)
      expectCode('E_CONTAINER', () => decodeContainer(bytes.subarray(0, end)))
  })

  test('bytes behind the end are refused with E_CONTAINER', () => {
    const bytes = toy()
    for (const extra of [1, 4, 32])
      expectCode('E_CONTAINER', () =>
        decodeContainer(Uint8Array.of(...bytes, ...new Uint8Array(extra))),
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

describe('encoded segments', () => {
  const sizes = { plain: 3, small: 5, half: 64 }
  const parts: Part[] = [
    { name: 'plain', shape: [3], data: Float32Array.of(1, 2, 3) },
    ...(['int4', 'float16'] as const).map((encoding, i) => {
      const data = Float32Array.from({ length: 5 + 59 * i }, (_, j) => j - 2)
      const bytes = encodeValues(encoding, data, seededRng(1))
      const decoded = new Float32Array(data.length)
      decodeValues(encoding, bytes, decoded)
      return {
        name: i ? 'half' : 'small',
        shape: [data.length],
        data: decoded,
        encoded: { encoding, bytes },
      }
    }),
  ]
  const written = () => {
    const { segments, payload } = joinParts(parts)
    return { payload, bytes: encodeContainer({ segments }, payload, encodedOf(parts)) }
  }

  test('come back as they are decoded, and tell how they were encoded', () => {
    const { payload, bytes } = written()
    const { header, payload: read } = decodeContainer(bytes)
    expect(read).toEqual(payload)
    expect(header).toEqual({
      segments: [
        { name: 'plain', shape: [3], offset: 0, size: sizes.plain },
        { name: 'small', shape: [5], offset: 3, size: sizes.small, encoding: 'int4' },
        { name: 'half', shape: [64], offset: 8, size: sizes.half, encoding: 'float16' },
      ],
    })
    expect(new DataView(bytes.buffer).getUint16(4, true)).toBe(2)
    const places = pieces(bytes)
    expect(places.map(({ name, start, end }) => [name, end - start]).slice(1, 4)).toEqual([
      ['plain', 12],
      ['small', 8],
      ['half', 128],
    ])
    expect(places.at(-1)!.end).toBe(bytes.length)
  })

  test('are told by what differs, as others are', () => {
    const { bytes } = written()
    const { payload, ...first } = joinParts([
      { ...parts[0]!, data: Float32Array.of(9, 9, 9) },
      ...parts.slice(1),
    ])
    const next = encodeContainer({ segments: first.segments }, payload, encodedOf(parts))
    const delta = encodeDelta(bytes, next)
    expect(applyDelta(bytes, delta)).toEqual(next)
    expect(delta.length).toBeLessThan(200)
  })

  test.each<[string, object]>([
    ['without segments', {}],
    [
      'that are longer than the payload',
      { segments: [{ name: 'a', size: 1000, encoding: 'int8' }] },
    ],
    ['of an unknown encoding', { segments: [{ name: 'a', size: 1, encoding: 'int3' }] }],
    [
      'of more numbers than a message has',
      { segments: [{ name: 'a', size: 2 ** 30, encoding: 'int4' }] },
    ],
  ])('a header %s is refused with E_CONTAINER', (_, header) => {
    const { bytes } = written()
    const json = new TextEncoder().encode(JSON.stringify(header))
    const start = Math.ceil((10 + json.length) / 8) * 8
    const made = new Uint8Array(start + 148 + 32)
    made.set(bytes.subarray(0, 6))
    new DataView(made.buffer).setUint32(6, json.length, true)
    made.set(json, 10)
    expectCode('E_CONTAINER', () => decodeContainer(reseal(made)))
  })
})
