import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Engine } from '../../../device/engine/engine.ts'
import { openPooledFile, rememberPooled } from '../../../eval/population/shared-engine.ts'

const folder = mkdtempSync(join(tmpdir(), 'loreweave-pooled-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const countingEngine = () => {
  let asked = 0
  const refuse = () => Promise.reject(new Error('not asked for'))
  const engine: Engine = {
    pooled: async (inputs) => {
      asked += inputs.length
      return inputs.map(({ ids }) => Float32Array.of(ids[0]!, ids.length))
    },
    score: refuse,
    generate: refuse,
    train: refuse,
    gradient: () => Promise.reject(new Error('not used')),
    memory: refuse,
    close: refuse,
  }
  return { engine, asked: () => asked }
}
const texts = Array.from({ length: 250 }, (_, i) => ({ ids: [i, 1], answerStart: 1 }))
const options = { exitLayer: 1, adapters: [] }

test('a text asked for twice at once is computed once', async () => {
  const { engine, asked } = countingEngine()
  const shared = rememberPooled(engine, 'w')
  const [a, b] = await Promise.all([shared.pooled(texts, options), shared.pooled(texts, options)])
  expect(asked()).toBe(250)
  expect(b).toEqual(a)
  await shared.close()
})

test('what one process has computed another reads from the file, other weights apart', async () => {
  const path = join(folder, 'kept.sqlite')
  const first = openPooledFile(path)
  const computed = await rememberPooled(countingEngine().engine, 'w', first).pooled(texts, options)
  first.close()
  const second = openPooledFile(path)
  const { engine, asked } = countingEngine()
  expect(await rememberPooled(engine, 'w', second).pooled(texts, options)).toEqual(computed)
  expect(asked()).toBe(0)
  await rememberPooled(engine, 'v', second).pooled(texts.slice(0, 3), options)
  expect(asked()).toBe(3)
  second.close()
})

test('a batch is in the file whole or not at all', async () => {
  const path = join(folder, 'batch.sqlite')
  const [writer, reader] = [openPooledFile(path), openPooledFile(path)]
  writer.savePooled('a', Float32Array.of(1))
  writer.savePooled('b', Float32Array.of(2))
  expect(reader.pooled('a')).toBeUndefined()
  await Promise.resolve()
  expect([reader.pooled('a'), reader.pooled('b')]).toEqual([Float32Array.of(1), Float32Array.of(2)])
  writer.close()
  reader.close()
})
