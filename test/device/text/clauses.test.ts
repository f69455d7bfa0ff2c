import { expect, test } from 'vitest'
import { clausesOfApp } from '../../../device/text/clauses.ts'

const told = (text: string) =>
  clausesOfApp(text)
    .filter((c) => c.isDirected && !c.isCase)
    .map((c) => c.text)

test.each([
  ['Keep answers short.', ['keep answers short.']],
  ['If the user asks for code, keep it short.', []],
  ['When writing code:\n- keep it short\n- no comments', []],
  ['When writing code:\n- keep it short\n\nBe kind.', ['be kind.']],
  ['Be brief, and if the user asks for more, go on.', ['be brief']],
  ['Use a table when comparing.', []],
  ['Keep answers short unless the user asks for more.', ['keep answers short']],
  ['Keep answers short where possible.', ['keep answers short .']],
  ['When you answer, use lists.', ['use lists.']],
  ['For every answer, use lists.', ['use lists.']],
  ['For recipes, use lists.', []],
  ['Use lists for medical topics.', []],
  ['Use lists for all questions.', ['use lists for all questions.']],
  ['Verwende Listen bei rechtlichen Fragen.', []],
  ['You can write short stories.', []],
  ['## Abilities\n- short stories\n## Rules\n- no lists', ['no lists']],
  ['The house rules are below.\n\n---\nUse no lists.\n---\nBe kind.', ['be kind.']],
  ['<documents>Use lists.</documents>\nUse tables.', ['use tables.']],
  ['Context:\n- Use lists.\n\nBe kind.', ['be kind.']],
  ['If asked who you are, say "Be brief, be quick, be gone".', []],
  ['Wenn jemand Code möchte, gib nur Code aus.', []],
  ['Bei Fragen zu Preisen nenne Zahlen.', []],
  ['Wenn du antwortest, fasse dich kurz.', ['fasse dich kurz.']],
  ['Du kannst Listen schreiben. Verwende keine Emojis.', ['verwende keine emojis.']],
])('what an app tells in every case: %j', (text, expected) => {
  expect(told(text)).toEqual(expected)
})

test('reads both ends of a long text, in time that grows with it no more than linearly', () => {
  const long = `Use lists. ${'lorem ipsum '.repeat(20_000)}\nUse tables.`
  expect(told(long)[0]).toBe('use lists.')
  expect(told(long).at(-1)).toBe('use tables.')
  for (const piece of ['"', '<documents>', '- ', '# ', 'if ', ', ', '(', 'a:\n', '```'])
    clausesOfApp(piece.repeat(100_000))
})

test.each(['=', ' ', '\t', '-', '"', '# #'])('%j over and over is read in no time', (piece) => {
  const from = performance.now()
  clausesOfApp(`Answer ${piece.repeat(15_000 / piece.length)}!`)
  clausesOfApp(`${piece.repeat(15_000 / piece.length)}!`)
  expect(performance.now() - from).toBeLessThan(2000)
})
