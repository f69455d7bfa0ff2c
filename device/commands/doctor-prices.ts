/** Checks the age of the price table: prices change, and budgets depend on them. */
import { DAY_MS } from '../../adapters/time.ts'
import { PRICES_AS_OF } from '../spending/prices.ts'
import { type Finding, ok, warn } from './finding.ts'

const MAX_AGE_DAYS = 120

/** ownRows: number of rows in the setting `prices`. configPath: its file. now: in milliseconds. */
export const pricesFinding = (ownRows: number, configPath: string, now: number): Finding => {
  const days = Math.floor((now - Date.parse(PRICES_AS_OF)) / DAY_MS)
  const own = ownRows === 0 ? '' : `, after ${ownRows} of your own`
  const what = `Claude's prices are those of ${PRICES_AS_OF}${own}`
  return days <= MAX_AGE_DAYS
    ? ok(what)
    : warn(
        `${what}: ${days} days old, and the cost of further answers is computed from them`,
        `update loreweave, or set "prices" in the settings of ${configPath}`,
      )
}
