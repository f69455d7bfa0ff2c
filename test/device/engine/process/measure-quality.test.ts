import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Engine, Weights } from '../../../../device/engine/engine.ts'
import { type LocalModel, openModel } from '../../../../device/engine/model/open.ts'
import { readQuality, writeQuality } from '../../../../device/engine/model/quality.ts'
import { openEngine } from '../../../../device/engine/process/client.ts'
import { measureQuality } from '../../../../device/engine/process/measure-quality.ts'

let cacheFolder: string
let model: LocalModel
beforeAll(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'loreweave-quality-'))
  model = await openModel({ cacheFolder, name: 'tiny' })
})
afterAll(() => rm(cacheFolder, { recursive: true }))

const withEngines = async <T>(
  weights: readonly [Weights, Weights],
  work: (a: Engine, b: Engine) => Promise<T>,
): Promise<T> => {
  const [a, b] = weights.map((w) => openEngine({ folder: model.folder, weights: w, threads: 1 }))
  try {
    return await work(a!, b!)
  } finally {
    await Promise.all([a!.close(), b!.close()])
  }
}

test('an engine agrees with its like in everything', async () => {
  const quality = await withEngines(['float32', 'float32'], (a, b) => measureQuality(model, a, b))
  expect(quality).toMatchObject({ logProbError: 0, rerankAgreement: 1, greedyAgreement: 1 })
  expect(quality.orders).toBeGreaterThan(100)
})

test('quantized weights cost something, and the figures are kept beside the weights', async () => {
  const seen: number[] = []
  const quality = await withEngines(['float32', 'quantized'], (a, b) =>
    measureQuality(model, a, b, (done) => seen.push(done)),
  )
  expect(quality.logProbError).toBeGreaterThan(0)
  expect(quality.logProbError).toBeLessThan(0.2)
  expect(quality.rerankAgreement).toBeGreaterThan(0.5)
  expect(seen.at(-1)).toBe(seen.length - 1)
  expect(await readQuality(model.folder)).toBeUndefined()
  await writeQuality(model.folder, quality)
  expect(await readQuality(model.folder)).toEqual(quality)
})
