/** A question of the device to its user, so that it learns from those who say nothing unasked. */
import { z } from 'zod'
import { Id, TimeMs } from '../../adapters/wire/primitives.ts'
import { Dimension } from './preference.ts'
import { Index } from './rerank-decision.ts'

const Text = z.string().max(200_000)

/**
 * preference: whether answers should have less or more of a dimension; answered by the feedback
 * event `prefer`. pair: which of two answers to an earlier request is better; answered by the event
 * `choose`. candidates: the indices of the answers, in random order, to be named as its `shown`.
 */
export const Question = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('preference'),
    dimension: Dimension,
    less: z.string().max(200),
    more: z.string().max(200),
  }),
  z.strictObject({
    kind: z.literal('pair'),
    decisionId: Id,
    at: TimeMs,
    request: Text,
    candidates: z.array(Index).length(2),
    answers: z.array(Text).length(2),
  }),
])
export type Question = z.infer<typeof Question>

/** What a question is about: a decision or a dimension. */
const QuestionName = z.strictObject({ decisionId: Id.optional(), dimension: Dimension.optional() })
export type QuestionName = z.infer<typeof QuestionName>
export const questionName = QuestionName.shape
export const isOneQuestion = ({ decisionId, dimension }: QuestionName): boolean =>
  (decisionId === undefined) !== (dimension === undefined)
