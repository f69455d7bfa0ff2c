import { expect, test } from 'vitest'
import {
  asksForStyle,
  FOLLOW_UP_TEXTS,
  followUpPoles,
  isReadByModel,
  trainFollowUps,
} from '../../../device/feedback/follow-up-text.ts'
import { followUpSet, measureFollowUps } from '../../../eval/labelled/feedback.ts'

const FOLLOW_UPS = followUpSet()

test.each([
  ['shorter please', ['length-']],
  ['not so short', ['length+']],
  ['too formal', ['tone-']],
  ['again, but as a list', ['lists+']],
  ['kürzer bitte', ['length-']],
  ['Bitte ohne Aufzählung', ['lists-']],
  ['plus court', ['length-']],
  ['más corto', ['length-']],
  ['短く', ['length-']],
  ['不要用表情', ['emoji-']],
  ['and for a larger family?', []],
  [`shorter please. ${'More of the story follows. '.repeat(10)}`, []],
])('the words of %j ask for %j', (message, poles) => {
  expect(followUpPoles(message)).toEqual(poles)
})

test('the words alone find nearly every follow-up on style, and its direction', () => {
  const { recall, rightWay } = measureFollowUps(FOLLOW_UPS, null)
  expect(recall).toBeGreaterThan(0.95)
  expect(rightWay).toBeGreaterThan(0.95)
})

test('the gate separates what its states separate, and no seed is among the held-back messages', () => {
  const isStyle = FOLLOW_UP_TEXTS.map((_, i) => i < FOLLOW_UP_TEXTS.length / 2)
  const pooled = FOLLOW_UP_TEXTS.map((_, i) => [isStyle[i] ? 1 : -1, i % 3, 1])
  const gate = trainFollowUps(pooled)
  expect(asksForStyle(gate, 'shorter please', [1, 1, 1])).toBe(true)
  expect(asksForStyle(gate, 'what is the shortest way', [-1, 1, 1])).toBe(false)
  const held = new Set(FOLLOW_UPS.map(([message]) => message.toLowerCase()))
  expect(FOLLOW_UP_TEXTS.filter((text) => held.has(text))).toEqual([])
})

test('the local model is asked about English alone', () => {
  expect([
    isReadByModel('shorter please'),
    isReadByModel('kürzer bitte, das war zu lang für mich'),
  ]).toEqual([true, false])
})
