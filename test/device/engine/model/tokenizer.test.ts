import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tinyTokenizerFile } from '../../../../device/engine/model/tiny.ts'
import { createTokenizer } from '../../../../device/engine/model/tokenizer.ts'
import { bytePairFile } from '../../../../device/engine/model/tokenizer-file.ts'

const tiny = createTokenizer(tinyTokenizerFile())
const CONTROL = ['<|endoftext|>', '<|im_start|>', '<|im_end|>']
const isControl = (id: number) => id < CONTROL.length
/** Text that likes to look like control tokens, in whole and in parts. */
const hostileText = fc
  .array(
    fc.oneof(
      fc.constantFrom(...CONTROL, '<|im_', 'start|>', '<|', '|>', '\ue000', '\n'),
      fc.string({ unit: 'binary' }),
    ),
  )
  .map((parts) => parts.join(''))
const wellFormed = hostileText.map((t) => Buffer.from(t).toString())

test('one token per byte', () => {
  expect(tiny.encode('Hé').map((id) => id - 3)).toEqual([0x48, 0xc3, 0xa9])
  expect(tiny.eosIds).toEqual([2, 0])
})

test('any text comes back from its tokens', () => {
  fc.assert(fc.property(wellFormed, (text) => tiny.decode(tiny.encode(text)) === text))
})

test('control text comes back too when it was read as control tokens', () => {
  fc.assert(
    fc.property(wellFormed, (text) => tiny.decode(tiny.encode(text, { special: true })) === text),
  )
})

test('text never makes a control token unless asked', () => {
  expect(tiny.encode('<|im_start|>')).toHaveLength(12)
  expect(tiny.encode('<|im_start|>', { special: true })).toEqual([1])
  fc.assert(fc.property(hostileText, (text) => !tiny.encode(text).some(isControl)))
})

test('no tokens are no text, and ids that name nothing are left out', () => {
  expect(tiny.decode([])).toBe('')
  expect(tiny.decode([9999, 3 + 0x61, -1])).toBe('a')
  expect(tiny.encode('')).toEqual([])
})

test('a chat is ChatML, and ends where the assistant begins', () => {
  const { text, ids } = tiny.chat([
    { role: 'system', content: 'Be kind.' },
    { role: 'user', content: 'Hi' },
  ])
  expect(text).toBe(
    '<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n',
  )
  expect(ids).toEqual(tiny.encode(text, { special: true }))
  const closed = tiny.chat([{ role: 'user', content: 'Hi' }], { generationPrompt: false })
  expect(closed.text).toBe('<|im_start|>user\nHi<|im_end|>\n')
})

test('nothing inside a message becomes a control token, and none of it is lost', () => {
  fc.assert(
    fc.property(fc.array(wellFormed, { minLength: 1, maxLength: 3 }), (contents) => {
      const chat = tiny.chat(contents.map((content) => ({ role: 'user', content })))
      const frame = tiny.chat(contents.map(() => ({ role: 'user', content: '' })))
      expect(chat.ids.filter(isControl)).toEqual(frame.ids.filter(isControl))
      expect(tiny.decode(chat.ids)).toBe(chat.text)
      for (const content of contents) expect(chat.text).toContain(content)
    }),
  )
})

/** Merges the pair of lowest rank, leftmost first, until none is left. */
const slowMerge = (word: string, merges: string[]): string[] => {
  let parts = [...word]
  for (;;) {
    const ranks = parts.slice(1).map((right, i) => merges.indexOf(`${parts[i]} ${right}`))
    const best = Math.min(...ranks.filter((r) => r >= 0))
    if (!Number.isFinite(best)) return parts
    const at = ranks.indexOf(best)
    parts = [...parts.slice(0, at), parts[at]! + parts[at + 1]!, ...parts.slice(at + 2)]
  }
}

test('merges agree with a slow byte-pair encoder', () => {
  const merges = ['a b', 'ab c', 'b c', 'c c', 'a a', 'aa ab', 'cc c', 'b b']
  const tokens = ['<eos>', 'a', 'b', 'c', ...merges.map((m) => m.replace(' ', ''))]
  const tokenizer = createTokenizer(
    bytePairFile({
      tokens,
      merges,
      addedTokens: [{ id: 0, content: '<eos>', isControl: true }],
      preTokenizer: 'gpt-2',
      template: null,
      eosIds: [0],
    }),
  )
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 40 }), (word) => {
      expect(tokenizer.encode(word).map((id) => tokens[id])).toEqual(slowMerge(word, merges))
    }),
  )
  expect(tokenizer.encode('axb')).toEqual([1, 2])
})

test('a longer control token is preferred to its own beginning', () => {
  const tokenizer = createTokenizer(
    bytePairFile({
      tokens: ['<a>', '<a><b>', 'a'],
      merges: [],
      addedTokens: [
        { id: 0, content: '<a>', isControl: true },
        { id: 1, content: '<a><b>', isControl: true },
      ],
      preTokenizer: 'gpt-2',
      template: null,
      eosIds: [0],
    }),
  )
  expect(tokenizer.encode('a<a><b>a<a>', { special: true })).toEqual([2, 1, 2, 0])
})

test('the hash follows vocabulary, merges and template', () => {
  const base = {
    tokens: ['a', 'b', 'ab'],
    merges: ['a b'],
    addedTokens: [],
    preTokenizer: 'gpt-2',
    template: 'x',
    eosIds: [],
  }
  const hash = (change: object) => bytePairFile({ ...base, ...change }).hash
  const hashes = [{}, { tokens: ['b', 'a', 'ab'] }, { merges: [] }, { template: 'y' }].map(hash)
  expect(new Set(hashes).size).toBe(4)
  expect(hash({})).toBe(hashes[0])
})

test('a template that refuses is E_MODEL_UNSUPPORTED and quotes nothing', () => {
  const file = {
    ...tinyTokenizerFile(),
    template: "{{ raise_exception('no ' + messages[0].content) }}",
  }
  const run = () => createTokenizer(file).chat([{ role: 'user', content: 'secret' }])
  expect(run).toThrow(
    expect.objectContaining({
      code: 'E_MODEL_UNSUPPORTED',
      message: 'the chat template fails for messages of user',
    }),
  )
})

test('a template that names the day gets the same one every day', () => {
  const template = '{{ strftime_now("%d %b %Y") }}'
  const tokenizer = createTokenizer({ ...tinyTokenizerFile(), template })
  expect(tokenizer.chat([]).text).toBe('26 Jul 2024')
})

test('a template may trim what it is given', () => {
  const template =
    "{% for m in messages %}{{ '<|im_start|>' + m.content | trim + '<|im_end|>' }}{% endfor %}"
  const tokenizer = createTokenizer({ ...tinyTokenizerFile(), template })
  const { text, ids } = tokenizer.chat([{ role: 'user', content: '  <|im_end|> x ' }])
  expect(text).toBe('<|im_start|><|im_end|> x<|im_end|>')
  expect(ids.filter(isControl)).toEqual([1, 2])
})
