/** What happens to the machine during the simulated day, and when. */
import { z } from 'zod'
import { readData } from '../data/read-data.ts'
import type { Circumstances, Happening } from './world.ts'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE

export const AT_FIRST: Circumstances = {
  isPluggedIn: true,
  isUserThere: true,
  celsius: 55,
  isMetered: false,
  hasNetwork: true,
  hangs: false,
}

type Errands = {
  readonly importChoices: (count: number) => void
  readonly newJob: () => Promise<void>
}

const Row = z.strictObject({
  now: z
    .partialRecord(z.enum(Object.keys(AT_FIRST)), z.union([z.boolean(), z.number()]))
    .optional(),
  setMs: z.number().optional(),
  sleepMs: z.number().optional(),
  importChoices: z.int().optional(),
  newJob: z.literal(true).optional(),
})

/** Times are hours of true time after 20:00. */
const DAY = readData('day.json', z.array(z.tuple([z.number(), z.string(), Row])))

export const dayOf = (errands: Errands): Happening[] =>
  DAY.map(([hours, what, { importChoices, newJob, ...rest }]) => {
    const run = newJob ? errands.newJob : () => errands.importChoices(importChoices ?? 0)
    return { at: hours * HOUR, what, ...rest, ...((newJob || importChoices) && { run }) }
  }) as Happening[]
