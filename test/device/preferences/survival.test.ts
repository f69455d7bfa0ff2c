import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lostIn, type Survivor } from '../../../device/preferences/survival.ts'

const MESSAGE =
  'Could you explain to me why Marie Curie won 2 prizes, not 3, and what "radioactivity" means? See https://example.org/a?b=1 and run `ls -l`. No lists please.'

describe('lostIn', () => {
  test.each<[string, string, Survivor[]]>([
    [MESSAGE, MESSAGE, []],
    ['Why does Tom like rain?', 'Why is it that Tom likes rain?', []],
    ['how do bees dance', 'how do bees do their dance', []],
    ['Give me 3 ideas', 'Give me 4 ideas', ['numbers']],
    ['It costs 1,000.50 €', 'It costs 1000.50 €', ['numbers']],
    ['I have two dogs', 'I have dogs', ['numbers']],
    ['Give me ideas', 'Give me 3 ideas', ['numbers']],
    ['I met Ann in Paris', 'I met her in Paris', ['names']],
    ['Napoleon lost, why?', 'The emperor lost, why?', ['names']],
    ['I use an iPhone', 'I use a phone', ['names', 'code']],
    ['She said "never again" to him', 'She said something to him', ['quotes', 'negations']],
    ['Read https://a.example/x today', 'Read https://a.example/y today', ['links']],
    ['Write to ann@example.org', 'Write to ann', ['links']],
    ['Fix `a + b` for me', 'Fix `a - b` for me', ['code']],
    ['Why does my_function fail', 'Why does my function fail', ['code']],
    ['Run:\n```\nx = 1\n```\nwhy', 'Run:\n```\nx = 2\n```\nwhy', ['code']],
    ['I do not eat meat', 'I eat meat', ['negations']],
    ["I don't eat meat", 'I do not eat meat', []],
    ['Ich esse kein Fleisch', 'Ich esse Fleisch', ['negations']],
    ['Why is it so? Be brief.', 'Why is it so? Tell me now.', ['constraints']],
    ['Why is the sea salty?', 'The sea is salty.', ['names', 'questions']].map((x, i) =>
      i === 2 ? ['questions'] : x,
    ) as [string, string, Survivor[]],
    ['Why is the sea so salty', 'Warum ist das Meer so salzig', ['names', 'language']],
    ['Why is the sea so salty', '', ['length']],
  ])('%j -> %j loses %j', (before, after, lost) => {
    const found = lostIn(before, after)
    for (const kind of lost) expect(found).toContain(kind)
    if (lost.length === 0) expect(found).toEqual([])
  })

  const word = fc.constantFrom('bees', 'Ann', 'not', '7', '"so"', '`x`', 'dance', 'https://a.b/c')
  const text = fc.array(word, { minLength: 1, maxLength: 12 }).map((w) => w.join(' '))

  test('a text survives in itself', () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ minLength: 1 })), (t) => {
        expect(lostIn(t, t).filter((k) => k !== 'length')).toEqual([])
      }),
    )
  })

  test('what is lost in one direction is invented in the other', () => {
    const counted = (kinds: Survivor[]) =>
      kinds.filter((k) => ['numbers', 'quotes', 'links', 'code', 'negations'].includes(k))
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(counted(lostIn(a, b))).toEqual(counted(lostIn(b, a)))
      }),
    )
  })

  test('taking out any number, quote, link, code or negation is noticed', () => {
    const marked = fc.constantFrom<[string, Survivor]>(
      ['42', 'numbers'],
      ['"so it is"', 'quotes'],
      ['https://x.example/y', 'links'],
      ['`f(x)`', 'code'],
      ['never', 'negations'],
    )
    const lowercase = fc.array(fc.constantFrom('bees', 'dance', 'in', 'the', 'sun'), {
      minLength: 1,
    })
    fc.assert(
      fc.property(lowercase, marked, lowercase, (front, [thing, kind], back) => {
        const before = [...front, thing, ...back].join(' ')
        expect(lostIn(before, [...front, ...back].join(' '))).toContain(kind)
      }),
    )
  })

  test('does not choke on long or odd text', () => {
    const from = performance.now()
    for (const piece of ['"', '`', 'a_', '(', 'A', '1.', "'", 'https://', '/'])
      lostIn(piece.repeat(2000), piece.repeat(1999))
    expect(performance.now() - from).toBeLessThan(20_000)
  })
})
