/** The question before a conversation is forgotten. */
import { byId, setText } from './dom.ts'

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
