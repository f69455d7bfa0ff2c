import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ChoiceLine, shownOf } from '../../../adapters/formats/choice-log.ts'
import { parseChoiceLog } from '../../../adapters/formats/read-choices.ts'

const line = {
  user: 'ada',
  id: 'c1',
  messages: [{ role: 'user', content: 'How do tides work?' }],
  candidates: ['The moon.', 'Gravity of the moon and the sun.', 'It depends.'],
  chosen: 1,
}
const read = (fields: object) => parseChoiceLog(JSON.stringify({ ...line, ...fields }))

describe('the choice log', () => {
  test('one line is one choice', () => {
    const { items, problems } = parseChoiceLog(
      `${JSON.stringify(line)}\n\n  \r\n${JSON.stringify({ ...line, id: 'c2' })}\r\n`,
    )
    expect(items.map(({ item }) => item.id)).toEqual(['c1', 'c2'])
    expect(problems).toEqual([])
  })

  test('an empty log holds nothing', () => {
    expect(parseChoiceLog('')).toEqual({ items: [], problems: [], notes: [] })
  })

  test('without `shown` the user saw every candidate', () => {
    expect(shownOf(ChoiceLine.parse(line))).toEqual([0, 1, 2])
    expect(shownOf(ChoiceLine.parse({ ...line, shown: [2, 1] }))).toEqual([2, 1])
  })

  test.each([
    ['a system prompt', { system: 'Be brief.' }],
    ['a system prompt in blocks', { system: [{ type: 'text', text: 'Be brief.' }] }],
    [
      'a message in blocks, whatever else they carry',
      { messages: [{ role: 'user', content: [{ type: 'image', source: {} }] }] },
    ],
    ['an exposure', { shown: [1, 0] }],
    ['a time, a split and true utilities', { at: 1.8e12, split: 'test', utilities: [0, 1, -2] }],
    ['a single candidate', { candidates: ['x'], chosen: 0 }],
  ])('a line may have %s', (_, fields) => {
    const { items, problems } = read(fields)
    expect(problems).toEqual([])
    expect(items[0]?.item).toEqual({ ...line, ...fields })
  })

  test.each([
    ['chosen', 'beyond the candidates', { chosen: 3 }],
    ['chosen', 'that was not shown', { shown: [0, 2] }],
    ['chosen', 'that is no index', { chosen: 0.5 }],
    ['shown', 'beyond the candidates', { shown: [1, 7] }],
    ['shown', 'twice the same', { shown: [1, 1] }],
    ['shown', 'empty', { shown: [] }],
    ['utilities', 'of another number than the candidates', { utilities: [1] }],
    ['candidates', 'empty', { candidates: [] }],
    ['messages', 'empty', { messages: [] }],
    ['messages.0.role', 'of nobody', { messages: [{ role: 'nobody', content: 'x' }] }],
    ['messages', 'of a system alone', { messages: [{ role: 'system', content: 'x' }] }],
    ['user', 'missing', { user: undefined }],
    ['split', 'unknown', { split: 'dev' }],
    ['at', 'before 1970', { at: -1 }],
  ])('%s %s is a problem', (field, _, fields) => {
    const { items, problems } = read(fields)
    expect(items).toEqual([])
    expect(problems).toHaveLength(1)
    expect(problems[0]!.problem).toContain(field)
  })

  test('a bad line is named by its number, from 1, and the others are read', () => {
    const text = [
      '{',
      '',
      JSON.stringify(line),
      '[]',
      'null',
      JSON.stringify({ ...line, chosen: 9 }),
    ]
    const { items, problems } = parseChoiceLog(text.join('\n'))
    expect(items).toHaveLength(1)
    expect(problems.map((p) => p.line)).toEqual([1, 4, 5, 6])
    expect(problems[0]!.problem).toContain('is not JSON')
  })

  test('a problem never quotes what the line says', () => {
    const secret = 'the-private-text'
    for (const fields of [
      { chosen: secret },
      { candidates: secret },
      { split: secret },
      { messages: [{ role: secret, content: secret }] },
      { messages: secret, system: 3, candidates: [secret] },
    ])
      expect(JSON.stringify(read(fields).problems)).not.toContain(secret)
    expect(JSON.stringify(parseChoiceLog(`{"${secret}`).problems)).not.toContain(secret)
  })

  test('whatever is in the log, every line that is not blank is a choice or a problem', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.json(), fc.constant(JSON.stringify(line)))),
        (lines) => {
          const text = lines.join('\n')
          const { items, problems } = parseChoiceLog(text)
          const filled = text.split('\n').filter((l) => l.trim() !== '')
          expect(items.length + problems.length).toBe(filled.length)
        },
      ),
    )
  })
})
