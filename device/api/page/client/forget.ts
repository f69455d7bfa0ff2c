/** Forgetting a conversation: the button, the question, and the report. */

import { act, ask } from '../../../../adapters/page/deeds.ts'
import { button, byId, setText } from '../../../../adapters/page/dom.ts'
import { counted, joined } from '../../../../adapters/page/words.ts'
import type { ForgetResponse } from '../../schemas/personalization.ts'
import { call } from './api.ts'

/** request: the conversation's request, for the question. after: runs once it is forgotten. */
export const forgetButton = (
  text: string,
  body: { decisionId: string } | { choiceId: string },
  request: () => string,
  after: () => void,
): HTMLButtonElement => {
  const begin = async () => {
    if (!(await askToForget(request()))) return
    act(async () => {
      const report = await call<ForgetResponse>('POST', '/v1/forget', body)
      after()
      return forgotten(report)
    })
  }
  return button(text, begin, { class: 'plain danger' })
}

/** Resolves to true only if the user agrees; Escape keeps the conversation. */
const askToForget = async (request: string): Promise<boolean> => {
  setText(byId('forget-what'), request)
  const answer = await ask('forget')
  setText(byId('forget-what'), '')
  return answer === 'forget'
}

const forgotten = (r: ForgetResponse): string =>
  joined(
    `Forgotten: ${counted(r.decisions, 'decision')}, ` +
      `${counted(r.choices, 'choice')}, ` +
      `${counted(r.feedback, 'piece of feedback', 'pieces of feedback')}.`,
    r.privateAdapter === 'removed' && 'The private adapter was removed.',
    r.updatesSentSince > 0 &&
      `${counted(r.updatesSentSince, 'update')} sent since cannot be called back.`,
    r.traces === 'journal' &&
      'Copies are left in the journal of the database until it can be emptied.',
  )
