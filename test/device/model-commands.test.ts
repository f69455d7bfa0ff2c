import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { convertedFolder } from '../../device/engine/model/cache.ts'
import { writeQuality } from '../../device/engine/model/quality.ts'
import { modelCommand } from '../../device/model-commands.ts'

let cache: string
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'commands-'))
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(cache, { recursive: true })
})

/** Runs `loreweave model …` in this process and returns what it printed. */
const run = async (...args: string[]): Promise<string> => {
  let printed = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text
    return true
  })
  const program = new Command('loreweave').exitOverride().addCommand(modelCommand())
  await program.parseAsync(['model', ...args, '--cache', cache], { from: 'user' })
  return printed
}

test('list says what is known and where the cache is', async () => {
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
  expect(await run('list')).toContain('quantized: made at the first generation')
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
    'off by 0.0123 nats a token (of -4.00), same order for 97.0 % of 192 reranks, same greedy text for 50.0 %',
  )
})

test('verify of a model that is not there rejects with E_MODEL_MISSING', async () => {
  await expect(run('verify')).rejects.toMatchObject({ code: 'E_MODEL_MISSING' })
})

test('pull of a file with other bytes rejects with E_CHECKSUM', async () => {
  const file = join(cache, 'wrong.gguf')
  await writeFile(file, 'GGUF')
  await expect(run('pull', '--source', file)).rejects.toMatchObject({ code: 'E_CHECKSUM' })
})

test('remove of nothing frees nothing', async () => {
  expect(JSON.parse(await run('remove', '--json'))).toEqual({ name: 'smollm2-135m', freedBytes: 0 })
})

test('an unknown model rejects with E_NOT_FOUND', async () => {
  await expect(run('verify', 'gpt-9')).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
})
