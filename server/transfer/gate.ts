/** How much happens at once: some get in, some wait, the others are told to come back. */
import { FedError } from '../../adapters/errors.ts'

export type Gate = {
  /** Runs the work once there is room for it. Fails with E_UNAVAILABLE where too many wait. */
  through<T>(work: () => Promise<T>): Promise<T>
}

export type GateSize = {
  readonly atOnce: number
  /** How many may wait beyond those. */
  readonly waiting: number
}

/** what: of what there is too much, for the refusal. */
export const openGate = ({ atOnce, waiting }: GateSize, what: string): Gate => {
  const queue: (() => void)[] = []
  let inside = 0
  return {
    async through(work) {
      if (inside >= atOnce) {
        if (queue.length >= waiting)
          throw new FedError('E_UNAVAILABLE', `too many ${what} at once: come back later`)
        // Whoever leaves gives its place to the first in line.
        await new Promise<void>((resolve) => queue.push(resolve))
      } else inside++
      try {
        return await work()
      } finally {
        const next = queue.shift()
        if (next) next()
        else inside--
      }
    },
  }
}
