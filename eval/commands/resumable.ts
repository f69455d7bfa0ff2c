/** Work that a person may interrupt and take up again later. */

import { interruptible } from '../../adapters/node/signals.ts'
import { progress } from '../measure/progress.ts'

/** An interrupt ends the work in an orderly way; a second one ends the program. */
export const resumable = <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
  interruptible(work, () =>
    progress('stopping; what is finished is kept, and the same command goes on from there'),
  )
