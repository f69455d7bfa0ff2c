/** Derives choices from feedback: which answers were shown, which was preferred, with what weight. */
import { constraintsOf } from '../preferences/constraints.ts'
import type { FeedbackEvent } from '../records/feedback-event.ts'
import type { DecidedChoice } from '../store/choices.ts'

/**
 * A request that the device served. candidates[served] is the answer that the app got; shown:
 * indices that the user saw.
 */
export type Decision = {
  readonly id: string
  readonly candidates: readonly string[]
  readonly shown: readonly number[]
  readonly served: number
}

export type RecordedEvent = {
  readonly decisionId: string
  readonly at: number
  readonly event: FeedbackEvent
}

/**
 * A regenerated answer was clearly unwanted. A follow-up also changes the request, and people also
 * keep answers that they do not care about. inferred: the conversation merely continued.
 */
export const WEIGHTS = {
  choose: 1,
  regenerate: 0.7,
  followUp: 0.4,
  keep: 0.2,
  inferred: 0.08,
} as const
/** Factor for an inferred complaint where the user judged the better answer. */
const INFERRED_FACTOR = 0.5

/** The other decisions that affect one; later ones, oldest first. */
export type Around = {
  /** In their order. */
  readonly eventsOf: (id: string) => readonly RecordedEvent[]
  /** Decisions on the same request. */
  readonly again: readonly Decision[]
  /** Decisions on requests that continue from it, an answer and a message later. */
  readonly after: readonly Decision[]
  /** Whether a later request continues from its served answer. */
  readonly isFollowed: (decision: Decision) => boolean
}

/**
 * The choice that the events on a decision imply, if any. Thumbs imply no pair: see thumbedAnswers.
 * - choose: the chosen candidate over the others that were shown; the last choice counts.
 * - edit: the edited text over the served one, weighted by how much was changed.
 * - regenerate, then another answer to the same request that is kept, chosen, edited or thumbed up:
 *   that one over the first.
 * - follow_up that asks for another style, then an answer to it that is kept: that one over the
 *   first, weakly.
 * - keep: the served candidate over the others that were shown, weakly.
 * A regenerate or follow_up that the device inferred counts half. If no other answer was judged
 * better, the next answer counts as inferred better, provided that the conversation continued from
 * it without a complaint.
 */
export const choiceOf = (
  decision: Decision,
  { eventsOf, again, after, isFollowed }: Around,
): DecidedChoice | null => {
  const events = eventsOf(decision.id)
  const last = (kind: FeedbackEvent['kind']) => events.findLast((e) => e.event.kind === kind)
  const answer = decision.candidates[decision.served]
  if (answer === undefined) return null
  const over = (better: string, weight: number, at: number): DecidedChoice | null =>
    better === answer || weight <= 0
      ? null
      : { candidates: [answer, better], shown: [0, 1], chosen: 1, weight, at }
  const pick = (
    chosen: number,
    shown: readonly number[],
    weight: number,
    at: number,
  ): DecidedChoice | null => {
    const seen = [...new Set(shown)].filter((s) => s < decision.candidates.length)
    return seen.length < 2 || !seen.includes(chosen)
      ? null
      : { candidates: [...decision.candidates], first: 0, shown: seen, chosen, weight, at }
  }

  const explicit = events.findLast((e) => e.event.kind === 'choose' || e.event.kind === 'edit')
  if (explicit?.event.kind === 'choose') {
    const { chosen, shown } = explicit.event
    // The user has seen the chosen answer, even if the app was not given it.
    return pick(chosen, shown ?? [...decision.shown, chosen], WEIGHTS.choose, explicit.at)
  }
  if (explicit?.event.kind === 'edit')
    return over(explicit.event.text, editWeight(answer, explicit.event.text), explicit.at)

  /** The answer that replaced this one, judged by the feedback on it. */
  const replacement = (
    { event, at }: RecordedEvent,
    weight: number,
    nexts: readonly Decision[],
  ): DecidedChoice | null => {
    const liked = nexts
      .map((d) => likedAnswer(d, eventsOf(d.id)))
      .find((answer) => answer !== undefined)
    if (liked !== undefined)
      return over(liked, event.isImplicit ? weight * INFERRED_FACTOR : weight, at)
    if (!event.isImplicit) return null
    const next = nexts.find(
      (d) => !eventsOf(d.id).some(({ event: { kind } }) => COMPLAINTS.has(kind)) && isFollowed(d),
    )
    const answered = next?.candidates[next.served]
    return answered === undefined ? null : over(answered, WEIGHTS.inferred, at)
  }
  const regenerate = last('regenerate')
  if (regenerate) return replacement(regenerate, WEIGHTS.regenerate, again)
  const followUp = last('follow_up')
  if (
    followUp?.event.kind === 'follow_up' &&
    (followUp.event.isImplicit || constraintsOf([followUp.event.text]).dimensions.size > 0)
  )
    return replacement(followUp, WEIGHTS.followUp, after)
  const keep = last('keep')
  return keep ? pick(decision.served, decision.shown, WEIGHTS.keep, keep.at) : null
}

