/** What the device decided for a request, what the user made of it, and the choices that this amounts to. */
import { FedError } from '../../adapters/errors.ts'
import type { FeedbackEvent } from '../records/feedback-event.ts'
import type { DecisionRow } from '../store/decisions.ts'
import { newId } from '../store/new-decision.ts'
import type { StoreReads, StoreTx } from '../store/tables.ts'
import { type Around, choiceOf, type Decision, type RecordedEvent } from './derive-choices.ts'

/** What feedback was about. propensity: with which the served answer was drawn. */
export type About = { readonly decisionId: string; readonly propensity: number }

/**
 * Records an event and brings the choices up to date, for the caller to do in one transaction. null: it is about no answer.
 * Fails with E_NO_DECISION, E_BODY.
 */
export const recordFeedback = (store: StoreTx, event: FeedbackEvent, at: number): About | null => {
  const target = event.decisionId ?? event.messageId
  // The profile has it: nobody would read the event.
  if (target === undefined) return null
  const row = decisionNamed(store, target)
  if (!row)
    throw new FedError('E_NO_DECISION', 'no decision and no answer of this device has this id')
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

/** Also one that an earlier version kept. */
const decisionNamed = (store: StoreTx, id: string): DecisionRow | undefined =>
  store.decision(id) ?? (store.convertThis(id) ? store.decision(id) : undefined)

/**
 * What events amount to by now, of a decision and of the earlier ones that it says something of:
 * those of the same request, and those that it goes on from.
 */
export const refreshChoices = (store: StoreTx, row: DecisionRow): void => {
  for (const one of [row, ...store.toldBefore(row)]) {
    const decided = choiceOf(toDecision(store, one), aroundOf(store, one))
    store.decideChoice(one, decided)
  }
}

const aroundOf = (store: StoreReads, row: DecisionRow): Around => {
  const [again, after] = [store.askedAgain(row), store.goingOnFrom(row)]
  const rows = new Map([...again, ...after].map((one) => [one.id, one]))
  return {
    eventsOf: (id) => eventsOn(store, id),
    again: again.map((one) => toDecision(store, one)),
    after: after.map((one) => toDecision(store, one)),
    isFollowed: ({ id }) => {
      const one = rows.get(id)
      return one !== undefined && store.goingOnFrom(one).some((n) => n.answered === one.said)
    },
  }
}

/** The most recent decisions that have feedback, none older than `since`, oldest first; and the events on them. */
export const recordedFeedback = (
  store: StoreReads,
  limit: number,
  since: number,
): { decisions: (Decision & { readonly at: number })[]; events: RecordedEvent[] } => {
  const rows = store
    .toldDecisions(limit)
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

/** Its answers are read when they are asked for. */
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
