import { describe, expect, test } from 'vitest'
import {
  choiceOf,
  type Decision,
  editedAnswers,
  editWeight,
  thumbedAnswers,
  WEIGHTS,
} from '../../../device/feedback/derive-choices.ts'
import type { FeedbackEvent } from '../../../device/records/feedback-event.ts'

/** request: what it is for; after: whose request it goes on from. */
type Given = Decision & { readonly request: string; readonly after?: string }
const decision = (id: string, change: Partial<Given> = {}): Given => ({
  id,
  request: 'Why?',
  candidates: ['first', 'second', 'third'],
  shown: [0, 1, 2],
  served: 0,
  ...change,
})
const on = (decisionId: string, event: FeedbackEvent, at = 9000) => ({ decisionId, at, event })
/** What the events amount to for each decision, given in their order. */
const choicesOf = (
  decisions: readonly Given[],
  events: readonly { decisionId: string; at: number; event: FeedbackEvent }[],
) =>
  decisions.flatMap((one, i) => {
    const later = decisions.slice(i + 1)
    const found = choiceOf(one, {
      eventsOf: (id) => events.filter((e) => e.decisionId === id).sort((a, b) => a.at - b.at),
      again: later.filter((d) => d.request === one.request),
      after: later.filter((d) => d.after === one.request),
      isFollowed: (d) => later.some((next) => next.after === (d as Given).request),
    })
    return found ? [{ id: one.id, ...found }] : []
  })
const single = { candidates: ['alone'], shown: [0] }

describe('choicesOf', () => {
  test('a choice beats the answers shown with it, and the last choice counts', () => {
    const events = [
      on('d1', { kind: 'choose', chosen: 1 }, 1),
      on('d1', { kind: 'choose', chosen: 2, shown: [0, 2] }, 2),
    ]
    expect(choicesOf([decision('d1')], events)).toEqual([
      {
        id: 'd1',
        candidates: ['first', 'second', 'third'],
        first: 0,
        shown: [0, 2],
        chosen: 2,
        at: 2,
        weight: 1,
      },
    ])
  })

  test('an answer that was not returned beats the one that was, when the user names it', () => {
    const one = decision('d1', { shown: [0] })
    expect(choicesOf([one], [on('d1', { kind: 'choose', chosen: 2 })])[0]).toMatchObject({
      shown: [0, 2],
      chosen: 2,
    })
    expect(choicesOf([one], [on('d1', { kind: 'choose', chosen: 0 })])).toEqual([])
  })

  test('an edit beats the served answer by how much was changed', () => {
    const served = decision('d1', { candidates: ['a b c d e f g h i j'], shown: [0] })
    const edit = on('d1', { kind: 'edit', text: 'a b c d e f g h i X' })
    expect(choicesOf([served], [edit])[0]).toMatchObject({
      candidates: ['a b c d e f g h i j', 'a b c d e f g h i X'],
      chosen: 1,
      weight: 0.2,
    })
    expect(choicesOf([served], [on('d1', { kind: 'edit', text: 'a b c d e f g h i j' })])).toEqual(
      [],
    )
  })

  test('a regenerated answer loses to the one that was kept after it', () => {
    const decisions = [
      decision('d1', single),
      decision('d2', { candidates: ['again'], shown: [0] }),
      decision('d3', { candidates: ['better'], shown: [0] }),
    ]
    const events = [
      on('d1', { kind: 'regenerate' }, 1500),
      on('d2', { kind: 'regenerate' }, 2500),
      on('d3', { kind: 'keep' }, 3500),
    ]
    const choices = choicesOf(decisions, events)
    expect(choices.map((c) => [c.id, c.candidates[c.chosen], c.weight])).toEqual([
      ['d1', 'better', WEIGHTS.regenerate],
      ['d2', 'better', WEIGHTS.regenerate],
    ])
    expect(choicesOf(decisions, events.slice(0, 2))).toEqual([])
  })

  test('an answer to another request, or one that was thumbed down, does not win', () => {
    const other = decision('d2', { ...single, request: 'What?' })
    const events = [on('d1', { kind: 'regenerate' }), on('d2', { kind: 'keep' })]
    expect(choicesOf([decision('d1'), other], events)).toEqual([])
    const down = on('d2', { kind: 'thumbs', value: -1 })
    expect(
      choicesOf([decision('d1'), decision('d2')], [...events, down]).filter((c) => c.id === 'd1'),
    ).toEqual([])
  })

  test('a follow-up on style prefers the answer it led to, one on content does not', () => {
    const next = decision('d2', {
      candidates: ['short'],
      shown: [0],
      request: 'Shorter, please.',
      after: 'Why?',
    })
    const found = (text: string) =>
      choicesOf(
        [decision('d1'), next],
        [on('d1', { kind: 'follow_up', text }), on('d2', { kind: 'keep' })],
      )
    expect(found('Make it shorter, please.')).toMatchObject([
      { id: 'd1', candidates: ['first', 'short'], chosen: 1, weight: WEIGHTS.followUp },
    ])
    expect(found('And why is the sea blue?')).toEqual([])
  })

  test('keeping an answer is a weak choice among those shown; thumbs are no pair', () => {
    expect(choicesOf([decision('d1')], [on('d1', { kind: 'keep' })])).toMatchObject([
      { chosen: 0, weight: WEIGHTS.keep },
    ])
    expect(choicesOf([decision('d1', single)], [on('d1', { kind: 'keep' })])).toEqual([])
    expect(choicesOf([decision('d1')], [on('d1', { kind: 'thumbs', value: 1 })])).toEqual([])
  })

  test('votes once a decision and passes over what makes no sense', () => {
    const events = [
      on('d1', { kind: 'keep' }, 1),
      on('d1', { kind: 'choose', chosen: 1 }, 2),
      on('d1', { kind: 'regenerate' }, 3),
      on('nowhere', { kind: 'keep' }, 4),
    ]
    expect(choicesOf([decision('d1')], events)).toHaveLength(1)
    const odd = [
      { kind: 'choose', chosen: 9 },
      { kind: 'choose', chosen: 1, shown: [1] },
    ] as const
    for (const event of odd)
      expect(
        choicesOf(
          [decision('d1')],
          [on('d1', { ...event, shown: [...('shown' in event ? event.shown : [9, 0])] })],
        ),
      ).toEqual([])
    expect(choicesOf([decision('d1', { served: 7 })], [on('d1', { kind: 'keep' })])).toEqual([])
  })
})

