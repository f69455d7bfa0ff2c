import { expect, test } from 'vitest'
import type { FeedbackEvent } from '../../../device/records/feedback-event.ts'
import { likedAfterRerank } from '../../../device/store/feedback.ts'

test('the last word that is about the served answer judges a rerank; what was inferred does not', () => {
  const of = (preferred: number, served: number, events: FeedbackEvent[], shown = [served]) =>
    likedAfterRerank({ preferred, served, shown }, events)
  expect(of(1, 1, [{ kind: 'keep' }])).toBe(true)
  expect(of(1, 0, [{ kind: 'keep' }, { kind: 'thumbs', value: -1 }])).toBe(false)
  expect(of(1, 1, [{ kind: 'choose', chosen: 1 }, { kind: 'undo' }])).toBe(true)
  expect(of(1, 1, [{ kind: 'choose', chosen: 0 }])).toBe(false)
  expect(of(0, 0, [{ kind: 'keep' }])).toBeNull()
  expect(of(1, 2, [{ kind: 'keep' }])).toBeNull()
  expect(of(1, 1, [{ kind: 'keep' }], [0, 1])).toBeNull()
  expect(of(1, 1, [{ kind: 'regenerate', isImplicit: true }])).toBeNull()
})
