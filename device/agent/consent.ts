/** What this device may contribute, as it is kept. */
import type { ConsentRecord } from '../../adapters/wire/federation.ts'
import type { Contribution } from '../../adapters/wire/jobs.ts'
import type { DeviceStore } from './store.ts'

/** In the place of an earlier one. at, expiresAt: milliseconds since 1970; expiresAt null: until it is withdrawn. */
export const grantConsent = (
  store: Pick<DeviceStore, 'set'>,
  contributions: readonly Contribution[],
  at: number,
  expiresAt: number | null,
): ConsentRecord => {
  const record: ConsentRecord = {
    purpose: 'personalization',
    contributions: [...contributions],
    grantedAt: Math.floor(at),
    expiresAt,
  }
  store.set('consent', record)
  return record
}
