/** What the device decided for a request, what the user made of it, and the choices that this amounts to. */
import { z } from 'zod'
import { FedError } from '../../adapters/errors.ts'
import { type Rng, randomBytes } from '../../adapters/random.ts'
import { ChatMessage, SystemPrompt } from '../../adapters/wire/choice-log.ts'
import { DecisionCost, RankingWhy, RewritingWhy } from '../../adapters/wire/oversight.ts'
import type { FeedbackEvent } from '../../adapters/wire/personalization.ts'
import { choicesOf, type Decision, type RecordedEvent } from '../personalize/feedback.ts'
import type { JudgedDecision } from '../personalize/off-policy.ts'
import { conversationKey } from '../personalize/rewrite.ts'
import type { DecisionRow, DeviceStore } from './store.ts'
import type { Answer, Conversation } from './types.ts'

/**
 * As kept. propensity: probability with which `served` was drawn; rewards: by candidate, empty where nothing was ranked; preferred:
 * what would have been served without exploration and outside shadow mode; rewriting, ranking, cost: what held then, for people;
 * suffix: the name under which suffixes.ts knows the conversation; app: names the program that asked.
 */
export const DecisionBody = z.object({
  messages: z.array(ChatMessage),
  system: SystemPrompt.optional(),
  candidates: z.array(z.string()),
  shown: z.array(z.int()),
  served: z.int(),
  order: z.array(z.int()),
  rewards: z.array(z.number()),
  preferred: z.int().optional(),
  propensity: z.number(),
  explored: z.boolean(),
  dimensions: z.array(z.string()),
  rewriting: RewritingWhy.optional(),
  ranking: RankingWhy.optional(),
  cost: DecisionCost.optional(),
  suffix: z.string().optional(),
  app: z.string().optional(),
})
export type DecisionBody = z.infer<typeof DecisionBody>

/** Decisions that one event can still change: a regenerated answer comes soon after. */
const RECENT = 200
/** The user's name in this device's own choices; it never leaves. */
const SELF = 'me'

export const newId = (prefix: string): string =>
  `${prefix}${Buffer.from(randomBytes(15)).toString('base64url')}`

/** A decision of which nothing is known yet but the conversation. */
export const blankDecision = (
  { messages, system }: Conversation,
  dimensions: readonly string[] = [],
): DecisionBody => ({
  messages,
  ...(system !== undefined && { system }),
  candidates: [],
  shown: [],
  served: 0,
  order: [],
  rewards: [],
  propensity: 1,
  explored: false,
  dimensions: [...dimensions],
})

export const saveDecision = (
  store: DeviceStore,
  id: string,
  at: number,
  body: DecisionBody,
  answers: readonly Answer[] = [],
): void =>
  store.saveDecision(
    { id, at, conversation: conversationKey(body), body },
    answers.flatMap((a) => a.messageId ?? []),
  )

/** The kept body of a decision, if it is known. */
export const decisionBody = (store: DeviceStore, id: string): DecisionBody | undefined => {
  const row = store.decision(id)
  return row && DecisionBody.parse(row.body)
}

/** A decision that is gone by now stays gone. */
export const saveCost = (store: DeviceStore, id: string, cost: DecisionCost): void => {
  const row = store.decision(id)
  if (row) saveDecision(store, id, row.at, { ...DecisionBody.parse(row.body), cost })
}

/** What feedback was about. propensity: with which the served answer was drawn. */
export type About = { readonly decisionId: string; readonly propensity: number }

/**
 * Records an event and brings the choices up to date, for the caller to do in one transaction. null: it is about no answer.
 * Fails with E_NO_DECISION, E_BODY.
 */
export const recordFeedback = (
  store: DeviceStore,
  event: FeedbackEvent,
  at: number,
): About | null => {
  const target = event.decisionId ?? event.messageId
  if (target === undefined) {
    store.addFeedback(newId('f_'), '', at, event)
    return null
  }
  const row = store.decision(target)
  if (!row)
    throw new FedError('E_NO_DECISION', 'no decision and no answer of this device has this id')
  const body = DecisionBody.parse(row.body)
  if (event.kind === 'choose')
    for (const index of [event.chosen, ...(event.shown ?? [])])
      if (index >= body.candidates.length)
        throw new FedError(
          'E_BODY',
          `candidate ${index} was named, the decision has ${body.candidates.length}`,
        )
  store.addFeedback(newId('f_'), row.id, at, event)
  refreshChoices(store, row)
  return { decisionId: row.id, propensity: body.propensity }
}

/** What the events so far amount to. row: a decision that may be older than the recent ones. */
export const refreshChoices = (store: DeviceStore, row?: DecisionRow): void => {
  // Oldest first: equal times must keep the order in which they came.
  const decisions = store.decisions(RECENT).map(toDecision).reverse()
  const known =
    !row || decisions.some((d) => d.id === row.id) ? decisions : [toDecision(row), ...decisions]
  const ids = known.map((d) => d.id)
  store.replaceFeedbackChoices(ids, choicesOf(known, eventsOn(store, ids), SELF))
}

/** The most recent decisions, oldest first, and the events on them in their order. */
export const recordedFeedback = (
  store: DeviceStore,
  limit: number,
): { decisions: Decision[]; events: RecordedEvent[] } => {
  const decisions = store.decisions(limit).map(toDecision).reverse()
  return {
    decisions,
    events: eventsOn(
      store,
      decisions.map((d) => d.id),
    ),
  }
}

const eventsOn = (store: DeviceStore, decisionIds: readonly string[]): RecordedEvent[] =>
  store
    .feedbackOn(decisionIds)
    .map((f) => ({ decisionId: f.decisionId, at: f.at, event: f.body as FeedbackEvent }))
    .reverse()

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

/**
 * Decisions of which the user made something, and in which reranking preferred another answer than Claude's first. What was inferred
 * does not judge: it is only ever dislike, or comes with it, so that it would say more of when people go on than of the order.
 */
export const judgedDecisions = (store: DeviceStore, limit: number): JudgedDecision[] => {
  const rows = store.decisions(limit)
  const events = eventsOn(
    store,
    rows.map((row) => row.id),
  )
  return rows.flatMap(({ id, body }) => {
    const { preferred, served, propensity, shown } = DecisionBody.parse(body)
    const last = events.findLast(
      (e) => e.decisionId === id && !e.event.isImplicit && e.event.kind in LIKED,
    )?.event
    const isOther = served !== 0 && served !== preferred
    if (!last || !preferred || isOther || shown.length !== 1) return []
    const liked = LIKED[last.kind]?.(last, served) ?? false
    return [
      { served: served === 0 ? ('first' as const) : ('preferred' as const), propensity, liked },
    ]
  })
}

/** Whether an event says that the served answer was good; other kinds do not judge it. */
const LIKED: Partial<
  Record<FeedbackEvent['kind'], (event: FeedbackEvent, served: number) => boolean>
> = {
  keep: () => true,
  regenerate: () => false,
  edit: () => false,
  thumbs: (event) => event.kind === 'thumbs' && event.value > 0,
  choose: (event, served) => event.kind === 'choose' && event.chosen === served,
}

export const toDecision = ({ id, at, body }: DecisionRow): Decision => {
  const { messages, system, candidates, shown, served } = DecisionBody.parse(body)
  return { id, at, messages, system, candidates, shown, served }
}
