/** What planning and status read of the head without fitting it: kept by the last fit, so that a request need not wait for one. */
import { z } from 'zod'
import type { StatusResponse } from '../../adapters/wire/personalization.ts'
import { rightShare } from '../personalize/off-policy.ts'
import { type AnswerUsage, costOf, priceOf, sumOf, tokensOf } from '../personalize/prices.ts'
import { type CandidatePlan, planCandidates } from '../personalize/spend.ts'
import { judgedDecisions, saveCost } from './decisions.ts'
import type { Serving, ServingDeps } from './serving.ts'
import type { DeviceStore } from './store.ts'
import type { CandidateRequest } from './types.ts'

const Calibration = z.object({
  margin: z.number(),
  heldBack: z.int(),
  trainedAt: z.number().nullable(),
})
export type Calibration = z.infer<typeof Calibration>

export const readCalibration = (store: DeviceStore): Calibration =>
  Calibration.parse(store.get('calibration') ?? { margin: 0, heldBack: 0, trainedAt: null })

/** certainty, spread, halfLifeDays: as in own-taste.ts. outputTokens: of a usual answer; null where none is known. */
const Outlook = z.object({
  certainty: z.number(),
  spread: z.number(),
  halfLifeDays: z.number().nullable(),
  outputTokens: z.number().nullable(),
})
export type Outlook = z.infer<typeof Outlook>

export const readOutlook = (store: DeviceStore): Outlook | null =>
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
  const texts = store.choices(LENGTH_CHOICES).flatMap((c) => c.candidates)
  const characters = texts.reduce((sum, text) => sum + text.length, 0)
  store.set('outlook', {
    certainty: taste.certainty(),
    spread: taste.spread(),
    halfLifeDays: tuning.halfLifeDays,
    outputTokens:
      texts.length === 0 ? null : Math.ceil(characters / texts.length / TOKEN_CHARACTERS),
  } satisfies Outlook)
  const { trainedAt } = readCalibration(store)
  const { margin, heldBack } = tuning
  store.set('calibration', { margin, heldBack, trainedAt } satisfies Calibration)
  return served
}

const HOUR_MS = 3600 * 1000
const DAY_MS = 24 * HOUR_MS
/** Of an answer of which nothing is known. */
const USUAL_OUTPUT_TOKENS = 500

export const planRequest = (
  { store, settings, clock, serving }: OutlookDeps,
  { model, maxTokens, inputTokens }: CandidateRequest,
): CandidatePlan => {
  const now = clock()
  const outlook = readOutlook(store)
  const isInformed = store.countChoices() > 0 || serving.releaseHash() !== null
  return planCandidates({
    spread: isInformed ? outlook && outlook.certainty * outlook.spread : 0,
    inputTokens,
    outputTokens: Math.min(maxTokens, outlook?.outputTokens ?? USUAL_OUTPUT_TOKENS),
    price: priceOf(model, inputTokens, settings.prices),
    most: settings.candidates,
    budget: { tokens: settings.extraTokensPerDay, usd: settings.extraUsdPerDay },
    spent: { day: store.spentSince(now - DAY_MS), hour: store.spentSince(now - HOUR_MS) },
  })
}

/** usages: of answers beyond the first; their decision, if one is kept, remembers it. */
export const recordSpending = (
  { store, settings, clock }: OutlookDeps,
  model: string,
  usages: readonly AnswerUsage[],
  decisionId: string | null = null,
): void => {
  if (usages.length === 0) return
  const spent = {
    tokens: usages.reduce((sum, usage) => sum + tokensOf(sumOf(usage)), 0),
    usd: usages.reduce((sum, usage) => sum + costOf(usage, model, settings.prices), 0),
  }
  store.spend(clock(), spent)
  if (decisionId !== null) saveCost(store, decisionId, { model: model.slice(0, 200), ...spent })
}

/** Decisions that are looked back on. */
const JUDGED = 2000

export const rankingStatus = ({
  store,
  settings,
  clock,
}: Pick<OutlookDeps, 'store' | 'settings' | 'clock'>): NonNullable<StatusResponse['ranking']> => {
  const outlook = readOutlook(store)
  return {
    spread: outlook?.spread ?? 0,
    certainty: outlook?.certainty ?? 0,
    halfLifeDays: outlook?.halfLifeDays ?? null,
    shadow: settings.shadow,
    spentToday: store.spentSince(clock() - DAY_MS),
    right: rightShare(judgedDecisions(store, JUDGED)),
  }
}
