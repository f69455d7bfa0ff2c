/** One hash for a JSON value, whoever wrote it. */
import { sha256Hex } from '../node/sha256.ts'

/** SHA-256. The order of fields means nothing. */
export const hashOf = (value: unknown): string =>
  sha256Hex(new TextEncoder().encode(JSON.stringify(sorted(value))))

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return entries.map(([name, of]) => [name, sorted(of)])
}
