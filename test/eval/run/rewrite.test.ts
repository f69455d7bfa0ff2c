import { beforeAll, describe, expect, test } from 'vitest'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { parseRequests } from '../../../eval/inputs/request-file.ts'
import { countReasons, readProfileFile, rewriteLines } from '../../../eval/run/rewrite.ts'
import { fakeEngine, tinyModel } from '../../device/device-fixture.ts'
import { expectCode } from '../../support/expect-code.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

const PROFILE = readProfileFile(
  '[{"dimension": "length", "direction": -1}, {"dimension": "emoji", "direction": -1}]',
)
const user = (content: string) => ({ role: 'user', content })
const jsonl = (...lines: object[]) => lines.map((l) => JSON.stringify(l)).join('\n')
const OPEN = 'How does a heat pump warm a house?'

test('prints the exact request for each line, in German and later turns as well, or why there is none', async () => {
  const { items, problems } = parseRequests(
    jsonl(
      {
        id: 'a',
        user: 'u',
        messages: [user('Wie funktioniert eine Wärmepumpe?')],
        system: 'Be kind.',
        candidates: ['x'],
        chosen: 9,
      },
      {
        user: 'u',
        messages: [
          user('Wie funktioniert eine Wärmepumpe?'),
          { role: 'assistant', content: 'So.' },
          user('Ohne Emojis bitte.'),
        ],
        system: 'Be kind.',
      },
      { messages: [user('What is 2 + 2?')] },
      { messages: [user('Wie schlafe ich besser? Bitte in einem Satz und ohne Emojis.')] },
    ),
  )
  expect(problems).toEqual([])
  const { engine } = fakeEngine(model)
  const lines = items.map(({ line, item }) => ({ line, request: item }))
  const rewritten = await rewriteLines(lines, PROFILE, { model, engine })
  expect(rewritten.map((r) => [r.line, r.reason, ...r.preferences])).toEqual([
    [1, 'applied', 'length-', 'emoji-'],
    [2, 'frozen', 'length-', 'emoji-'],
    [3, 'none_relevant'],
    [4, 'constrained'],
  ])
  expect(rewritten[0]!.request.system).toMatch(
    /^Be kind\.\n\n<reader_preferences>\n[\s\S]*Keep the answer short/,
  )
  expect(rewritten[0]!.request.messages).toEqual(lines[0]!.request.messages)
  expect(rewritten[2]!.request).toEqual({ messages: lines[2]!.request.messages })
  expect(countReasons(rewritten).map((r) => [r.name, r.value, r.n])).toContainEqual([
    'rewrite.lines.applied',
    1,
    4,
  ])
  expect(rewritten[0]).toMatchObject({ id: 'a', why: 'These preferences fit what was asked.' })
})

describe('parseRequests', () => {
  test('names bad lines by number and never quotes them', () => {
    const { items, problems } = parseRequests(
      `{"messages": "secret"}\n\n{no json}\n${jsonl({ messages: [user(OPEN)] })}`,
    )
    expect(items.map((l) => l.line)).toEqual([4])
    expect(problems.map((p) => p.line)).toEqual([1, 3])
    expect(JSON.stringify(problems)).not.toContain('secret')
  })
})

describe('readProfileFile', () => {
  test('takes a list, a profile, and what the device prints', () => {
    const preferences = PROFILE.preferences
    expect(preferences[0]).toMatchObject({ source: 'stated', strength: 1, enabled: true })
    for (const file of [preferences, { preferences }, { profile: { preferences }, sentences: [] }])
      expect(readProfileFile(JSON.stringify(file))).toEqual(PROFILE)
  })

  test('reads past nothing that is not JSON, and says where', () => {
    expect(expectCode('E_DATA', () => readProfileFile('[\n}')).message).toContain('line 2')
  })

  test.each([
    '{',
    '{}',
    '[{"dimension": "smell", "direction": 1}]',
    '[{"dimension": "length", "direction": 1}, {"dimension": "length", "direction": -1}]',
  ])('refuses %s with E_DATA', (text) => {
    expectCode('E_DATA', () => readProfileFile(text))
  })
})
