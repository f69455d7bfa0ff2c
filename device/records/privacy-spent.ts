/** What the releases of a federation have told of its people, by the ledger of its server. */
import { z } from 'zod'
import { PrivacyAccount } from '../../adapters/wire/privacy.ts'

/** spent: by this device's own reckoning, of the entries that it has seen. Empty: no round with noise is known. */
export const PrivacySpent = z.array(PrivacyAccount.omit({ history: true })).max(1000)
export type PrivacySpent = z.infer<typeof PrivacySpent>
