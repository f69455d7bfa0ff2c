/**
 * What goes through directly goes through the device: drawn conversations over all that there is.
 */
import { expect, test } from 'vitest'
import { seedsOf, troubles } from './run.ts'

test('of drawn conversations none is refused through the device that goes through directly', async () => {
  expect(await troubles(seedsOf(20))).toEqual([])
})
