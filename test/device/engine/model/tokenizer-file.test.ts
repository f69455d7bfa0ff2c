import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTokenizer } from '../../../../device/engine/model/tokenizer.ts'
import { bytePairFile, tokenizerFromGguf } from '../../../../device/engine/model/tokenizer-file.ts'
import { tokenizerFromFolder } from '../../../../device/engine/model/tokenizer-folder.ts'

let root: string
let count = 0
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tokenizer-'))
})
afterAll(() => rm(root, { recursive: true }))

const folderOf = async (files: Record<string, unknown>): Promise<string> => {
  const folder = join(root, String(count++))
  await mkdir(folder)
  for (const [name, content] of Object.entries(files))
    await writeFile(
      join(folder, name),
      typeof content === 'string' ? content : JSON.stringify(content),
    )
  return folder
}
const letters = ['<eos>', '<tool>', 'thing', ...'abc12½ĠÂ½²', 'ab', '12']
const ids = (tokens: string[]) => Object.fromEntries(tokens.map((t, i) => [t, i]))
const json = (change: object = {}, model: object = {}) => ({
  added_tokens: [
    { id: 0, content: '<eos>', special: true },
    { id: 1, content: '<tool>', special: false },
    { id: 2, content: 'thing', special: false },
  ],
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
  post_processor: null,
  decoder: { type: 'ByteLevel' },
  model: { type: 'BPE', vocab: ids(letters), merges: ['a b', '1 2'], ...model },
  ...change,
})
const open = async (files: Record<string, unknown>) =>
  createTokenizer(await tokenizerFromFolder(await folderOf(files)))
const named = (encoded: number[]) => encoded.map((id) => letters[id])

test('merges may be texts or pairs', async () => {
  const texts = await open({ 'tokenizer.json': json() })
  const pairs = await open({
    'tokenizer.json': json(
      {},
      {
        merges: [
          ['a', 'b'],
          ['1', '2'],
        ],
      },
    ),
  })
  expect(named(texts.encode('abc'))).toEqual(['ab', 'c'])
  expect(pairs.encode('abc')).toEqual(texts.encode('abc'))
  expect(pairs.hash).toBe(texts.hash)
})

test('files with a byte order mark are those without it', async () => {
  const template = '{% for m in messages %}{{ m.content }}{% endfor %}'
  const plain = { 'tokenizer.json': json(), 'chat_template.jinja': template }
  const marked = Object.fromEntries(
    Object.entries(plain).map(([name, content]) => [
      name,
      `\ufeff${typeof content === 'string' ? content : JSON.stringify(content)}`,
    ]),
  )
  const [one, other] = [await open(plain), await open(marked)]
  expect(other.hash).toBe(one.hash)
  const chat = [{ role: 'user' as const, content: 'abc' }]
  expect(other.chat(chat).ids).toEqual(one.chat(chat).ids)
})

test('added words are words, what looks like markup is control', async () => {
  const tokenizer = await open({ 'tokenizer.json': json() })
  expect(named(tokenizer.encode('athinga'))).toEqual(['a', 'thing', 'a'])
  expect(tokenizer.encode('<tool>')).not.toContain(1)
  expect(tokenizer.encode('<tool>', { special: true })).toEqual([1])
})

