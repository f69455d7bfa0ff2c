/** What a device can do, as the CLI, the local API and the evaluation's fleet see it. */
import type { ChatMessage, ChoiceLine, SystemPrompt } from '../../adapters/formats/choice-log.ts'
import type { CheckInResponse, ConsentRecord } from '../../adapters/wire/federation.ts'
import type { Contribution } from '../../adapters/wire/jobs.ts'
import type { Traffic } from '../federation/signed-transport.ts'
import type { ImportReport } from '../feedback/import-choices.ts'
import type { DeviceStatus } from '../owner/device-status.ts'
import type { Bound, Suffixes, Trace } from '../preferences/suffixes.ts'
import type { FeedbackEvent, FeedbackReceipt } from '../records/feedback-event.ts'
import type { DescribedProfile, ProfileChange, Proposal } from '../records/preference.ts'
import type { RerankDecision } from '../records/rerank-decision.ts'
import type { RequestMode, RewriteDecision, RewriteReason } from '../records/rewrite-decision.ts'
import type { ExitChoice, ExitReport } from '../reward/choose-exit.ts'
import type { AnswerUsage, Terms } from '../spending/prices.ts'
import type { CandidatePlan } from '../spending/spend.ts'
import type { ForgetReport, ForgetTarget } from '../store/forget-report.ts'
import type { PrivateObjective } from '../store/private-adapter.ts'
import type { Spending } from '../store/spending.ts'
import type { TrainingStatus } from '../store/training-status.ts'

/** The part of a request to Claude that personalization reads. instructions: of system messages among the others, in their order. */
export type Conversation = {
  readonly messages: ChatMessage[]
  readonly system?: SystemPrompt | undefined
  readonly instructions?: readonly string[] | undefined
  readonly tools?: readonly object[] | undefined
}

/** One of Claude's answers. messageId: Claude's own id of it. */
export type Answer = { readonly text: string; readonly messageId?: string | undefined }

type Body<T> = Omit<T, 'protocol'>
/** null: nothing of the request was kept, so that no feedback can name it. */
type MaybeKept<T> = Omit<Body<T>, 'decisionId'> & { readonly decisionId: string | null }
/** bound: the suffix under which the conversation goes on; null: it has none. */
export type RewriteResult = MaybeKept<RewriteDecision> & {
  readonly bound?: Bound | null
}
export type RerankResult = MaybeKept<RerankDecision> & {
  /** Probability with which the winner was drawn, and whether it was drawn at random. */
  readonly propensity: number
  readonly explored: boolean
}
/**
 * inputTokens, cachedTokens (those before a cache mark): estimates. thinks, effort: answers of
 * equal ones are about as long.
 */
export type CandidateRequest = {
  readonly model: string
  readonly maxTokens: number
  readonly inputTokens: number
  readonly cachedTokens?: number
  readonly thinks?: boolean
  readonly effort?: string | undefined
  readonly terms?: Terms
}

/**
 * What is held back of the budget for further answers until it is known what they did cost.
 * likely: of one of them.
 */
export type Reservation = {
  readonly id: string
  readonly further: number
  readonly likely: Spending
}

/** unread: answers that were asked for and that nothing came of which says what they cost. */
export type SpendOptions = {
  readonly decisionId?: string | null
  readonly reservation?: Reservation | null
  readonly unread?: number
}

