import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/**
 * undici's limits are counted by a clock of its own; this is its hook for tests. A limit begins to
 * count at its next tick.
 */
export const passTime = (ms: number): void => {
  const { tick } = require('undici/lib/util/timers.js')
  tick(1000)
  tick(ms)
}
