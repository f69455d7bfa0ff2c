import { expect, test } from 'vitest'
import { constraintsInConversation } from '../../../device/preferences/conversation-constraints.ts'

const user = (content: string) => ({ role: 'user', content })
const assistant = { role: 'assistant', content: 'It is so.' }
const silenced = (c: Parameters<typeof constraintsInConversation>[0]) => {
  const { silencedBy, strictOutput } = constraintsInConversation(c)
  return [
    ...new Set([...silencedBy].map(([pole, by]) => `${by} ${pole.slice(0, -1)}`)),
    ...(strictOutput ? ['strict'] : []),
  ]
}

test.each([
  ['Return only JSON: the planets.'],
  ['Translate this into French: good morning.'],
  ['Explain fjords in two sentences.'],
  ['Übersetze das ins Englische: Guten Tag.'],
])('a one-time demand of an earlier turn no longer applies: %s', (earlier) => {
  const messages = [user(earlier), assistant, user('How do volcanoes erupt?')]
  expect(silenced({ messages })).toEqual([])
  expect(silenced({ messages: messages.slice(0, 1) })).not.toEqual([])
})

test('a lasting demand still applies, and so do the app’s instructions anywhere', () => {
  const messages = [
    user('No emoji from now on, please.'),
    assistant,
    user('How do volcanoes erupt?'),
  ]
  expect(silenced({ messages })).toEqual(['message emoji'])
  expect(
    silenced({
      system: 'Always use bullet points.',
      instructions: ['Use a formal tone.'],
      messages,
    }),
  ).toEqual(['message emoji', 'app lists', 'app tone'])
})

test('where the app and the person both decide, the app is named', () => {
  const messages = [user('How do volcanoes erupt? No emoji.')]
  expect(silenced({ system: 'Never use emojis.', messages })).toEqual(['app emoji'])
})

test.each([
  ['Always respond in valid JSON.', true],
  ['Respond with the SQL query only.', true],
  ['If JSON is asked for, return only JSON.', false],
  ['You can translate text and write JSON.', false],
  ['Write math in LaTeX. Use Markdown.', false],
])('an app whose answers a program reads leaves no room for style: %s', (system, expected) => {
  const { strictOutput } = constraintsInConversation({ system, messages: [user('Why is it so?')] })
  expect(strictOutput).toBe(expected)
})
