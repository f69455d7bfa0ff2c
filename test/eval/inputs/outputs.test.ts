import { expect, test } from 'vitest'
import { readOutputs } from '../../../eval/inputs/outputs.ts'
import { expectCode } from '../../support/expect-code.ts'

const file = (name: string, items: object[]) => ({ name, text: JSON.stringify(items) })

test('files are joined by instruction, candidates in order of the files', () => {
  const a = file('a.json', [
    { instruction: 'Q1', output: 'a1', generator: 'A', dataset: 'helpful', score: 3 },
    { instruction: 'Q2', output: 'a2', generator: 'A', dataset: 'helpful' },
  ])
  const b = file('b.json', [
    { instruction: 'Q2', output: 'b2' },
    { instruction: 'Q1', output: 'b1', generator: null },
    { instruction: 'Q3', output: '' },
  ])
  expect(readOutputs([a, b])).toEqual([
    {
      id: 'helpful/0',
      messages: [{ role: 'user', content: 'Q1' }],
      candidates: ['a1', 'b1'],
      generators: ['A', 'b.json'],
    },
    {
      id: 'helpful/1',
      messages: [{ role: 'user', content: 'Q2' }],
      candidates: ['a2', 'b2'],
      generators: ['A', 'b.json'],
    },
    {
      id: 'outputs/2',
      messages: [{ role: 'user', content: 'Q3' }],
      candidates: [''],
      generators: ['b.json'],
    },
  ])
})

test('an instruction that stands twice in a file is two requests, joined in their order', () => {
  const twice = (generator: string) =>
    file(generator, [
      { instruction: 'Q', output: `${generator}1` },
      { instruction: 'Q', output: `${generator}2` },
    ])
  expect(readOutputs([twice('a'), twice('b')]).map((r) => r.candidates)).toEqual([
    ['a1', 'b1'],
    ['a2', 'b2'],
  ])
})

test.each([
  ['no JSON', { name: 'bad.json', text: '[{' }, 'bad.json: is not JSON'],
  ['no array', file('o.json', []).name, 'o.json: expected an array'],
  [
    'an item without output',
    file('c.json', [{ instruction: 'Q', output: 'x' }, { instruction: 'very secret' }]),
    'c.json: item 1: output',
  ],
  ['an item that is no object', file('d.json', [7 as never]), 'd.json: item 0: item'],
])('%s is refused with E_DATA, by file and number, without a quotation', (_, bad, problem) => {
  const input = typeof bad === 'string' ? { name: bad, text: '{"instruction":"very secret"}' } : bad
  const error = expectCode('E_DATA', () => readOutputs([input]))
  expect(error.message).toContain(problem)
  expect(error.message).not.toContain('secret')
})
