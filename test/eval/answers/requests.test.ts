import { expect, test } from 'vitest'
import type { Answer } from '../../../eval/answers/answerer.ts'
import { replyTo } from '../../../eval/answers/reply.ts'
import { type BankRequest, REQUESTS } from '../../../eval/answers/requests.ts'
import { DIMENSIONS, type Dimension } from '../../../eval/answers/style.ts'
import { ROLES, type Role, type Topic } from '../../../eval/answers/topic.ts'
import { languageOf, TOPICS } from '../../../eval/answers/topic-bank.ts'
import { contract, countTokens, WORDINGS } from '../../../eval/answers/wording.ts'

const VARIANTS = 6
const turnsOf = (r: BankRequest) => r.messages.filter((m) => m.role === 'user').length
const ask = (r: BankRequest, variant: number, system = r.system ?? '', seed = 'bank'): Answer =>
  replyTo(
    seed,
    { system, messages: r.messages.map(({ role, content }) => ({ role, text: content })) },
    variant,
  )
const pool = REQUESTS.map((request) => ({
  request,
  answers: Array.from({ length: VARIANTS }, (_, k) => ask(request, k)),
}))

/** Runs of words, by which a sentence is found again although some of its words were exchanged. */
const runs = (text: string, length: number): Set<string> => {
  const words =
    text
      .toLowerCase()
      .replaceAll('**', '')
      .match(/[\p{L}\p{N}'.,]*[\p{L}\p{N}]/gu) ?? []
  return new Set(words.slice(length - 1).map((_, i) => words.slice(i, i + length).join(' ')))
}
const holds = (found: ReadonlySet<string>, sentence: string) => {
  const own = [...runs(sentence, 3)]
  return own.filter((r) => found.has(r)).length >= 0.45 * own.length
}
const sentencesOf = (t: Topic) => [t.answer, t.followUp, ...ROLES.flatMap((r) => t[r])]

test('the bank has the promised size and mix', () => {
  expect(REQUESTS.length).toBeGreaterThanOrEqual(240)
  expect(new Set(REQUESTS.map((r) => r.topic.id)).size).toBe(TOPICS.length)
  expect(TOPICS.length).toBeGreaterThanOrEqual(124)
  expect(REQUESTS.filter((r) => turnsOf(r) > 1).length).toBeGreaterThanOrEqual(30)
  expect(REQUESTS.filter((r) => turnsOf(r) > 2).length).toBeGreaterThanOrEqual(10)
  expect(REQUESTS.filter((r) => r.system !== undefined).length).toBeGreaterThanOrEqual(15)
  for (const language of ['de', 'es'])
    expect(TOPICS.filter((t) => t.language === language).length).toBeGreaterThanOrEqual(4)
})

test('ids are unique and stable, and turns alternate up to the one to be answered', () => {
  expect(new Set(REQUESTS.map((r) => r.id)).size).toBe(REQUESTS.length)
  expect(REQUESTS[0]!.id).toBe('sourdough-starter/1')
  for (const { id, topic, messages } of REQUESTS) {
    expect(id).toMatch(new RegExp(`^${topic.id}/[1-4]$`))
    expect(messages.length % 2).toBe(1)
    for (const [i, m] of messages.entries()) expect(m.role).toBe(i % 2 === 0 ? 'user' : 'assistant')
  }
})

test('the first few requests cover all domains, the first 240 all topics, turns and languages', () => {
  const domains = new Set(TOPICS.map((t) => t.domain))
  expect(new Set(REQUESTS.slice(0, 20).map((r) => r.topic.domain)).size).toBe(domains.size)
  const first = REQUESTS.slice(0, 240)
  expect(new Set(first.map((r) => r.topic.id)).size).toBe(TOPICS.length)
  expect(first.filter((r) => turnsOf(r) > 1).length).toBeGreaterThanOrEqual(30)
  expect(first.filter((r) => r.system !== undefined).length).toBeGreaterThanOrEqual(15)
  expect(first.filter((r) => r.language !== 'en').length).toBeGreaterThanOrEqual(10)
})

test('every request is answered about its topic, with no sentence of another', () => {
  const owners = new Map<string, string>()
  for (const topic of TOPICS)
    for (const run of sentencesOf(topic).flatMap((s) => [...runs(s, 8)])) owners.set(run, topic.id)
  for (const { request, answers } of pool)
    for (const { text } of answers) {
      const told = [...runs(text, 8)].map((r) => owners.get(r)).filter((o) => o !== undefined)
      expect(new Set(told), `${request.id}: ${text}`).toEqual(new Set([request.topic.id]))
    }
})

test('every request and every answer is in the language that the request states', () => {
  for (const { request, answers } of pool) {
    expect(languageOf(request.messages.at(-1)!.content), request.id).toBe(request.language)
    for (const { text } of answers) expect(languageOf(text), text).toBe(request.language)
  }
})

test('no two of six answers to a request are equal', () => {
  for (const { request, answers } of pool)
    expect(new Set(answers.map((a) => a.text)).size, request.id).toBe(VARIANTS)
})

test('the phrasings of a topic lead to different answers', () => {
  const texts = pool.flatMap(({ answers }) => answers.map((a) => a.text))
  expect(new Set(texts).size / texts.length).toBeGreaterThan(0.99)
})

test('the same request gives the same answer, and an app that states no taste changes nothing', () => {
  for (const { request, answers } of pool.slice(100, 200)) {
    expect(ask(request, 2)).toEqual(answers[2])
    expect(ask(request, 2, '')).toEqual(answers[2])
    expect(
      ask(request, 2, `${request.system}\n<reader_preferences>\n</reader_preferences>`),
    ).toEqual(answers[2])
  }
})

test('English answers keep their length, and other languages have a like one', () => {
  for (const language of ['en', 'de', 'es']) {
    const tokens = pool
      .filter(({ request }) => request.language === language)
      .flatMap(({ answers }) => answers.map((a) => countTokens(a.text)))
    const mean = tokens.reduce((a, b) => a + b, 0) / tokens.length
    expect(mean, language).toBeGreaterThan(85)
    expect(mean, language).toBeLessThan(135)
  }
})

test('a further question is answered by what it asks for, and nothing is said twice', () => {
  const asked: readonly (readonly [RegExp, Role])[] = [
    [/why is that so|reason behind|warum ist das|Grund dafür|por qué es así|se debe/, 'mechanism'],
    [/which order|go about it|Reihenfolge|mache ich das|qué orden|lo hago/, 'steps'],
    [/figures|how long, roughly|Zahlen|wie lange ungefähr|cifras|más o menos/, 'facts'],
    [/go wrong|mistakes|schiefgehen|Fehler|salir mal|errores/, 'caveats'],
    [/an example|ein Beispiel|un ejemplo/, 'example'],
  ]
  let checked = 0
  for (const { request, answers } of pool) {
    const role = asked.find(([p]) => p.test(request.messages.at(-1)!.content))?.[1]
    if (turnsOf(request) < 2 || role === undefined) continue
    const said = request.messages.filter((m) => m.role === 'assistant').map((m) => m.content)
    for (const { text } of answers) {
      const found = runs(text, 3)
      const part = request.topic[role]
      expect(
        part.some((s) => holds(found, s)),
        `${request.id}: ${text}`,
      ).toBe(true)
      for (const s of sentencesOf(request.topic))
        if (said.some((t) => t.includes(s))) expect(holds(found, s), `${s} / ${text}`).toBe(false)
      checked++
    }
  }
  expect(checked).toBeGreaterThan(100)
})

/** What a reader who knows the wording, but not how the answer was made, would count. */
const recount = (
  { topic, language }: BankRequest,
  text: string,
): Partial<Record<Dimension, number>> => {
  const words = WORDINGS[language === 'fr' ? 'en' : language]
  const lines = text.split('\n')
  const plain = contract(words, text)
  const times = (phrases: readonly string[]) =>
    phrases.reduce((n, p) => n + plain.split(contract(words, p)).length - 1, 0)
  const filled = (templates: readonly string[]) =>
    templates.map((t) => t.replace('{subject}', topic.subject).slice(0, -1))
  const found = runs(text, 3)
  const of = (role: Role) => topic[role].filter((s) => holds(found, s)).length
  const pieces = ROLES.reduce((n, role) => n + of(role), 0)
  const short = {
    en: /\b(it|that|there|what|here|let)'s\b|n't\b|\b(they|you|I)'(re|ll|m)\b/gi,
    de: /(?<!\p{L})(aufs|übers|fürs|durchs|ums|(gib|geh|is|ha)t's|wenn's|war's|ist's)(?!\p{L})/giu,
    es: /(?!)/g,
    fr: /(?!)/g,
  }[language]
  const contracted = (said: string) => said.match(short)?.length ?? 0
  const you = {
    en: /^your?$/,
    de: /^(du|dich|dir|dein(e|em|en|er|es)?)$/,
    es: /^(tú|te|ti|tus?|puedes|debes|deberías|tienes|quieres|sabes|verás|has|vas|sueles)$/,
    fr: /^$/,
  }[language]
  return {
    length: (text.match(/[\p{L}\p{N}]+/gu) ?? []).length,
    lists: pieces === 0 ? 0 : lines.filter((l) => /^([-*]|\d+\.) /.test(l)).length / pieces,
    contractions: contracted(text) - (contracted(plain) - contracted(text)),
    headings: lines.filter((l) => /^#+ /.test(l)).length,
    bold: (text.split('**').length - 1) / 2,
    hedging: times([
      ...words.hedges.map((h) => `${h} `),
      ...words.hedgeTails.map((t) => t.slice(0, -1)),
    ]),
    emoji: [...text].filter((c) => /\p{Extended_Pictographic}/u.test(c)).length,
    preamble: times(filled(words.openings)) > 0 ? 1 : 0,
    closing: times(filled(words.closings)) > 0 ? 1 : 0,
    question: text.includes(topic.followUp) ? 1 : 0,
    secondPerson: (text.toLowerCase().match(/\p{L}+/gu) ?? []).filter((w) => you.test(w)).length,
    exclamation: text.split('!').length - 1,
    numbers: lines
      .map((l) => l.replace(/^\d+\. /, '').match(/\d+([.,]\d+)?/g)?.length ?? 0)
      .reduce((a, b) => a + b, 0),
    steps: of('steps'),
    example: of('example'),
    analogy: of('analogy'),
    background: of('background'),
    mechanism: of('mechanism'),
    anecdote: of('anecdote'),
    caveats: of('caveats'),
    comparison: of('comparison'),
  }
}

test.each(['en', 'de', 'es'] as const)(
  'the traits of an answer in %s are what a recount finds',
  (language) => {
    for (const { request, answers } of pool.filter((p) => p.request.language === language))
      for (const { text, traits } of answers.slice(0, 3)) {
        const stated = Object.fromEntries(DIMENSIONS.map((name, j) => [name, traits[j]!]))
        expect(stated, `${request.id}: ${text}`).toMatchObject(recount(request, text))
      }
  },
)

test.each(['de', 'es'] as const)('English preferences are obeyed in %s', (language) => {
  const block = (line: string) => `<reader_preferences>\n- ${line}\n</reader_preferences>`
  const mean = (name: Dimension, system: string) => {
    const values = REQUESTS.filter((r) => r.language === language && turnsOf(r) === 1).flatMap(
      (r) => [0, 1, 2, 3].map((k) => ask(r, k, system).traits[DIMENSIONS.indexOf(name)]!),
    )
    return values.reduce((a, b) => a + b, 0) / values.length
  }
  for (const [line, name] of [
    ['Avoid bullet lists.', 'lists'],
    ['Use no emoji.', 'emoji'],
    ['Leave out a closing offer.', 'closing'],
    ['Give a short answer.', 'length'],
  ] as const)
    expect(mean(name, block(line)), line).toBeLessThan(0.85 * mean(name, ''))
  expect(mean('steps', block('Give steps to follow.'))).toBeGreaterThan(1.3 * mean('steps', ''))
})
