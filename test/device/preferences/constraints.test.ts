import { describe, expect, test } from 'vitest'
import { constraintsOf } from '../../../device/preferences/constraints.ts'
import { RELEVANCE_SEEDS } from '../../../device/preferences/relevance-seeds.ts'
import type { Dimension } from '../../../device/records/preference.ts'

/** A demand in one of many wordings, and the dimension that it decides. */
const DEMANDS: readonly (readonly [string, Dimension])[] = [
  ["I don't have much time, what is a black hole?", 'length'],
  ['be quick: why is the sky blue?', 'length'],
  ['I want everything you know about bees', 'length'],
  ['show bees vs wasps as a table', 'tables'],
  ['Erkläre Bienen im Fließtext', 'lists'],
  ['explique les abeilles sans emoji', 'emoji'],
  ['one paragraph on bees', 'length'],
  ['Bienen, max 100 Wörter', 'length'],
  ['explain bees breifly', 'length'],
  ['explian in 2 sentances', 'length'],
  ['give an exmaple', 'examples'],
  ['use a tabel', 'tables'],
  ['Bees - consise please', 'length'],
  ['No bulet points', 'lists'],
  ['en 100 palabras como máximo', 'length'],
  ['por favor sé breve', 'length'],
  ['usa una tabla', 'tables'],
  ['sin emojis', 'emoji'],
  ['rispondi in modo formale', 'tone'],
  ['senza elenchi puntati', 'lists'],
  ['in massimo due frasi', 'length'],
  ['responda em poucas palavras', 'length'],
  ['sem listas', 'lists'],
  ['passo a passo', 'steps'],
  ['用表格', 'tables'],
  ['不要用表情符号', 'emoji'],
  ['三句话以内', 'length'],
  ['100字以内', 'length'],
  ['敬語で答えて', 'tone'],
  ['表で比較して', 'tables'],
  ['3行で', 'length'],
  ['絵文字は使わないで', 'emoji'],
  ['keep it under 80 words', 'length'],
  ['in no more than three or four lines', 'length'],
  ['half a page at most', 'length'],
  ['Give me a really short answer', 'length'],
  ['Please write a long, rich answer', 'length'],
  ['go into depth', 'length'],
  ['Write plainly, no formatting', 'lists'],
  ["don't use any headers", 'headings'],
  ['speak to me like I am a pirate', 'tone'],
  ['just tell me the answer', 'directness'],
  ['skip the intro', 'directness'],
  ["don't ask me anything back", 'questions'],
  ['end by offering more help', 'closing'],
  ['do not finish with an offer', 'closing'],
  ['give three concrete examples', 'examples'],
  ['no ifs or buts', 'hedging'],
  ['tell me how sure you are', 'hedging'],
  ['with exact figures', 'numbers'],
  ['no statistics please', 'numbers'],
  ['number the steps', 'steps'],
  ['make the key terms bold', 'emphasis'],
  ['Do not bold anything', 'emphasis'],
  ['fasse dich kurz', 'length'],
  ['in drei Sätzen', 'length'],
  ['ohne Aufzählungen', 'lists'],
  ['mit Beispielen', 'examples'],
  ['duze mich', 'tone'],
  ['bitte siezen', 'tone'],
  ['tutoie-moi', 'tone'],
  ['en trois phrases', 'length'],
  ['sois bref', 'length'],
  ['avec des exemples', 'examples'],
  ['étape par étape', 'steps'],
  ['dame una respuesta larga y detallada', 'length'],
  ['con ejemplos', 'examples'],
  ['explícamelo como si tuviera cinco años', 'tone'],
  ['spiegamelo nei dettagli', 'length'],
  ['dammi solo la risposta', 'directness'],
  ['com muitos detalhes', 'length'],
  ['sem rodeios', 'directness'],
  ['num parágrafo', 'length'],
  ['ANSWER IN ONE SENTENCE', 'length'],
  ['Kurze Antwort bitte', 'length'],
  ['use lots of emojis', 'emoji'],
  ['no need for an introduction', 'directness'],
  ['as few words as possible', 'length'],
  ['as many details as you can', 'length'],
  ['Use numbered points', 'steps'],
  ['a quick rundown', 'length'],
  ['can you make it snappy', 'length'],
  ['The shorter the better', 'length'],
  ['not more than 40 words', 'length'],
  ['in under a minute of reading', 'length'],
  ["explain like I'm 12", 'tone'],
  ['sound like a professor', 'tone'],
  ['two-sentence answer', 'length'],
  ['60-word summary', 'length'],
  ['Answer in keywords', 'length'],
  ['one line', 'length'],
  ['one-line answer', 'length'],
  ['Write in full sentences', 'lists'],
  ['as flowing text', 'lists'],
  ['Without lists', 'lists'],
  ['give me the long version', 'length'],
  ['leave out examples', 'examples'],
  ['I hate bullet points', 'lists'],
  ['I love tables', 'tables'],
  ['No smileys', 'emoji'],
  ["don't be so formal", 'tone'],
  ['keep it casual', 'tone'],
  ['use simple words', 'tone'],
  ["don't hedge", 'hedging'],
  ['No closing remarks', 'closing'],
  ['no "let me know if"', 'closing'],
  ['finish with a question', 'questions'],
  ['Stelle mir Fragen', 'questions'],
  ['hazme preguntas', 'questions'],
  ['avec un ton formel', 'tone'],
  ['un tableau', 'tables'],
  ['en una frase', 'length'],
  ['uma frase', 'length'],
  ['in una frase', 'length'],
  ['en une phrase', 'length'],
  ['bullet-pointed', 'lists'],
  ['tabular form', 'tables'],
]

