import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  FEATURE_NAMES,
  NAMED_FEATURES,
  namedFeatures,
} from '../../../device/text/named-features.ts'

const featureOf = (name: string, answer: string, request = '') => {
  const value = namedFeatures(answer, request)[FEATURE_NAMES.indexOf(name)]
  if (value === undefined) throw new Error(`no feature ${name}`)
  return value
}

describe('namedFeatures', () => {
  test('keeps its names and their order: they are part of the federation contract', () => {
    expect(FEATURE_NAMES).toEqual(
      'length list_share steps headings bold tables code_share paragraphs sentence_length word_length first_person second_person questions exclamations emoji hedging numbers quotes contractions formality preamble closing_offer summary examples links parentheses apology echo language_match readability'.split(
        ' ',
      ),
    )
  })

  test.each([
    ['length', 'one two three', Math.log(4)],
    ['list_share', 'Two things:\n- a\n- b\n\nDone.', 0.5],
    ['list_share', '1.5 litres are enough.\n-5 degrees is cold.', 0],
    ['steps', '1. Open it.\n2. Close it.\n- not this', Math.log(3)],
    ['headings', '# A\ntext\n**Part two**\nmore', Math.log(3)],
    ['bold', 'a **b** and __c__', Math.log(3)],
    ['tables', '| a | b |\n|---|---|\n| 1 | 2 |', Math.log(3)],
    ['code_share', '```js\nlet x = 1\n```', 17 / 19],
    ['paragraphs', 'one\n\ntwo\n \nthree', Math.log(4)],
    ['sentence_length', 'One two three. Four five six!', Math.log(4)],
    ['word_length', 'four word', Math.log(5)],
    ['readability', 'It is a cat. They understand mathematics.', Math.log(1 + 7 / 2 + 200 / 7)],
    ['readability', 'Он видит дом. Правительство работает.', Math.log(1 + 5 / 2 + 200 / 5)],
    ['readability', '这可能是最好的办法。', Math.log(1 + 5)],
    ['readability', '| a | b |\n|---|---|\n\n```\nunderstandable\n```', 0],
    ['questions', 'Why? And how??', Math.log(3)],
    ['exclamations', 'Yes! No!', Math.log(3)],
    ['emoji', 'fine 😀 and :-) but not © or 3', Math.log(3)],
    ['numbers', '1. From 3 to 4.5 km', Math.log(1 + 200 / 27)],
    ['quotes', '"this", “that”, «ça», 「これ」', Math.log(5)],
    ['links', 'see [it](https://a.example/b) and https://c.example', Math.log(3)],
    ['parentheses', 'a (b) c （d）', Math.log(1 + 200 / 24)],
    ['contractions', "it's what I don't do; Anna's dog", Math.log(1 + 200 / 27)],
  ])('counts %s in %j', (name, answer, expected) => {
    expect(featureOf(name, answer)).toBeCloseTo(expected, 10)
  })

  test.each([
    ['en', 'The answer is simple. Maybe you could try it.', 'hedging'],
    ['de', 'Das ist vielleicht nicht die beste Lösung für dich.', 'hedging'],
    ['fr', 'C’est peut-être la meilleure solution pour vous.', 'hedging'],
    ['es', 'Quizás es la mejor solución para ti y los demás.', 'hedging'],
    ['zh', '这可能是最好的办法。', 'hedging'],
    ['ja', 'それは最善の方法かもしれません。', 'hedging'],
    ['en', 'Certainly! The answer is four.', 'preamble'],
    ['de', 'Gute Frage! Die Antwort ist vier und das ist nicht neu.', 'preamble'],
    ['fr', 'Bien sûr ! Voici la réponse que vous cherchez dans le livre.', 'preamble'],
    ['es', '¡Claro! La respuesta es que no se puede con el coche.', 'preamble'],
    ['zh', '当然！答案是四。', 'preamble'],
    ['en', 'It is four. Let me know if you want more.', 'closing_offer'],
    ['de', 'Es ist die Vier. Sag Bescheid, wenn du noch etwas brauchst.', 'closing_offer'],
    ['fr', "C'est le quatre. N'hésitez pas à me dire si vous avez une question.", 'closing_offer'],
    ['ja', '答えは四です。ほかにご質問があればどうぞ。', 'closing_offer'],
    ['en', "I'm sorry, but I can't do that for you.", 'apology'],
    ['it', 'Mi dispiace, non posso fare questo per te.', 'apology'],
    ['pt', 'Por exemplo, você não precisa de um carro para isso.', 'examples'],
  ])('knows the words of %s: %j has %s', (_, answer, name) => {
    expect(featureOf(name, answer)).toBeGreaterThan(0)
  })

  test('formality is positive for formal, negative for casual words', () => {
    expect(featureOf('formality', 'Furthermore, the results are therefore valid.')).toBeGreaterThan(
      1,
    )
    expect(featureOf('formality', 'Hey, that is pretty much super cool stuff, lol')).toBeLessThan(
      -1,
    )
    expect(featureOf('formality', 'The cat is on the mat.')).toBe(0)
  })

  test('two characters of an unspaced script are one word', () => {
    expect(featureOf('length', '今天天气很好')).toBeCloseTo(Math.log(4), 10)
  })

  test('compares with the request: repeated words and language', () => {
    const request = 'How does a heat pump work in winter?'
    expect(featureOf('echo', 'The heat pump can work.', request)).toBeCloseTo(3 / 5, 10)
    expect(featureOf('language_match', 'The pump moves heat into the house.', request)).toBe(1)
    expect(featureOf('language_match', 'Die Pumpe bringt die Wärme in das Haus.', request)).toBe(0)
    expect(featureOf('language_match', '42', request)).toBe(1)
  })

  test('style words inside code do not count', () => {
    const code = 'Here:\n```\nmaybe? perhaps! you might **x** # y\n```'
    for (const name of ['hedging', 'questions', 'exclamations', 'bold', 'second_person'])
      expect(featureOf(name, code), name).toBe(0)
    expect(featureOf('code_share', '```\nnever closed')).toBeCloseTo(15 / 16, 10)
  })

  test.each(['', ' \n\t\n', '```', '|', '#', '-', '\ud800', '\u0000', '))))((((', '1.'])(
    'is finite and small for %j',
    (answer) => {
      for (const value of namedFeatures(answer, answer)) expect(Math.abs(value)).toBeLessThan(5)
    },
  )

  test('is zero everywhere for an empty answer', () => {
    expect([...namedFeatures('', 'What is the time?')]).toEqual(FEATURE_NAMES.map(() => 0))
  })

  test('is finite and bounded for any text', () => {
    const part = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '\ud83d',
        '**',
        '```\n',
        '\n- ',
        '\n1. ',
        '|a|\n',
        '“',
        '(',
        '?!',
        'maybe ',
        '可能',
      ),
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), fc.string(), (parts, request) => {
        for (const [j, value] of namedFeatures(parts.join(''), request).entries()) {
          expect(Number.isFinite(value), FEATURE_NAMES[j]).toBe(true)
          expect(Math.abs(value), FEATURE_NAMES[j]).toBeLessThan(12)
        }
      }),
      { numRuns: 80 },
    )
  })

  test.each([
    ['one letter', 'a'],
    ['open brackets', '('],
    ['stars', '*'],
    ['quotes', '"'],
    ['new lines', '\n'],
    ['spaces', ' '],
    ['numbers', '1.'],
    ['words', "it's maybe "],
    ['dashes', '- '],
    ['backticks', '`'],
    ['Chinese', '可'],
    ['emoji', '😀'],
  ])('stays fast on a megabyte of %s', (_, piece) => {
    const text = piece.repeat(Math.ceil(1_000_000 / piece.length))
    const from = performance.now()
    namedFeatures(text, text)
    expect(performance.now() - from).toBeLessThan(3000)
  })
})

test('FEATURES.md lists every feature with its unit and formula', () => {
  const readme = readFileSync(
    new URL('../../../device/text/FEATURES.md', import.meta.url),
    'utf8',
  ).replace(/ +/g, ' ')
  for (const { name, unit, describe: formula } of NAMED_FEATURES)
    expect(readme).toContain(`| \`${name}\` | ${unit} | ${formula} |`)
})
