import { describe, expect, test } from 'vitest'
import {
  asksForProse,
  isPlain,
  requestFeatures,
} from '../../../device/preferences/relevance-rules.ts'
import { RELEVANCE_SEEDS } from '../../../device/preferences/relevance-seeds.ts'
import { IN_LANGUAGES } from './requests-in-languages.ts'

describe('isPlain', () => {
  test.each([
    'Hi!',
    'thanks a lot',
    'Guten Morgen!',
    'Merci beaucoup',
    '¡Hola! ¿Cómo estás?',
    '谢谢',
    'こんにちは',
    '👍',
    '12 * (3 + 4) = ?',
    'What is 12 squared?',
    'Was ist 3 mal 4?',
    '¿Cuánto es 15 por 4?',
    'Translate "cheese" into Welsh.',
    'Wie sagt man danke auf Spanisch?',
    '¿Cómo se dice "queso" en alemán?',
    'Write a Python function that flattens a list.',
    'Could you write me a regex that matches dates?',
    'Schreibe eine Funktion in Python, die Listen sortiert',
    'Fix the bug in my code: x = = 2',
    'Sort these words: pear, apple',
    'Correct my spelling: teh cat',
    'What is the capital of Ghana?',
    'Quelle est la capitale de la Norvège ?',
    'Who painted Water Lilies?',
    'Wer hat die Glühbirne erfunden?',
    'In what year was the Eiffel Tower finished?',
    '10 miles in km',
    'Flip a coin',
  ])('no preference matters for: %s', (request) => expect(isPlain(request)).toBe(true))

  test.each([
    'How does a heat pump work?',
    'Hi! How do I get rid of ants in my kitchen?',
    'Who was Ada Lovelace and why does she matter?',
    'When is the best time to plant garlic?',
    'When should I use a semicolon?',
    'How many people do I need for a board game night, and what should we play?',
    'Why is Canberra the capital of Australia and not Sydney?',
    'Write an article about the Python in mythology.',
    'Write a training plan for a marathon.',
    'Make a cake recipe for 12 guests',
    'Wie funktioniert eine Wärmepumpe?',
    '¿Por qué el cielo es azul?',
    'What is it like to work as a translator?',
    'How do I count calories?',
    '',
  ])('but not: %s', (request) => expect(isPlain(request)).toBe(false))

  test('takes no seed for which something matters, and most of the others', () => {
    const taken = (isOpen: boolean) =>
      RELEVANCE_SEEDS.filter((s) => s.poles.size > 0 === isOpen && isPlain(s.request)).length
    expect(taken(true)).toBe(0)
    expect(taken(false)).toBeGreaterThan(120)
  })

  test('does not choke on long or odd text', () => {
    const from = performance.now()
    for (const piece of ['1 + ', 'hi ', 'write a ', '(', ' ', 'in what '])
      isPlain(piece.repeat(200_000 / piece.length))
    expect(performance.now() - from).toBeLessThan(3000)
  })
})

test('other languages: what asks for prose does, and no more than a fifth of the rest', () => {
  const split = (text: string) => text.split(/[|\n]/).map((r) => r.trim())
  const open = IN_LANGUAGES.flatMap(([requests]) => split(requests))
  const plain = IN_LANGUAGES.flatMap(([, requests]) => split(requests))
  expect(open.filter((r) => isPlain(r) || !asksForProse(r))).toEqual([])
  expect(plain.filter((r) => !isPlain(r) && asksForProse(r))).toEqual([])
  expect(plain.filter((r) => asksForProse(r)).length).toBeLessThan(0.2 * plain.length)
})

test('features of a request are finite and as many for any text', () => {
  const sizes = ['', 'a', '1'.repeat(9999), 'Why?\n{"a": 1}'].map((t) => {
    const features = requestFeatures(t)
    expect(features.every(Number.isFinite)).toBe(true)
    return features.length
  })
  expect(new Set(sizes).size).toBe(1)
})
