/** Which of the answers that came is returned, and the record of it that feedback can name. */

import type { ReadAnswer } from './answer.ts'
import { type MessagesDeps, reportFailure, type Status, settingsOf, within } from './deps.ts'
import type { Plan } from './plan.ts'
import { type TotalUsage, totalUsage } from './usage.ts'

/** answer: null where it is an error, no message, or broke off. */
export type Came = { readonly answer: ReadAnswer | null }

export type Choice<T> = {
  readonly winner: T
  readonly status: Status
  readonly usage: TotalUsage
}

/**
 * came: in the order of asking, at least one. Only whole answers compete: one that was cut, refused or is empty never takes the place
 * of a whole first one. A first answer that was cut or failed gives way to a whole one; a refusal stands.
 */
export const chooseAnswer = async <T extends Came>(
  deps: MessagesDeps,
  plan: Plan,
  came: readonly [T, ...T[]],
): Promise<Choice<T>> => {
  const [first] = came
  const whole = first.answer?.stop === 'refusal' ? [] : came.filter((c) => c.answer?.isWhole)
  const kept = whole[0] ?? first
  const { winner, status } = await rankAnswers(deps, plan, whole, kept)
  const used = came.flatMap((c) => c.answer?.usage ?? [])
  const extra = came.flatMap((c) => (c === winner ? [] : (c.answer?.usage ?? [])))
  try {
    deps.device.spend(plan.model, extra, plan.decisionId)
  } catch (error) {
    reportFailure(deps, 'spend', error)
  }
  return { winner, status, usage: totalUsage(plan.model, used, settingsOf(deps).prices) }
}

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

/** So that feedback can name the answer; losing that must not lose the answer. */
export const recordAnswer = (
  deps: MessagesDeps,
  { decisionId, conversation }: Plan,
  { text, messageId }: ReadAnswer,
): void => {
  if (!decisionId || !conversation || text.trim() === '') return
  try {
    deps.device.recordAnswer(decisionId, conversation, { text, messageId })
  } catch (error) {
    reportFailure(deps, 'record', error)
  }
}
