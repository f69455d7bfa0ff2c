/** A summary of the last fit, which planning and status read without waiting for a new one. */

import type { Calibration, HeadSummary } from '../store/states.ts'
import type { StoreReads } from '../store/tables.ts'
import type { ServingDeps } from './ranking-state.ts'
import type { Serving } from './serving.ts'

export const readCalibration = (store: Pick<StoreReads, 'get'>): Calibration =>
  store.get('calibration') ?? NOT_CALIBRATED
const NOT_CALIBRATED: Calibration = { margin: 0, heldBack: 0, trainedAt: null }

export const readHeadSummary = (store: Pick<StoreReads, 'get'>): HeadSummary | null =>
  store.get('outlook') ?? null

export type HeadSummaryDeps = Pick<ServingDeps, 'store' | 'settings'> & {
  readonly serving: Pick<Serving, 'current' | 'releaseHash'>
  readonly clock: () => number
}

/** Choices whose mean answer length predicts the next one, and characters per token. */
const LENGTH_CHOICES = 50
const TOKEN_CHARACTERS = 3.5

/**
 * Fits the head if choices have changed, and stores the summary of the fit; null if there was
 * nothing to fit it to.
 */
export const refreshHeadSummary = async ({
  store,
  serving,
}: HeadSummaryDeps): ReturnType<Serving['current']> => {
  const served = await serving.current()
  const { head, hyperparameters, features } = served
  const isInformed = features.length > 0 || serving.releaseHash() !== null
  if (!isInformed && readHeadSummary(store) === null) return served
  const recent = store.choiceRows(LENGTH_CHOICES)
  const answers = recent.reduce((sum, { candidates }) => sum + candidates, 0)
  const characters = recent.reduce((sum, choice) => sum + choice.characters, 0)
  const summary: HeadSummary = {
    certainty: head.certainty(),
    spread: head.spread(),
    slope: hyperparameters.slope,
    halfLifeDays: hyperparameters.halfLifeDays,
    outputTokens: answers === 0 ? null : Math.ceil(characters / answers / TOKEN_CHARACTERS),
  }
  store.update('outlook', () => (isInformed ? summary : null))
  const { margin, evidence: heldBack } = hyperparameters
  store.update('calibration', (before) => {
    const { trainedAt } = before ?? NOT_CALIBRATED
    return { margin, heldBack, trainedAt }
  })
  return served
}
