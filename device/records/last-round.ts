/** What the server of a federation sees of the newest update that was made for it. */
import { z } from 'zod'
import { TimeMs } from '../../adapters/wire/primitives.ts'

/** isMasked: the server gets its sum with those of others alone. devices: the fewest that its round may have. */
export const LastRound = z.strictObject({
  at: TimeMs,
  isMasked: z.boolean(),
  devices: z.int().min(1),
})
export type LastRound = z.infer<typeof LastRound>
