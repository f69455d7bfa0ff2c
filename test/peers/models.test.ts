// Model folders, GGUF files and tokenizers of others: random ones that transformers 5.23, gguf-py 0.19 and tokenizers save (models.py).
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeSafetensors } from '../../adapters/formats/safetensors.ts'
import { createTokenizer } from '../../device/engine/model/tokenizer.ts'
import type { TokenizerFile } from '../../device/engine/model/tokenizer-file.ts'
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

  test('tokenizers through random steps, and those of LlamaTokenizer, give the original tokens and texts', async () => {
    const folder = join(root, 'pipelines')
    await runScript('pipelines.py', folder)
    const refused: string[] = []
    let read = 0
    for (const name of readdirSync(folder)) {
      const file = await tokenizerFromFolder(join(folder, name)).catch((e: Error) => e.message)
      const tokenizer = typeof file === 'string' ? file : opened(file)
      if (typeof tokenizer === 'string') {
        expect(name).not.toContain('llama')
        refused.push(tokenizer)
        continue
      }
      read++
      for (const [text, ids, back] of json('pipelines', name, 'cases.json')) {
        const got = [tokenizer.encode(text, { special: true }), tokenizer.decode(ids)]
        expect([name, text, ...got]).toEqual([name, text, ids, back])
      }
    }
    // What is not read is refused for one of two reasons.
    for (const reason of refused) expect(reason).toMatch(/hold spaces|steps that move text/)
    expect(read).toBeGreaterThan(25)
  })
})

const opened = (file: TokenizerFile) => {
  try {
    return createTokenizer(file)
  } catch (error) {
    return (error as Error).message
  }
}
