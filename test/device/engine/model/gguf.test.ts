import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openGguf } from '../../../../device/engine/model/gguf.ts'
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

test('a path without a file is E_MODEL_MISSING, a folder E_MODEL_FILE', async () => {
  await expect(openGguf(join(folder, 'none'))).rejects.toMatchObject({ code: 'E_MODEL_MISSING' })
  await expect(openGguf(folder)).rejects.toMatchObject({ code: 'E_MODEL_FILE' })
})
