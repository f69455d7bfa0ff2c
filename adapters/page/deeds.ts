/** What is done on a page: one deed after another, with its result said aloud, or asked about first. */
import { byId, setText } from './dom.ts'

export const messageOf = (error: unknown, otherwise: string): string =>
  error instanceof Error ? error.message : otherwise

/** Shows a result for twelve seconds; screen readers announce it. */
export const say = (text: string): void => {
  const result = byId('result')
  setText(result, text)
  clearTimeout(hiding)
  hiding = setTimeout(() => setText(result, ''), 12_000)
}
let hiding: ReturnType<typeof setTimeout> | undefined

/** Fires `change` after every change, for the page to look again. */
export const changed = new EventTarget()

/** Makes one change after another; says what `work` resolves to, or why it failed. */
export const act = (work: () => Promise<string>): void => {
  queue = queue.then(async () => {
    await work().then(say, (error) => say(`Not done: ${messageOf(error, 'it failed')}`))
    changed.dispatchEvent(new Event('change'))
  })
}
let queue: Promise<void> = Promise.resolve()

/** Opens a dialog of the page; what its form was submitted with, or '' where Escape closed it. */
export const ask = (id: string): Promise<string> => {
  const dialog = byId(id) as HTMLDialogElement
  dialog.returnValue = ''
  dialog.showModal()
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue), { once: true })
  })
}
