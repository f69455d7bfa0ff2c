/** The doctor's look at the price table: prices change, and budgets go by them. */

import { DAY_MS } from '../../adapters/time.ts'
import { PRICES_AS_OF } from '../spending/prices.ts'
import { type Finding, ok, warn } from './finding.ts'

const MAX_AGE_DAYS = 120

/** ownRows: of the setting `prices`; configPath: where it stands; now: in milliseconds. */
export const pricesFinding = (ownRows: number, configPath: string, now: number): Finding => {
  const days = Math.floor((now - Date.parse(PRICES_AS_OF)) / DAY_MS)
  const own = ownRows === 0 ? '' : `, ${ownRows} of your own before them`
  const what = `Claude's prices are those of ${PRICES_AS_OF}${own}`
  return days <= MAX_AGE_DAYS
    ? ok(what)
    : warn(
        `${what}: ${days} days old, and what further answers cost is counted by them`,
        `update loreweave, or set "prices" in the settings of ${configPath}`,
      )
}