test('Digits means every numeral of Unicode', async () => {
  const pre_tokenizer = {
    type: 'Sequence',
    pretokenizers: [
      { type: 'Digits', individual_digits: true },
      { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
    ],
  }
  const tokenizer = await open({ 'tokenizer.json': json({ pre_tokenizer }) })
  expect(named(tokenizer.encode('12'))).toEqual(['1', '2'])
})

// As tokenizers 0.23 cuts them: U+0085 is a space there, U+FEFF is none.
test.each([
  ["\ufeff's", ['ï', '»', '¿', "'", 's']],
  ["\u0085's", ['Â', 'ħ', "'s"]],
])('spaces are those of Unicode: %j', async (text, expected) => {
  const words = ["'", 's', "'s", 'ï', '»', '¿', 'Â', 'ħ']
  const model = { vocab: ids(words), merges: ["' s"] }
  const tokenizer = await open({ 'tokenizer.json': json({ added_tokens: [] }, model) })
  expect(tokenizer.encode(text).map((id) => words[id])).toEqual(expected)
})

test('special tokens may be named in a file of their own', async () => {
  const template = '{{ bos_token }}{{ eos_token }}'
  const files = {
    'tokenizer.json': json(),
    'special_tokens_map.json': { eos_token: '<eos>', bos_token: { content: '<tool>' } },
    'chat_template.jinja': template,
  }
  expect((await open(files)).chat([]).text).toBe('<tool><eos>')
})

test('a SentencePiece file alone is refused by name', async () => {
  await expect(open({ 'tokenizer.model': 'bytes' })).rejects.toMatchObject({
    code: 'E_MODEL_UNSUPPORTED',
    message: expect.stringMatching(/tokenizer.model: SentencePiece/),
  })
})

test('tokenizer_config.json adds tokens and says how they are found', async () => {
  const decoder = (token: object) => ({
    'tokenizer.json': json(),
    'tokenizer_config.json': { added_tokens_decoder: { 11: { content: 'word', ...token } } },
  })
  expect((await open(decoder({ special: false }))).encode('wordb')).toEqual([11, 4])
  await expect(open(decoder({ rstrip: true }))).rejects.toThrow(/added token with rstrip/)
  await expect(open(decoder({ fresh: 1 }))).rejects.toThrow(/added_tokens_decoder.11 is not valid/)
})

test('the two files must agree on a space in front', async () => {
  const files = (add_prefix_space: boolean | null) => ({
    'tokenizer.json': json(),
    'tokenizer_config.json': { add_prefix_space },
  })
  for (const agreed of [false, null]) expect((await open(files(agreed))).encode('b')).toEqual([4])
  await expect(open(files(true))).rejects.toThrow(
    /says add_prefix_space true, ByteLevel in tokenizer.json the opposite/,
  )
})

test('end tokens come from every file that names one', async () => {
  const files = {
    'tokenizer.json': json(),
    'tokenizer_config.json': { eos_token: { content: '<eos>' } },
    'generation_config.json': { eos_token_id: [1, 0] },
    'config.json': { eos_token_id: 4 },
  }
  expect((await open(files)).eosIds).toEqual([0, 1, 4])
})

test('the template comes from its own file, from a text, from a list, or is plain', async () => {
  const chat = async (files: object) =>
    (await open({ 'tokenizer.json': json(), ...files })).chat([{ role: 'user', content: 'b' }]).text
  expect(await chat({ 'chat_template.jinja': 'J{{ messages[0].content }}' })).toBe('Jb')
  expect(await chat({ 'tokenizer_config.json': { chat_template: 'T' } })).toBe('T')
  const list = [
    { name: 'tool_use', template: 'no' },
    { name: 'default', template: 'D' },
  ]
  expect(await chat({ 'tokenizer_config.json': { chat_template: list } })).toBe('D')
  expect(await chat({})).toBe('user: b\nassistant:')
})

test('a sentencepiece-like vocabulary with byte fallback works', async () => {
  const tokens = ['<unk>', '<s>', '▁', 'a', '▁a', '<0xC3>', '<0xA9>']
  const tokenizer = await open({
    'tokenizer.json': {
      added_tokens: [
        { id: 0, content: '<unk>', special: true },
        { id: 1, content: '<s>', special: true },
      ],
      normalizer: {
        type: 'Sequence',
        normalizers: [
          { type: 'Prepend', prepend: '▁' },
          { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
        ],
      },
      pre_tokenizer: null,
      post_processor: null,
      decoder: {
        type: 'Sequence',
        decoders: [
          { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
          { type: 'ByteFallback' },
          { type: 'Fuse' },
          { type: 'Strip', content: ' ', start: 1, stop: 0 },
        ],
      },
      model: {
        type: 'BPE',
        vocab: ids(tokens),
        merges: ['▁ a'],
        unk_token: '<unk>',
        byte_fallback: true,
      },
    },
  })
  expect(tokenizer.encode('a é')).toEqual([4, 2, 5, 6])
  expect(tokenizer.decode([4, 2, 5, 6])).toBe('a é')
  expect(tokenizer.encode('<s>')).not.toContain(1)
})

test.each([
  ['WordPiece', json({}, { type: 'WordPiece' }), 'E_MODEL_UNSUPPORTED', /WordPiece/],
  ['Unigram', json({}, { type: 'Unigram' }), 'E_MODEL_UNSUPPORTED', /Unigram/],
  [
    'a word prefix',
    json({}, { continuing_subword_prefix: '##' }),
    'E_MODEL_UNSUPPORTED',
    /continuing_subword_prefix/,
  ],
  [
    'a stripping token',
    json({ added_tokens: [{ id: 0, content: '<eos>', special: true, rstrip: true }] }),
    'E_MODEL_UNSUPPORTED',
    /rstrip/,
  ],
  [
    'a normalizer by a table',
    json({ normalizer: { type: 'Sequence', normalizers: [{ type: 'Precompiled' }] } }),
    'E_MODEL_UNSUPPORTED',
    /Precompiled/,
  ],
  ['an unknown step', json({ pre_tokenizer: { type: 'Fancy' } }), 'E_MODEL_UNSUPPORTED', /Fancy/],
  [
    'a split of no known kind',
    json({
      pre_tokenizer: { type: 'Split', pattern: { String: 'a' }, behavior: 'Other', invert: false },
    }),
    'E_MODEL_FILE',
    /behavior/,
  ],
  [
    'a pattern that JavaScript lacks',
    json({
      pre_tokenizer: {
        type: 'Split',
        pattern: { Regex: '(?>a)' },
        behavior: 'Isolated',
        invert: false,
      },
    }),
    'E_MODEL_UNSUPPORTED',
    /tokenizer/,
  ],
  ['an id of a billion', json({}, { vocab: { a: 1e9 } }), 'E_MODEL_FILE', /model.vocab/],
  [
    'a negative id',
    json({ added_tokens: [{ id: -1, content: 'x' }] }),
    'E_MODEL_FILE',
    /added_tokens/,
  ],
  ['no model', {}, 'E_MODEL_FILE', /model/],
  ['null', null, 'E_MODEL_FILE', /tokenizer.json/],
  ['no JSON', 'nonsense', 'E_MODEL_FILE', /tokenizer.json is not JSON/],
])('%s is refused', async (_, content, code, message) => {
  await expect(open({ 'tokenizer.json': content })).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  })
})

test('no tokenizer.json is E_MODEL_FILE', async () => {
  await expect(open({})).rejects.toMatchObject({
    code: 'E_MODEL_FILE',
    message: 'tokenizer.json is missing',
  })
})

test('GGUF: other tokenizers, rules and broken lists are refused by name', () => {
  const metadata = (change: object) =>
    new Map<string, unknown>(
      Object.entries({
        'tokenizer.ggml.model': 'gpt2',
        'tokenizer.ggml.pre': 'gpt-2',
        'tokenizer.ggml.tokens': ['a', 'b'],
        'tokenizer.ggml.merges': [],
        ...change,
      }),
    )
  expect(tokenizerFromGguf(metadata({})).size).toBe(2)
  const refused = (change: object) => expect(() => tokenizerFromGguf(metadata(change)))
  refused({ 'tokenizer.ggml.model': 'llama' }).toThrow(/tokenizer llama/)
  refused({ 'tokenizer.ggml.pre': 'chameleon' }).toThrow(
    /pre-tokenizer "chameleon": known are gpt-2, smollm, qwen2/,
  )
  refused({ 'tokenizer.ggml.pre': 'default' }).toThrow(/pre-tokenizer "default"/)
  refused({ 'tokenizer.ggml.pre': undefined }).toThrow(
    /tokenizer.ggml.pre is missing.*known are gpt-2, smollm/,
  )
  refused({ 'tokenizer.ggml.tokens': [1] }).toThrow(/tokens must be a list of texts/)
  refused({ 'tokenizer.ggml.merges': undefined }).toThrow(/merges must be a list of texts/)
  refused({ 'tokenizer.ggml.token_type': [1] }).toThrow(/token_type/)
  refused({ 'tokenizer.chat_template': 'x'.repeat(70_000) }).toThrow(/chat template/)
})

test.each(['gpt-2', 'smollm', 'qwen2', 'llama-bpe', 'deepseek-r1-qwen'])(
  'the rule %s cuts text without losing any',
  (preTokenizer) => {
    const byteTokens = Array.from({ length: 256 }, (_, i) => {
      const prints = (i >= 33 && i <= 126) || (i >= 161 && i !== 173)
      return prints ? String.fromCodePoint(i) : undefined
    })
    let next = 256
    const tokens = byteTokens.map((t) => t ?? String.fromCodePoint(next++))
    const tokenizer = createTokenizer(
      bytePairFile({
        tokens,
        merges: [],
        addedTokens: [],
        preTokenizer,
        template: null,
        eosIds: [],
      }),
    )
    const text = "I'LL pay 12345 ½ \n\n  for naïve café's\t🚀 \r\n"
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
  },
)
