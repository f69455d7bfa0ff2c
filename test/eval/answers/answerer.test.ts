import { expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import { composeAnswer } from '../../../eval/answers/answerer.ts'
import { DIMENSIONS, type Dimension, sampleStyle, withLevels } from '../../../eval/answers/style.ts'
import { ROLES } from '../../../eval/answers/topic.ts'
import { TOPICS } from '../../../eval/answers/topic-bank.ts'

import { contract, countTokens, shiftRegister, WORDINGS } from '../../../eval/answers/wording.ts'

const answers = (levels: Partial<Record<Dimension, number>> = {}, variants = 6) =>
  TOPICS.flatMap((topic) =>
    Array.from({ length: variants }, (_, k) => {
      const rng = seededRng(`${topic.id}/${k}`)
      return composeAnswer(topic, withLevels(sampleStyle(rng), levels), rng)
    }),
  )
const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
const unasked = answers()

test('there are at least 64 topics over at least 8 domains, all different', () => {
  expect(TOPICS.length).toBeGreaterThanOrEqual(64)
  expect(new Set(TOPICS.map((t) => t.domain)).size).toBeGreaterThanOrEqual(8)
  expect(new Set(TOPICS.map((t) => t.id)).size).toBe(TOPICS.length)
})

test('every role of every topic is filled, no sentence occurs twice, and facts hold a number', () => {
  const sentences = TOPICS.flatMap((t) => [
    t.answer,
    t.followUp,
    ...t.phrasings,
    ...ROLES.flatMap((r) => t[r]),
  ])
  expect(new Set(sentences).size).toBe(sentences.length)
  for (const topic of TOPICS) {
    for (const role of ROLES) expect(topic[role].length, `${topic.id} ${role}`).toBeGreaterThan(0)
    expect(topic.steps.length, topic.id).toBeGreaterThanOrEqual(4)
    for (const fact of topic.facts) expect(fact).toMatch(/\d/)
    const roles = ROLES.flatMap((r) => topic[r])
    expect(roles.length + 1).toBeGreaterThanOrEqual(14)
    for (const sentence of [topic.answer, ...roles]) expect(sentence).toMatch(/^[\p{Lu}\d].*\.$/u)
  }
})

test('a term of thousands of letters, as of a question without spaces, is answered too', () => {
  const topic = { ...TOPICS[3]!, terms: ['a'.repeat(100_000)] }
  const style = withLevels(sampleStyle(seededRng(1)), { bold: 1 })
  expect(composeAnswer(topic, style, seededRng(2)).text).not.toBe('')
})

test('the same topic, style and stream give the same answer', () => {
  const once = () => composeAnswer(TOPICS[3]!, sampleStyle(seededRng(1)), seededRng(2))
  expect(once()).toEqual(once())
})

test('answers have the promised length: about 110 text tokens, most between 60 and 200', () => {
  const tokens = unasked.map((a) => countTokens(a.text)).sort((a, b) => a - b)
  expect(meanOf(tokens)).toBeGreaterThan(95)
  expect(meanOf(tokens)).toBeLessThan(130)
  expect(tokens[Math.floor(tokens.length * 0.08)]).toBeGreaterThan(50)
  expect(tokens[Math.floor(tokens.length * 0.95)]).toBeLessThan(210)
})

test('two answers to one request share little: on average less than half of their sentences', () => {
  const parts = (text: string) => new Set(text.match(/[A-Za-z][a-z ,]{25,}/g) ?? [])
  const overlaps: number[] = []
  for (let i = 0; i + 1 < unasked.length; i += 6) {
    const [a, b] = [parts(unasked[i]!.text), parts(unasked[i + 1]!.text)]
    overlaps.push([...a].filter((s) => b.has(s)).length / Math.max(1, Math.min(a.size, b.size)))
  }
  expect(meanOf(overlaps)).toBeLessThan(0.5)
})

test.each(DIMENSIONS)('%s varies between unasked answers, and rises with its level', (name) => {
  const j = DIMENSIONS.indexOf(name)
  const trait = (all: typeof unasked) => all.map((a) => a.traits[j]!)
  const values = trait(unasked)
  const centre = meanOf(values)
  const spread = Math.sqrt(meanOf(values.map((v) => (v - centre) ** 2)))
  expect(spread).toBeGreaterThan(0.05)
  const low = meanOf(trait(answers({ [name]: 0.05 }, 2)))
  const high = meanOf(trait(answers({ [name]: 0.95 }, 2)))
  expect((high - low) / spread).toBeGreaterThan(0.8)
})

test('traits are counted from the text: words, headings, bold spans, exclamation marks', () => {
  for (const { text, traits } of unasked.slice(0, 60)) {
    const of = (name: Dimension) => traits[DIMENSIONS.indexOf(name)]
    expect(of('length')).toBe((text.match(/[\p{L}\p{N}]+/gu) ?? []).length)
    expect(of('headings')).toBe(text.split('\n').filter((l) => l.startsWith('#')).length)
    expect(of('bold')).toBe((text.split('**').length - 1) / 2)
    expect(of('exclamation')).toBe(text.split('!').length - 1)
  }
})

test('no answer is malformed', () => {
  for (const { text, traits } of answers({}, 3)) {
    expect(text).toBe(text.trim())
    expect(text).not.toMatch(/undefined|\{subject\}|\*\*\*|\n{3}| {2}|\.\.|,\.|:\s*\n*$/)
    expect([...traits].every(Number.isFinite)).toBe(true)
  }
})

test('a style is worded in many ways', () => {
  const openings = new Set(answers({ preamble: 1, emoji: 0 }, 1).map((a) => a.text.slice(0, 14)))
  const closings = new Set(
    answers({ closing: 1, question: 0, emoji: 0 }, 1).map((a) =>
      a.text.split('\n').at(-1)!.slice(0, 14),
    ),
  )
  expect(openings.size).toBeGreaterThanOrEqual(8)
  expect(closings.size).toBeGreaterThanOrEqual(6)
})

test.each([
  ['It is good and they are here.', "It's good and they're here."],
  ['I do not know what it is.', "I don't know what it is."],
  ['You will see that it cannot fail.', "You'll see that it can't fail."],
])('"%s" contracts to "%s"', (text, contracted) => {
  expect(contract(WORDINGS.en, text)).toBe(contracted)
})

test('the register of a sentence shifts both ways', () => {
  const text = 'People often need a large pan.'
  expect(shiftRegister(WORDINGS.en, text, 1, 9)).toEqual({
    text: 'Individuals frequently require a substantial pan.',
    changed: 4,
  })
  expect(shiftRegister(WORDINGS.en, text, -1, 9)).toEqual({
    text: 'Folks quite often want a big pan.',
    changed: 4,
  })
})
