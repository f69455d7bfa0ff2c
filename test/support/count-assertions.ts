/**
 * Appends how many assertions each test file has made to the file that $LOREWEAVE_ASSERTIONS names.
 */
import { appendFileSync } from 'node:fs'
import { afterAll, afterEach, expect } from 'vitest'

let count = 0
afterEach(() => {
  count += expect.getState().assertionCalls
})
afterAll(() => appendFileSync(process.env['LOREWEAVE_ASSERTIONS']!, `${count}\n`))