describe('constraintsOf', () => {
  test.each(DEMANDS)('hears the demand of: %s', (text, dimension) => {
    const { dimensions, silent } = constraintsOf([text])
    expect([...dimensions]).toContain(dimension)
    for (const end of ['+', '-'] as const) expect([...silent]).toContain(`${dimension}${end}`)
  })

  test('hears it behind and before a question, in capitals, and in any of the texts', () => {
    for (const [text, dimension] of DEMANDS)
      for (const texts of [
        [`How do bees find their way home? ${text}`],
        [`${text}. How do bees find their way home?`],
        ['Be kind.', text.toUpperCase()],
      ])
        expect([...constraintsOf(texts).dimensions], texts.join()).toContain(dimension)
  })

  test('hears few demands in requests that make none', () => {
    const open = RELEVANCE_SEEDS.filter((s) => s.poles.size > 0)
    const heard = open.filter((s) => constraintsOf([s.request]).silent.size > 0)
    expect(heard.length / open.length).toBeLessThan(0.07)
  })

  test.each([
    [
      'Explain bees in two sentences.',
      ['lists+', 'headings+', 'examples+', 'questions+', 'directness-'],
    ],
    ['As a table, please: bees and wasps', ['lists+', 'steps+']],
    ['Explain bees in plain text.', ['lists+', 'emphasis+', 'headings+', 'tables+']],
    ['Just the answer: how many eyes has a bee?', ['closing+', 'length+', 'questions+']],
    ['Write a formal letter about bees.', ['emoji+']],
  ] as const)('what would work against a demand is silent too: %s', (text, poles) => {
    for (const pole of poles) expect([...constraintsOf([text]).silent]).toContain(pole)
  })

  test.each([
    'How do bees dance? Your answer must smell of honey.',
    'How do bees dance? Like an owl would tell it.',
    'Be a bit foxy. How do bees dance?',
    'Wie tanzen Bienen? Deine Antwort soll nach Honig duften.',
  ])('a demand in words that no list has is about the manner alone: %s', (text) => {
    expect([...constraintsOf([text]).silent].toSorted()).toEqual(['tone+', 'tone-'])
  })

  test.each([
    "I'm asking for my grandmother.",
    'We talked about this yesterday.',
    'My daughter came home from school with this question.',
    'I live in an old house in the north of Scotland.',
    'Thanks in advance!',
    'Sorry if this is a silly thing to ask.',
    'My neighbour and I disagree about it.',
    'Ich frage für meine Oma.',
    'Mein Kollege sieht das anders.',
    'Meine Tochter kam mit dieser Frage aus der Schule.',
  ])('a sentence of context beside the question demands nothing: %s', (context) => {
    for (const text of [`${context} How do bees dance?`, `How do bees dance? ${context}`])
      expect([...constraintsOf([text]).silent]).toEqual([])
  })

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

  test('accents may be missing, umlauts spelt out', () => {
    const about = (text: string) => [...constraintsOf([text]).dimensions]
    expect(about('Bitte ausfuehrlich und ohne Aufzaehlungen.')).toEqual(
      ['length', 'lists', 'steps'].filter((d) =>
        about('Bitte ausführlich und ohne Aufzählungen.').includes(d as Dimension),
      ),
    )
    expect(about('reponds brievement')).toEqual(about('réponds brièvement'))
    expect(about('en parrafos cortos')).toEqual(about('en párrafos cortos'))
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
