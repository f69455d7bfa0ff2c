/** What the device decided for a request, what the user made of it, and the choices that this amounts to. */
import { FedError } from '../../adapters/errors.ts'
import type { ChatMessage } from '../../adapters/formats/choice-log.ts'
import { type Rng, randomBytes } from '../../adapters/random.ts'
import type { Conversation } from '../agent/types.ts'
import type { FeedbackEvent } from '../records/feedback-event.ts'
import type { DecisionInfo, DecisionRow, NewDecision } from '../store/decisions.ts'
import { ASKED_MESSAGES, keptAsked, keptRequest } from '../store/kept-request.ts'
import type { DeviceStore, StoreReads, StoreTx } from '../store/store.ts'
import { PROMPT_CHARS } from '../text/kept-text.ts'
import { type Around, choiceOf, type Decision, type RecordedEvent } from './derive-choices.ts'
import type { JudgedDecision } from './off-policy.ts'

export const newId = (prefix: string): string =>
  `${prefix}${Buffer.from(randomBytes(15)).toString('base64url')}`

/** A decision of which nothing is known yet but the request. It holds texts alone: no image, and nothing of the conversation itself. */
export const newDecision = (
  store: Pick<DeviceStore, 'hash'>,
  at: number,
  conversation: Conversation,
  more: Partial<DecisionInfo> & Pick<NewDecision, 'suffix' | 'app'> & { id?: string } = {},
): NewDecision => {
  const { id = newId('d_'), suffix, app, ...info } = more
  return {
    id,
    at,
    request: keptRequest(store.hash, conversation),
    suffix,
    app,
    info: { dimensions: [], ...info },
  }
}

/** About what it holds in memory. */
export const bytesOf = (made: NewDecision | null): number =>
  made === null
    ? 0
    : (made.request.system?.length ?? 0) * 2 +
      made.request.turns.reduce((sum, { text }) => sum + 2 * text.length + TURN_BYTES, TURN_BYTES)

const TURN_BYTES = 300

/** The texts of a decision's last messages, in order: as many as the local model can read. */
export const lastMessages = (
  store: Pick<DeviceStore, 'turnsOf'>,
  row: Pick<DecisionRow, 'turn'>,
): { messages: ChatMessage[]; isAll: boolean } => {
  const messages: ChatMessage[] = []
  let characters = 0
  for (const { role, text } of store.turnsOf(row)) {
    if (characters >= PROMPT_CHARS) return { messages, isAll: false }
    messages.unshift({ role, content: text })
    characters += text.length
  }
  return { messages, isAll: true }
}

/** What was asked, as keptAsked has it of the request itself. */
export const askedOf = (
  store: Pick<DeviceStore, 'turnsOf'>,
  row: Pick<DecisionRow, 'turn'>,
): string => {
  const messages: ChatMessage[] = []
  for (const { role, text } of store.turnsOf(row)) {
    messages.unshift({ role, content: text })
    if (messages.length === ASKED_MESSAGES) break
  }
  return keptAsked(messages)
}

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

/** Decisions in which reranking preferred another answer than Claude's first, and feedback says how that was; the most recent. */
export const judgedDecisions = (store: StoreReads, limit: number): JudgedDecision[] =>
  store.likedDecisions(limit).map(({ served, propensity, liked }) => ({
    served: served === 0 ? ('first' as const) : ('preferred' as const),
    propensity,
    liked,
  }))

/**
 * greedy: best first. With probability explore the leader is drawn by these chances instead, the others staying in their order;
 * propensity is the probability of the leader that came out.
 */
export const exploreOrder = (
  greedy: readonly number[],
  explore: number,
  chances: () => readonly number[],
  rng: Rng,
): { order: number[]; propensity: number; explored: boolean } => {
  if (greedy.length < 2 || explore === 0)
    return { order: [...greedy], propensity: 1, explored: false }
  const by = chances()
  const explored = rng.uniform() < explore
  const leader = explored ? drawFrom(by, rng) : greedy[0]!
  return {
    order: [leader, ...greedy.filter((i) => i !== leader)],
    explored,
    propensity: explore * by[leader]! + (leader === greedy[0] ? 1 - explore : 0),
  }
}

const drawFrom = (chances: readonly number[], rng: Rng): number => {
  let left = rng.uniform()
  for (const [i, chance] of chances.entries()) {
    left -= chance
    if (left < 0) return i
  }
  return chances.length - 1
}
