/** Waiting for what may come too late. */
import { FedError } from '../../adapters/errors.ts'

/** The work's result, or E_UNAVAILABLE once the signal aborts; the work itself goes on, and its failure is nobody's. */
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
