/** The serving half of a device: rewrite, rerank, feedback, profile, status. */

import type { Rng } from '../../adapters/random.ts'
import { privacySpent } from '../federation/privacy-ledger.ts'
import { recordFeedback } from '../feedback/decisions.ts'
import type { FollowUps } from '../feedback/follow-up-gate.ts'
import { learnFromFeedback } from '../feedback/learn.ts'
import { openObserver } from '../feedback/observation-queue.ts'
import { asObserved, observeRequest } from '../feedback/observe-request.ts'
import { learnedPreferences } from '../preferences/profile.ts'
import { settleProposal } from '../preferences/proposals.ts'
import type { Relevance } from '../preferences/relevance-head.ts'
import {
  type RewriteOptions,
  type RewriteResult,
  rewriteRequest,
} from '../preferences/rewrite-request.ts'
import {
  changeProfile,
  profileOf,
  saveLearned,
  statePreference,
} from '../preferences/stored-profile.ts'
import { openSuffixes, type Suffixes } from '../preferences/suffixes.ts'
import type { FeedbackEvent, FeedbackReceipt } from '../records/feedback-event.ts'
import type { DescribedProfile, ProfileChange, Proposal } from '../records/preference.ts'
import type { Question, QuestionName } from '../records/question.ts'
import { readCalibration, refreshHeadSummary } from '../reward/head-summary.ts'
import { dismissQuestion, openQuestions } from '../reward/questions.ts'
import type { ServingDeps } from '../reward/ranking-state.ts'
import { type RerankOptions, type RerankResult, rerankAnswers } from '../reward/rerank-answers.ts'
import type { Serving } from '../reward/serving.ts'
import {
  planRequest,
  type Reservation,
  rankingStatus,
  recordSpending,
  reserveAnswers,
  type SpendOptions,
} from '../spending/plan.ts'
import type { AnswerUsage } from '../spending/prices.ts'
import type { CandidatePlan, CandidateRequest } from '../spending/spend.ts'
import { noteUsage } from '../spending/usual-usage.ts'
import type { Answered } from '../store/decisions.ts'
import { forgetConversation } from '../store/forget.ts'
import type { ForgetReport, ForgetTarget } from '../store/forget-report.ts'
import { countPeople } from '../store/people.ts'
import { setTrainingPaused, trainingStatus } from '../store/training.ts'
import type { TrainingStatus } from '../store/training-status.ts'
import type { Answer, Conversation } from '../text/conversation.ts'
import type { DeviceStatus } from './device-status.ts'

/**
 * rewrite and rerank serve a request together. rewrite returns the id under which rerank or
 * recordAnswer continues. With such an id the app gets the winner alone; without it, the app gets
 * the whole order and may show it.
 */
export type Personalizer = {
  rewrite(conversation: Conversation, options?: RewriteOptions): Promise<RewriteResult>
  /** The suffix under which each conversation was written. */
  readonly suffixes: Suffixes
  rerank(
    conversation: Conversation,
    answers: readonly Answer[],
    options?: RerankOptions,
  ): Promise<RerankResult>
  /** Stores the only answer of a request that was not reranked, so that feedback can name it. */
  recordAnswer(decisionId: string, answer: Answer): void
  /** How many answers to ask for, and why. maxTokens: of the request; inputTokens: an estimate. */
  planCandidates(request: CandidateRequest): CandidatePlan
  /**
   * Reserves the most that this many further answers can cost, before they are requested. Reserves
   * fewer if the budget, less other reservations, has no room for all; null if it has none.
   */
  reserve(request: CandidateRequest, further: number): Reservation | null
  /**
   * Records the cost of the answers beyond the first and ends their reservation. usages: of those
   * answers.
   */
  spend(model: string, usages: readonly AnswerUsage[], options?: SpendOptions): void
  /** Records the usage of any answer, on which the next plan is based. */
  noteUsage(request: CandidateRequest, usage: AnswerUsage): void
  feedback(event: FeedbackEvent): Promise<FeedbackReceipt>
  /**
   * Erases conversations from this device, and everything made from them. preview: only reports
   * what would be erased. Fails with E_NO_DECISION.
   */
  forget(target: ForgetTarget, preview?: boolean): Promise<ForgetReport>
  /** Preferences that the user seems to have stated, oldest first. */
  proposals(): Proposal[]
  /** A dismissed proposal does not come back. Fails with E_NOT_FOUND. */
  settleProposal(id: string, accept: boolean): Promise<DescribedProfile>
  /** Questions that are open now; see reward/questions.ts. */
  questions(): Question[]
  /** It is not asked again. Fails with E_NOT_FOUND. */
  dismissQuestion(question: QuestionName): void
  /** Resolves once background work is done. */
  settled(): Promise<void>
  profile(): DescribedProfile
  editProfile(changes: readonly ProfileChange[]): Promise<DescribedProfile>
  status(): DeviceStatus
  /** Pauses all training of this home within 100 ms, or resumes it. Survives restarts. */
  pauseTraining(paused: boolean): Promise<TrainingStatus>
}

