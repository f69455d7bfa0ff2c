/**
 * What changes of jobs and their newest rounds, read from the store: the same at every replica, and
 * nothing is missed where one of them restarts. First all that run as they stand.
 */
import type { JobChange } from '../../adapters/wire/jobs.ts'
import type { JobProgress } from '../store/records.ts'
import type { Tables } from '../store/store.ts'

/** wait: resolves when it is time to look again. Ends once the signal is aborted. null: nothing changed. */
export async function* jobChanges(
  store: Pick<Tables, 'alive' | 'progress'>,
  wait: () => Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<JobChange | null> {
  const known = new Map<string, string>()
  while (!signal.aborted) {
    const running = await store.alive()
    const ids = new Set(running.map(({ job }) => job.id))
    const gone = [...known.keys()].filter((id) => !ids.has(id))
    const ended = await Promise.all(gone.map((id) => store.progress(id)))
    let isQuiet = true
    for (const progress of [...running, ...ended.flatMap((one) => one ?? [])]) {
      const change = changeOf(progress)
      const text = JSON.stringify(change)
      if (known.get(change.id) === text) continue
      known.set(change.id, text)
      isQuiet = false
      yield change
    }
    if (isQuiet) yield null
    await wait()
  }
}

const changeOf = ({ job, round }: JobProgress): JobChange => ({
  id: job.id,
  name: job.spec.name,
  state: job.state,
  reason: job.reason,
  released: job.released,
  rounds: job.spec.rounds,
  round: round && {
    id: round.id,
    index: round.index,
    attempt: round.attempt,
    phase: round.phase,
    assigned: round.assigned,
    received: round.received,
    goal: job.spec.cohort.goal,
    deadlineAt: round.deadlineAt,
    reason: round.reason,
  },
})
