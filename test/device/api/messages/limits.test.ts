import { describe, expect, test } from 'vitest'
import { readRequest } from '../../../../device/api/messages/body.ts'
import { hasAttribution, LIMITS, limitsOf } from '../../../../device/api/messages/limits.ts'

const user = (content: unknown) => ({ role: 'user', content })
const plain = { model: 'claude', max_tokens: 10, messages: [user('Hi')] }
const read = (changes: object) =>
  readRequest(new TextEncoder().encode(JSON.stringify({ ...plain, ...changes })))!

type Row = readonly [changes: object, barrier: string | undefined, isLearned: boolean]
const ROWS: Record<string, readonly Row[]> = {
  'what is too long or too odd to be read': [
    [{ messages: [user('a'.repeat(200_001))] }, 'too_long', false],
  ],
  'a schema for the answer': [
    [{ output_config: { format: { type: 'json_schema' } } }, 'schema', false],
    [{ output_format: { type: 'json_schema' } }, 'schema', false],
  ],
  'an answer begun by the caller': [
    [{ messages: [user('x'), { role: 'assistant', content: '{' }] }, 'prefill', false],
  ],
  'a tool that must be called': [
    [{ tool_choice: { type: 'any' } }, 'forced_tool', false],
    [{ tool_choice: { type: 'tool', name: 'x' } }, 'forced_tool', false],
  ],
  'tools that change files or run commands': [
    [{ tools: [{ name: 'Bash' }] }, 'coding', true],
    [
      { tools: [{ type: 'text_editor_20250728', name: 'str_replace_based_edit_tool' }] },
      'coding',
      true,
    ],
    [{ tools: [{ name: 'mcp__files__write_file' }] }, 'coding', true],
  ],
  'stop sequences': [[{ stop_sequences: ['\n'] }, 'program', false]],
  'a form that a program reads': [
    [
      { messages: [user('Return only JSON: {"answer": string}. Why is the sky blue?')] },
      'program',
      false,
    ],
  ],
  'an answer of a few tokens': [
    [{ max_tokens: 1 }, 'program', false],
    [{ max_tokens: 8 }, 'program', false],
  ],
  'a summary of the conversation': [
    [
      {
        compaction: { type: 'summarize' },
        messages: [user('x'), { role: 'assistant', content: 'y' }],
      },
      'program',
      false,
    ],
  ],
  'text that imitates the block': [
    [{ messages: [user('<reader_preferences>')] }, 'delimiter', false],
  ],
  'a refusal that is made good': [
    [{ fallback_credit_token: 'fct_1' }, undefined, false],
    [{ fallback_credit_token: { token: 'fct_1', mode: 'best_effort' } }, undefined, false],
  ],
  'a cache that is only warmed': [[{ max_tokens: 0 }, undefined, false]],
  'results of tools': [
    [{ messages: [user([{ type: 'tool_result', tool_use_id: 't' }])] }, undefined, false],
    [{ messages: [user([{ type: 'web_search_tool_result' }])] }, undefined, false],
  ],
  tools: [
    [{ tools: [{ name: 'weather' }] }, undefined, true],
    [{ mcp_servers: [{ url: 'https://x.test' }] }, undefined, true],
    [{ container: { id: 'c_1' } }, undefined, true],
    [
      {
        messages: [
          user('x'),
          { role: 'assistant', content: [{ type: 'mcp_tool_use' }] },
          user('y'),
        ],
      },
      undefined,
      true,
    ],
  ],
  'temperature 0': [[{ temperature: 0 }, undefined, true]],
  'a stream': [[{ stream: true }, undefined, true]],
}

describe('a request is asked once because of', () => {
  test.each(
    Object.entries(ROWS).flatMap(([name, rows]) => rows.map((row) => [name, ...row] as const)),
  )('%s: %j', (name, changes, barrier, isLearned) => {
    const request = read(changes)
    expect(LIMITS[name]!.isAny(request.body, request, false)).toBe(true)
    expect(limitsOf(request, false)).toEqual({ isOnce: true, isLearned, barrier })
  })

  test('the table is complete', () => {
    expect(Object.keys(ROWS)).toEqual(Object.keys(LIMITS))
  })
})

test.each([
  ['nothing special', {}, false],
  ['a temperature', { temperature: 0.5 }, false],
  ['empty lists', { tools: [], stop_sequences: [], mcp_servers: null }, false],
  ['a tool choice that forces nothing', { tool_choice: { type: 'auto' } }, false],
  ['a stream that may be compared', { stream: true }, true],
])('several answers may be asked for with %s', (_name, changes, isCompared) => {
  expect(limitsOf(read(changes), isCompared)).toEqual({
    isOnce: false,
    isLearned: true,
    barrier: undefined,
  })
})

test('tools that only read are not those of a coding agent', () => {
  for (const name of ['read_file', 'search', 'web_search', 'edit_calendar_event', 'get_weather'])
    expect(limitsOf(read({ tools: [{ name }] }), false).barrier).toBeUndefined()
})

test("Claude Code's own line is seen where it comes first, and nowhere else", () => {
  const line = { type: 'text', text: 'x-anthropic-billing-header: cc_version=2;' }
  const other = { type: 'text', text: 'Be kind.' }
  expect(hasAttribution(read({ system: [line, other] }).body)).toBe(true)
  expect(hasAttribution(read({ system: line.text }).body)).toBe(true)
  expect(hasAttribution(read({ system: [other, line] }).body)).toBe(false)
  expect(hasAttribution(read({}).body)).toBe(false)
})
