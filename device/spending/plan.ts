/** Plans how many answers to ask for, reserves their cost in the budget, and records it. */
import { normalCdf } from '../../adapters/math/logistic.ts'
import { DAY_MS, HOUR_MS } from '../../adapters/time.ts'
import { type JudgedDecision, rightShare } from '../feedback/off-policy.ts'
import type { RankingStatus } from '../records/rerank-decision.ts'
import { type HeadSummaryDeps, readCalibration, readHeadSummary } from '../reward/head-summary.ts'
import { needsPair } from '../reward/questions.ts'
import { newId } from '../store/new-decision.ts'
import type { Spending } from '../store/spending.ts'
import type { HeadSummary } from '../store/states.ts'
import type { StoreReads } from '../store/tables.ts'
import { type AnswerUsage, costOf, priceOf, sumOf, tokensOf } from './prices.ts'
import {
  type AnswerSize,
  affordableAnswers,
  type CandidatePlan,
  type CandidateRequest,
  planCandidates,
  priceAnswer,
  type SpendRequest,
} from './spend.ts'
import { usualUsage } from './usual-usage.ts'

/** The part of the budget held back for further answers. likely: the cost of one of them. */
export type Reservation = {
  readonly id: string
  readonly further: number
  readonly likely: Spending
}

/** unread: answers that were asked for and whose cost never became known. */
export type SpendOptions = {
  readonly decisionId?: string | null
  readonly reservation?: Reservation | null
  readonly unread?: number
}

/** Assumed tokens of an answer without known usage: text, and thinking before it. */
const USUAL_OUTPUT_TOKENS = 500
const USUAL_THINKING_TOKENS = 1500
/** A reservation for an older request belongs to a process that has ended. */
const MAX_REQUEST_MS = HOUR_MS

type SpendDeps = Pick<HeadSummaryDeps, 'store' | 'settings' | 'clock' | 'serving'>

export const planRequest = (deps: SpendDeps, request: CandidateRequest): CandidatePlan => {
  deps.store.ledger.expireHeldBack(deps.clock() - MAX_REQUEST_MS)
  const spend = spendRequest(deps, request)
  const plan = planCandidates(spend)
  return plan.count > 1 || !mayBuyPair(deps, spend) ? plan : pairPlan(deps, spend)
}

/** Of so many answers, two are shown. */
const PAIR_CANDIDATES = 3

/**
 * Certainty of preferences below which no further answer is bought. Whoever has preferences shows
 * them, so it rises with the number of choices. `most` sets the size of the test against choosing at
 * random: of 300 simulated people who do, 3 % are as certain after a hundred choices (5 % at 0.7), and
 * 88 % of people with preferences (90 %).
 */
const CERTAINTY = { least: 0.25, most: 0.8, after: 100 } as const
export const minCertainty = (choices: number): number =>
  CERTAINTY.least + (CERTAINTY.most - CERTAINTY.least) * Math.min(1, choices / CERTAINTY.after)

const mayBuyPair = (deps: SpendDeps, spend: SpendRequest): boolean => {
  if (spend.most < 2 || deps.settings.shadow || !needsPair(deps)) return false
  const bought = (deps.store.get('pairsBought') ?? []).filter((at) => at > deps.clock() - DAY_MS)
  if (bought.length >= deps.settings.asksPerDay) return false
  const summary = readHeadSummary(deps.store)
  return (!summary || isCertain(deps.store, summary)) && affordableAnswers(spend) >= 1
}

/** As many as there may be, since two that differ say most. */
const pairPlan = ({ store, clock }: SpendDeps, spend: SpendRequest): CandidatePlan => {
  const now = clock()
  store.update('pairsBought', (kept = []) => [...kept.filter((at) => at > now - DAY_MS), now])
  const { likely } = priceAnswer(spend)
  const count = Math.min(spend.most, PAIR_CANDIDATES, 1 + affordableAnswers(spend))
  const cost = times(likely, count - 1)
  return {
    count,
    reason: 'further answers are worth it, so that you can be asked which of two you prefer',
    expectedGain: 0,
    costUsd: cost.usd,
    costTokens: Math.round(cost.tokens),
  }
}

const spendRequest = (
  { store, settings, clock, serving }: SpendDeps,
  request: CandidateRequest,
): SpendRequest => {
  const now = clock()
  const summary = readHeadSummary(store)
  const isInformed = store.countChoices() > 0 || serving.releaseHash() !== null
  const heldBack = store.ledger.heldBack()
  const spentSince = (at: number) => {
    const spent = store.ledger.spentSince(at)
    return { tokens: spent.tokens + heldBack.tokens, usd: spent.usd + heldBack.usd }
  }
  return {
    ...answerSize(store, settings, request, summary),
    spread: isInformed ? summary && spreadOf(store, summary) : 0,
    most: settings.candidates,
    budget: { tokens: settings.extraTokensPerDay, usd: settings.extraUsdPerDay },
    spent: { day: spentSince(now - DAY_MS), hour: spentSince(now - HOUR_MS) },
  }
}

