import { expect, test } from 'vitest'
import { readConstraints } from '../../../eval/answers/constraints.ts'

test.each([
  ['in two sentences', { maxSentences: 2 }],
  ['at most 3 sentences please', { maxSentences: 3 }],
  ['Bitte in höchstens zwei Sätzen.', { maxSentences: 2 }],
  ['Antworte in einem Satz!', { maxSentences: 1 }],
  ['en una sola frase no, en tres frases', { maxSentences: 3 }],
  ['Réponds en deux phrases.', { maxSentences: 2 }],
  ['with no special wish', {}],
])('"%s" sets the limits', (message, limits) => {
  expect(readConstraints(message).limits).toEqual(limits)
})

test.each([
  ['No bullet points please.', { lists: 0 }],
  ['Bitte ohne Aufzählungen, als Fließtext.', { lists: 0 }],
  ['sin viñetas, por favor', { lists: 0 }],
  ['Pas de listes.', { lists: 0 }],
  ['as a list', { lists: 1 }],
  ['Bitte in Stichpunkten.', { lists: 1 }],
  ['en forma de lista', { lists: 1 }],
  ['Schritt für Schritt', { steps: 1, lists: 1 }],
  ['explícalo paso a paso', { steps: 1, lists: 1 }],
  ['pas à pas', { steps: 1, lists: 1 }],
  ['keine Emojis', { emoji: 0 }],
  ['sin emojis', { emoji: 0 }],
  ["pas d'émojis", { emoji: 0 }],
  ['Ohne Überschriften', { headings: 0 }],
  ['Could you make that shorter?', { length: 0.1, preamble: 0, closing: 0 }],
  ['Bitte kurz.', { length: 0.1, preamble: 0, closing: 0 }],
  ['en pocas palabras', { length: 0.1, preamble: 0, closing: 0 }],
  ['Erklär es ausführlich.', { length: 1 }],
  ['con un ejemplo', { example: 1 }],
])('"%s" sets the levels', (message, levels) => {
  expect(readConstraints(message).levels).toEqual(levels)
})

test.each([
  'Ich wohne seit Kurzem in Innsbruck.',
  'How far is the list of towns from here?',
  '¿Qué pone en la etiqueta?',
])('"%s" demands nothing', (message) => {
  expect(readConstraints(message)).toEqual({ levels: {}, limits: {} })
})
