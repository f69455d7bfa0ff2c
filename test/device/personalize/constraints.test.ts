import { describe, expect, test } from 'vitest'
import { constraintsOf } from '../../../device/personalize/constraints.ts'

describe('constraintsOf', () => {
  test.each([
    ['How do bees find their way home?', ''],
    ['I wonder whether the sea was always salty.', ''],
    ['Answer in at most 50 words.', 'length'],
    ['Give me a two-paragraph answer', 'length'],
    ['tl;dr?', 'length'],
    ['Explain it like I am five', 'tone'],
    ['List the planets', 'lists'],
    ['Use headings and bold key terms', 'headings emphasis'],
    ['Put it in a table', 'tables'],
    ['Just give me the number, no preamble', 'directness'],
    ['with two examples', 'examples'],
    ['Ask me before you start, and use no emojis', 'questions emoji'],
    ['walk me through it', 'steps'],
    ['Antworte bitte kurz und ohne Emojis.', 'length emoji'],
    ['Erkläre es Schritt für Schritt', 'steps'],
    ['Réponds brièvement, sous forme de tableau', 'length tables'],
    ['Hazlo con ejemplos y paso a paso', 'examples steps'],
    ['请简短回答，列出要点', 'length lists'],
    ['箇条書きで簡潔に', 'length lists'],
  ])('%s -> %s', (text, expected) => {
    expect([...constraintsOf([text]).dimensions].join(' ')).toBe(expected)
  })

  test.each([
    ['Return only valid JSON', true],
    ['as CSV, please', true],
    ['Translate this', true],
    ['traduis cette phrase', true],
    ['翻译成英文', true],
    ['Proofread my letter', true],
    ['What is JSON good for?', false],
    ['How are translators paid?', false],
  ])('strict output: %s -> %s', (text, expected) => {
    expect(constraintsOf([text]).strictOutput).toBe(expected)
  })

  test('reads the system prompt and both ends of long texts', () => {
    const long = `${'x '.repeat(20_000)} Be brief.`
    expect([...constraintsOf(['No emoji.', long]).dimensions]).toEqual(['length', 'emoji'])
    expect(constraintsOf([]).dimensions.size).toBe(0)
  })
})
