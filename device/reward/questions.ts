/**
 * Questions to the user. Apps of the Messages API show one answer and tell nothing of how it was
 * liked, so without questions nothing is learned from those who say nothing. First what answers
 * should be like, a dimension at a time; then which of two answers to a recent request is better.
 */
import { FedError } from '../../adapters/errors.ts'
import { DAY_MS } from '../../adapters/time.ts'
import { DIMENSION_ROWS, rowOf } from '../preferences/dimensions.ts'
import { readProfile } from '../preferences/stored-profile.ts'
import type { Dimension } from '../records/preference.ts'
import type { Question, QuestionName } from '../records/question.ts'
import { askedOf } from '../store/new-decision.ts'
import type { State } from '../store/states.ts'
import type { DeviceStore } from '../store/store.ts'
import type { StoreReads } from '../store/tables.ts'

type Pair = State<'questionPairs'>[number]
type QuestionDeps = {
  readonly store: DeviceStore
  readonly settings: { readonly asksPerDay: number; readonly rewrite: boolean }
  readonly clock: () => number
}

/** Until then the user remembers the request, and a question that was asked may be answered. */
const MAX_AGE_MS = 3 * DAY_MS
const OPEN_MS = DAY_MS
/** The least informative of more are dropped. */
const MAX_PAIRS = 20

/** Remembers two answers that the user may be asked about. */
export const keepPair = (store: DeviceStore, pair: Omit<Pair, 'askedAt'>): void =>
  void store.update('questionPairs', (kept = []) =>
    [...kept.filter((p) => isFresh(p, pair.at)), { ...pair, askedAt: null }]
      .sort((a, b) => b.information - a.information)
      .slice(0, MAX_PAIRS),
  )

/** Times of the last day's questions, those that apps were advised to ask included. */
export const asksOfDay = (store: StoreReads, now: number): number[] =>
  (store.get('asks') ?? []).filter((at) => at > now - DAY_MS)

export const countAsks = (store: DeviceStore, now: number, count = 1): void =>
  void store.update('asks', (kept = []) => [
    ...kept.filter((at) => at > now - DAY_MS),
    ...new Array<number>(count).fill(now),
  ])

/**
 * Whether further answers should be bought only to have something to ask. Not before a question has
 * been given out, nor while questions wait, so that a user who never looks at them does not pay.
 */
export const needsPair = (deps: QuestionDeps): boolean => {
  const { store, settings, clock } = deps
  const now = clock()
  const isLookedAt = (store.get('questionDimensions') ?? []).length > 0
  if (!isLookedAt || unaskedDimensions(deps).length > 0) return false
  const waiting = (store.get('questionPairs') ?? []).filter((p) => p.askedAt === null)
  return asksOfDay(store, now).length + waiting.length < settings.asksPerDay
}

/**
 * Questions that are open now. At most asksPerDay are new in 24 hours; one counts once it is given
 * out here, and is open for a day or until it is answered or dismissed.
 */
export const openQuestions = (deps: QuestionDeps): Question[] => {
  const { store, settings, clock } = deps
  if (settings.asksPerDay === 0) return []
  const now = clock()
  const room = Math.max(0, settings.asksPerDay - asksOfDay(store, now).length)
  const dimensions = unaskedDimensions(deps).slice(0, room)
  const pairs = (store.get('questionPairs') ?? [])
    .filter((p) => p.askedAt === null && isFresh(p, now) && pairQuestion(store, p))
    .slice(0, room - dimensions.length)
  if (dimensions.length + pairs.length > 0) countAsks(store, now, dimensions.length + pairs.length)
  if (dimensions.length > 0)
    store.update('questionDimensions', (kept = []) => [
      ...kept,
      ...dimensions.map((dimension) => ({ dimension, askedAt: now, isDismissed: false })),
    ])
  if (pairs.length > 0)
    store.update('questionPairs', (kept = []) =>
      kept
        .filter((p) => isFresh(p, now))
        .map((p) =>
          pairs.some((q) => q.decisionId === p.decisionId) ? { ...p, askedAt: now } : p,
        ),
    )
  return askedQuestions(store, now)
}

const askedQuestions = (store: DeviceStore, now: number): Question[] => {
  const stated = statedDimensions(store)
  return [
    ...(store.get('questionDimensions') ?? [])
      .filter((q) => !q.isDismissed && q.askedAt > now - OPEN_MS && !stated.has(q.dimension))
      .map(({ dimension }) => {
        const { less, more } = rowOf(dimension)
        return { kind: 'preference' as const, dimension, less, more }
      }),
    ...(store.get('questionPairs') ?? [])
      .filter((p) => p.askedAt !== null && isFresh(p, now))
      .flatMap((p) => pairQuestion(store, p) ?? []),
  ]
}

/** It is not asked again. Fails with E_NOT_FOUND. */
export const dismissQuestion = (
  store: DeviceStore,
  { decisionId, dimension }: QuestionName,
): void => {
  const isPair = (p: Pair) => p.decisionId === decisionId
  const isDimension = (q: { dimension: Dimension }) => q.dimension === dimension
  if (store.get('questionPairs')?.some(isPair))
    store.update('questionPairs', (kept = []) => kept.filter((p) => !isPair(p)))
  else if (store.get('questionDimensions')?.some(isDimension))
    store.update('questionDimensions', (kept = []) =>
      kept.map((q) => (isDimension(q) ? { ...q, isDismissed: true } : q)),
    )
  else throw new FedError('E_NOT_FOUND', 'there is no such question')
}

/** Each is asked about once, in the order of the table; none where nothing would come of it. */
const unaskedDimensions = ({ store, settings }: QuestionDeps): Dimension[] => {
  if (!settings.rewrite || settings.asksPerDay === 0) return []
  const done = statedDimensions(store)
  for (const { dimension } of store.get('questionDimensions') ?? []) done.add(dimension)
  return DIMENSION_ROWS.map((row) => row.dimension).filter((dimension) => !done.has(dimension))
}

/** Of which the user has said or settled something. */
const statedDimensions = (store: StoreReads): Set<Dimension> =>
  new Set(
    readProfile(store)
      .preferences.filter((p) => p.source === 'stated' || p.pinned || !p.enabled)
      .map((p) => p.dimension),
  )

const isFresh = ({ at, askedAt }: Pair, now: number): boolean =>
  askedAt === null ? at > now - MAX_AGE_MS : askedAt > now - OPEN_MS

/** null once it is answered, or its texts are gone. */
const pairQuestion = (
  store: DeviceStore,
  { decisionId, candidates, at }: Pair,
): Question | null => {
  const row = store.decision(decisionId)
  if (!row || store.feedbackOn(decisionId).some(({ body }) => body.kind === 'choose')) return null
  const all = store.answersOf(row.seq)
  const answers = candidates.flatMap((i) => all[i] ?? [])
  if (answers.length < 2) return null
  return { kind: 'pair', decisionId, at, request: askedOf(store, row), candidates, answers }
}
