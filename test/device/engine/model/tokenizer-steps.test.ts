import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createTokenizer } from '../../../../device/engine/model/tokenizer.ts'
import { tokenizerOfJson } from '../../../../device/engine/model/tokenizer-folder.ts'
import {
  checkPostProcessor,
  decoderOf,
  normalizerOf,
  preTokenizerOf,
} from '../../../../device/engine/model/tokenizer-steps.ts'

type Pipeline = {
  name: string
  vocabulary: string
  file: { model: object; pre_tokenizer: object | null; normalizer: object | null }
  cases: [text: string, ids: number[], back: string][]
}
// Made by Hugging Face tokenizers 0.23.3 (test/vectors/tokenizers/README.md).
const { vocabularies, pipelines } = JSON.parse(
  readFileSync(new URL('../../../vectors/tokenizers/pipelines.json', import.meta.url), 'utf8'),
) as { vocabularies: Record<string, object>; pipelines: Pipeline[] }

const withWords = ({ file, vocabulary }: Pipeline, change: object = {}) => ({
  ...file,
  model: { ...file.model, ...vocabularies[vocabulary] },
  ...change,
})

test.each(pipelines.map((p) => [p.name, p] as const))(
  '%s: the original ids, and its text back from them',
  (_, pipeline) => {
    const tokenizer = createTokenizer(tokenizerOfJson(withWords(pipeline)))
    const read = pipeline.cases.map(([text, ids]) => [
      text,
      tokenizer.encode(text, { special: true }),
      tokenizer.decode(ids),
    ])
    expect(read).toEqual(pipeline.cases)
    expect(read).toHaveLength(24)
  },
)

test('nothing between two control tokens is nothing, with any normalizer', () => {
  const prepend = pipelines.find((p) => p.name === 'transformers 4, Llama')!
  const tokenizer = createTokenizer(tokenizerOfJson(withWords(prepend)))
  expect(tokenizer.encode('</s><s>', { special: true })).toEqual([2, 1])
})

const metaspace = { type: 'Metaspace', replacement: '▁' }
const pieces = (step: object, text: string) =>
  preTokenizerOf(step)({ text, isFirst: true }).map((piece) => piece.text)

// As tokenizers 0.23.3 reads them; it refuses the two fields where they differ.
test.each([
  [{}, ['▁a', '▁', '▁b']],
  [{ split: false }, ['▁a▁▁b']],
  [{ add_prefix_space: true, prepend_scheme: 'never' }, ['a', '▁', '▁b']],
  [{ add_prefix_space: false }, ['a', '▁', '▁b']],
])('Metaspace %j', (fields, expected) => {
  expect(pieces({ ...metaspace, ...fields }, 'a  b')).toEqual(expected)
})

const split = (behavior: string, invert: boolean) =>
  pieces({ type: 'Split', pattern: { Regex: 'x|y' }, behavior, invert }, 'xxaybxcyy')
// As tokenizers 0.23.3 cuts them.
test.each([
  ['Removed', ['a', 'b', 'c'], ['x', 'x', 'y', 'x', 'y', 'y']],
  ['Isolated', ['x', 'x', 'a', 'y', 'b', 'x', 'c', 'y', 'y'], undefined],
  ['MergedWithPrevious', ['x', 'x', 'ay', 'bx', 'cy', 'y'], ['x', 'xa', 'yb', 'xc', 'y', 'y']],
  ['MergedWithNext', ['x', 'xa', 'yb', 'xc', 'y', 'y'], ['x', 'x', 'ay', 'bx', 'cy', 'y']],
  ['Contiguous', ['xx', 'a', 'y', 'b', 'x', 'c', 'yy'], undefined],
])('Split %s cuts as the original, inverted too', (behavior, plain, inverted = plain) => {
  expect(split(behavior, false)).toEqual(plain)
  expect(split(behavior, true)).toEqual(inverted)
})

test('bytes that are no text become one mark each, and a byte order mark stays', () => {
  const decode = decoderOf({ type: 'ByteFallback' })
  const tokens = ['<0xE2>', '<0x96>', 'a', '<0xEF>', '<0xBB>', '<0xBF>', 'b', '<0xC3>', '<0xA9>']
  expect(decode(tokens)).toEqual(['\ufffd\ufffd', 'a', '\ufeff', 'b', 'é'])
})

