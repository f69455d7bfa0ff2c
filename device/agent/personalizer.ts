/** The serving half of a device: rewrite, rerank, feedback, profile, status. */
import { z } from 'zod'
import type { Rng } from '../../adapters/random.ts'
import type {
  Profile,
  ProfileChange,
  ProfileResponse,
  StatusResponse,
} from '../../adapters/wire/personalization.ts'
import { editProfile, learnedPreferences, sentenceOf } from '../personalize/profile.ts'
import { rerank } from '../personalize/rerank.ts'
import { explain } from '../personalize/reward.ts'
import {
  blankDecision,
  decisionBody,
  exploreOrder,
  newId,
  recordFeedback,
  saveDecision,
} from './decisions.ts'
import type { Relevance } from './relevant.ts'
import { learnFromFeedback, readProfile, rewriteRequest, saveLearned } from './rewriting.ts'
import { type Serving, type ServingDeps, scoreAnswers } from './serving.ts'
import type { DeviceStore } from './store.ts'
import { setTrainingPaused, trainingStatus } from './training.ts'
import type { Personalizer } from './types.ts'

export type Activity = StatusResponse['activity']

export type PersonalizerDeps = ServingDeps & {
  readonly serving: Serving
  readonly relevance: Relevance
  readonly clock: () => number
  readonly rng: Rng
  readonly isEnrolled: () => boolean
  /** Runs work under the name of an activity that status shows. */
  readonly during: <T>(activity: Activity, work: () => Promise<T>) => Promise<T>
  readonly activity: () => Activity
}

const Calibration = z.object({
  margin: z.number(),
  heldBack: z.int(),
  trainedAt: z.number().nullable(),
})
export type Calibration = z.infer<typeof Calibration>

export const readCalibration = (store: DeviceStore): Calibration =>
  Calibration.parse(store.get('calibration') ?? { margin: 0, heldBack: 0, trainedAt: null })

const DAY_MS = 24 * 3600 * 1000

export const openPersonalizer = (
  deps: PersonalizerDeps,
): Personalizer & { refresh(): Promise<void> } => {
  const { store, settings, clock, serving } = deps
  return {
    refresh: () => refreshProfile(deps),
    rewrite: (conversation) => deps.during('scoring', () => rewriteRequest(deps, conversation)),
    rerank: (conversation, answers, decisionId) =>
      deps.during('scoring', () => rerankAnswers(deps, conversation, answers, decisionId)),
    recordAnswer(decisionId, conversation, answer) {
      const body = decisionBody(store, decisionId) ?? blankDecision(conversation)
      const known = { ...body, candidates: [answer.text], shown: [0], order: [0], served: 0 }
      saveDecision(store, decisionId, clock(), known, [answer])
    },
    candidateCount() {
      const isSpent = store.extraTokensSince(clock() - DAY_MS) >= settings.extraTokensPerDay
      const isInformed = store.countChoices() > 0 || serving.releaseHash() !== null
      return isSpent || !isInformed ? 1 : settings.candidates
    },
    spendExtraTokens: (tokens) => store.spendExtraTokens(clock(), tokens),
    async feedback(event) {
      recordFeedback(store, event, clock())
      learnFromFeedback(deps, event)
      // The feedback is kept whatever becomes of the fit: the next request fits again.
      await refreshProfile(deps).catch(() => undefined)
      return { recorded: true, choices: store.countChoices() }
    },
    profile: () => profileOf(store),
    editProfile: (changes) => changeProfile(store, changes),
    status: () => statusOf(deps),
    pauseTraining(paused) {
      setTrainingPaused(store, paused)
      return trainingStatus(store)
    },
  }
}

const rerankAnswers = async (
  deps: PersonalizerDeps,
  conversation: Parameters<Personalizer['rerank']>[0],
  answers: Parameters<Personalizer['rerank']>[1],
  underDecision: string | undefined,
): ReturnType<Personalizer['rerank']> => {
  const { store, settings } = deps
  const served = await deps.serving.current()
  const texts = answers.map((a) => a.text)
  const scores = await scoreAnswers(deps, served, conversation, texts)
  const { margin } = readCalibration(store)
  const ranking = rerank(scores, (x) => served.taste.fit.variance(x), margin)
  const explore = served.isInformed ? settings.explore : 0
  const drawn = exploreOrder(ranking.order, explore, deps.rng)
  const winner = drawn.order[0]!
  const decisionId = underDecision ?? newId('d_')
  const rewards = scores.map((s) => s.reward)
  saveDecision(
    store,
    decisionId,
    deps.clock(),
    {
      ...(decisionBody(store, decisionId) ?? blankDecision(conversation)),
      candidates: texts,
      shown: underDecision === undefined ? texts.map((_, i) => i) : [winner],
      served: winner,
      ...drawn,
      rewards,
    },
    answers,
  )
  return {
    decisionId,
    ...drawn,
    winner,
    keptFirst: winner === 0,
    probability: ranking.probability,
    reason: drawn.explored ? 'this order was drawn at random, to learn from' : ranking.reason,
    candidates: scores.map((score) => ({
      reward: score.reward,
      pooled: score.pooledContribution,
      named: [...score.named],
      explanation: explain(score),
    })),
  }
}

/** The head is fitted again where choices have changed, and the profile says what it has learned. */
const refreshProfile = async ({ store, serving, space }: PersonalizerDeps): Promise<void> => {
  const { taste, features } = await serving.current()
  const learned = learnedPreferences(taste.fit, space, features.length)
  saveLearned(store, learned)
}

/** The profile as it is kept; needs no model. */
export const profileOf = (store: DeviceStore): Omit<ProfileResponse, 'protocol'> =>
  describeProfile(readProfile(store))

/** Applies the user's edits and keeps them. */
export const changeProfile = (
  store: DeviceStore,
  changes: readonly ProfileChange[],
): Omit<ProfileResponse, 'protocol'> => {
  const next = editProfile(readProfile(store), changes)
  store.set('profile', next)
  return describeProfile(next)
}

const describeProfile = (profile: Profile): Omit<ProfileResponse, 'protocol'> => ({
  profile,
  sentences: profile.preferences.map(sentenceOf),
})

const statusOf = (deps: PersonalizerDeps): Omit<StatusResponse, 'protocol'> => {
  const { margin, heldBack, trainedAt } = readCalibration(deps.store)
  return {
    model: deps.model.base.name,
    exitLayer: deps.serving.exitLayer(),
    release: deps.serving.releaseHash(),
    enrolled: deps.isEnrolled(),
    activity: deps.activity(),
    choices: deps.store.countChoices(),
    heldBack,
    margin,
    trainedAt,
    training: trainingStatus(deps.store),
  }
}
