/** Work that a person may interrupt and take up again later. */
import { progress } from '../measure/progress.ts'

/** An interrupt ends the work in an orderly way; a second one ends the program. */
export const interruptible = async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const abort = new AbortController()
  const interrupt = () => {
    progress('stopping; what is finished is kept, and the same command goes on from there')
    abort.abort()
  }
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    return await work(abort.signal)
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}
