import { expect, test } from 'vitest'
import { countInput, createPromptCache, markProblem } from '../../../eval/claude/prompt-cache.ts'
import type { CountTokensBody } from '../../../eval/claude/wire.ts'

const mark = { cache_control: { type: 'ephemeral' as const } }
const text = (words: string, marks: object = {}) => ({ type: 'text', text: words, ...marks })
const long = (what: string) => `${what} `.repeat(400)
const body = (changes: Partial<CountTokensBody>): CountTokensBody => ({
  model: 'claude-sonnet-5-5',
  messages: [{ role: 'user', content: 'What are tides?' }],
  ...changes,
})
/** A cache whose answers begin at once. */
const openCache = (minTokens = 100, clock = () => 0) => {
  const cache = createPromptCache(clock)
  return (request: CountTokensBody) => {
    const { usage, begin } = cache.look(request, minTokens)
    begin()
    return usage
  }
}
const readAfter = (before: CountTokensBody, after: CountTokensBody, minTokens = 100) => {
  const read = openCache(minTokens)
  const written = read(before).cache_creation_input_tokens
  return { written, ...read(after) }
}

const tools = (description: string) => [{ name: 'search', description, ...mark }]
const system = [text(long('rule'), mark)]

test('a prefix is tools, then system, then messages: a change in one spoils what comes after it', () => {
  const whole = body({ tools: tools(long('tool')), system, ...mark })
  const toolsOnly = body({ tools: tools(long('tool')) })
  const size = openCache()(toolsOnly).cache_creation_input_tokens
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
  const size = openCache()(body({ system })).cache_creation_input_tokens
  expect(readAfter(before, after).cache_read_input_tokens).toBe(size)
  expect(readAfter(after, after).cache_read_input_tokens).toBeGreaterThan(size)
})

test('another model shares nothing', () => {
  const before = body({ system })
  expect(readAfter(before, { ...before, model: 'claude-opus-5-5' }).cache_read_input_tokens).toBe(0)
})

test('an entry can be read once the answer that writes it has begun: copies at once all pay', () => {
  const cache = createPromptCache(() => 0)
  const copies = [1, 2, 3].map(() => cache.look(body({ system }), 100))
  expect(copies.map((c) => [c.entries, c.usage.cache_read_input_tokens])).toEqual([
    [1, 0],
    [1, 0],
    [1, 0],
  ])
  copies[0]!.begin()
  const late = cache.look(body({ system }), 100)
  expect(late.entries).toBe(0)
  expect(late.usage.cache_read_input_tokens).toBeGreaterThan(100)
})

const hour = { cache_control: { type: 'ephemeral' as const, ttl: '1h' as const } }
const MINUTE = 60_000

test.each([
  ['five minutes', mark, 5 * MINUTE],
  ['an hour', hour, 60 * MINUTE],
])('an entry of %s is gone then, counted from its last use', (_, marks, lifetimeMs) => {
  let now = 0
  const request = body({ system: [text(long('rule'), marks)] })
  const read = openCache(100, () => now)
  const [short, long1h] = Object.values(read(request).cache_creation)
  expect(marks === hour ? long1h : short).toBeGreaterThan(100)
  for (const [passed, isThere] of [
    [lifetimeMs - 1, true],
    [lifetimeMs - 1, true],
    [lifetimeMs, false],
  ] as const) {
    now += passed
    expect(read(request).cache_read_input_tokens > 0).toBe(isThere)
  }
})

test('the mark of the request takes one of four slots, and must last as long as the one it stands for', () => {
  const marked = (n: number, changes: object = {}) =>
    body({ system: Array.from({ length: n }, () => text('x', mark)), ...changes })
  expect(markProblem(marked(4))).toBeUndefined()
  expect(markProblem(marked(5))).toContain('maximum of 4')
  expect(markProblem(marked(3, mark))).toBeUndefined()
  expect(markProblem(marked(4, mark))).toContain('maximum of 4')
  const last = (marks: object) => [{ role: 'user' as const, content: [text('Why?', marks)] }]
  expect(markProblem(body({ messages: last(mark), ...mark }))).toBeUndefined()
  expect(markProblem(body({ messages: last(mark), ...hour }))).toContain('ttl')
  expect(markProblem(body({ system: [text('a', mark), text('b', hour)] }))).toContain('ttl')
  expect(markProblem(body({ system: [text('a', hour), text('b', mark)] }))).toBeUndefined()
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
