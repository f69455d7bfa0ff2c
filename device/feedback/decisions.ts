/** Records feedback on decisions, and keeps the derived choices up to date. */
import { FedError } from '../../adapters/errors.ts'
import type { FeedbackEvent } from '../records/feedback-event.ts'
import type { DecisionRow } from '../store/decisions.ts'
import { newId } from '../store/new-decision.ts'
import type { StoreReads, StoreTx } from '../store/tables.ts'
import { type Around, choiceOf, type Decision, type RecordedEvent } from './derive-choices.ts'

/** The decision that feedback was about. propensity: of its served answer. */
export type About = { readonly decisionId: string; readonly propensity: number }

/**
 * Records an event and updates the choices, in the caller's transaction. Returns null for an event
 * about no answer. Fails with E_NO_DECISION, E_BODY.
 */
export const recordFeedback = (store: StoreTx, event: FeedbackEvent, at: number): About | null => {
  const target = event.decisionId ?? event.messageId
  // The profile stores it, so the event itself is not needed.
  if (target === undefined) return null
  const row = decisionNamed(store, target)
  if (!row) throw new FedError('E_NO_DECISION', 'no decision or answer of this device has this id')
  if (event.kind === 'choose')
    for (const index of [event.chosen, ...(event.shown ?? [])])
      if (index >= row.candidates)
        throw new FedError(
          'E_BODY',
          `candidate ${index} was named, the decision has ${row.candidates}`,
        )
  store.addFeedback(newId('f_'), row.id, at, event)
  refreshChoices(store, row)
  return { decisionId: row.id, propensity: row.propensity }
}

/** Includes decisions that an earlier version stored. */
const decisionNamed = (store: StoreTx, id: string): DecisionRow | undefined =>
  store.decision(id) ?? (store.convertThis(id) ? store.decision(id) : undefined)

/**
 * Derives the choices of a decision and of the earlier ones that it affects: those of the same
 * request, and those that its conversation continues.
 */
export const refreshChoices = (store: StoreTx, row: DecisionRow): void => {
  for (const one of [row, ...store.earlierWithFeedback(row)]) {
    const decided = choiceOf(toDecision(store, one), aroundOf(store, one))
    store.decideChoice(one, decided)
  }
}

const aroundOf = (store: StoreReads, row: DecisionRow): Around => {
  const [again, after] = [store.laterRepeats(row), store.continuations(row)]
  const rows = new Map([...again, ...after].map((one) => [one.id, one]))
  return {
    eventsOf: (id) => eventsOn(store, id),
    again: again.map((one) => toDecision(store, one)),
    after: after.map((one) => toDecision(store, one)),
    isFollowed: ({ id }) => {
      const one = rows.get(id)
      return one !== undefined && store.continuations(one).some((n) => n.answered === one.said)
    },
  }
}

/** The most recent decisions with feedback since `since`, oldest first, and their events. */
export const recordedFeedback = (
  store: StoreReads,
  limit: number,
  since: number,
): { decisions: (Decision & { readonly at: number })[]; events: RecordedEvent[] } => {
  const rows = store
    .decisionsWithFeedback(limit)
    .filter(({ at }) => at >= since)
    .toReversed()
  return {
    decisions: rows.map((row) => Object.assign(toDecision(store, row), { at: row.at })),
    events: rows.flatMap(({ id }) => eventsOn(store, id)),
  }
}

const eventsOn = (store: StoreReads, id: string): RecordedEvent[] =>
  store
    .feedbackOn(id)
    .map(({ decisionId, at, body }) => ({ decisionId, at, event: body }))
    .sort((a, b) => a.at - b.at)

/** The answers are read on first use. */
const toDecision = (store: StoreReads, { seq, id, shown, served }: DecisionRow): Decision => {
  let answers: string[] | null = null
  return {
    id,
    shown,
    served,
    get candidates() {
      answers ??= store.answersOf(seq)
      return answers
    },
  }
}
