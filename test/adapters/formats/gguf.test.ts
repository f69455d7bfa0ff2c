import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isFedError } from '../../../adapters/errors.ts'
import { encodeGguf, parseGguf } from '../../../adapters/formats/gguf.ts'
import { f32, type Meta, writeGguf } from '../../device/engine/model/gguf-writer.ts'

const meta: Meta[] = [
  ['general.architecture', 8, 'llama'],
  ['a.u8', 0, 200],
  ['a.bool', 7, true],
  ['a.float', 6, 0.5],
  ['a.big', 10, 2n ** 60n],
  ['a.words', 9, { of: 8, items: ['ä', '', 'b c'] }],
  ['a.nested', 9, { of: 9, items: [{ of: 4, items: [1, 2] }] }],
]
const file = writeGguf(meta, [
  { name: 'one', dims: [3, 2], type: 0, data: f32([1, 2, 3, 4, 5, 6]) },
  { name: 'two', dims: [32], type: 8, data: new Uint8Array(34).fill(1) },
])
const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (isFedError(error)) return error.code
    throw error
  }
  return 'fine'
}

test('a file cut at any byte is E_MODEL_FILE', () => {
  for (let length = 0; length < file.length; length++) {
    // The padding after the last tensor's 34 bytes is not needed.
    const expected = length >= file.length - 30 ? 'fine' : 'E_MODEL_FILE'
    expect([length, codeOf(() => parseGguf(file.subarray(0, length), length))]).toEqual([
      length,
      expected,
    ])
  }
})

test('a buffer that ends before the file does asks for more, at any byte of the header', () => {
  const headerEnd = file.length - 32 - 64
  fc.assert(
    fc.property(fc.integer({ min: 0, max: headerEnd - 40 }), (length) => {
      expect(parseGguf(file.subarray(0, length), file.length)).toBeUndefined()
    }),
  )
})

test('any changed bytes are read or refused, never anything else', () => {
  const change = fc.tuple(fc.nat(file.length - 1), fc.integer({ min: 0, max: 255 }))
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
      const broken = Buffer.from(file)
      for (const [at, byte] of changes) broken[at] = byte
      expect(['fine', 'E_MODEL_FILE', 'E_MODEL_UNSUPPORTED']).toContain(
        codeOf(() => parseGguf(broken, broken.length)),
      )
    }),
    { numRuns: 2000 },
  )
})

test('random bytes behind the right beginning are refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (tail) => {
      const bytes = Buffer.concat([file.subarray(0, 8), tail])
      const code = codeOf(() => parseGguf(bytes, bytes.length))
      expect(['fine', 'E_MODEL_FILE', 'E_MODEL_UNSUPPORTED']).toContain(code)
    }),
  )
})

const one = (over: Partial<{ dims: number[]; type: number; data: Uint8Array }>) => [
  { name: 'w', dims: [32], type: 0, data: new Uint8Array(128), ...over },
]
test.each([
  [
    'another magic',
    Buffer.concat([Buffer.from('GGML'), file.subarray(4)]),
    'E_MODEL_FILE',
    /begin with GGUF/,
  ],
  ['a pointer of Git LFS', Buffer.from('version https://git-lfs'), 'E_MODEL_FILE', /git lfs pull/],
  ['version 1', writeGguf(meta, [], 1), 'E_MODEL_UNSUPPORTED', /version 1/],
  ['big-endian', writeGguf(meta, [], 0x03000000), 'E_MODEL_UNSUPPORTED', /big-endian/],
  ['type IQ3_S', writeGguf([], one({ type: 21 })), 'E_MODEL_UNSUPPORTED', /w has type IQ3_S/],
  [
    'type 99',
    writeGguf([], one({ type: 99 })),
    'E_MODEL_UNSUPPORTED',
    /tensor w has type number 99/,
  ],
  ['no axis', writeGguf([], one({ dims: [] })), 'E_MODEL_FILE', /0 axes/],
  ['an empty tensor', writeGguf([], one({ dims: [0] })), 'E_MODEL_FILE', /tensor w/],
  [
    'rows of 33 in Q8_0',
    writeGguf([], one({ dims: [33], type: 8 })),
    'E_MODEL_FILE',
    /33 do not divide/,
  ],
  ['a tensor past the end', writeGguf([], one({ dims: [64] })), 'E_MODEL_FILE', /ends at byte/],
  [
    'overflowing sizes',
    writeGguf([], one({ dims: [2 ** 32, 2 ** 32, 2 ** 32, 2 ** 32] })),
    'E_MODEL_FILE',
    /ends at byte/,
  ],
  ['a tensor twice', writeGguf([], [...one({}), ...one({})]), 'E_MODEL_FILE', /w appears twice/],
  ['a key twice', writeGguf([meta[1]!, meta[1]!], []), 'E_MODEL_FILE', /a.u8 appears twice/],
  ['an odd alignment', writeGguf([['general.alignment', 4, 33]], []), 'E_MODEL_FILE', /alignment/],
])('%s is refused by name', (_, bytes, code, message) => {
  expect(() => parseGguf(bytes, bytes.length)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  )
})

