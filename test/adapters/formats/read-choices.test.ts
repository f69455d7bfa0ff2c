/** Choice logs as strangers write them: each case is a line that some program makes. */
import { describe, expect, test } from 'vitest'
import { ChoiceLine } from '../../../adapters/formats/choice-log.ts'
import { tellLines } from '../../../adapters/formats/json-lines.ts'
import { choiceKey, latestChoices, parseChoiceLog } from '../../../adapters/formats/read-choices.ts'
import { expectCode } from '../../support/expect-code.ts'

const user = (content: unknown) => ({ role: 'user', content })
const line = {
  user: 'ada',
  id: 'c1',
  messages: [user('How do tides work?')],
  candidates: ['The moon.', 'Gravity of the moon and the sun.'],
  chosen: 1,
}
const read = (fields: object) => parseChoiceLog(JSON.stringify({ ...line, ...fields }))
/** The one choice of a line that is read without a problem. */
const choiceOf = (fields: object) => {
  const { items, problems } = read(fields)
  expect(problems).toEqual([])
  return items[0]!.item
}
const problemOf = (fields: object) => {
  const { items, problems } = read(fields)
  expect(items).toEqual([])
  return problems[0]!.problem
}

describe('what is read', () => {
  test('columns that nobody reads are passed over and told once, by names that look like names', () => {
    const { items, notes } = parseChoiceLog(
      [1, 2]
        .map((i) =>
          JSON.stringify({ ...line, id: i, model: 'm', score: 4, comment: '', 'my dear Ada': 1 }),
        )
        .join('\n'),
    )
    expect(items.map(({ item }) => item.id)).toEqual(['1', '2'])
    expect(notes).toHaveLength(1)
    expect(notes[0]).toContain('model, score, comment, 1 more')
    expect(notes[0]).not.toContain('Ada')
  })

  test('a bad line says nothing of columns: it was not taken', () => {
    expect(read({ model: 'm', chosen: 'x' }).notes).toEqual([])
  })

  test.each([
    [
      'null for what may be absent',
      { system: null, at: null, shown: null, split: null, utilities: null },
    ],
    [
      'further fields of a message',
      { messages: [{ ...user('How do tides work?'), name: 'x', id: 3 }] },
    ],
    ['a role in capitals', { messages: [{ role: 'User', content: 'How do tides work?' }] }],
    ['a role of another program', { messages: [{ role: 'human', content: 'How do tides work?' }] }],
  ])('%s makes no other choice', (_, fields) => {
    expect(choiceOf(fields)).toEqual(line)
  })

  const system = (content: unknown, role = 'system') => ({ role, content })
  const blocks = (text: string) => [{ type: 'text', text }]
  test.each([
    ['one', { messages: [system('Be brief.'), user('Why?')] }, 'Be brief.'],
    ['a developer’s', { messages: [system('Be brief.', 'developer'), user('Why?')] }, 'Be brief.'],
    ['in blocks', { messages: [system(blocks('Be brief.')), user('Why?')] }, blocks('Be brief.')],
    ['two', { messages: [system('A.'), system('B.'), user('Why?')] }, 'A.\n\nB.'],
    ['beside empty ones', { system: '', messages: [system(''), system('B.'), user('Why?')] }, 'B.'],
    ['behind the line’s own', { system: 'A.', messages: [system('B.'), user('Why?')] }, 'A.\n\nB.'],
    ['equal to the line’s own', { system: 'A.', messages: [system('A.'), user('Why?')] }, 'A.'],
    [
      'of another kind than the line’s own',
      { system: 'A.', messages: [system(blocks('B.')), user('Why?')] },
      [...blocks('A.'), ...blocks('B.')],
    ],
  ])('a leading system message becomes the system prompt: %s', (_, fields, expected) => {
    expect(choiceOf(fields)).toMatchObject({ system: expected, messages: [user('Why?')] })
  })

  test('blocks keep what they carry beside text, and null in one is its absence', () => {
    const image = { type: 'image', source: { type: 'url' } }
    const messages = [
      user([
        { ...image, text: null },
        { type: 'text', text: 'What?' },
      ]),
    ]
    expect(choiceOf({ messages }).messages).toEqual([
      user([image, { type: 'text', text: 'What?' }]),
    ])
  })

  test.each([
    ['milliseconds', 1_764_504_000_000, 1_764_504_000_000],
    ['seconds', 1_764_504_000, 1_764_504_000_000],
    ['seconds with a fraction', 1_764_504_000.25, 1_764_504_000_250],
    ['digits of seconds', '1764504000', 1_764_504_000_000],
    ['ISO 8601 in UTC', '2025-11-30T12:00:00Z', 1_764_504_000_000],
    ['ISO 8601 with an offset', '2025-11-30T13:00:00.250+01:00', 1_764_504_000_250],
    ['an offset without a colon', '2025-11-30T07:00:00-0500', 1_764_504_000_000],
    ['no offset', '2025-11-30T12:00:00', 1_764_504_000_000],
    ['a space, and microseconds', '2025-11-30 12:00:00.250000', 1_764_504_000_250],
    ['a day', '2025-11-30', 1_764_460_800_000],
  ])('a time as %s', (_, at, expected) => {
    expect(choiceOf({ at }).at).toBe(expected)
  })

  test.each([
    'yesterday',
    '2025-02-30',
    '2025-13-01',
    '30.11.2025',
    '',
    -1,
    1.7e18,
    true,
    '20251130',
  ])('a time as %j is refused with the ways to write it', (at) => {
    expect(problemOf({ at })).toMatch(/^at .*ISO 8601/)
  })

  test('texts over 200,000 characters are cut, an answer at its end and a message in its middle', () => {
    const long = `${'a'.repeat(150_000)}${'b'.repeat(150_000)}`
    const { items, notes } = read({
      candidates: [long, 'x'],
      messages: [user(long), user([{ type: 'text', text: long }])],
      system: long,
    })
    const { candidates, messages, system } = items[0]!.item
    const answer = `${'a'.repeat(150_000)}${'b'.repeat(50_000)}`
    const middle = `${'a'.repeat(100_000)}${'b'.repeat(100_000)}`
    expect(candidates).toEqual([answer, 'x'])
    expect(messages).toEqual([user(middle), user([{ type: 'text', text: middle }])])
    expect(system).toBe(middle)
    expect(notes).toEqual(['4 texts were cut to the 200,000 characters that are read'])
  })

  test('a byte order mark before any line is passed over', () => {
    const text = `\ufeff${JSON.stringify(line)}\n\ufeff${JSON.stringify(line)}`
    expect(parseChoiceLog(text).items).toHaveLength(2)
  })
})

