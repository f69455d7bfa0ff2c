import { expect, test } from 'vitest'
import { pricesFinding } from '../../../device/commands/doctor-prices.ts'
import { PRICES_AS_OF } from '../../../device/spending/prices.ts'

const day = (n: number) => Date.parse(PRICES_AS_OF) + n * 24 * 3600 * 1000

test.each([
  [0, 'ok'],
  [120, 'ok'],
  [121, 'warn'],
  [400, 'warn'],
])('a price table that is %i days old: %s', (age, state) => {
  const finding = pricesFinding(0, '/home/ada/config.json', day(age))
  expect(finding).toMatchObject({ state, what: expect.stringContaining(PRICES_AS_OF) })
})

test('the warning says how old it is, and which setting goes before it', () => {
  const { what, mend } = pricesFinding(2, '/home/ada/config.json', day(130))
  expect(what).toContain('130 days old')
  expect(what).toContain('2 of your own')
  expect(mend).toContain('"prices" in the settings of /home/ada/config.json')
})
