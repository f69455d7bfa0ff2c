/** Recognizes follow-ups on style with a gate that is fitted once under this device's model. */
import type { Engine, PooledOptions } from '../engine/engine.ts'
import type { LocalModel } from '../engine/model/open.ts'
import type { Pole } from '../preferences/dimensions.ts'
import { followUpReading, poolInParts, poolRequests } from '../preferences/relevance.ts'
import type { Gate } from '../store/states.ts'
import type { DeviceStore } from '../store/store.ts'
import {
  asksForStyle,
  FOLLOW_UP_TEXTS,
  followUpPoles,
  isReadByModel,
  trainFollowUps,
} from './follow-up-text.ts'

export type FollowUps = {
  /** Fits the gate if it is missing (one pass over the seeds, five seconds on two cores). */
  ready(): Promise<void>
  /** The poles that a message asks for; none if it is about something else. */
  poles(message: string): Promise<readonly Pole[]>
}

const SEEDS_PER_CALL = 8

export const openFollowUps = (
  store: DeviceStore,
  model: LocalModel,
  engine: Pick<Engine, 'pooled'>,
): FollowUps => {
  const reading = followUpReading(model)
  const key = `v1/${model.base.weights}/${reading.exitLayer}/${FOLLOW_UP_TEXTS.length}`
  const pool = (texts: readonly string[], options?: Pick<PooledOptions, 'keep'>) =>
    poolRequests(engine, model.tokenizer, reading, texts, options)
  let loading: Promise<Gate> | null = null
  const load = async (): Promise<Gate> => {
    const known = store.get('followUps')
    if (known?.key === key) return known.gate
    const gate = trainFollowUps(await poolInParts(pool, FOLLOW_UP_TEXTS, SEEDS_PER_CALL))
    store.later((tx) => tx.set('followUps', { key, gate }))
    return gate
  }
  const gate = (): Promise<Gate> => {
    loading ??= load().catch((error) => {
      loading = null
      throw error
    })
    return loading
  }
  return {
    ready: async () => void (await gate()),
    poles: async (message) => {
      const asked = followUpPoles(message)
      if (asked.length === 0 || !isReadByModel(message)) return asked
      const [pooled] = await pool([message], { keep: false })
      return asksForStyle(await gate(), message, pooled!) ? asked : []
    },
  }
}
