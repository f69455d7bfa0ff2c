/** Single values from a config that another program wrote. */
import { FedError } from '../../../adapters/errors.ts'

/** E_MODEL_FILE when the field is there and is no number, or is missing and has no fallback. */
export const numberOf = (
  file: Readonly<Record<string, unknown>>,
  field: string,
  fallback?: number,
): number => {
  const value = Object.hasOwn(file, field) ? file[field] : undefined
  if ((value === undefined || value === null) && fallback !== undefined) return fallback
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new FedError('E_MODEL_FILE', `${field} must be a number, got ${printable(value)}`)
  return value
}

/** A value of an unknown file, short enough for a message. */
export const printable = (value: unknown): string =>
  (typeof value === 'object' && value !== null
    ? 'a list or table'
    : typeof value === 'string'
      ? JSON.stringify(value)
      : String(value)
  ).slice(0, 60)

export const unsupported = (what: string): FedError => new FedError('E_MODEL_UNSUPPORTED', what)
