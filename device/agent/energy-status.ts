/** What the agent's energy came to, from the store: needs no agent and no model. */
import { z } from 'zod'
import { EnergyMethod, type EnergyStatus } from '../../adapters/wire/energy.ts'
import { AgentSettings } from './settings.ts'
import type { DeviceStore } from './store.ts'

/** One piece of the agent's work. what: a round's id; null for a training of this device's own. points: percentage points of
 *  held-back pairs gained; null where it cannot be told. */
export const EnergyEntry = z.object({
  at: z.number(),
  joules: z.number(),
  seconds: z.number(),
  method: EnergyMethod,
  roundId: z.string().nullable(),
  points: z.number().nullable(),
})
export type EnergyEntry = z.infer<typeof EnergyEntry>

type Kept = Pick<DeviceStore, 'get'>

/** Oldest first. */
export const energyEntries = (store: Kept): EnergyEntry[] =>
  z.array(EnergyEntry).parse(store.get('energy') ?? [])

/** Spent since local midnight. */
export const joulesToday = (store: Kept, now: number): number => {
  const midnight = new Date(now).setHours(0, 0, 0, 0)
  return energyEntries(store)
    .filter((entry) => entry.at >= midnight)
    .reduce((sum, entry) => sum + entry.joules, 0)
}

/** settings: of the home, for the budget and the power model. */
export const energyStatus = (
  store: Kept,
  clock: () => number,
  settings: AgentSettings = AgentSettings.parse({}),
): EnergyStatus => {
  const entries = energyEntries(store).toReversed()
  const method = entries[0]?.method ?? 'none'
  const training = entries.find((entry) => entry.roundId === null)
  return {
    method,
    wattsPerCore: method === 'cpu-time' ? settings.wattsPerCore : null,
    todayJoules: joulesToday(store, clock()),
    budgetJoules: settings.joulesPerDay,
    rounds: entries
      .flatMap(({ roundId, at, joules, method: by }) =>
        roundId === null ? [] : [{ roundId, at, joules, method: by }],
      )
      .slice(0, 20),
    joulesPerPoint: training?.points ? training.joules / training.points : null,
  }
}
