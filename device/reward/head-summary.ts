/**
 * What planning and status read of the head without fitting it: kept by the last fit, so that a
 * request need not wait for one.
 */
import { z } from 'zod'
import type { CandidateRequest, Reservation, SpendOptions } from '../agent/types.ts'
import { judgedDecisions, newId } from '../feedback/decisions.ts'
import { rightShare } from '../feedback/off-policy.ts'
import type { RankingStatus } from '../records/rerank-decision.ts'
import { type AnswerUsage, costOf, priceOf, sumOf, tokensOf } from '../spending/prices.ts'
import {
  type AnswerSize,
  affordableAnswers,
  type CandidatePlan,
  planCandidates,
  priceAnswer,
  type SpendRequest,
} from '../spending/spend.ts'
import { usualUsage } from '../spending/usual-usage.ts'
import type { Spending } from '../store/spending.ts'
import type { StoreReads } from '../store/store.ts'
import type { Serving, ServingDeps } from './serving.ts'

const Calibration = z.object({
  margin: z.number(),
  heldBack: z.int(),
  trainedAt: z.number().nullable(),
})
export type Calibration = z.infer<typeof Calibration>

export const readCalibration = (store: StoreReads): Calibration =>
  calibrationOf(store.get('calibration'))

const calibrationOf = (kept: unknown): Calibration =>
  Calibration.parse(kept ?? { margin: 0, heldBack: 0, trainedAt: null })

/**
 * certainty, spread, halfLifeDays: as in own-taste.ts. outputTokens: of a usual answer; null where
 * none is known.
 */
const Outlook = z.object({
  certainty: z.number(),
  spread: z.number(),
  halfLifeDays: z.number().nullable(),
  outputTokens: z.number().nullable(),
})
export type Outlook = z.infer<typeof Outlook>

export const readOutlook = (store: StoreReads): Outlook | null =>
  Outlook.nullable().parse(store.get('outlook') ?? null)

export type OutlookDeps = Pick<ServingDeps, 'store' | 'settings'> & {
  readonly serving: Pick<Serving, 'current' | 'releaseHash'>
  readonly clock: () => number
}

/** Choices whose answers' length stands for the next one's, and characters of a token. */
const LENGTH_CHOICES = 50
const TOKEN_CHARACTERS = 3.5

/** Fits where choices have changed, and keeps what the fit says. */
export const refreshOutlook = async ({
  store,
  serving,
}: OutlookDeps): ReturnType<Serving['current']> => {
  const served = await serving.current()
  const { taste, tuning } = served
  const recent = store.choiceRows(LENGTH_CHOICES)
  const answers = recent.reduce((sum, { candidates }) => sum + candidates, 0)
  const characters = recent.reduce((sum, choice) => sum + choice.characters, 0)
  const outlook: Outlook = {
    certainty: taste.certainty(),
    spread: taste.spread(),
    halfLifeDays: tuning.halfLifeDays,
    outputTokens: answers === 0 ? null : Math.ceil(characters / answers / TOKEN_CHARACTERS),
  }
  store.update('outlook', () => outlook)
  const { margin, heldBack } = tuning
  store.update('calibration', (before) => {
    const { trainedAt } = calibrationOf(before)
    return { margin, heldBack, trainedAt } satisfies Calibration
  })
  return served
}

const HOUR_MS = 3600 * 1000
const DAY_MS = 24 * HOUR_MS
/** Of an answer of which nothing is known: what is said, and what is thought before. */
const USUAL_OUTPUT_TOKENS = 500
const USUAL_THINKING_TOKENS = 1500
/**
 * No request is under way for longer: what is held back for an older one is of a process that has
 * ended.
 */
const HELD_BACK_MS = HOUR_MS

type SpendDeps = Pick<OutlookDeps, 'store' | 'settings' | 'clock' | 'serving'>

export const planRequest = (deps: SpendDeps, request: CandidateRequest): CandidatePlan => {
  deps.store.ledger.expireHeldBack(deps.clock() - HELD_BACK_MS)
  return planCandidates(spendRequest(deps, request))
}

const spendRequest = (
  { store, settings, clock, serving }: SpendDeps,
  request: CandidateRequest,
): SpendRequest => {
  const now = clock()
  const outlook = readOutlook(store)
  const isInformed = store.countChoices() > 0 || serving.releaseHash() !== null
  const heldBack = store.ledger.heldBack()
  const spentSince = (at: number) => {
    const spent = store.ledger.spentSince(at)
    return { tokens: spent.tokens + heldBack.tokens, usd: spent.usd + heldBack.usd }
  }
  return {
    ...answerSize(store, settings, request, outlook),
    spread: isInformed ? outlook && outlook.certainty * outlook.spread : 0,
    most: settings.candidates,
    budget: { tokens: settings.extraTokensPerDay, usd: settings.extraUsdPerDay },
    spent: { day: spentSince(now - DAY_MS), hour: spentSince(now - HOUR_MS) },
  }
}

const answerSize = (
  store: StoreReads,
  settings: OutlookDeps['settings'],
  request: CandidateRequest,
  outlook: Outlook | null,
): AnswerSize => {
  const usual = usualUsage(store, request)
  const inputTokens = Math.ceil(usual.prompt * request.inputTokens)
  const said = outlook?.outputTokens ?? USUAL_OUTPUT_TOKENS
  return {
    inputTokens,
    cachedTokens: Math.ceil(usual.prompt * (request.cachedTokens ?? 0)),
    outputTokens: usual.output ?? said + (request.thinks ? USUAL_THINKING_TOKENS : 0),
    maxTokens: request.maxTokens,
    price: priceOf(request.model, inputTokens, settings.prices, request.terms),
  }
}

/** See Personalizer. What another request holds back is not there for this one. */
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
  { store, settings, clock }: Pick<OutlookDeps, 'store' | 'settings' | 'clock'>,
  model: string,
  usages: readonly AnswerUsage[],
  { decisionId = null, reservation = null, unread = 0 }: SpendOptions = {},
): void => {
  // What was let go already has been counted as spent.
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

/** Decisions with feedback that are looked back on. */
const JUDGED = 1000

export const rankingStatus = ({
  store,
  settings,
  clock,
}: Pick<OutlookDeps, 'settings' | 'clock'> & {
  readonly store: StoreReads
}): NonNullable<RankingStatus> => {
  const outlook = readOutlook(store)
  // Rows of an earlier version have fractions.
  const { tokens, usd } = store.spentSince(clock() - DAY_MS)
  return {
    spread: outlook?.spread ?? 0,
    certainty: outlook?.certainty ?? 0,
    halfLifeDays: outlook?.halfLifeDays ?? null,
    shadow: settings.shadow,
    spentToday: { tokens: Math.round(tokens), usd },
    right: rightShare(judgedDecisions(store, JUDGED)),
  }
}
