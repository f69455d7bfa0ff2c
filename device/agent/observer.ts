/** When requests are observed: one after the other, each once it has been answered, so that none waits for it. */
import { asFedError } from '../../adapters/errors.ts'
import type { Conversation } from './types.ts'

export type Observer = {
  /** A request was rewritten; its answer is still to come. */
  expect(decisionId: string, conversation: Conversation): void
  answered(decisionId: string | undefined): void
  /** Observes what was never answered too, and resolves when all is done. */
  settled(): Promise<void>
}

/** Requests that wait for their answer; the oldest is given up. */
const MOST = 50

/** observe resolves to whether there is something to learn. Failures are only reported. */
export const openObserver = (
  observe: (conversation: Conversation, decisionId: string) => Promise<boolean>,
  learn: () => Promise<void>,
  report: (event: { what: string; code: string }) => void = () => {},
): Observer => {
  const waiting = new Map<string, Conversation>()
  let last: Promise<void> = Promise.resolve()
  const answered = (decisionId: string | undefined): void => {
    const conversation = decisionId === undefined ? undefined : waiting.get(decisionId)
    if (decisionId === undefined || !conversation) return
    waiting.delete(decisionId)
    last = last
      .then(() => new Promise(setImmediate))
      .then(() => observe(conversation, decisionId))
      .then((isNew) => (isNew ? learn() : undefined))
      .catch((error) => report({ what: 'observe', code: asFedError(error).code }))
  }
  return {
    expect(decisionId, conversation) {
      waiting.set(decisionId, conversation)
      if (waiting.size > MOST) waiting.delete(waiting.keys().next().value ?? '')
    },
    answered,
    async settled() {
      for (const decisionId of [...waiting.keys()]) answered(decisionId)
      await last
    },
  }
}
