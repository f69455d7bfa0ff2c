/** The question before a conversation is forgotten. */
import type { ForgetResponse } from '../../schemas/personalization.ts'
import { byId, setText } from './dom.ts'
import { counted } from './words.ts'

/** Resolves to true only where the user says so; Escape keeps it. */
export const askToForget = (request: string): Promise<boolean> => {
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

/** What went, in a sentence. */
export const forgotten = (r: ForgetResponse): string =>
  [
    `Forgotten: ${counted(r.decisions, 'decision')}, ` +
      `${counted(r.choices, 'choice')}, ` +
      `${counted(r.feedback, 'piece of feedback', 'pieces of feedback')}.`,
    r.privateAdapter === 'removed' && 'The private adapter was removed.',
    r.updatesSentSince > 0 &&
      `${counted(r.updatesSentSince, 'update')} sent since cannot be called back.`,
    r.traces === 'journal' &&
      'Copies are left in the journal of the database until it can be emptied.',
  ]
    .filter(Boolean)
    .join(' ')
