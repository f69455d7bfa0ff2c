/** How the database of a home takes what is written to it. */
import { z } from 'zod'
import { TimeMs } from '../../adapters/wire/primitives.ts'

export const StoreCause = z.enum([
  'full',
  'locked',
  'read_only',
  'damaged',
  'unreadable',
  'failing',
  'behind',
])
export type StoreCause = z.infer<typeof StoreCause>

export const StoreHealth = z.strictObject({
  state: z
    .enum(['ok', 'waiting'])
    .describe('`waiting`: nothing can be written; what requests leave behind waits in memory.'),
  cause: StoreCause.nullable().describe('Why it waits; null where it does not.'),
  what: z.string().max(300).nullable().describe('The cause in words.'),
  mend: z.string().max(300).nullable().describe('What to do about it.'),
  since: TimeMs.nullable(),
  queued: z.int().min(0).describe('Writes that wait now.'),
  dropped: z
    .int()
    .min(0)
    .describe('Writes that were dropped since the device started, because too many were waiting.'),
})
export type StoreHealth = z.infer<typeof StoreHealth>