test('a replacement is taken literally', () => {
  const replace = normalizerOf({ type: 'Replace', pattern: { String: 'a' }, content: '$&x' })
  expect(replace('bab')).toBe('b$&xb')
})

describe('what is not known is refused by name', () => {
  const first = pipelines[0]!
  const refusal = (change: object) => {
    try {
      createTokenizer(tokenizerOfJson(withWords(first, change)))
      return 'read'
    } catch (error) {
      return `${(error as { code?: string }).code}: ${(error as Error).message}`
    }
  }
  test.each<[string, object, RegExp]>([
    ['a normalizer', { normalizer: { type: 'Nmt' } }, /UNSUPPORTED.*normalizer "Nmt"/],
    [
      'a normalizer by a table',
      { normalizer: { type: 'Precompiled' } },
      /normalizer "Precompiled"/,
    ],
    ['lower case', { normalizer: { type: 'Lowercase' } }, /normalizer "Lowercase"/],
    ['a pre-tokenizer', { pre_tokenizer: { type: 'UnicodeScripts' } }, /"UnicodeScripts"/],
    [
      'one inside another',
      { pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'FixedLength', length: 5 }] } },
      /"FixedLength"/,
    ],
    ['a decoder', { decoder: { type: 'WordPiece', prefix: '##' } }, /decoder "WordPiece"/],
    ['no decoder', { decoder: null }, /decoder null/],
    ['a post-processor', { post_processor: { type: 'New' } }, /post-processor "New"/],
    [
      'a field of a step',
      { pre_tokenizer: { ...metaspace, prefix_mode: 'x' } },
      /UNSUPPORTED.*Metaspace with prefix_mode/,
    ],
    ['a field of the file', { extra: 1 }, /UNSUPPORTED.*the field extra is not known/],
    ['another scheme', { pre_tokenizer: { ...metaspace, prepend_scheme: 'last' } }, /MODEL_FILE/],
    [
      'two fields that differ',
      { pre_tokenizer: { ...metaspace, add_prefix_space: false, prepend_scheme: 'first' } },
      /add_prefix_space false, prepend_scheme first/,
    ],
    [
      'a first piece that other steps have moved',
      {
        normalizer: { type: 'Strip', strip_left: true, strip_right: true },
        pre_tokenizer: { ...metaspace, prepend_scheme: 'first' },
      },
      /behind steps that move text/,
    ],
    [
      'a control token that the normalizer changes',
      {
        normalizer: { type: 'Prepend', prepend: '▁' },
        added_tokens: [{ id: 1, content: '<s>', special: true, normalized: true }],
      },
      /control token "<s>" with normalized/,
    ],
  ])('%s', (_, change, message) => {
    expect(refusal(change)).toMatch(message)
  })

  test.each([
    ['model field', { future: true }, /model: the field future/],
    ['end of word', { end_of_word_suffix: '</w>' }, /end_of_word_suffix/],
    ['a merge into nothing', { merges: [['t', 'q']] }, /MODEL_FILE.*"t q"/],
    ['tokens with spaces', { merges: [[' ', 't']] }, /tokens that hold spaces/],
  ])('%s', (_, model, message) => {
    const whole = withWords(first)
    expect(refusal({ model: { ...whole.model, ...model } })).toMatch(message)
  })

  test.each([
    ['(?>a)', /holds "\(\?>a\)"/],
    ['a++', /\+\+ gives nothing back/],
    ['[a&&b]', /a set in a set/],
    ['[[:alpha:]]', /a set in a set/],
    ['\\h', /holds "\\\\h"/],
    ['\\p{Han}', /holds/],
    ['(?i:[ab])', /letters in a set without case/],
    ['(', /JavaScript/],
  ])('the pattern %s', (regex, message) => {
    const step = { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false }
    expect(refusal({ pre_tokenizer: step })).toMatch(message)
  })
})

test('post-processors add only what a template writes, so known ones are passed over', () => {
  checkPostProcessor({ type: 'Sequence', processors: [{ type: 'TemplateProcessing', single: [] }] })
  expect(() => checkPostProcessor({ type: 'Sequence', processors: [{ type: 'X' }] })).toThrow('"X"')
})

test('a token called __proto__ is a token', () => {
  const json = JSON.parse(
    '{"decoder":{"type":"Fuse"},"model":{"type":"BPE","merges":[],"vocab":{"a":0,"__proto__":1}}}',
  )
  expect(createTokenizer(tokenizerOfJson(json)).decode([1, 0])).toBe('__proto__a')
})
