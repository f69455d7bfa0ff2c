import { expect, test } from 'vitest'
import { DIMENSIONS } from '../../../device/records/preference.ts'
import {
  CONSTRAINED,
  CONSTRAINT_WORDINGS,
  LABELLED,
  type Pole,
} from '../../../eval/labelled/requests.ts'

const key = ({ dimension, direction }: Pole) => `${dimension}${direction}`
const ordinary = LABELLED.filter((r) => r.applies !== 'none')
const none = LABELLED.filter((r) => r.applies === 'none')

test('the set is large enough for what is claimed from it', () => {
  expect(ordinary.length).toBeGreaterThanOrEqual(160)
  expect(ordinary.filter((r) => r.language !== 'en').length).toBeGreaterThanOrEqual(25)
  expect(none.length).toBeGreaterThanOrEqual(100)
  expect(CONSTRAINED.length).toBeGreaterThanOrEqual(520)
  expect(CONSTRAINED.filter((r) => r.messages).length).toBeGreaterThanOrEqual(40)
  expect(new Set(CONSTRAINT_WORDINGS.map(({ text }) => text)).size).toBeGreaterThanOrEqual(200)
})

test('no request stands in it twice, and none has an unfilled place', () => {
  const texts = [
    ...LABELLED.map((r) => r.request),
    ...CONSTRAINED.map((r) => JSON.stringify(r.messages ?? r.request)),
  ]
  expect(texts.filter((t, i) => texts.indexOf(t) !== i)).toEqual([])
  expect(texts.filter((t) => /\{[qsQn]\}|¶/.test(t) || t.trim() === '')).toEqual([])
})

test('no label contradicts another of the same request', () => {
  for (const { applies, no = [] } of ordinary) {
    const yes = (applies as readonly Pole[]).map(key)
    expect(yes.length).toBeGreaterThan(1)
    expect(new Set(yes).size).toBe(yes.length)
    expect(no.map(key).filter((k) => yes.includes(k))).toEqual([])
  }
})

test('each end of each dimension is forbidden by several wordings, and applies or not to some request', () => {
  const forbidden = CONSTRAINED.flatMap((r) => r.forbids.map(key))
  const applied = ordinary.flatMap((r) => (r.applies as readonly Pole[]).map(key))
  for (const dimension of DIMENSIONS)
    for (const direction of [-1, 1] as const) {
      const count = forbidden.filter((k) => k === key({ dimension, direction })).length
      expect(count, `${dimension} ${direction}`).toBeGreaterThanOrEqual(4)
      expect(applied, `${dimension} ${direction}`).toContain(key({ dimension, direction }))
    }
})

test('every conversation ends with its request', () => {
  for (const { request, messages, forbids } of CONSTRAINED) {
    expect(forbids.length).toBeGreaterThan(0)
    if (messages) expect(messages.at(-1)).toEqual({ role: 'user', content: request })
  }
})
