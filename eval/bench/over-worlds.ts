/** A figure that was measured in several drawn worlds. */
import { meanOf } from '../measure/metrics.ts'
import type { Result } from '../measure/results.ts'

/** The mean over worlds and its 95 % interval, normal; too narrow where worlds are few. */
export const overWorlds = (name: string, values: readonly number[], unit: string): Result => {
  const value = meanOf(values)
  const n = values.length
  const variance = values.reduce((sum, x) => sum + (x - value) ** 2, 0) / Math.max(1, n - 1)
  const half = 1.96 * Math.sqrt(variance / n)
  return { name, value, unit, n, ...(n > 1 && { interval: [value - half, value + half] }) }
}
