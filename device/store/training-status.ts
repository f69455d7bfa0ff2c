/** How far a training of this home is. */
import { z } from 'zod'

/**
 * paused: no process of the device trains until it is resumed. Numbers are of the training under
 * way, if there is one.
 */
export const TrainingStatus = z.strictObject({
  state: z.enum(['idle', 'running', 'paused']),
  step: z.int().min(0).max(1e9).nullable(),
  steps: z.int().min(0).max(1e9).nullable(),
  tokensPerSecond: z.number().min(0).max(1e9).nullable(),
  secondsLeft: z.number().min(0).max(1e12).nullable(),
})
export type TrainingStatus = z.infer<typeof TrainingStatus>
