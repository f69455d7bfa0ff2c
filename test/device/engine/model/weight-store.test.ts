import { existsSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectedTensors } from '../../../../device/engine/model/expected-tensors.ts'
import type { TensorSource } from '../../../../device/engine/model/tensor-source.ts'
import { tinySource } from '../../../../device/engine/model/tiny.ts'
import {
  convertWeights,
  readManifest,
  readTensor,
} from '../../../../device/engine/model/weight-store.ts'
import { smallConfig } from './model-files.ts'

let root: string
let count = 0
const fresh = () => join(root, `converted-${count++}`)
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'weights-'))
})
afterAll(() => rm(root, { recursive: true }))

const source = tinySource(smallConfig)
const changed = (change: Partial<TensorSource>): TensorSource => ({ ...source, ...change })

test('linears are stored as [in, out], everything else as it is', async () => {
  const folder = fresh()
  await convertWeights(source, folder)
  const manifest = readManifest(folder)
  expect(manifest).toMatchObject({ version: 1, source: source.sha256, config: smallConfig })
  for (const { name, shape, isLinear } of expectedTensors(smallConfig)) {
    const original = await source.read(name)
    const stored = readTensor(folder, manifest, name)
    expect(manifest.tensors[name]).toMatchObject({ shape, bytes: 4 * stored.length })
    const [rows, columns] = original.shape as [number, number]
    const want = isLinear
      ? Array.from(stored, (_, i) => original.data[(i % rows) * columns + Math.floor(i / rows)])
      : [...original.data]
    expect([...stored]).toEqual(want)
  }
})

test('tensors begin at page boundaries and lie in file order', async () => {
  const folder = fresh()
  const { tensors } = await convertWeights(source, folder)
  const offsets = Object.values(tensors).map((t) => t.offset)
  expect(offsets.every((o) => o % 4096 === 0)).toBe(true)
  expect(offsets).toEqual([...offsets].sort((a, b) => a - b))
})

test('an untied head and attention biases are stored when the config has them', async () => {
  const config = {
    ...smallConfig,
    architecture: 'qwen2' as const,
    tiedHead: false,
    attentionBias: true,
  }
  const folder = fresh()
  const { tensors } = await convertWeights(tinySource(config), folder)
  expect(tensors['head']?.shape).toEqual([config.shape.vocab, 8])
  expect(tensors['layers.0.k.bias']?.shape).toEqual([4])
})

test('two conversions at once end in one complete folder', async () => {
  const folder = fresh()
  await Promise.all([1, 2, 3].map(() => convertWeights(source, folder)))
  expect(readManifest(folder).source).toBe(source.sha256)
  expect(readdirSync(root).filter((f) => f.includes('partial'))).toEqual([])
})

test('a complete folder of the same source is kept, since it may be mapped', async () => {
  const folder = fresh()
  await convertWeights(source, folder)
  const { ino } = await stat(join(folder, 'weights.bin'))
  await convertWeights(source, folder)
  expect((await stat(join(folder, 'weights.bin'))).ino).toBe(ino)
  const other = tinySource(smallConfig, 'another seed')
  await convertWeights(other, folder)
  expect(readManifest(folder).source).toBe(other.sha256)
})

test('a missing tensor is named as the file calls it, and nothing is left', async () => {
  const folder = fresh()
  const lacking = changed({
    sourceName: (name) => ({ name: `file.${name}`, present: name !== 'layers.0.up' }),
  })
  await expect(convertWeights(lacking, folder)).rejects.toMatchObject({
    code: 'E_MODEL_FILE',
    message: 'tensor file.layers.0.up is missing',
  })
  expect(existsSync(folder)).toBe(false)
})

test.each([
  ['another shape', { shape: [3], data: new Float32Array(3) }, /has shape \[3\], expected \[8\]/],
  ['NaN', { shape: [8], data: new Float32Array(8).fill(Number.NaN) }, /not finite/],
])('%s is refused by name, and no half-written folder is left', async (_, tensor, message) => {
  const folder = fresh()
  const broken = changed({
    read: async (name) => (name === 'final_norm' ? tensor : source.read(name)),
  })
  await expect(convertWeights(broken, folder)).rejects.toMatchObject({
    code: 'E_MODEL_FILE',
    message: expect.stringMatching(message),
  })
  expect(readdirSync(root).filter((f) => f.includes('partial'))).toEqual([])
})

test('stopping in the middle leaves nothing', async () => {
  const folder = fresh()
  const abort = new AbortController()
  const stopped = convertWeights(
    source,
    folder,
    (done) => done === 3 && abort.abort(),
    abort.signal,
  )
  await expect(stopped).rejects.toMatchObject({ code: 'E_CANCELLED' })
  expect(existsSync(folder)).toBe(false)
  expect(readdirSync(root).filter((f) => f.includes('partial'))).toEqual([])
})

test('what a dead process left half-written is removed, what a living one writes is not', async () => {
  const folder = fresh()
  await mkdir(`${folder}.partial-999999999-1`)
  await mkdir(`${folder}.partial-${process.ppid}-1`)
  await convertWeights(source, folder)
  expect(existsSync(`${folder}.partial-999999999-1`)).toBe(false)
  expect(existsSync(`${folder}.partial-${process.ppid}-1`)).toBe(true)
  await rm(`${folder}.partial-${process.ppid}-1`, { recursive: true })
})

test('an unwritable place is E_HOME', async () => {
  await writeFile(join(root, 'file'), '')
  await expect(convertWeights(source, join(root, 'file', 'x'))).rejects.toMatchObject({
    code: 'E_HOME',
  })
})

test('no folder is E_MODEL_MISSING', () => {
  expect(() => readManifest(fresh())).toThrow(expect.objectContaining({ code: 'E_MODEL_MISSING' }))
})

const damages: [string, (folder: string) => Promise<void>][] = [
  ['a cut weights.bin', (f) => truncate(join(f, 'weights.bin'), 5000)],
  ['cut JSON', (f) => truncate(join(f, 'weights.json'), 40)],
  ['an offset past the end', (f) => edit(f, (m) => (m.tensors.embed.offset = 2 ** 40))],
  ['a missing entry', (f) => edit(f, (m) => delete m.tensors['layers.0.q'])],
  ['another shape', (f) => edit(f, (m) => (m.tensors.final_norm.shape = [7]))],
  ['an absurd config', (f) => edit(f, (m) => (m.config.shape.headDim = 3))],
  ['another version', (f) => edit(f, (m) => (m.version = 2))],
]
// biome-ignore lint/suspicious/noExplicitAny: the test breaks the manifest on purpose.
const edit = async (folder: string, change: (manifest: any) => unknown) => {
  const path = join(folder, 'weights.json')
  const manifest = JSON.parse(await readFile(path, 'utf8'))
  change(manifest)
  await writeFile(path, JSON.stringify(manifest))
}
test.each(damages)('%s is E_MODEL_FILE', async (_, damage) => {
  const folder = fresh()
  await convertWeights(source, folder)
  await damage(folder)
  expect(() => readManifest(folder)).toThrow(expect.objectContaining({ code: 'E_MODEL_FILE' }))
})
