/** Messages of the personalization API: strict, bounded, versioned. */
import { z } from 'zod'
import { ChatMessage, SystemPrompt } from '../../../adapters/formats/choice-log.ts'
import { Id, Protocol } from '../../../adapters/wire/primitives.ts'
import { DeviceStatus } from '../../owner/device-status.ts'
import { FeedbackEvent, FeedbackReceipt } from '../../records/feedback-event.ts'
import {
  DescribedProfile,
  DIMENSIONS,
  Dimension,
  ProfileChange,
  Proposal,
  Share,
} from '../../records/preference.ts'
import { isOneQuestion, Question, questionName } from '../../records/question.ts'
import { RerankDecision } from '../../records/rerank-decision.ts'
import { RewriteDecision } from '../../records/rewrite-decision.ts'
import { ForgetReport, forgetTarget, isOneTarget, ONE_TARGET } from '../../store/forget-report.ts'
import { TrainingStatus } from '../../store/training-status.ts'
import { AskedProtocol } from './protocol.ts'

const Text = z.string().max(200_000)
const Short = z.string().max(300)

/** The part of a Messages request that the device reads; tools are only counted. */
const Conversation = {
  system: SystemPrompt.optional(),
  messages: z.array(ChatMessage).min(1).max(1000),
  tools: z.array(z.looseObject({})).max(1000).optional(),
}

export const RewriteRequest = z.strictObject({ protocol: AskedProtocol, ...Conversation })

export const RewriteResponse = z.strictObject({ protocol: Protocol, ...RewriteDecision.shape })
export type RewriteResponse = z.infer<typeof RewriteResponse>

export const RerankRequest = z.strictObject({
  protocol: AskedProtocol,
  ...Conversation,
  /** Claude's answers, its first one first. */
  candidates: z.array(Text).min(1).max(16),
})

export const RerankResponse = z.strictObject({ protocol: Protocol, ...RerankDecision.shape })
export type RerankResponse = z.infer<typeof RerankResponse>

export const FeedbackRequest = z.strictObject({
  protocol: AskedProtocol,
  event: FeedbackEvent.refine((e) => e.isImplicit === undefined, 'only the device infers'),
})

export const FeedbackResponse = z.strictObject({ protocol: Protocol, ...FeedbackReceipt.shape })

/** preview: reports what would be erased, and erases nothing. */
export const ForgetRequest = z
  .strictObject({ protocol: AskedProtocol, ...forgetTarget, preview: z.boolean().optional() })
  .refine(isOneTarget, ONE_TARGET)

export const ForgetResponse = z.strictObject({ protocol: Protocol, ...ForgetReport.shape })
export type ForgetResponse = z.infer<typeof ForgetResponse>

export const ProposalsResponse = z.strictObject({
  protocol: Protocol,
  proposals: z.array(Proposal).max(20),
})
export type ProposalsResponse = z.infer<typeof ProposalsResponse>

export const ProposalRequest = z.strictObject({
  protocol: AskedProtocol,
  id: Id,
  accept: z.boolean(),
})

export const QuestionsResponse = z.strictObject({
  protocol: Protocol,
  questions: z.array(Question).max(2000),
})
export type QuestionsResponse = z.infer<typeof QuestionsResponse>

export const QuestionRequest = z
  .strictObject({ protocol: AskedProtocol, ...questionName })
  .refine(isOneQuestion, 'exactly one of decisionId and dimension')
export type QuestionRequest = z.infer<typeof QuestionRequest>

export const ProfileResponse = z.strictObject({ protocol: Protocol, ...DescribedProfile.shape })
export type ProfileResponse = z.infer<typeof ProfileResponse>

export const ProfileEdit = z.strictObject({
  protocol: AskedProtocol,
  changes: z.array(ProfileChange).min(1).max(100),
})

/** The lines that a dimension can add to a request: the slight ones below slightBelow. */
export const DimensionsResponse = z.strictObject({
  protocol: Protocol,
  slightBelow: Share,
  dimensions: z
    .array(
      z.strictObject({
        dimension: Dimension,
        label: z.string().max(40),
        less: Short,
        slightlyLess: Short,
        slightlyMore: Short,
        more: Short,
      }),
    )
    .max(DIMENSIONS.length),
})
export type DimensionsResponse = z.infer<typeof DimensionsResponse>

export const TrainingRequest = z.strictObject({ protocol: AskedProtocol, paused: z.boolean() })

export const TrainingResponse = z.strictObject({ protocol: Protocol, ...TrainingStatus.shape })

export const StatusResponse = z.strictObject({ protocol: Protocol, ...DeviceStatus.shape })
export type StatusResponse = z.infer<typeof StatusResponse>
