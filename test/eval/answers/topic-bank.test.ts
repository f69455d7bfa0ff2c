import { expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import { composeAnswer } from '../../../eval/answers/answerer.ts'
import { sampleStyle } from '../../../eval/answers/style.ts'
import { genericTopic, languageOf, matchTopic, TOPICS } from '../../../eval/answers/topic-bank.ts'

test('every phrasing leads to its own topic, and so does naming the subject', () => {
  for (const topic of TOPICS) {
    for (const phrasing of topic.phrasings) {
      expect(matchTopic(phrasing)?.id).toBe(topic.id)
      expect(matchTopic(`Hello! ${phrasing} Thank you.`)?.id).toBe(topic.id)
    }
    expect(matchTopic(`Could you tell me something about ${topic.subject}?`)?.id).toBe(topic.id)
  }
  for (const other of ['', 'Hi', 'What is the capital of France?', 'Fix the bug in my component'])
    expect(matchTopic(other)).toBeUndefined()
})

test('a topic of another language is recognised by other words than its phrasings', () => {
  expect(matchTopic('Erklär mir bitte die Mietkaution und was der Vermieter darf.')?.id).toBe(
    'mietkaution',
  )
  expect(matchTopic('Cuéntame algo sobre la siesta y el sueño de la tarde.')?.id).toBe('siesta')
})

test('a request without a topic still gets an answer in the asked style', () => {
  const topic = genericTopic('Please write a villanelle on lighthouses in Norway')
  expect(topic.subject).toContain('villanelle')
  const { text } = composeAnswer(topic, sampleStyle(seededRng(1)), seededRng(2))
  expect(text.length).toBeGreaterThan(60)
  expect(genericTopic('').subject.length).toBeGreaterThan(0)
})

test.each([
  ['Wie schreibe ich ein Gedicht über den Leuchtturm?', 'de'],
  ['¿Cómo se escribe un poema sobre el faro?', 'es'],
  ['Please write a poem about the lighthouse.', 'en'],
  ['Comment écrire un poème sur le phare ?', 'en'],
  ['', 'en'],
] as const)('"%s" is answered in %s, topic or not', (request, language) => {
  expect(genericTopic(request).language).toBe(language)
  const topic = genericTopic(request)
  expect(languageOf(composeAnswer(topic, sampleStyle(seededRng(1)), seededRng(2)).text)).toBe(
    language,
  )
})
