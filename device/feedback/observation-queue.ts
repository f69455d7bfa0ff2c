/** Queues requests for observation, one at a time and each after its answer, so that none waits. */
import { asFedError } from '../../adapters/errors.ts'
import type { Observed } from './observe-request.ts'

export type Observer = {
  /** Announces a rewritten request whose answer is still to come. */
  expect(request: Observed): void
  answered(decisionId: string | undefined): void
  /** Also observes unanswered requests. Resolves when nothing more can be done now. */
  settled(): Promise<void>
}

export type ObserverDeps = {
  /** Resolves to whether there is something to learn. Failures are only reported. */
  readonly observe: (request: Observed) => Promise<boolean>
  readonly learn: () => Promise<void>
  /** Whether everything written before can be read by now. */
  readonly isWritten: () => Promise<boolean>
  readonly report?: ((event: { what: string; code: string }) => void) | undefined
}

/** Capacity for unanswered requests, and for requests to observe. The oldest is dropped. */
const MAX_WAITING = 50
/** Retry interval while the store cannot be read. */
const RETRY_MS = 1000

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
      setTimeout(resolve, RETRY_MS).unref()
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
    if (due.length > MAX_WAITING) due.shift()
    running ??= run()
  }
  return {
    expect(request) {
      waiting.set(request.decisionId, request)
      if (waiting.size > MAX_WAITING) waiting.delete(waiting.keys().next().value ?? '')
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
