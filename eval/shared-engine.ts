/** One engine for many readers in a process: a text is pooled once per set of adapters, whoever asks. */
import { cachePooled } from '../device/agent/choice-features.ts'
import type { Engine } from '../device/engine/run/types.ts'

/**
 * Remembers pooled states in memory and queues the calls, so that a text asked for by two devices at once is computed once.
 * Closing it is left to whoever opened the engine.
 */
export const rememberPooled = (engine: Engine, weights: string): Engine => {
  const states = new Map<string, Float32Array>()
  const cached = cachePooled(engine, weights, {
    pooled: (key) => states.get(key),
    savePooled: (key, state) => void states.set(key, state),
  })
  let last: Promise<unknown> = Promise.resolve()
  return {
    ...cached,
    pooled: (inputs, options) => {
      const next = last.then(() => cached.pooled(inputs, options))
      last = next.catch(() => undefined)
      return next
    },
    close: async () => {},
  }
}
