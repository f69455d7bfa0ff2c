/**
 * What was done with people's data, as data that a ledger keeps: no accountant is called before it is
 * known what holds. `noise` is the noise's standard deviation over the sensitivity, the noise
 * multiplier.
 */
import { z } from 'zod'

const Noise = z.number().min(0.05).max(1e6)
const Share = z.number().gt(0).max(1)
const Count = z.int().min(1).max(1e9)

/**
 * `gaussian`: everyone takes part. `poisson`: each person of a frozen roster by an independent toss of
 * the server's coin, with the chance `sampling`; neighbours differ in one person more or less.
 * `fixed-size`: `sample` people of a roster of `population`, none twice; neighbours differ in the data
 * of one person, so the sensitivity is twice the clip. Devices that choose when to take part are
 * `gaussian`: their choice amplifies nothing.
 */
export const Mechanism = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('gaussian'), noise: Noise }),
  z.strictObject({ kind: z.literal('poisson'), sampling: Share, noise: Noise }),
  z
    .strictObject({ kind: z.literal('fixed-size'), sample: Count, population: Count, noise: Noise })
    .refine((m) => m.sample <= m.population, 'sample must not exceed the population'),
])
export type Mechanism = z.infer<typeof Mechanism>

/** A mechanism that was used `times` times, each chosen before or after the outcome of the others. */
export const PrivacyEvent = z.strictObject({ mechanism: Mechanism, times: Count })
export type PrivacyEvent = z.infer<typeof PrivacyEvent>
