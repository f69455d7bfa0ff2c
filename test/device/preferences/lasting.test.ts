import { expect, test } from 'vitest'
import { lastingPart } from '../../../device/preferences/lasting.ts'

test.each([
  ['No lists, please.', 'No lists, please.'],
  ['From now on, be brief. What is a fjord?', 'From now on, be brief.'],
  [
    'Please answer all my questions in prose. What is a fjord?',
    'Please answer all my questions in prose.',
  ],
  ["Let's keep this chat casual, ok?", "Let's keep this chat casual, ok?"],
  ['Ab jetzt bitte kurz. Was ist ein Fjord?', 'Ab jetzt bitte kurz.'],
  ['Explain fjords in two sentences.', ''],
  ['What is a fjord? As a table please.', ''],
  ['Translate that into French.', ''],
  ['Put it in a table.', ''],
  ['Now as JSON.', ''],
  ['Mach das kürzer.', ''],
])('of %j there still holds %j', (message, expected) => {
  expect(lastingPart(message).trim()).toBe(expected)
})
