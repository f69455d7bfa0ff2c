/**
 * Reranks the answers to a request: scores them, decides, explores, may ask the user, and records
 * the decision for feedback.
 */

import type { Rng } from '../../adapters/random.ts'
import type { RankingWhy, RerankDecision } from '../records/rerank-decision.ts'
import type { RequestMode } from '../records/rewrite-decision.ts'
import type { Answered } from '../store/decisions.ts'
import { bytesOf, newDecision, newId } from '../store/new-decision.ts'
import type { Answer, Conversation } from '../text/conversation.ts'
import { orAborted } from '../text/in-time.ts'
import { type Ask, exploreChances, exploreOrder, worthAsking } from './exploration.ts'
import { type HeadSummaryDeps, readHeadSummary, refreshHeadSummary } from './head-summary.ts'
import { asksOfDay, countAsks, keepPair } from './questions.ts'
import type { RankingState, ServingDeps } from './ranking-state.ts'
import { type Reranking, rerank } from './rerank.ts'
import { compare, type Score } from './reward.ts'
import { type Serving, scoreAnswers } from './serving.ts'

export type RerankOptions = {
  readonly mode?: RequestMode | undefined
  readonly decisionId?: string | undefined
  /** Aborts: the order is not wanted any more. Fails with E_UNAVAILABLE, and nothing is kept. */
  readonly signal?: AbortSignal | undefined
}

/** decisionId null: nothing was kept, so no feedback can name it. */
export type RerankResult = Omit<RerankDecision, 'decisionId'> & {
  readonly decisionId: string | null
  /** Probability with which the winner was drawn, and whether it was drawn at random. */
  readonly propensity: number
  readonly explored: boolean
}

export type RerankingDeps = ServingDeps & {
  readonly serving: Serving
  readonly clock: () => number
  readonly rng: Rng
}

/**
 * Under a decision the app gets the winner alone; without one, it gets the order and may show it.
 */
export const rerankAnswers = async (
  deps: RerankingDeps,
  conversation: Conversation,
  answers: readonly Answer[],
  { decisionId: underDecision, mode, signal }: RerankOptions = {},
): Promise<RerankResult> => {
  const { store, settings, clock, rng } = deps
  const isKept = mode !== 'incognito'
  const isShadow = mode === undefined ? settings.shadow : mode === 'shadow'
  const served = await orAborted(stateWithSummary(deps), signal)
  const { head, hyperparameters, isInformed } = served
  const texts = answers.map((a) => a.text)
  const scores = await orAborted(
    scoreAnswers(deps, served, conversation, texts, { keep: isKept, signal }),
    signal,
  )
  const variance = (x: Float64Array) => head.fit.variance(x)
  const ranking = rerank(
    scores,
    variance,
    hyperparameters.margin,
    isInformed ? head.certainty() : 0,
  )
  // Without choices, or if nothing is learned from it, there is no exploration.
  const explore = served.features.length > 0 && isKept ? settings.explore : 0
  const drawn = isShadow
    ? { order: firstOf(ranking.order, 0), propensity: 1, explored: false }
    : exploreOrder(ranking.order, explore, () => exploreChances(scores, variance, rng), rng)
  const winner = drawn.order[0]!
  const isShown = underDecision === undefined
  const mayAsk = !isShadow && isKept && settings.asksPerDay > 0
  const ask = mayAsk && isShown && isInformed ? askOf(deps, served, scores) : null
  const pair = mayAsk && !isShown ? pairOf(served, scores) : null
  const decisionId = isKept ? (underDecision ?? newId('d_')) : null
  const reason = reasonOf(ranking, scores, drawn.explored, isShadow)
  const explanations = scores.map((score, i) =>
    i === 0
      ? "Claude's first answer, with which the others are compared"
      : compare(score, scores[0]!),
  )
  if (decisionId) {
    const shown = isShown ? texts.map((_, i) => i) : [winner]
    const why = whyOf(reason, ranking, settings.explore, scores, explanations)
    const answered = { at: clock(), answers, shown, served: winner, preferred: ranking.winner }
    const { propensity, explored } = drawn
    const made = underDecision ? null : conversation
    record(store, decisionId, made, { ...answered, propensity, explored, info: { ranking: why } })
    if (pair) {
      const candidates = rng.uniform() < 0.5 ? pair.candidates : pair.candidates.toReversed()
      const { information } = pair
      keepPair(store, { decisionId, candidates: [...candidates], information, at: clock() })
    }
  }
  return {
    decisionId,
    ...drawn,
    winner,
    keptFirst: winner === 0,
    probability: ranking.probability,
    reason,
    ...(ask && { ask: { candidates: [...ask.candidates], reason: ask.reason } }),
    ...(isShadow && { shadow: { preferred: ranking.winner } }),
    candidates: scores.map((score, i) => ({
      reward: score.reward,
      pooled: score.pooledContribution,
      named: [...score.named],
      explanation: explanations[i]!,
    })),
  }
}

