// Model folders, GGUF files and tokenizers of others: random ones that transformers 5.23, gguf-py 0.19 and tokenizers save (models.py).
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeSafetensors } from '../../adapters/codec/safetensors.ts'
import { createTokenizer } from '../../device/engine/model/tokenizer.ts'
import { tokenizerFromFolder } from '../../device/engine/model/tokenizer-folder.ts'
import { largestDifference, openFolderEngine, openGgufEngine } from './engine.ts'
import { noPython, runScript, titled } from './python.ts'

const MODELS = [
  'llama',
  'llama-untied',
  'llama3-scaled',
  'qwen2',
  'qwen2-untied',
  'qwen3',
  'qwen3-untied',
]
const RULES = ['gpt-2', 'prefix-space', 'smollm', 'llama-3', 'qwen']

describe.skipIf(noPython)(titled('transformers', noPython), () => {
  let root = ''
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'loreweave-models-'))
    await runScript('models.py', root)
  })
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  const json = (...path: string[]) => JSON.parse(readFileSync(join(root, ...path), 'utf8'))

  // Tolerance 1e-4 on logits up to 11; seen: 2e-6 to 1.1e-5.
  test.each(
    MODELS.flatMap((name) => [
      [name, 'safetensors', 'reference'],
      [name, 'GGUF', 'gguf'],
    ]),
  )('%s as %s: the same logits', async (name, form, numbers) => {
    const engine =
      form === 'GGUF'
        ? await openGgufEngine(join(root, name, 'model.gguf'))
        : await openFolderEngine(join(root, name))
    const reference = decodeSafetensors(readFileSync(join(root, name, `${numbers}.safetensors`)))
    const got = await engine.logits(json(name, 'ids.json'))
    expect(largestDifference(got, reference.get('logits')!.data)).toBeLessThan(1e-4)
    await engine.close()
  })

  test.each(RULES)('%s: the same tokens for 1507 texts, and the texts back', async (name) => {
    const folder = join(root, 'tokenizers', name)
    const tokenizer = createTokenizer(await tokenizerFromFolder(folder))
    const cases = json('tokenizers', name, 'cases.json') as [string, number[]][]
    expect(cases).toHaveLength(1507)
    for (const [text, ids] of cases) {
      expect([text, tokenizer.encode(text, { special: true })]).toEqual([text, ids])
      if (name !== 'prefix-space')
        expect(tokenizer.decode(ids)).toBe(name === 'qwen' ? text.normalize('NFC') : text)
    }
  })
})