describe('editWeight', () => {
  test.each([
    ['', '', 0],
    ['a b', 'a b', 0],
    ['a b c d', 'a b c X', 0.5],
    ['a b', 'x y', 1],
    ['a b c', '', 1],
    ['a b c d e f g h', 'b c d e f g h', 0.25],
  ])('%j -> %j weighs %d', (before, after, weight) => {
    expect(editWeight(before, after)).toBeCloseTo(weight, 12)
  })

  test('stays fast on huge texts', () => {
    const from = performance.now()
    expect(editWeight('a '.repeat(100_000), 'b '.repeat(100_000))).toBe(1)
    expect(performance.now() - from).toBeLessThan(2000)
  })
})

describe('answers judged on their own', () => {
  const decisions = [decision('d1'), decision('d2', { served: 1 }), decision('d3')]
  const events = [
    on('d1', { kind: 'thumbs', value: 1 }, 1),
    on('d2', { kind: 'thumbs', value: -1 }, 2),
    on('d1', { kind: 'thumbs', value: -1 }, 3),
    on('d3', { kind: 'edit', text: 'better' }, 4),
    on('unknown', { kind: 'thumbs', value: 1 }, 5),
  ]

  test('the last thumb of each decision is about the answer that was served, most recent first', () => {
    expect(thumbedAnswers(decisions, events)).toEqual([
      { id: 'd1', text: 'first', isLiked: false },
      { id: 'd2', text: 'second', isLiked: false },
    ])
  })

  test('an edit is the answer as it should have been', () => {
    expect(editedAnswers(decisions, events)).toEqual([{ id: 'd3', text: 'better', isLiked: true }])
  })
})
