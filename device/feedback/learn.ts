/** Learns from feedback which preferences matter for a request. */
import { dimensionOf, type Pole } from '../preferences/dimensions.ts'
import { poleOfLine } from '../preferences/profile.ts'
import { movedPreferences } from '../preferences/relevance-feedback.ts'
import { type Learned, learnedRelevance } from '../preferences/relevance-head.ts'
import { readProfile } from '../preferences/stored-profile.ts'
import type { FeedbackEvent } from '../records/feedback-event.ts'
import { askedOf } from '../store/new-decision.ts'
import type { StoreTx } from '../store/tables.ts'

/** An undo is about relevance alone; a choice is mostly about other things. */
const WEIGHTS = { undo: 3, edit: 1, choose: 0.1 } as const

/**
 * Stores an event's evidence on the preferences of its request. An undo takes effect in the next
 * conversation, because in this one Claude's answers are signed over the block.
 */
export const learnFromFeedback = (
  { store, clock }: { readonly store: StoreTx; readonly clock: () => number },
  event: FeedbackEvent,
): void => {
  const row = store.decision(event.decisionId ?? event.messageId ?? '')
  if (!row) return
  const request = askedOf(store, row)
  const inBlock = (row.info.rewriting?.lines ?? []).flatMap(({ line }) => poleOfLine(line) ?? [])
  const learn = (weight: number, examples: readonly Pick<Learned, 'wish' | 'isRelevant'>[]) =>
    store.addExamples(
      examples.map((e) => ({
        request,
        weight,
        isUndo: event.kind === 'undo',
        at: clock(),
        decision: row.id,
        conversation: row.conversation,
        ...e,
      })),
    )
  if (event.kind === 'undo') {
    const before = learnedRelevance(store).filter((e) => e.isUndo && e.request === request)
    const isNew = (pole: Pole | null) => !before.some((e) => e.wish === pole)
    const undone = inBlock.filter((w) => dimensionOf(w) === (event.dimension ?? dimensionOf(w)))
    const gone = undone.filter(isNew)
    learn(
      event.dimension ? WEIGHTS.undo : WEIGHTS.undo / undone.length,
      gone.map((wish) => ({ wish, isRelevant: false })),
    )
    if (!event.dimension && undone.length > 0 && isNew(null))
      learn(WEIGHTS.undo, [{ wish: null, isRelevant: false }])
    return
  }
  const candidates = store.answersOf(row.seq)
  const answer = candidates[event.kind === 'choose' ? event.chosen : row.served]
  if (answer === undefined || (event.kind !== 'edit' && event.kind !== 'choose')) return
  const isEdit = event.kind === 'edit'
  const before = isEdit
    ? [answer]
    : (event.shown ?? row.shown)
        .filter((i) => i !== event.chosen)
        .flatMap((i) => candidates[i] ?? [])
  const enabled = readProfile(store).preferences.filter((p) => p.enabled)
  const moved = movedPreferences(request, before, isEdit ? event.text : answer, enabled)
  // A move against a preference is evidence only if the block contained it.
  const telling = moved.filter((m) => m.isWithIt || inBlock.includes(m.pole))
  learn(
    WEIGHTS[event.kind],
    telling.map(({ pole, isWithIt }) => ({ wish: pole, isRelevant: isWithIt })),
  )
}
