/**
 * What those who share an open store tell each other at once, and know of each other: the device
 * that serves, the one that trains, and whoever answers for both. Gone with the process.
 */

import type { DeviceSettings } from '../home/settings.ts'
import type { ConditionsStatus } from '../records/agent-reports.ts'
import type { TrainingStatus } from './training-status.ts'

/**
 * What the agent saw when it last looked at the machine. at: when; goodUntil: when a running agent
 * would have looked again.
 */
export type Look = Pick<ConditionsStatus, 'reasons' | 'readings' | 'nextTraining'> & {
  readonly at: number
  readonly goodUntil: number
  readonly nextLook: number
}

/** How far the training under way is. */
export type TrainingRun = Omit<TrainingStatus, 'state'> & {
  readonly step: number
  readonly steps: number
}

/**
 * forgotten: texts are gone from the store, and what was made of them is to go. consent: it was
 * given, narrowed or withdrawn. settings: they have changed.
 */
type Told = {
  readonly forgotten: undefined
  readonly consent: undefined
  readonly settings: DeviceSettings
}
type Listener<K extends keyof Told> = (value: Told[K]) => void | Promise<void>

export type Live = {
  /** Of the training under way. */
  training: TrainingRun | null
  /** The agent's last look at the machine. */
  look: Look | null
  /** Ends with what is returned. */
  on<K extends keyof Told>(what: K, listener: Listener<K>): () => void
  /** Listeners begin before it returns; it resolves once all have done their part, and fails as the first that failed. */
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