const isCertain = (store: StoreReads, { certainty }: HeadSummary): boolean =>
  certainty >= minCertainty(store.countChoices())

const spreadOf = (store: StoreReads, summary: HeadSummary): number =>
  isCertain(store, summary)
    ? spreadBeyond(summary, (summary.slope ?? 1) * readCalibration(store).margin)
    : 0

/**
 * The spread of rewards without a margin that would gain as much: choosing between two answers gains
 * E[max(0, c·L − margin)], c the certainty and L ~ N(0, 2·spread²) the lead of the second, because
 * rerank keeps the first below that. Without a margin it is c·spread/√π. margin: in the units of the
 * spread, so that of rerank times the slope.
 */
export const spreadBeyond = (
  { certainty, spread }: Pick<HeadSummary, 'certainty' | 'spread'>,
  margin: number,
): number => {
  if (!(certainty * spread > 0)) return 0
  const deviation = Math.SQRT2 * certainty * spread
  const t = margin / deviation
  const density = Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI)
  return Math.sqrt(Math.PI) * deviation * Math.max(0, density - t * normalCdf(-t))
}

const answerSize = (
  store: StoreReads,
  settings: HeadSummaryDeps['settings'],
  request: CandidateRequest,
  summary: HeadSummary | null,
): AnswerSize => {
  const usual = usualUsage(store, request)
  const inputTokens = Math.ceil(usual.prompt * request.inputTokens)
  const said = summary?.outputTokens ?? USUAL_OUTPUT_TOKENS
  return {
    inputTokens,
    cachedTokens: Math.ceil(usual.prompt * (request.cachedTokens ?? 0)),
    outputTokens: usual.output ?? said + (request.thinks ? USUAL_THINKING_TOKENS : 0),
    maxTokens: request.maxTokens,
    price: priceOf(request.model, inputTokens, settings.prices, request.terms),
  }
}

/** See Personalizer. Other requests' reservations are not available to this one. */
export const reserveAnswers = (
  deps: SpendDeps,
  request: CandidateRequest,
  further: number,
): Reservation | null => {
  const spend = spendRequest(deps, request)
  const granted = Math.min(further, affordableAnswers(spend))
  if (granted < 1) return null
  const { likely, worst } = priceAnswer(spend)
  const id = newId('s_')
  deps.store.ledger.holdBack({
    id,
    at: deps.clock(),
    worst: times(worst, granted),
    likely: times(likely, granted),
  })
  return { id, further: granted, likely }
}

const times = ({ tokens, usd }: Spending, n: number): Spending => ({
  tokens: n * tokens,
  usd: n * usd,
})

/** See Personalizer. The decision, if one is kept, remembers it. */
export const recordSpending = (
  { store, settings, clock }: Pick<HeadSummaryDeps, 'store' | 'settings' | 'clock'>,
  model: string,
  usages: readonly AnswerUsage[],
  { decisionId = null, reservation = null, unread = 0 }: SpendOptions = {},
): void => {
  // An expired reservation was already counted as spent.
  const isLate = reservation !== null && !store.ledger.letGo(reservation.id)
  const likely = reservation?.likely ?? { tokens: 0, usd: 0 }
  const guessed = times(likely, unread)
  const spent = {
    tokens: usages.reduce((sum, usage) => sum + tokensOf(sumOf(usage)), guessed.tokens),
    usd: usages.reduce((sum, usage) => sum + costOf(usage, model, settings.prices), guessed.usd),
  }
  const counted = isLate ? times(likely, reservation.further) : { tokens: 0, usd: 0 }
  if (usages.length + unread === 0 && !isLate) return
  store.ledger.spend(clock(), {
    tokens: spent.tokens - counted.tokens,
    usd: spent.usd - counted.usd,
  })
  if (decisionId !== null)
    store.later((tx) =>
      tx.addDecisionInfo(decisionId, {
        cost: {
          model: model.slice(0, 200),
          tokens: Math.round(spent.tokens),
          usd: spent.usd,
        },
      }),
    )
}

const MAX_JUDGED_DECISIONS = 1000

export const rankingStatus = ({
  store,
  settings,
  clock,
}: Pick<HeadSummaryDeps, 'settings' | 'clock'> & {
  readonly store: StoreReads
}): NonNullable<RankingStatus> => {
  const summary = readHeadSummary(store)
  // Rows of an earlier version have fractions.
  const { tokens, usd } = store.spentSince(clock() - DAY_MS)
  return {
    spread: summary?.spread ?? 0,
    certainty: summary?.certainty ?? 0,
    halfLifeDays: summary?.halfLifeDays ?? null,
    shadow: settings.shadow,
    spentToday: { tokens: Math.round(tokens), usd },
    right: rightShare(judgedDecisions(store, MAX_JUDGED_DECISIONS)),
  }
}

/** The most recent decisions with feedback whose preferred answer was not Claude's first. */
export const judgedDecisions = (store: StoreReads, limit: number): JudgedDecision[] =>
  store.likedDecisions(limit).map(({ served, propensity, liked }) => ({
    served: served === 0 ? ('first' as const) : ('preferred' as const),
    propensity,
    liked,
  }))
