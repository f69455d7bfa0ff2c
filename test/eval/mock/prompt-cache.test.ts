import { expect, test } from 'vitest'
import type { CountTokensBody } from '../../../eval/mock/claude-wire.ts'
import { countInput, createPromptCache, requestProblem } from '../../../eval/mock/prompt-cache.ts'

const mark = { cache_control: { type: 'ephemeral' as const } }
const text = (words: string, marks: object = {}) => ({ type: 'text', text: words, ...marks })
const long = (what: string) => `${what} `.repeat(400)
const body = (changes: Partial<CountTokensBody>): CountTokensBody => ({
  model: 'claude-sonnet-5-5',
  messages: [{ role: 'user', content: 'What are tides?' }],
  ...changes,
})
const readAfter = (before: CountTokensBody, after: CountTokensBody, minTokens = 100) => {
  const cache = createPromptCache(minTokens)
  const written = cache.read(before).cache_creation_input_tokens
  return { written, ...cache.read(after) }
}

const tools = (description: string) => [{ name: 'search', description, ...mark }]
const system = [text(long('rule'), mark)]

test('a prefix is tools, then system, then messages: a change in one spoils what comes after it', () => {
  const whole = body({ tools: tools(long('tool')), system, ...mark })
  const toolsOnly = body({ tools: tools(long('tool')) })
  const size = createPromptCache(100).read(toolsOnly).cache_creation_input_tokens
  const other = body({ tools: tools(long('tool')), system: [text(long('law'), mark)] })
  expect(readAfter(whole, other).cache_read_input_tokens).toBe(size)
  const otherTools = body({ tools: tools(long('other')), system })
  expect(readAfter(whole, otherTools).cache_read_input_tokens).toBe(0)
})

test('read, written and further tokens add up to the whole request', () => {
  const later = body({
    system,
    messages: [
      { role: 'user', content: [text('What are tides?', mark)] },
      { role: 'assistant', content: 'The sea.' },
      { role: 'user', content: [text('Why?', mark), text('Tell me.')] },
    ],
  })
  const used = readAfter(body({ system, ...mark }), later)
  expect(used.cache_read_input_tokens).toBe(used.written)
  expect(used.cache_creation_input_tokens).toBeGreaterThan(0)
  expect(used.cache_read_input_tokens + used.cache_creation_input_tokens + used.input_tokens).toBe(
    countInput(later),
  )
})

test('a prefix is only there where an earlier request had a mark', () => {
  const twoBlocks = [text(long('first')), text(long('second'), mark)]
  const firstOnly = body({ system: [text(long('first'), mark)] })
  expect(readAfter(body({ system: twoBlocks }), firstOnly).cache_read_input_tokens).toBe(0)
})

test('what is shorter than the minimum is not cached, marked or not', () => {
  const short = body({ system: [text('Be kind.', mark)] })
  expect(readAfter(short, short, 1024)).toMatchObject({
    written: 0,
    cache_read_input_tokens: 0,
    input_tokens: countInput(short),
  })
})

test.each([
  [19, true],
  [20, false],
])('a mark that stands %i blocks further on finds the earlier prefix: %s', (added, isFound) => {
  const blocks = Array.from({ length: added }, (_, i) => text(`Part ${i}`))
  const further = [text(long('rule')), ...blocks].map((b, i, all) =>
    i === all.length - 1 ? { ...b, ...mark } : b,
  )
  const { cache_read_input_tokens: read } = readAfter(body({ system }), body({ system: further }))
  expect(read > 0).toBe(isFound)
})

test('another way of thinking keeps the cached system and loses the messages', () => {
  const before = body({ system, ...mark })
  const after = { ...before, thinking: { type: 'enabled', budget_tokens: 1024 } }
  const size = createPromptCache(100).read(body({ system })).cache_creation_input_tokens
  expect(readAfter(before, after).cache_read_input_tokens).toBe(size)
  expect(readAfter(after, after).cache_read_input_tokens).toBeGreaterThan(size)
})

test('another model shares nothing', () => {
  const before = body({ system })
  expect(readAfter(before, { ...before, model: 'claude-opus-5-5' }).cache_read_input_tokens).toBe(0)
})

test('a fifth mark is refused, and so is thinking that max_tokens leaves no room for', () => {
  const marked = (n: number) => body({ system: Array.from({ length: n }, () => text('x', mark)) })
  expect(requestProblem(marked(4))).toBeUndefined()
  expect(requestProblem(marked(5))).toContain('maximum of 4')
  const thinking = { type: 'enabled', budget_tokens: 2000 }
  expect(requestProblem({ ...body({ thinking }), max_tokens: 2000 })).toContain('max_tokens')
  expect(requestProblem({ ...body({ thinking }), max_tokens: 2001 })).toBeUndefined()
})

test('an image and a page count for what they are, not for their bytes', () => {
  const tokens = (...content: object[]) =>
    countInput(body({ messages: [{ role: 'user', content: content as never }] }))
  const image = (size: number) => ({
    type: 'image',
    source: { type: 'base64', media_type: 'image/png', data: 'A'.repeat(size) },
  })
  expect(tokens(image(8))).toBe(tokens(image(80_000)))
  expect(tokens(image(8), image(8))).toBe(2 * tokens(image(8)))
  const result = { type: 'tool_result', tool_use_id: 't', content: [image(80_000)] }
  expect(tokens(result)).toBeLessThan(tokens(image(8)) + 40)
  const pdf = (pages: number) => ({
    type: 'document',
    source: {
      type: 'base64',
      media_type: 'application/pdf',
      data: Buffer.from('<< /Type /Pages >> << /Type /Page >> '.repeat(pages)).toString('base64'),
    },
  })
  expect(tokens(pdf(3))).toBe(3 * tokens(pdf(1)))
  const words = { type: 'document', source: { type: 'text', data: long('word') } }
  expect(tokens(words)).toBe(403)
})
