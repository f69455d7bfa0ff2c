/**
 * What planning and status read of the head without fitting it: kept by the last fit, so that a
 * request need not wait for one.
 */

import { z } from 'zod'
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
 * certainty, spread, halfLifeDays: as in served-head.ts. outputTokens: of a usual answer; null where
 * none is known.
 */
const HeadSummary = z.object({
  certainty: z.number(),
  spread: z.number(),
  halfLifeDays: z.number().nullable(),
  outputTokens: z.number().nullable(),
})
export type HeadSummary = z.infer<typeof HeadSummary>

export const readHeadSummary = (store: StoreReads): HeadSummary | null =>
  HeadSummary.nullable().parse(store.get('outlook') ?? null)

export type HeadSummaryDeps = Pick<ServingDeps, 'store' | 'settings'> & {
  readonly serving: Pick<Serving, 'current' | 'releaseHash'>
  readonly clock: () => number
}

/** Choices whose answers' length stands for the next one's, and characters of a token. */
const LENGTH_CHOICES = 50
const TOKEN_CHARACTERS = 3.5

/** Fits where choices have changed, and keeps what the fit says. */
export const refreshHeadSummary = async ({
  store,
  serving,
}: HeadSummaryDeps): ReturnType<Serving['current']> => {
  const served = await serving.current()
  const { head, hyperparameters } = served
  const recent = store.choiceRows(LENGTH_CHOICES)
  const answers = recent.reduce((sum, { candidates }) => sum + candidates, 0)
  const characters = recent.reduce((sum, choice) => sum + choice.characters, 0)
  const summary: HeadSummary = {
    certainty: head.certainty(),
    spread: head.spread(),
    halfLifeDays: hyperparameters.halfLifeDays,
    outputTokens: answers === 0 ? null : Math.ceil(characters / answers / TOKEN_CHARACTERS),
  }
  store.update('outlook', () => summary)
  const { margin, heldBack } = hyperparameters
  store.update('calibration', (before) => {
    const { trainedAt } = calibrationOf(before)
    return { margin, heldBack, trainedAt } satisfies Calibration
  })
  return served
}
