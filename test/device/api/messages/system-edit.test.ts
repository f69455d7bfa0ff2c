import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SystemPrompt } from '../../../../adapters/formats/choice-log.ts'
import { findSystem, withBlock } from '../../../../device/api/messages/system-edit.ts'
import { appendBlock } from '../../../../device/preferences/block.ts'

const BLOCK = '<reader_preferences>\n- "Short", please \\ ☕\n</reader_preferences>'
const edited = (text: string): string =>
  new TextDecoder().decode(withBlock(findSystem(text)!, BLOCK))

const System = fc.oneof(
  fc.constant(undefined),
  fc.constant(null),
  fc.string({ unit: 'grapheme' }),
  fc.array(fc.record({ type: fc.constant('text'), text: fc.string() })),
)

test('whatever the request, system is what appendBlock says and every other byte stays', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      System,
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.constantFrom(undefined, 1, '\t'),
      (before, system, after, space) => {
        const { system: _, ...rest } = { ...before, ...after }
        const text = JSON.stringify({ ...before, system, ...after, ...rest }, null, space)
        const parsed = JSON.parse(text) as { system?: SystemPrompt | null }
        const isOdd =
          parsed.system !== null &&
          !['undefined', 'string'].includes(typeof parsed.system) &&
          !Array.isArray(parsed.system)
        fc.pre(!isOdd)
        const out = edited(text)
        const wanted = { ...parsed, system: appendBlock(parsed.system ?? undefined, BLOCK) }
        expect(JSON.parse(out)).toEqual(wanted)
        const { at, value } = findSystem(text)!
        expect(out.startsWith(text.slice(0, value ? value.start : at))).toBe(true)
        expect(out.endsWith(text.slice(value ? value.end : at))).toBe(true)
      },
    ),
  )
})

describe('what JSON.stringify would not give back stays', () => {
  test.each([
    ['escapes', '{"system":"caf\\u00e9 \\/ ok","a":"\\u0041"}', '"caf\\u00e9 \\/ ok\\n\\n'],
    ['big numbers', '{ "a": 12345678901234567890, "system" : [ ] , "b":1.0e2 }', '1.0e2'],
    ['keys that come twice', '{"a":1,"a":2,"messages":[]}', '"a":1,"a":2'],
    ['a key in escapes', '{"s\\u0079stem":"x"}', '{"s\\u0079stem":"x\\n\\n'],
    ['cache marks of other blocks', '{"system":[{"type":"text","text":"x","n":1.0}]}', '"n":1.0}'],
    ['what only looks like system', '{"a":{"system":"x"},"b":"\\"system\\":1"}', '{"system":"x"}'],
  ])('%s', (_name, text, kept) => {
    expect(edited(text)).toContain(kept)
    expect(JSON.parse(edited(text)).system).toEqual(
      appendBlock(JSON.parse(text).system ?? undefined, BLOCK),
    )
  })
})

test.each([
  ['an array', '[{"system":"x"}]'],
  ['a number', '1'],
  ['two keys system', '{"system":"x","a":1,"system":"y"}'],
  ['two keys system, one in escapes', '{"system":"x","\\u0073ystem":"y"}'],
])('%s cannot be edited', (_name, text) => {
  expect(findSystem(text)).toBeNull()
})

test('an image of megabytes is jumped over', () => {
  const text = `{"messages":[{"content":"${'A'.repeat(20_000_000)}"}],"system":"x"}`
  const begun = performance.now()
  expect(findSystem(text)?.value).toBeTruthy()
  expect(performance.now() - begun).toBeLessThan(500)
})
