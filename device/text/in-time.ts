/** A wait with a deadline. */
import { FedError } from '../../adapters/errors.ts'

/**
 * The work's result, or E_UNAVAILABLE once the signal aborts. The work continues, and its later
 * failure is ignored.
 */
export const orAborted = async <T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> => {
  if (!signal) return work
  let stop = () => {}
  const late = new Promise<never>((_, reject) => {
    stop = () => reject(new FedError('E_UNAVAILABLE', 'the local model did not answer in time'))
    signal.addEventListener('abort', stop, { once: true })
  })
  if (signal.aborted) stop()
  try {
    return await Promise.race([work, late])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
