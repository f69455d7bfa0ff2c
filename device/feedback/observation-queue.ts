/** When requests are observed: one after the other, each once it has been answered, so that none waits for it. */
import { asFedError } from '../../adapters/errors.ts'
import type { Observed } from './observe-request.ts'

export type Observer = {
  /** A request was rewritten; its answer is still to come. */
  expect(request: Observed): void
  answered(decisionId: string | undefined): void
  /** Observes what was never answered too, and resolves when all is done that can be done now. */
  settled(): Promise<void>
}

export type ObserverDeps = {
  /** Resolves to whether there is something to learn. Failures are only reported. */
  readonly observe: (request: Observed) => Promise<boolean>
  readonly learn: () => Promise<void>
  /** Whether all that was kept before can be read by now. */
  readonly isWritten: () => Promise<boolean>
  readonly report?: ((event: { what: string; code: string }) => void) | undefined
}

/** Requests that wait for their answer, and such that wait to be observed; the oldest is given up. */
const MOST = 50
/** Where what was kept cannot be read. */
const AGAIN_MS = 1000

export const openObserver = ({
  observe,
  learn,
  isWritten,
  report = () => {},
}: ObserverDeps): Observer => {
  const waiting = new Map<string, Observed>()
  const due: Observed[] = []
  let running: Promise<void> | null = null
  let isSettling = false
  let wake = (): void => {}
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve
      setTimeout(resolve, AGAIN_MS).unref()
    })
  const one = (request: Observed): Promise<void> =>
    observe(request)
      .then((isNew) => (isNew ? learn() : undefined))
      .catch((error) => report({ what: 'observe', code: asFedError(error).code }))
  const run = async (): Promise<void> => {
    while (due.length > 0) {
      await new Promise(setImmediate)
      if (await isWritten()) {
        const request = due.shift()
        if (request) await one(request)
      } else if (isSettling) due.splice(0)
      else await pause()
    }
    running = null
  }
  const answered = (decisionId: string | undefined): void => {
    const request = decisionId === undefined ? undefined : waiting.get(decisionId)
    if (!request) return
    waiting.delete(request.decisionId)
    due.push(request)
    if (due.length > MOST) due.shift()
    running ??= run()
  }
  return {
    expect(request) {
      waiting.set(request.decisionId, request)
      if (waiting.size > MOST) waiting.delete(waiting.keys().next().value ?? '')
    },
    answered,
    async settled() {
      for (const decisionId of [...waiting.keys()]) answered(decisionId)
      isSettling = true
      wake()
      await running
      isSettling = false
    },
  }
}
