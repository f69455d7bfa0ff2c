import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readChoiceFile } from '../../../eval/inputs/choice-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'loreweave-choices-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
const jsonl = (name: string, lines: readonly object[]): string =>
  file(name, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
const line = (id: string, more: object = {}) => ({
  user: 'ada',
  id,
  messages: [{ role: 'user', content: 'Why?' }],
  candidates: ['a', 'b', 'c'],
  chosen: 1,
  ...more,
})
const log = () => {}

test('lines are put in the order of their times, or left as they stand where one has none', () => {
  const timed = jsonl('timed.jsonl', [line('late', { at: 9 }), line('early', { at: 1 })])
  expect(readChoiceFile({ path: timed, log })[0]!.train.map((l) => l.id)).toEqual(['early', 'late'])
  const mixed = jsonl('mixed.jsonl', [line('late', { at: 9 }), line('unknown')])
  expect(readChoiceFile({ path: mixed, log })[0]!.train.map((l) => l.id)).toEqual([
    'late',
    'unknown',
  ])
})

test('of a test line without utilities only what was shown can be judged', () => {
  const path = jsonl('shown.jsonl', [
    line('t', { split: 'test', shown: [2, 1] }),
    line('u', { split: 'test', shown: [2, 1], utilities: [0, 1, 2] }),
    line('one', { split: 'test', shown: [1] }),
  ])
  const [user] = readChoiceFile({ path, log })
  expect(user!.test.map((l) => [l.candidates, l.chosen])).toEqual([
    [['c', 'b'], 1],
    [['a', 'b', 'c'], 1],
  ])
})

test('outputs of other programs are the candidates of lines that have none', () => {
  const outputs = ['one', 'two'].map((generator) =>
    file(
      `${generator}.json`,
      JSON.stringify([
        { instruction: 'Why?', output: `${generator} says so`, generator, dataset: 'd' },
        { instruction: 'How?', output: `${generator} shows how`, generator, dataset: 'd' },
      ]),
    ),
  )
  const {
    candidates: _,
    messages: __,
    ...bare
  } = line('by-text', { request: 'How?', chosen: 'two' })
  const { candidates: ___, ...asked } = line('by-message', { chosen: 0 })
  const { messages: ____, candidates: _____, ...named } = line('by-id', { request: 'd/0' })
  const path = jsonl('outputs.jsonl', [bare, asked, named, line('own')])
  const [user] = readChoiceFile({ path, outputs, log })
  expect(user!.train.map((l) => [l.id, l.messages[0]!.content, l.candidates, l.chosen])).toEqual([
    ['by-text', 'How?', ['one shows how', 'two shows how'], 1],
    ['by-message', 'Why?', ['one says so', 'two says so'], 0],
    ['by-id', 'Why?', ['one says so', 'two says so'], 1],
    ['own', 'Why?', ['a', 'b', 'c'], 1],
  ])
})

test.each([
  ['a request that no output answers', { request: 'Where?' }],
  ['a generator that there is none of', { request: 'Why?', chosen: 'three' }],
])('%s is a bad line', (name, more) => {
  const outputs = [
    file('some.json', JSON.stringify([{ instruction: 'Why?', output: 'x', generator: 'one' }])),
  ]
  const { candidates: _, ...bare } = line('x', more)
  const path = jsonl(`${name}.jsonl`, [bare])
  expect(() => readChoiceFile({ path, outputs, log })).toThrow(
    expect.objectContaining({ code: 'E_DATA' }),
  )
})

test('bad lines are told by number and never quoted; --skip-bad passes over them', () => {
  const path = file('bad.jsonl', `{"user":"secret"}\n\n${JSON.stringify(line('good'))}\n{\n`)
  const told: string[] = []
  const read = { path, log: (text: string) => void told.push(text) }
  expect(() => readChoiceFile(read)).toThrow(/2 bad lines .*line 1/)
  expect(told).toHaveLength(2)
  expect(told.join()).not.toContain('secret')
  expect(readChoiceFile({ ...read, skipBad: true })[0]!.train).toHaveLength(1)
})

test('a file that is not there is E_DATA', () => {
  expect(() => readChoiceFile({ path: join(folder, 'nowhere'), log })).toThrow(
    expect.objectContaining({ code: 'E_DATA' }),
  )
})

test('a byte order mark, further columns and equal ids of several requests lose no line', () => {
  const lines = ['Why?', 'How?'].map((asked) =>
    line('conv-7', { score: 1, system: null, messages: [{ role: 'user', content: asked }] }),
  )
  const path = file('strange.jsonl', `\ufeff${lines.map((l) => JSON.stringify(l)).join('\r\n')}`)
  const told: string[] = []
  const [user] = readChoiceFile({ path, log: (text) => void told.push(text) })
  expect(user!.train.map((l) => l.messages[0]!.content)).toEqual(['Why?', 'How?'])
  expect(told).toEqual([expect.stringContaining('score')])
})

test('of a line that was corrected later in the file only the correction is judged', () => {
  const path = jsonl('corrected.jsonl', [line('a'), line('a', { chosen: 2 })])
  expect(readChoiceFile({ path, log })[0]!.train.map((l) => l.chosen)).toEqual([2])
})
