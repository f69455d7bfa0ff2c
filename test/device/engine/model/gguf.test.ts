import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isFedError } from '../../../../adapters/errors.ts'
import { openGguf, parseGguf } from '../../../../device/engine/model/gguf.ts'
import { f32, type Meta, writeGguf } from './gguf-writer.ts'

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
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gguf-'))
})
afterAll(() => rm(folder, { recursive: true }))

const saved = async (bytes: Uint8Array) => {
  const path = join(folder, `${Math.random()}.gguf`)
  await writeFile(path, bytes)
  return path
}
const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (isFedError(error)) return error.code
    throw error
  }
  return 'fine'
}

test('metadata and tensors come back, shapes slowest axis first', async () => {
  const gguf = await openGguf(await saved(file))
  expect(Object.fromEntries(gguf.metadata)).toEqual({
    'general.architecture': 'llama',
    'a.u8': 200,
    'a.bool': true,
    'a.float': 0.5,
    'a.big': 2n ** 60n,
    'a.words': ['ä', '', 'b c'],
    'a.nested': [[1, 2]],
  })
  expect(gguf.tensors.get('one')?.shape).toEqual([2, 3])
  expect([...(await gguf.read('one'))]).toEqual([1, 2, 3, 4, 5, 6])
  expect(await gguf.read('two')).toHaveLength(32)
  await expect(gguf.read('three')).rejects.toMatchObject({
    code: 'E_MODEL_FILE',
    message: 'GGUF: tensor three is missing',
  })
  await gguf.close()
})

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
  ['version 1', writeGguf(meta, [], 1), 'E_MODEL_UNSUPPORTED', /version 1/],
  ['big-endian', writeGguf(meta, [], 0x03000000), 'E_MODEL_UNSUPPORTED', /big-endian/],
  ['type Q6_K', writeGguf([], one({ type: 14 })), 'E_MODEL_UNSUPPORTED', /tensor w has type Q6_K/],
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

test('a count larger than the file is refused before anything is allocated', () => {
  const huge = writeGguf([['list', 9, { of: 4, items: [1] }]], [])
  huge.writeBigUInt64LE(3_000_000n, huge.indexOf('list') + 4 + 4 + 4)
  expect(() => parseGguf(huge, huge.length)).toThrow(/the file ends .* inside list/)
  const tensors = Buffer.from(file)
  tensors.writeBigUInt64LE(2n ** 63n, 8)
  expect(() => parseGguf(tensors, tensors.length)).toThrow(/tensor count is 9223372036854775808/)
})

test('a path without a file is E_MODEL_MISSING, a folder E_MODEL_FILE', async () => {
  await expect(openGguf(join(folder, 'none'))).rejects.toMatchObject({ code: 'E_MODEL_MISSING' })
  await expect(openGguf(folder)).rejects.toMatchObject({ code: 'E_MODEL_FILE' })
})
