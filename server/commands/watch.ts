/** Follows a job until it has ended or waits for its operator, through restarts of the server. */
import { setTimeout as sleep } from 'node:timers/promises'
import { FedError, isFedError } from '../../adapters/errors.ts'
import type { JobView } from '../../adapters/wire/jobs.ts'

export type Followed = {
  readonly read: () => Promise<JobView>
  /** Called with the job as it is at first, and whenever something has changed. */
  readonly tell: (job: JobView) => void
  readonly timeoutMs: number
  readonly clock?: () => number
  readonly pause?: (ms: number) => Promise<unknown>
}

const FIRST_MS = 300
const LAST_MS = 5000
/** States in which it goes on by itself. */
const MOVING: ReadonlySet<JobView['state']> = new Set(['scheduled', 'running'])

/**
 * The job as it ended, or as it is paused. Fails with E_CANCELLED after its time, and as `read` does
 * at first; later an unreachable server is asked again.
 */
export const followJob = async ({
  read,
  tell,
  timeoutMs,
  clock = Date.now,
  pause = sleep,
}: Followed): Promise<JobView> => {
  const until = clock() + timeoutMs
  let job = await read()
  let said = ''
  for (let waitMs = FIRST_MS; ; waitMs = Math.min(LAST_MS, waitMs * 1.2)) {
    const now = JSON.stringify(job)
    if (now !== said) tell(job)
    said = now
    if (!MOVING.has(job.state)) return job
    if (clock() >= until)
      throw new FedError(
        'E_CANCELLED',
        `job ${job.id} is still ${job.state} after ${timeoutMs / 1000} s`,
      )
    await pause(waitMs)
    const last = job
    job = await read().catch((error: unknown) => {
      if (isFedError(error) && error.code === 'E_UNAVAILABLE') return last
      throw error
    })
  }
}
