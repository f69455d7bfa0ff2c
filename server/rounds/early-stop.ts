/** Ends a job whose releases hardly move any more. */
import type { Job } from '../store/records.ts'

/** change: norm of the mean update of the round just released; null: it moved no adapter. */
export const movedBy = (job: Job, change: number | null): Job => {
  const { earlyStop } = job.spec
  if (!earlyStop || change === null) return job
  const firstChange = job.firstChange ?? change
  const isCalm = change <= earlyStop.belowShare * firstChange
  return { ...job, firstChange, calmRounds: isCalm ? job.calmRounds + 1 : 0 }
}

/** Why the job ends before its last round; null if it goes on. */
export const earlyEnd = ({ spec, calmRounds, released }: Job): string | null => {
  const { earlyStop } = spec
  if (!earlyStop || calmRounds < earlyStop.rounds) return null
  return (
    `stopped early after ${released} of ${spec.rounds} rounds: the last ${calmRounds} moved the ` +
    `adapter by at most ${100 * earlyStop.belowShare} % of what the first round did`
  )
}
