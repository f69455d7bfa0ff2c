/** When requests are observed: one after the other, each once it has been answered, so that none waits for it. */
import { asFedError } from '../../adapters/errors.ts'
import type { Observed } from './observe.ts'

export type Observer = {
  /** A request was rewritten; its answer is still to come. */
  expect(request: Observed): void
  answered(decisionId: string | undefined): void
  /** Observes what was never answered too, and resolves when all is done. */
  settled(): Promise<void>
}

/** Requests that wait for their answer; the oldest is given up. */
const MOST = 50

/** observe resolves to whether there is something to learn. Failures are only reported. */
export const openObserver = (
  observe: (request: Observed) => Promise<boolean>,
  learn: () => Promise<void>,
  report: (event: { what: string; code: string }) => void = () => {},
): Observer => {
  const waiting = new Map<string, Observed>()
  let last: Promise<void> = Promise.resolve()
  const answered = (decisionId: string | undefined): void => {
    const request = decisionId === undefined ? undefined : waiting.get(decisionId)
    if (!request) return
    waiting.delete(request.decisionId)
    last = last
      .then(() => new Promise(setImmediate))
      .then(() => observe(request))
      .then((isNew) => (isNew ? learn() : undefined))
      .catch((error) => report({ what: 'observe', code: asFedError(error).code }))
  }
  return {
    expect(request) {
      waiting.set(request.decisionId, request)
      if (waiting.size > MOST) waiting.delete(waiting.keys().next().value ?? '')
    },
    answered,
    async settled() {
      for (const decisionId of [...waiting.keys()]) answered(decisionId)
      await last
    },
  }
}