describe('what is refused', () => {
  const secret = 'the-private-text'
  test.each([
    [
      'a call of a tool',
      { messages: [user('x'), { role: 'tool', content: secret }] },
      'messages.1.role',
    ],
    [
      'an instruction in between',
      { messages: [user('x'), { role: 'system', content: secret }] },
      'messages.1.role',
    ],
    [
      'a message without content',
      { messages: [{ role: 'assistant', content: null, x: secret }] },
      'messages.0.content',
    ],
    ['a message that is a text', { messages: [secret] }, 'messages.0'],
    ['a system prompt that is a number', { system: 5, x: secret }, 'system'],
    [
      'a leading system message that is a number',
      { messages: [{ role: 'system', content: 5 }, user(secret)] },
      'system',
    ],
    ['the answer instead of its index', { chosen: secret }, 'chosen'],
    ['the index as text', { chosen: '1' }, 'chosen'],
    ['a candidate that is null', { candidates: [secret, null] }, 'candidates.1'],
    ['a candidate that is an object', { candidates: [{ content: secret }] }, 'candidates.0'],
    ['no candidates', { candidates: null, text: secret }, 'candidates is missing'],
    ['nobody', { user: null }, 'user is missing'],
    ['another split', { split: secret }, 'split'],
  ])('%s, by field, with what is expected instead, and unquoted', (_, fields, where) => {
    const problem = problemOf(fields)
    expect(problem.startsWith(where)).toBe(true)
    expect(problem).toContain('expected')
    expect(problem).not.toContain(secret)
  })

  test.each([
    ['a list', `[${JSON.stringify(line)}]`, 'jq'],
    ['the first line of an indented file', '{', 'one whole object a line'],
    ['Python’s NaN', `{"score": NaN, ${JSON.stringify(line).slice(1)}`, 'NaN'],
    ['a row of a table', 'ada,c1,How do tides work?', 'expected an object'],
    ['a number', '5', 'is no object'],
  ])('%s, with the way out', (_, text, words) => {
    const { items, problems } = parseChoiceLog(text)
    expect(items).toEqual([])
    expect(problems[0]!.problem).toContain(words)
  })

  test('a line that is not UTF-8, and no other', () => {
    const { items, problems } = parseChoiceLog([null, JSON.stringify(line)])
    expect(items).toHaveLength(1)
    expect(problems).toEqual([{ line: 1, problem: expect.stringContaining('iconv') }])
  })

  test('bad lines are told and stop the reader, unless they may be skipped', () => {
    const log = parseChoiceLog(`{}\n${JSON.stringify(line)}`)
    const told: string[] = []
    const tell = (text: string) => void told.push(text)
    const { message } = expectCode('E_DATA', () =>
      tellLines(log, { name: 'a.jsonl', skipBad: false, tell }),
    )
    expect(message).toContain('--skip-bad')
    expect(told).toEqual([expect.stringContaining('a.jsonl, line 1: user is missing')])
    expect(tellLines(log, { name: 'a.jsonl', skipBad: true, tell })).toBe(1)
  })
})

describe('the key of a choice', () => {
  const choice = ChoiceLine.parse(line)
  const key = choiceKey(choice)

  test('says which line it was, and is no id that a decision could have', () => {
    expect(key).toMatch(/^c1#[0-9a-f]{16}$/)
    expect(choiceKey({ ...choice, id: key })).toBe(key)
  })

  test('stays where the choice is corrected', () => {
    const corrected = [
      { ...choice, chosen: 0 },
      { ...choice, at: 5, shown: [1, 0] },
      { ...choice, candidates: choice.candidates.toReversed(), chosen: 0 },
    ]
    for (const other of corrected) expect(choiceKey(other)).toBe(key)
  })

  test('is another for another person, request, prompt, or other answers', () => {
    const others = [
      { ...choice, user: 'bob' },
      { ...choice, messages: [{ role: 'user' as const, content: 'Why?' }] },
      { ...choice, system: 'Be brief.' },
      { ...choice, candidates: ['The moon.', 'The sun.'] },
    ]
    expect(new Set([choice, ...others].map(choiceKey)).size).toBe(5)
  })

  test('the last line of a key stands for all of them', () => {
    const corrected = { ...choice, chosen: 0 }
    expect([...latestChoices([choice, corrected])]).toEqual([[key, corrected]])
  })
})
