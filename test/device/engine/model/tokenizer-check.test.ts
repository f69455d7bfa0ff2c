import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { tinyTokenizerFile } from '../../../../device/engine/model/tiny.ts'
import { createTokenizer } from '../../../../device/engine/model/tokenizer.ts'
import { checkText, checkTokenizer } from '../../../../device/engine/model/tokenizer-check.ts'
import { bytePairFile, type TokenizerFile } from '../../../../device/engine/model/tokenizer-file.ts'
import { tokenizerOfJson } from '../../../../device/engine/model/tokenizer-folder.ts'
import { BYTE_LETTERS } from '../../../../device/engine/model/tokenizer-steps.ts'

const { vocabularies, pipelines } = JSON.parse(
  readFileSync(new URL('../../../vectors/tokenizers/pipelines.json', import.meta.url), 'utf8'),
)
const llama = (name: string): TokenizerFile => {
  const { file, vocabulary } = pipelines.find((p: { name: string }) => p.name === name)
  return tokenizerOfJson({ ...file, model: { ...file.model, ...vocabularies[vocabulary] } })
}
const check = (file: TokenizerFile) => checkTokenizer(createTokenizer(file), file)

test('a whole vocabulary gives every text and its own words back', () => {
  expect(check(tinyTokenizerFile())).toEqual({ texts: 6, words: 0, lost: 0 })
  for (const name of ['transformers 5, Llama', 'transformers 4, Llama', 'Llama 3']) {
    const found = check(llama(name))
    expect(found).toMatchObject({ texts: 6, lost: 0 })
    expect(found.words).toBeGreaterThan(15)
    expect(checkText(found)).toMatch(/^tokenizer: 6 texts came back .* \d\d words/)
  }
})

test('a step that is left out shows in the words of the vocabulary', () => {
  const file = llama('transformers 4, Llama')
  const replaceOnly = { type: 'Replace', pattern: { String: ' ' }, content: '▁' }
  expect(() => check({ ...file, steps: { ...file.steps, normalizer: replaceOnly } })).toThrow(
    /words of its own vocabulary become other tokens, such as "the"/,
  )
})

test("another model's splitting rule shows in the white space of the vocabulary", () => {
  const runs = Array.from({ length: 16 }, (_, i) => `Ċ${'Ġ'.repeat(i + 1)}`)
  const merges = runs.map((run) => `${run.slice(0, -1)} Ġ`)
  const withRule = (preTokenizer: string) =>
    bytePairFile({
      tokens: [...BYTE_LETTERS, ...runs],
      merges,
      addedTokens: [],
      preTokenizer,
      template: null,
      eosIds: [],
    })
  expect(check(withRule('gpt-2')).words).toBe(16)
  expect(() => check(withRule('qwen2'))).toThrow(/white space of its own vocabulary .* "a\\n /)
})

test('text that does not come back is refused, with what came back', () => {
  const file = llama('transformers 5, Llama')
  const decoder = { type: 'Replace', pattern: { String: 'q' }, content: 'Q' }
  const steps = {
    ...file.steps,
    decoder: { type: 'Sequence', decoders: [decoder, file.steps.decoder] },
  }
  expect(() => check({ ...file, steps })).toThrow(/expected "The quick brow", got "The Quick brow"/)
})

test('what a normalizer changes for good is no fault', () => {
  expect(check(llama('NFKC and fewer spaces'))).toMatchObject({ texts: 6, lost: 0 })
})

test('reports the characters that a vocabulary lacks, which the original loses too', () => {
  expect(check(llama('no bytes, unknown fused')).lost).toBeGreaterThan(0)
})
