import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { convertedFolder } from '../../../device/engine/model/cache.ts'
import { writeQuality } from '../../../device/engine/model/quality.ts'
import { call } from '../cli-call.ts'

let cache: string
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'commands-'))
})
afterEach(async () => {
  await rm(cache, { recursive: true })
})

/** What `loreweave model …` prints. */
const run = async (...args: string[]): Promise<string> => {
  const result = await call(cache, ['model', ...args, '--cache', cache])
  return result.stdout
}

test('list names the known models and the cache folder', async () => {
  const text = await run('list')
  expect(text).toMatch(/smollm2-135m +98\.4 MB +Apache-2\.0 +not here/)
  expect(text).toContain(`cache folder: ${cache}`)
  const json = JSON.parse(await run('list', '--json'))
  expect(json).toMatchObject({
    cacheFolder: cache,
    models: [{ name: 'smollm2-135m', isPresent: false }],
  })
})

test('list says what quantized weights cost, once that was measured', async () => {
  const { sha256 } = JSON.parse(await run('list', '--json')).models[0]
  const folder = convertedFolder(cache, sha256)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'weights.json'), '{}')
  expect(await run('list')).toContain('quantized: made when text is first generated')
  await writeFile(join(folder, 'quantized.bin'), Buffer.alloc(2e6))
  expect(await run('list')).toContain('2.0 MB, not measured: loreweave model measure smollm2-135m')
  await writeQuality(folder, {
    logProbError: 0.0123,
    logProb: -4,
    rerankAgreement: 0.97,
    orders: 192,
    greedyAgreement: 0.5,
  })
  expect(await run('list')).toContain(
    'off by 0.0123 nats per token (of -4.00), same order for 97.0 % of 192 reranks, same greedy text for 50.0 %',
  )
})

test('verify of a model that is not there is refused with E_MODEL_MISSING', async () => {
  const refused = { code: 1, stderr: expect.stringContaining('E_MODEL_MISSING') }
  expect(await call(cache, ['model', 'verify', '--cache', cache])).toMatchObject(refused)
})

test('pull of a file with other bytes is refused with E_CHECKSUM', async () => {
  const file = join(cache, 'wrong.gguf')
  await writeFile(file, 'GGUF')
  const refused = { code: 1, stderr: expect.stringContaining('E_CHECKSUM') }
  expect(await call(cache, ['model', 'pull', '--source', file, '--cache', cache])).toMatchObject(
    refused,
  )
})

test('remove of nothing frees nothing', async () => {
  expect(JSON.parse(await run('remove', '--json'))).toEqual({ name: 'smollm2-135m', freedBytes: 0 })
})

test('an unknown model is refused with E_NOT_FOUND', async () => {
  const refused = { code: 1, stderr: expect.stringContaining('E_NOT_FOUND') }
  expect(await call(cache, ['model', 'verify', 'gpt-9', '--cache', cache])).toMatchObject(refused)
})