export type RewriteOptions = {
  /** Default: as the settings have it. */
  readonly mode?: RequestMode | undefined
  /** Other words for the message as well, where the settings say so; it takes seconds. */
  readonly mayPropose?: boolean | undefined
  /**
   * Of a caller who cannot wait: a block that is not chosen when it aborts is left out for good, since a later one would change what
   * Claude's answer was signed over, and the call fails with E_UNAVAILABLE. So it does where the model has first to be made ready.
   */
  readonly signal?: AbortSignal | undefined
  /** Of the request as it came; by default what the conversation itself shows. */
  readonly trace?: Omit<Trace, 'profile'> | undefined
  /** Why a conversation that begins with this request gets no block. */
  readonly barrier?: RewriteReason | undefined
  /** Names the program that asks: what one asks again says nothing of what another was answered. */
  readonly app?: string | undefined
  /** What is kept: a decision and the suffix (default), the suffix alone, or nothing. */
  readonly keeps?: 'decision' | 'suffix' | 'nothing' | undefined
}
export type RerankOptions = {
  readonly mode?: RequestMode | undefined
  readonly decisionId?: string | undefined
  /** Aborts: the order is not wanted any more. Fails with E_UNAVAILABLE, and nothing is kept. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Both serve a request together: rewrite gives the id under which rerank or recordAnswer go on. With such an id the app gets the
 * winner alone; without, it gets the whole order and may show it.
 */
export type Personalizer = {
  rewrite(conversation: Conversation, options?: RewriteOptions): Promise<RewriteResult>
  /** Which suffix each conversation was written under. */
  readonly suffixes: Suffixes
  rerank(
    conversation: Conversation,
    answers: readonly Answer[],
    options?: RerankOptions,
  ): Promise<RerankResult>
  /** Remembers the one answer of a request that was not reranked, so that feedback can name it. */
  recordAnswer(decisionId: string, answer: Answer): void
  /** How many answers to ask for, and why. maxTokens: of the request; inputTokens: an estimate. */
  planCandidates(request: CandidateRequest): CandidatePlan
  /**
   * Holds the most that so many further answers can cost back, before they are asked for: fewer
   * where the budget, less what is held back for others, has no room for all; null where it has none.
   */
  reserve(request: CandidateRequest, further: number): Reservation | null
  /**
   * What the answers beyond the first did cost; usages: of those. Nothing is held back for them any
   * longer.
   */
  spend(model: string, usages: readonly AnswerUsage[], options?: SpendOptions): void
  /** Any answer to the request: the next plan goes by what such requests really take. */
  noteUsage(request: CandidateRequest, usage: AnswerUsage): void
  feedback(event: FeedbackEvent): Promise<FeedbackReceipt>
  /**
   * Erases conversations from this device, and whatever was made from them; preview: only says what would go. Fails with E_NO_DECISION.
   */
  forget(target: ForgetTarget, preview?: boolean): Promise<ForgetReport>
  /** Preferences that the user seems to have stated, oldest first. */
  proposals(): Proposal[]
  /** A dismissed one does not come back. Fails with E_NOT_FOUND. */
  settleProposal(id: string, accept: boolean): Promise<DescribedProfile>
  /** Resolves once what was begun in the background is done. */
  settled(): Promise<void>
  profile(): DescribedProfile
  editProfile(changes: readonly ProfileChange[]): Promise<DescribedProfile>
  status(): DeviceStatus
  /** Stops all training of this home within 100 ms, or lets it go on; kept across restarts. */
  pauseTraining(paused: boolean): Promise<TrainingStatus>
}

export type TrainOptions = {
  /** Also trains the private adapter, which takes minutes. */
  readonly adapter?: boolean
  /** What the private adapter learns from; default reward, which is what rerank reads. */
  readonly objective?: PrivateObjective
  readonly epochs?: number
  readonly learningRate?: number
  /** Layer after which answers are read from now on; auto: the one that the device's choices speak for. */
  readonly exit?: number | 'auto' | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}
export type Progress = {
  readonly step: string
  readonly done?: number
  readonly of?: number
  readonly note?: string
}

export type TrainReport = {
  readonly exit: ExitReport | null
  readonly choices: number
  readonly pairs: number
  readonly logLikelihood: number
  readonly adapter: {
    readonly losses: number[]
    /** Losses of what was held back, before training and after each epoch; empty where nothing was. */
    readonly heldBack: number[]
    readonly seconds: number
    /** Percentage points of held-back pairs gained over what was served before; null where that cannot be told. */
    readonly points: number | null
  } | null
  readonly margin: number
  readonly heldBack: number
}

export type ParticipateOptions = {
  /** Rounds to contribute to before returning. */
  readonly rounds?: number
  /** Waits out retry windows instead of returning at the first. */
  readonly wait?: boolean
  /** For an agent, which calls again and again: what failed lately is left until its time. */
  readonly isUnattended?: boolean
  /** Serves the head of the line afterwards; default true. */
  readonly follow?: boolean
  /** Told when the device takes up a round. */
  readonly onAssigned?: (roundId: string) => void
  readonly onProgress?: ((progress: Progress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export type RoundReport = {
  readonly jobId: string
  readonly roundId: string
  readonly digest: string
  readonly bytes: number
  readonly contributions: readonly Contribution[]
  readonly pairs: number
  readonly losses: readonly number[]
  /** Why a part of the assignment was not contributed. */
  readonly problem: string | null
}

type RetryReason = Extract<CheckInResponse, { kind: 'retry' }>['reason']
export type ParticipateReport = {
  readonly rounds: RoundReport[]
  /** enough: the rounds asked for are done; a retry reason: what the server said last; else what keeps this device from the round. */
  readonly ended: 'enough' | 'refused' | 'pending' | 'failed_lately' | RetryReason
  readonly retryAfterMs: number
  readonly head: string | null
  readonly traffic: Traffic
}

export type Device = Personalizer & {
  /** All of them or none, but those with `split: test`, which are left out. */
  importChoices(choices: readonly ChoiceLine[]): Promise<ImportReport>
  train(options?: TrainOptions): Promise<TrainReport>
  /** How well heads tell this user's choices after several layers; changes nothing. E_DATA when there are too few. */
  chooseExit(onProgress?: (progress: Progress) => void): Promise<ExitChoice>
  /** token: one-time, from the operator. Returns the device's pseudonym. */
  enroll(token: string, signal?: AbortSignal): Promise<string>
  participate(options?: ParticipateOptions): Promise<ParticipateReport>
  /** Downloads, verifies and serves a release: its adapter, and a head refitted under its prior. */
  adoptRelease(hash: string, signal?: AbortSignal): Promise<void>
  consent(): ConsentRecord | null
  grantConsent(
    contributions: readonly Contribution[],
    expiresAt?: number | null,
  ): Promise<ConsentRecord>
  withdrawConsent(): Promise<void>
  /** Fits and loads what the first request would have to wait for. */
  prepare(): Promise<void>
  /** To be called at least once a day: erases what is past its time. */
  upkeep(): Promise<void>
  close(): Promise<void>
}