const whyOf = (
  reason: string,
  { probability }: Reranking,
  explore: number,
  scores: readonly Score[],
  explanations: readonly string[],
): RankingWhy => ({
  reason,
  probability,
  explore,
  candidates: scores.map((score, i) => ({
    reward: score.reward,
    explanation: explanations[i]!,
    named: largestContributions(score),
  })),
})

/** conversation: null if the request has a decision. If that is gone, it was forgotten. */
const record = (
  store: RerankingDeps['store'],
  id: string,
  conversation: Conversation | null,
  answered: Answered,
): void => {
  const made = conversation && newDecision(store, answered.at, conversation, { id })
  const bytes = bytesOf(made) + 2 * answered.answers.reduce((sum, { text }) => sum + text.length, 0)
  store.later(
    (tx) => {
      if (made) tx.saveDecision(made)
      tx.answerDecision(id, answered)
    },
    { bytes },
  )
}

/** Number of contributions stored per answer to explain a decision. */
const STORED_CONTRIBUTIONS = 5

const largestContributions = ({ named }: Score): Score['named'][number][] =>
  named
    .filter(({ contribution }) => contribution !== 0)
    .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
    .slice(0, STORED_CONTRIBUTIONS)

/**
 * The first fit of a home stores its summary for planning; later ones are stored when feedback
 * comes.
 */
const stateWithSummary = (deps: HeadSummaryDeps): Promise<RankingState> =>
  readHeadSummary(deps.store) ? deps.serving.current() : refreshHeadSummary(deps)

const reasonOf = (
  ranking: Reranking,
  scores: readonly Score[],
  explored: boolean,
  isShadow: boolean,
): string => {
  if (explored) return 'this order was drawn at random, for learning'
  if (ranking.keptFirst) return ranking.reason
  const why = `${ranking.reason}: ${compare(scores[ranking.winner]!, scores[0]!)}`
  return (
    isShadow ? `shadow: the first is returned anyway; of answer ${ranking.winner + 1}, ${why}` : why
  ).slice(0, 500)
}

const firstOf = (order: readonly number[], leader: number): number[] => [
  leader,
  ...order.filter((i) => i !== leader),
]

/** Limited by the settings. Each question counts, whether or not the app shows it. */
const askOf = (
  { store, settings, clock }: RerankingDeps,
  state: RankingState,
  scores: readonly Score[],
): Ask | null => {
  const now = clock()
  if (asksOfDay(store, now).length >= settings.asksPerDay) return null
  const ask = pairOf(state, scores)
  if (ask) countAsks(store, now)
  return ask
}

/** Before anything is known, any two answers will do. */
const pairOf = ({ head, isInformed }: RankingState, scores: readonly Score[]): Ask | null =>
  isInformed
    ? worthAsking(scores, (x) => head.fit.variance(x), head.certainty())
    : { candidates: [0, 1], reason: '', information: UNKNOWN_INFORMATION }

/** In nats: less than most of what follows, as these two are not chosen. */
const UNKNOWN_INFORMATION = 0.1
