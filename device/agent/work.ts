/** Starts a piece of the agent's work (a training or a round), measures it and records its end. */
import { asFedError } from '../../adapters/errors.ts'
import type { Rng } from '../../adapters/random.ts'
import type { Progress } from '../home/progress.ts'
import type { AgentSettings } from '../home/settings.ts'
import type { Sleep } from '../http/sleep.ts'
import type { HoldReason, LastTraining, Readings } from '../records/agent-reports.ts'
import type { EnergyEntry } from '../store/states.ts'
import type { DeviceStore } from '../store/store.ts'
import type { Overrides } from './conditions.ts'
import { type Energy, type EnergyMeter, totalOf } from './energy.ts'
import { energyEntries, joulesPerPoint, keepCheckIn, keepEnergy } from './energy-status.ts'
import type { Work } from './scheduler.ts'

type WorkOptions = {
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
  readonly isUnattended: boolean
}
/** The part of a device that the agent needs. */
type WorkingDevice = {
  train(
    options: WorkOptions & { readonly adapter: true },
  ): Promise<{ readonly adapter: { readonly points: number | null } | null }>
  participate(
    options: WorkOptions & { readonly onAssigned: (roundId: string) => void },
  ): Promise<{ readonly ended: string; readonly retryAfterMs: number }>
}

export type AgentDeps = {
  readonly device: WorkingDevice
  readonly store: DeviceStore
  readonly settings: AgentSettings
  readonly overrides: Overrides
  /** Whether the device has joined a server. */
  readonly isEnrolled: boolean
  readonly read: () => Promise<Readings>
  readonly meter: EnergyMeter
  /** Suspends running work at once, or resumes it. */
  readonly suspend: (isSuspended: boolean) => void
  /** Everything that starts from now on ends with this signal. */
  readonly endsWith: (signal: AbortSignal) => void
  /** Daily work: retention. */
  readonly upkeep: () => void | Promise<void>
  readonly clock: () => number
  /** Milliseconds of a clock that is never set. */
  readonly monotonicMs: () => number
  /** Local time. */
  readonly calendar: Calendar
  readonly sleep: Sleep
  readonly rng: Rng
  readonly emit: (event: AgentEvent) => void
  /** Whether to end once there is no more work now. */
  readonly isOnce?: boolean
  readonly signal: AbortSignal
}

type Calendar = {
  /** Minutes since local midnight. */
  readonly minutes: (now: number) => number
  readonly startOfDay: (now: number) => number
}

/** The output of `loreweave agent`, one JSON object per line. */
export type AgentEvent =
  | { event: 'allowed' | 'held'; reasons: readonly HoldReason[]; readings: Readings }
  | { event: 'slept'; seconds: number }
  | { event: 'started' | 'resumed'; work: Work }
  | { event: 'paused' | 'stopping'; work: Work; reasons: readonly HoldReason[] }
  | { event: 'progress'; work: Work; step: string; done?: number; of?: number; note?: string }
  | ({ event: 'ended'; work: Work; note: string | null; message?: string } & Pick<
      LastTraining,
      'outcome' | 'code'
    > &
      Pick<EnergyEntry, 'joules' | 'seconds' | 'method' | 'roundId' | 'points'> & {
        joulesPerPoint: number | null
      })
  | { event: 'upkeep' }
  | { event: 'failed'; code: string; message: string }

/** How often the energy of running work is stored, so that a kill loses little of it. */
const KEEP_MS = 30_000
/** Least interval between progress reports. */
const PROGRESS_MS = 5000

export type Result = Pick<LastTraining, 'outcome' | 'code'> & {
  readonly retryAfterMs: number
  readonly points: number | null
  readonly note: string | null
  readonly message?: string
}

export type Running = {
  readonly work: Work
  readonly result: Promise<Result>
  readonly isOver: () => boolean
  readonly cancel: () => void
  readonly entry: { readonly id: string; readonly at: number; roundId: string | null }
  energy: Energy
  keptAt: number
}

export const startWork = (deps: AgentDeps, work: Work, energy: Energy): Running => {
  const abort = new AbortController()
  deps.endsWith(abort.signal)
  const at = deps.clock()
  const entry: Running['entry'] = { id: `${work}/${at}`, at, roundId: null }
  let reportedAt = Number.NEGATIVE_INFINITY
  const onProgress = (progress: Progress) => {
    if (progress.done !== undefined && deps.monotonicMs() - reportedAt < PROGRESS_MS) return
    reportedAt = deps.monotonicMs()
    deps.emit({ event: 'progress', work, ...progress })
  }
  const options = { signal: abort.signal, onProgress, isUnattended: true }
  let isOver = false
  const run = async (): Promise<Result> => {
    if (work === 'training') {
      const { adapter } = await deps.device.train({ ...options, adapter: true })
      return { ...DONE, points: adapter?.points ?? null }
    }
    const onAssigned = (roundId: string) => {
      entry.roundId = roundId
    }
    const { ended, retryAfterMs } = await deps.device.participate({ ...options, onAssigned })
    return { ...DONE, retryAfterMs, note: ended }
  }
  const result = run()
    .catch((error): Result => {
      const { code, message } = asFedError(error)
      // Neither an ended consent nor preempted work needs a retry.
      const isStopped = abort.signal.aborted || code === 'E_CONSENT' || code === 'E_CANCELLED'
      const outcome = isStopped ? 'stopped' : 'failed'
      return { ...DONE, outcome, code: outcome === 'failed' ? code : null, message }
    })
    .finally(() => {
      isOver = true
    })
  const cancel = () => abort.abort()
  return { work, result, isOver: () => isOver, cancel, entry, energy, keptAt: deps.monotonicMs() }
}
export const DONE: Result = {
  outcome: 'done',
  code: null,
  retryAfterMs: 0,
  points: null,
  note: null,
}

/** Adds up the energy of the work, and stores it now and then. */
export const measure = async (deps: AgentDeps, running: Running): Promise<void> => {
  running.energy = await deps.meter.add(running.energy)
  if (deps.monotonicMs() - running.keptAt < KEEP_MS) return
  keepEnergy(deps.store, entryOf(running.work, running.entry, running.energy))
  running.keptAt = deps.monotonicMs()
}

const entryOf = (work: Work, entry: Running['entry'], energy: Energy): EnergyEntry => ({
  ...entry,
  work,
  ...totalOf(energy),
  isFinished: false,
  points: null,
})

export const recordEnd = (
  { store, clock, emit, calendar }: AgentDeps,
  work: Work,
  { outcome, code, points, note, message }: Result,
  entry: Running['entry'],
  energy: Energy,
): void => {
  const isFinished = outcome === 'done' && (work === 'training' || entry.roundId !== null)
  const kept = { ...entryOf(work, entry, energy), isFinished, points }
  if (work === 'round' && entry.roundId === null)
    keepCheckIn(store, kept, calendar.startOfDay(entry.at))
  else {
    keepEnergy(store, kept)
    const at = Math.round(clock())
    store.update('lastTraining', () => ({ at, what: work, outcome, code }))
  }
  const { joules, seconds, method, roundId } = kept
  const perPoint = work === 'training' && isFinished ? joulesPerPoint(energyEntries(store)) : null
  emit({
    event: 'ended',
    work,
    outcome,
    code,
    note,
    ...(message !== undefined && outcome === 'failed' && { message }),
    joules,
    seconds,
    method,
    roundId,
    points,
    joulesPerPoint: perPoint,
  })
}
