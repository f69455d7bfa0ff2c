/**
 * Events and facts shared at once by the users of an open store: the device that serves, the one
 * that trains, and the API. They end with the process.
 */

import type { DeviceSettings } from '../home/settings.ts'
import type { ConditionsStatus } from '../records/agent-reports.ts'
import type { TrainingStatus } from './training-status.ts'

/**
 * What the agent saw when it last looked at the machine. at: when; goodUntil: after this, the agent
 * is not running.
 */
export type Look = Pick<ConditionsStatus, 'reasons' | 'readings' | 'nextTraining'> & {
  readonly at: number
  readonly goodUntil: number
  readonly nextLook: number
}

/** How far the training under way is. */
type TrainingRun = Omit<TrainingStatus, 'state'> & {
  readonly step: number
  readonly steps: number
}

/**
 * forgotten: texts were erased from the store, and everything derived from them must go. consent:
 * it was granted, narrowed or withdrawn. settings: they have changed.
 */
type Told = {
  readonly forgotten: undefined
  readonly consent: undefined
  readonly settings: DeviceSettings
}
type Listener<K extends keyof Told> = (value: Told[K]) => void | Promise<void>

export type Live = {
  /** How far the training under way is. */
  training: TrainingRun | null
  /** What the agent saw when it last looked. */
  look: Look | null
  /** Returns a function that ends the subscription. */
  on<K extends keyof Told>(what: K, listener: Listener<K>): () => void
  /**
   * Listeners are called before it returns. It resolves once all have finished, and fails as the
   * first that failed.
   */
  tell<K extends keyof Told>(what: K, value: Told[K]): Promise<void>
}

export const openLive = (): Live => {
  const listeners: { readonly [K in keyof Told]: Set<Listener<K>> } = {
    forgotten: new Set(),
    consent: new Set(),
    settings: new Set(),
  }
  return {
    training: null,
    look: null,
    on(what, listener) {
      listeners[what].add(listener)
      return () => void listeners[what].delete(listener)
    },
    async tell(what, value) {
      const parts = [...listeners[what]].map(async (listener) => listener(value))
      const failed = (await Promise.allSettled(parts)).find((part) => part.status === 'rejected')
      if (failed) throw failed.reason
    },
  }
}
