/** Energy records of the agent's work in the store. Reading them needs no agent and no model. */
import { AgentSettings } from '../home/settings.ts'
import type { EnergyStatus } from '../records/agent-reports.ts'
import type { EnergyEntry } from '../store/states.ts'
import type { DeviceStore } from '../store/store.ts'
import type { Work } from './scheduler.ts'

type Reads = Pick<DeviceStore, 'get'>
type Updates = Pick<DeviceStore, 'update'>

const MAX_ENTRIES = 300
/** In the status. */
const MAX_ROUNDS = 20
/** The last pieces of work from which the next is estimated. */
const ESTIMATED_FROM = 3

/** Oldest first. */
export const energyEntries = (store: Reads): EnergyEntry[] => store.get('energy') ?? []

/** Replaces the entry with the same id. */
export const keepEnergy = (store: Updates, entry: EnergyEntry): void =>
  store.update('energy', (kept) => withEntry(kept ?? [], entry))

const withEntry = (entries: readonly EnergyEntry[], entry: EnergyEntry): EnergyEntry[] =>
  [...entries.filter(({ id }) => id !== entry.id), entry].slice(-MAX_ENTRIES)

/** Adds a check-in without a round. Those of a day are one entry. day: its beginning. */
export const keepCheckIn = (store: Updates, entry: EnergyEntry, day: number): void =>
  store.update('energy', (kept) => {
    const entries = (kept ?? []).filter(({ id }) => id !== entry.id)
    const id = `check-ins/${day}`
    const before = entries.find((e) => e.id === id)
    const joules = entry.joules + (before?.joules ?? 0)
    const seconds = entry.seconds + (before?.seconds ?? 0)
    return withEntry(entries, { ...entry, id, joules, seconds })
  })

/** Entries in the future, left by a clock that was set back, count too. */
export const joulesSince = (entries: readonly EnergyEntry[], since: number): number =>
  entries.filter(({ at }) => at >= since).reduce((sum, { joules }) => sum + joules, 0)

/** The largest of the last finished pieces of this kind; 0 if unknown. */
export const expectedJoules = (entries: readonly EnergyEntry[], work: Work): number =>
  Math.max(
    0,
    ...finishedWork(entries.filter((e) => e.work === work && (work === 'training' || e.roundId)))
      .slice(-ESTIMATED_FROM)
      .map((e) => e.joules),
  )

/** The smallest of the last finished rounds; 0 if unknown. */
export const expectedSeconds = (entries: readonly EnergyEntry[]): number => {
  const last = finishedWork(entries.filter((e) => e.work === 'round' && e.roundId)).slice(
    -ESTIMATED_FROM,
  )
  return last.length === 0 ? 0 : Math.min(...last.map((e) => e.seconds))
}

/**
 * Finished pieces, oldest first. Each includes the joules and seconds of the interrupted ones that
 * it continued.
 */
const finishedWork = (entries: readonly EnergyEntry[]): EnergyEntry[] => {
  const finished: EnergyEntry[] = []
  let [joules, seconds] = [0, 0]
  for (const entry of entries) {
    joules += entry.joules
    seconds += entry.seconds
    if (!entry.isFinished) continue
    finished.push({ ...entry, joules, seconds })
    joules = 0
    seconds = 0
  }
  return finished
}

export const startOfDay = (now: number): number => new Date(now).setHours(0, 0, 0, 0)

/** settings: the home's budget and power model. */
export const energyStatus = (
  store: Reads,
  clock: () => number,
  settings: AgentSettings = AgentSettings.parse({}),
): EnergyStatus => {
  const entries = energyEntries(store)
  const method = entries.at(-1)?.method ?? 'none'
  return {
    method,
    wattsPerCore: method === 'cpu-time' ? settings.wattsPerCore : null,
    todayJoules: joulesSince(entries, startOfDay(clock())),
    budgetJoules: settings.joulesPerDay,
    rounds: roundsOf(entries),
    joulesPerPoint: joulesPerPoint(entries),
  }
}

/** The parts of an interrupted round count as one. */
const roundsOf = (entries: readonly EnergyEntry[]): EnergyStatus['rounds'] => {
  const rounds = new Map<string, EnergyStatus['rounds'][number]>()
  for (const { roundId, at, joules, method } of entries) {
    if (roundId === null) continue
    const before = rounds.get(roundId)?.joules ?? 0
    rounds.delete(roundId)
    rounds.set(roundId, { roundId, at, joules: before + joules, method })
  }
  return [...rounds.values()].toReversed().slice(0, MAX_ROUNDS)
}

/** For the newest finished training; null if it gained nothing or the gain is unknown. */
export const joulesPerPoint = (entries: readonly EnergyEntry[]): number | null => {
  const last = finishedWork(entries.filter((e) => e.work === 'training')).at(-1)
  return last?.points && last.points > 0 ? last.joules / last.points : null
}