// llama.cpp takes any power of two.
test.each([32, 64, 512, 1024, 2048, 4096, 65_536])(
  'tensors aligned to %d are read',
  (alignment) => {
    const info = { name: 'w', dims: [1], type: 0, data: new Uint8Array(0) }
    const header = writeGguf([['general.alignment', 4, alignment]], [info])
    const start = Math.ceil(header.length / alignment) * alignment
    const bytes = Buffer.alloc(start + 4)
    header.copy(bytes)
    expect(parseGguf(bytes, bytes.length)!.tensors.get('w')).toMatchObject({ start, bytes: 4 })
  },
)

test.each([0, 48, 3, -8])('an alignment of %d is told as it is', (alignment) => {
  const bytes = writeGguf([['general.alignment', 5, alignment]], [])
  expect(() => parseGguf(bytes, bytes.length)).toThrow(`must be a power of two, got ${alignment}`)
})

test.each([
  [16, 'IQ2_XXS'],
  [24, 'I8'],
  [28, 'F64'],
  [34, 'TQ1_0'],
  [39, 'MXFP4'],
  [40, 'NVFP4'],
  [41, 'Q1_0'],
  [42, 'Q2_0'],
  [99, 'number 99'],
])('a tensor of type %d is refused as %s', (type, name) => {
  const bytes = writeGguf([], one({ dims: [256], type }))
  expect(() => parseGguf(bytes, bytes.length)).toThrow(
    `tensor w has type ${name}; readable are F32, F16, BF16`,
  )
})

test('a count larger than the file is refused before anything is allocated', () => {
  const huge = writeGguf([['list', 9, { of: 4, items: [1] }]], [])
  huge.writeBigUInt64LE(3_000_000n, huge.indexOf('list') + 4 + 4 + 4)
  expect(() => parseGguf(huge, huge.length)).toThrow(/the file ends .* inside list/)
  const tensors = Buffer.from(file)
  tensors.writeBigUInt64LE(2n ** 63n, 8)
  expect(() => parseGguf(tensors, tensors.length)).toThrow(/tensor count is 9223372036854775808/)
})

test('what is written is read again: types, order of axes, alignment', () => {
  const tensors = new Map([
    ['a', { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
    ['b', { shape: [1], data: Float32Array.of(-0.5) }],
  ])
  const bytes = encodeGguf(
    [
      ['general.architecture', 'text', 'llamä'],
      ['n', 'u32', 7],
      ['x', 'f32', 0.5],
    ],
    tensors,
  )
  const header = parseGguf(bytes, bytes.length)!
  expect([...header.metadata]).toEqual([
    ['general.architecture', 'llamä'],
    ['n', 7],
    ['x', 0.5],
  ])
  for (const [name, { shape, data }] of tensors) {
    const tensor = header.tensors.get(name)!
    expect(tensor).toMatchObject({ type: 'F32', shape, bytes: data.byteLength })
    expect(tensor.start % 32).toBe(0)
    expect([
      ...new Float32Array(bytes.slice(tensor.start, tensor.start + tensor.bytes).buffer),
    ]).toEqual([...data])
  }
})

test('the same bytes as an independent writer', () => {
  const data = Float32Array.of(1, 2, 3, 4, 5, 6)
  const ours = encodeGguf(
    [
      ['k', 'text', 'v'],
      ['n', 'u32', 7],
      ['x', 'f32', 0.25],
    ],
    new Map([['one', { shape: [2, 3], data }]]),
  )
  const theirs = writeGguf(
    [
      ['k', 8, 'v'],
      ['n', 4, 7],
      ['x', 6, 0.25],
    ],
    [{ name: 'one', dims: [3, 2], type: 0, data: f32(data) }],
  )
  expect(Buffer.compare(ours, theirs)).toBe(0)
})

test('a shape that does not hold the numbers is our own mistake', () => {
  const tensors = new Map([['w', { shape: [2, 2], data: new Float32Array(3) }]])
  expect(() => encodeGguf([], tensors)).toThrow(TypeError)
})
