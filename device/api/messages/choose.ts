/** Chooses the answer to return, and records it so that feedback can name it. */

import type { ReadAnswer } from './answer.ts'
import { type Gathered, settle } from './copies.ts'
import { type MessagesDeps, reportFailure, type Status, settingsOf, within } from './deps.ts'
import type { Plan } from './plan.ts'
import { type TotalUsage, totalUsage } from './usage.ts'

/** answer: null for an error, a body that is not a message, or one that broke off. */
export type Came = { readonly answer: ReadAnswer | null }

export type Choice<T> = {
  readonly winner: T
  readonly status: Status
  readonly usage: TotalUsage
}

/**
 * Only whole answers compete, and only those that ended as a whole first one did: an app that set a
 * stop sequence relies on it. A first answer that was cut off or is empty gives way to a whole one;
 * any other, such as a refusal, stands.
 */
export const chooseAnswer = async <T extends Came>(
  deps: MessagesDeps,
  plan: Plan,
  gathered: Gathered<T>,
): Promise<Choice<T>> => {
  const { came } = gathered
  const [first] = came
  const whole = withoutEqual(competing(came))
  const kept = whole[0] ?? first
  const { winner, status } = await rankAnswers(deps, plan, whole, kept)
  const used = came.flatMap((c) => c.answer?.usage ?? [])
  const extra = came.slice(1).flatMap((c) => c.answer?.usage ?? [])
  settle(deps, plan, gathered, extra)
  for (const { answer } of came) if (answer) noteAnswer(deps, plan, answer)
  return { winner, status, usage: totalUsage(plan.model, used, settingsOf(deps).prices) }
}

const competing = <T extends Came>([first, ...rest]: readonly [T, ...T[]]): T[] => {
  const { answer } = first
  if (answer?.isWhole)
    return [first, ...rest.filter((c) => c.answer?.isWhole && c.answer.stop === answer.stop)]
  return answer?.givesWay === false ? [] : rest.filter((c) => c.answer?.isWhole)
}

/** Keeps the first of equal answers. */
const withoutEqual = <T extends Came>(came: readonly T[]): T[] =>
  came.filter(({ answer }, i) => came.findIndex((c) => c.answer?.text === answer?.text) === i)

const rankAnswers = async <T extends Came>(
  deps: MessagesDeps,
  plan: Plan,
  whole: readonly T[],
  kept: T,
): Promise<{ winner: T; status: Status }> => {
  const { conversation, mode } = plan
  const keep = (status: Status) => {
    if (kept.answer) recordAnswer(deps, plan, kept.answer)
    return { winner: kept, status }
  }
  if (whole.length < 2 || !conversation) return keep(plan.status)
  const answers = whole.map(({ answer }) => ({ text: answer!.text, messageId: answer!.messageId }))
  const decisionId = plan.decisionId ?? undefined
  try {
    const ranked = await within(settingsOf(deps).rankDeadlineMs, (signal) =>
      deps.device.rerank(conversation, answers, { decisionId, mode, signal }),
    )
    return {
      winner: whole[ranked.winner] ?? kept,
      status: ranked.shadow ? 'shadow' : plan.status,
    }
  } catch (error) {
    reportFailure(deps, 'rerank', error)
    return keep('failed-open')
  }
}

/** Tells the device what such answers cost, for the next plan. */
export const noteAnswer = (deps: MessagesDeps, { request }: Plan, { usage }: ReadAnswer): void => {
  if (!request) return
  try {
    deps.device.noteUsage(request.size, usage)
  } catch (error) {
    reportFailure(deps, 'usage', error)
  }
}

/** A failure here must not cost the app its answer. */
export const recordAnswer = (
  deps: MessagesDeps,
  { decisionId }: Plan,
  { text, messageId }: ReadAnswer,
): void => {
  if (!decisionId || text.trim() === '') return
  try {
    deps.device.recordAnswer(decisionId, { text, messageId })
  } catch (error) {
    reportFailure(deps, 'record', error)
  }
}