export type Activity = DeviceStatus['activity']

export type PersonalizerDeps = ServingDeps & {
  readonly serving: Serving
  readonly relevance: Relevance
  readonly followUps: FollowUps
  /** Receives background failures with their code, never any text. */
  readonly report?: ((event: { what: string; code: string }) => void) | undefined
  readonly clock: () => number
  readonly rng: Rng
  readonly isEnrolled: () => boolean
  /** Runs work as an activity that status shows. */
  readonly during: <T>(activity: Activity, work: () => Promise<T>) => Promise<T>
  readonly activity: () => Activity
}

export const openPersonalizer = (
  deps: PersonalizerDeps,
): Personalizer & { refresh(): Promise<void> } => {
  const { store, clock } = deps
  const suffixes = openSuffixes(store, clock, deps.report)
  const rewriting = { ...deps, suffixes }
  const observer = openObserver({
    observe: (request) => observeRequest(deps, request),
    learn: () => refreshProfile(deps),
    isWritten: store.drained,
    report: deps.report,
  })
  return {
    refresh: () => refreshProfile(deps),
    rewrite: async (conversation, options) => {
      const result = await deps.during('scoring', () =>
        rewriteRequest(rewriting, conversation, options),
      )
      if (result.decisionId !== null) observer.expect(asObserved(result.decisionId, conversation))
      return result
    },
    suffixes,
    rerank: async (conversation, answers, options) => {
      try {
        return await deps.during('scoring', () =>
          rerankAnswers(deps, conversation, answers, options),
        )
      } finally {
        observer.answered(options?.decisionId)
      }
    },
    recordAnswer(decisionId, answer) {
      const answered = onlyAnswer(answer, clock())
      const bytes = 2 * answer.text.length
      store.later((tx) => tx.answerDecision(decisionId, answered), { bytes })
      observer.answered(decisionId)
    },
    planCandidates: (request) => planRequest(deps, request),
    reserve: (request, further) => reserveAnswers(deps, request, further),
    spend: (model, usages, options) => recordSpending(deps, model, usages, options),
    noteUsage: (request, usage) => noteUsage(store, request, usage),
    async feedback(event) {
      // Everything is on disk, or nothing, before the app gets its answer.
      const about = await store.durably((tx) => {
        const recorded = recordFeedback(tx, event, clock())
        if (event.kind === 'prefer') statePreference(tx, event)
        else learnFromFeedback({ store: tx, clock }, event)
        return recorded
      })
      // The feedback is stored even if the fit fails: the next request fits again.
      await refreshProfile(deps).catch(() => undefined)
      const holdsFrom = event.kind === 'undo' && { holdsFrom: 'next_conversation' as const }
      return { recorded: true, choices: store.countChoices(), ...about, ...holdsFrom }
    },
    async forget(target, preview) {
      const report = await forgetConversation(store, target, preview)
      if (preview) return report
      // It is erased even if the fit fails.
      await refreshProfile(deps).catch(() => undefined)
      return report
    },
    proposals: () => store.proposals(),
    async settleProposal(id, accept) {
      await store.durably((tx) => settleProposal(tx, id, accept))
      return profileOf(store)
    },
    questions: () => openQuestions(deps),
    dismissQuestion: (question) => dismissQuestion(store, question),
    settled: observer.settled,
    profile: () => profileOf(store),
    editProfile: (changes) => store.durably((tx) => changeProfile(tx, changes)),
    status: () => statusOf(deps),
    async pauseTraining(paused) {
      await store.durably((tx) => setTrainingPaused(tx, paused))
      return trainingStatus(store)
    },
  }
}

const onlyAnswer = (answer: Answer, at: number): Answered => ({
  at,
  answers: [answer],
  shown: [0],
  served: 0,
  propensity: 1,
  explored: false,
})

/** Refits the head if choices have changed, and updates the profile. */
const refreshProfile = async (deps: PersonalizerDeps): Promise<void> => {
  const { head, space, features } = await refreshHeadSummary(deps)
  const learned = learnedPreferences(head.fit, space, features.length)
  saveLearned(deps.store, learned, features, space)
}

const statusOf = (deps: PersonalizerDeps): DeviceStatus => {
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
    ranking: rankingStatus(deps),
    people: countPeople(deps.store, deps.clock()),
    store: deps.store.health(),
    privacy: privacySpent(deps.store),
    lastRound: deps.store.get('lastRound') ?? null,
  }
}
