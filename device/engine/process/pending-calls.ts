/** Calls without an answer, by number. They outlive a process that a pause has ended. */
import { FedError } from '../../../adapters/errors.ts'
import type { Call, Progress } from './messages.ts'

type Pending = {
  readonly call: Call
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly onProgress: ((progress: Progress) => void) | undefined
  isCancelled: boolean
}

export type PendingCalls = ReturnType<typeof pendingCalls>

/** onEmpty: called when the last of them is answered. */
export const pendingCalls = (onEmpty: () => void) => {
  const calls = new Map<number, Pending>()
  let lastId = 0
  const settle = (id: number, act: (pending: Pending) => void): void => {
    const pending = calls.get(id)
    if (!pending) return
    calls.delete(id)
    if (calls.size === 0) onEmpty()
    act(pending)
  }
  const reject = (id: number, error: Error) => settle(id, (pending) => pending.reject(error))
  return {
    add<T>(call: Call, onProgress?: (progress: Progress) => void) {
      const id = ++lastId
      const answer = new Promise<T>((resolve, reject) => {
        const add = { call, resolve: resolve as Pending['resolve'], reject, onProgress }
        calls.set(id, { ...add, isCancelled: false })
      })
      return { id, answer }
    },
    all: () => [...calls].map(([id, { call }]) => ({ id, call })),
    progress: (id: number, progress: Progress) => calls.get(id)?.onProgress?.(progress),
    resolve: (id: number, value: unknown) => settle(id, (pending) => pending.resolve(value)),
    reject,
    /** Rejects them all: E_CANCELLED for those that were cancelled. */
    rejectAll(error: FedError) {
      for (const [id, { isCancelled }] of [...calls]) reject(id, isCancelled ? cancelled() : error)
    },
    /** Whether there is such a call. */
    cancel(id: number): boolean {
      const pending = calls.get(id)
      if (pending) pending.isCancelled = true
      return pending !== undefined
    },
    cancelledIds: () => [...calls].filter(([, it]) => it.isCancelled).map(([id]) => id),
  }
}

export const cancelled = (): FedError =>
  new FedError('E_CANCELLED', 'stopped before it was done; a training goes on from its checkpoint')
