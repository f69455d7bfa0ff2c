/** Updates for earlier releases of an asynchronous job, as updates for the newest one. */
import { turnedChange, turnsBetween } from '../aggregate/late-change.ts'
import type { Matrix } from '../math/matrix.ts'
import type { AsyncPlan } from '../wire/jobs.ts'
import { adapterRow, releasedAdapter } from './adapter.ts'
import type { Release, Update } from './contribution.ts'
import { vectorOf } from './table.ts'

/** How an update for one earlier release counts. */
export type Lateness = { readonly turns: readonly (Matrix | null)[]; readonly share: number }

/** lag: how many releases `from` lies behind `to`, at least 1. */
export const latenessOf = (
  from: Release,
  to: Release,
  lag: number,
  { staleness }: Pick<AsyncPlan, 'staleness'>,
): Lateness => ({
  turns: turnsBetween(stateOf(from), stateOf(to)),
  share: (1 + lag) ** -staleness,
})

/** Only the adapter's change is another: moments and statistics are in a unit that stays. */
export const asOfNow = (update: Update, { turns, share }: Lateness): Update => {
  const { header } = update
  if (!adapterRow.isIn(header)) return update
  const own = { header, payload: update.payload.slice() }
  const change = vectorOf(adapterRow, own)
  const { base, adapter: spec } = header
  change.set(turnedChange(change, { shape: base.shape, spec }, turns, share))
  return own
}

const stateOf = (release: Release) => ({
  shape: release.header.base.shape,
  ...releasedAdapter(release),
})
