import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { float16 } from '../../../adapters/formats/float16.ts'
import {
  decodeSafetensors,
  encodeSafetensors,
  parseSafetensorsHeader,
  safetensorsHeaderEnd,
} from '../../../adapters/formats/safetensors.ts'
import { expectCode } from '../../support/expect-code.ts'

const vectors = new URL('../../vectors/tiny-llama/', import.meta.url)

/** A file with the given header text and data. */
const file = (header: string, data: number[] = []): Uint8Array => {
  const json = new TextEncoder().encode(header)
  const bytes = new Uint8Array(8 + json.length + data.length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true)
  bytes.set(json, 8)
  bytes.set(data, 8 + json.length)
  return bytes
}

describe('safetensors', () => {
  // Written by PEFT 0.21.2 (see test/vectors/tiny-llama/README.md).
  test('a file that PEFT wrote is read, and written back as the same numbers', () => {
    const bytes = readFileSync(new URL('adapter/adapter_model.safetensors', vectors))
    const tensors = decodeSafetensors(bytes)
    expect(tensors.size).toBe(56)
    const name = 'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight'
    expect(tensors.get(name)?.shape).toEqual([4, 64])
    expect(decodeSafetensors(encodeSafetensors(tensors))).toEqual(tensors)
  })

  test('any tensors and metadata come back as they were', () => {
    const tensor = fc.array(fc.nat(4), { maxLength: 3 }).chain((shape) =>
      fc
        .float32Array({
          noNaN: true,
          minLength: shape.reduce((a, b) => a * b, 1),
          maxLength: shape.reduce((a, b) => a * b, 1),
        })
        .map((data) => ({ shape, data })),
    )
    const names = fc.string().filter((n) => n !== '__metadata__' && n !== '__proto__')
    fc.assert(
      fc.property(
        fc.uniqueArray(names, { maxLength: 5 }),
        fc.infiniteStream(tensor),
        (keys, stream) => {
          const tensors = new Map(keys.map((key) => [key, stream.next().value] as const))
          const bytes = encodeSafetensors(tensors, { format: 'pt', é: '🙂' })
          expect(decodeSafetensors(bytes)).toEqual(tensors)
          const { metadata, dataStart } = parseSafetensorsHeader(bytes)
          expect(metadata).toEqual({ format: 'pt', é: '🙂' })
          expect(dataStart % 8).toBe(0)
        },
      ),
    )
  })

  test('the header is read from the beginning of a file alone', () => {
    const tensors = new Map([['w', { shape: [2], data: Float32Array.of(1, 2) }]])
    const bytes = encodeSafetensors(tensors)
    const head = bytes.subarray(0, safetensorsHeaderEnd(bytes.subarray(0, 8)))
    expect(parseSafetensorsHeader(head).tensors.get('w')).toEqual({
      dtype: 'F32',
      shape: [2],
      start: 0,
      end: 8,
    })
    expectCode('E_MODEL_FILE', () => parseSafetensorsHeader(head.subarray(0, head.length - 1)))
  })

  // IEEE 754 binary16: well-known bit patterns.
  test.each([
    [0x0000, 0],
    [0x8000, -0],
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x0400, 2 ** -14],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x3555, 0.333251953125],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0xfc00, Number.NEGATIVE_INFINITY],
    [0x7e00, Number.NaN],
  ])('half-precision bits %i are %d', (bits, value) => {
    expect(float16(bits)).toBe(value)
  })

  test('half and brain floats are widened exactly', () => {
    const header =
      '{"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[1,2],"data_offsets":[4,8]}}'
    const tensors = decodeSafetensors(file(header, [0, 0x3c, 0, 0xc0, 0x80, 0x3f, 0x49, 0xc0]))
    expect(tensors.get('h')).toEqual({ shape: [2], data: Float32Array.of(1, -2) })
    expect(tensors.get('b')).toEqual({ shape: [1, 2], data: Float32Array.of(1, -3.140625) })
  })

  test.each([
    ['fewer than eight bytes', new Uint8Array(7)],
    ['a header length past the bound', new Uint8Array(8).fill(255)],
    ['a header length past the file', file('{}').subarray(0, 9)],
    ['a header that is not JSON', file('{x}')],
    ['a header that is a list', file('[]')],
    ['a header that is not UTF-8', file('{"é": 1}').map((b) => (b === 0xc3 ? 0xff : b))],
    ['metadata that is not text', file('{"__metadata__":{"a":1}}')],
    ['an entry that is null', file('{"w":null}')],
    [
      'an unknown dtype',
      file('{"w":{"dtype":"toString","shape":[],"data_offsets":[0,4]}}', [0, 0, 0, 0]),
    ],
    [
      'a negative size',
      file('{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', [0, 0, 0, 0]),
    ],
    [
      'offsets that do not match the shape',
      file('{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', [0, 0, 0, 0]),
    ],
    ['a hole', file('{"w":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', [0, 0])],
    [
      'an overlap',
      file(
        '{"w":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"v":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}',
        [0, 0, 0],
      ),
    ],
    [
      'data that are cut',
      file('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', [0, 0, 0]),
    ],
    [
      'data behind the end',
      file('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', [0, 0, 0, 0, 0]),
    ],
    ['integers', file('{"w":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}', [0, 0, 0, 0])],
  ])('%s is refused with E_MODEL_FILE', (_, bytes) => {
    expectCode('E_MODEL_FILE', () => decodeSafetensors(bytes))
  })

  test('a shape that its data do not have is a mistake of ours', () => {
    const tensors = new Map([['w', { shape: [3], data: Float32Array.of(1, 2) }]])
    expect(() => encodeSafetensors(tensors)).toThrow(TypeError)
  })
})