/** An answer that was judged on its own. id: of its decision. */
export type JudgedAnswer = { readonly id: string; readonly text: string; readonly isLiked: boolean }

/** The served answers with a thumb, by each decision's last one; most recent first. */
export const thumbedAnswers = (
  decisions: readonly Decision[],
  events: readonly RecordedEvent[],
): JudgedAnswer[] =>
  lastOnDecisions(decisions, events, 'thumbs', ({ candidates, served }, { value }) => {
    const text = candidates[served]
    return text === undefined ? null : { text, isLiked: value > 0 }
  })

/** Answers as the user edited them, by each decision's last edit; most recent first. */
export const editedAnswers = (
  decisions: readonly Decision[],
  events: readonly RecordedEvent[],
): JudgedAnswer[] =>
  lastOnDecisions(decisions, events, 'edit', (_, { text }) => ({ text, isLiked: true }))

type EventOf<K extends FeedbackEvent['kind']> = Extract<FeedbackEvent, { kind: K }>

/** Judges each decision by its last event of a kind. */
const lastOnDecisions = <K extends FeedbackEvent['kind']>(
  decisions: readonly Decision[],
  events: readonly RecordedEvent[],
  kind: K,
  judge: (decision: Decision, event: EventOf<K>) => Pick<JudgedAnswer, 'text' | 'isLiked'> | null,
): JudgedAnswer[] => {
  const byId = new Map(decisions.map((decision) => [decision.id, decision]))
  const seen = new Set<string>()
  return events
    .filter(({ event }) => event.kind === kind)
    .toSorted((a, b) => b.at - a.at)
    .flatMap(({ decisionId, event }) => {
      const decision = byId.get(decisionId)
      if (!decision || seen.has(decisionId)) return []
      seen.add(decisionId)
      const judged = judge(decision, event as EventOf<K>)
      return judged ? [{ id: decisionId, ...judged }] : []
    })
}

/** The answer that the user accepted: edited, chosen, kept or thumbed up, and not rejected. */
const likedAnswer = (decision: Decision, events: readonly RecordedEvent[]): string | undefined => {
  const isTurnedDown = events.some(
    ({ event: e }) => e.kind === 'regenerate' || (e.kind === 'thumbs' && e.value < 0),
  )
  if (isTurnedDown) return undefined
  const last = events.findLast(({ event: e }) => !NOT_JUDGING.has(e.kind))?.event
  if (!last) return undefined
  if (last.kind === 'edit') return last.text
  return decision.candidates[last.kind === 'choose' ? last.chosen : decision.served]
}

/** Events that do not judge the answer. */
const NOT_JUDGING: ReadonlySet<FeedbackEvent['kind']> = new Set(['follow_up', 'undo', 'prefer'])
/** A thumb counts in either direction, since it is explicit feedback. */
const COMPLAINTS: ReadonlySet<FeedbackEvent['kind']> = new Set([
  'regenerate',
  'follow_up',
  'edit',
  'thumbs',
])

/**
 * Share of words changed (Levenshtein over words, by the longer text), doubled and capped at 1, so
 * that half rewritten is a full vote. Compares up to 1,000 words.
 */
export const editWeight = (before: string, after: string): number => {
  const cut = (text: string) => text.split(/\s+/, 1000).filter((w) => w !== '')
  const a = cut(before)
  const b = cut(after)
  let row = Uint16Array.from({ length: b.length + 1 }, (_, j) => j)
  for (const [i, word] of a.entries()) {
    const next = new Uint16Array(b.length + 1)
    next[0] = i + 1
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (word === b[j - 1] ? 0 : 1))
    row = next
  }
  const longer = Math.max(a.length, b.length)
  return longer === 0 ? 0 : Math.min(1, (2 * row[b.length]!) / longer)
}
