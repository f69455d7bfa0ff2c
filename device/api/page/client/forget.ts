/** Forgetting a conversation: the button, the question, and the report. */
import type { ForgetResponse } from '../../schemas/personalization.ts'
import { act, call } from './api.ts'
import { button, byId, setText } from './dom.ts'
import { counted, joined } from './words.ts'

/** request: the conversation's request, for the question. after: runs once it is forgotten. */
export const forgetButton = (
  text: string,
  body: { decisionId: string } | { choiceId: string },
  request: () => string,
  after: () => void,
): HTMLButtonElement => {
  const ask = async () => {
    if (!(await askToForget(request()))) return
    act(async () => {
      const report = await call<ForgetResponse>('POST', '/v1/forget', body)
      after()
      return forgotten(report)
    })
  }
  return button(text, ask, { class: 'plain danger' })
}

/** Resolves to true only if the user agrees; Escape keeps the conversation. */
const askToForget = (request: string): Promise<boolean> => {
  const dialog = byId('forget') as HTMLDialogElement
  setText(byId('forget-what'), request)
  dialog.returnValue = 'keep'
  dialog.showModal()
  return new Promise((resolve) => {
    const settle = () => {
      setText(byId('forget-what'), '')
      resolve(dialog.returnValue === 'forget')
    }
    dialog.addEventListener('close', settle, { once: true })
  })
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
