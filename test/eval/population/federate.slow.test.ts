/** A federation that is interrupted at one moment after the other; `federate.test.ts` has one. */
import { afterAll, beforeAll, test } from 'vitest'
import { type Federation, interruptedAt, openFederation } from './federation.ts'

let federation: Federation
beforeAll(async () => {
  federation = await openFederation()
})
afterAll(() => federation.close())

test.each([1, 4, 8, 17, 23])(
  'interrupted at its %i-th reading of answers, the next run goes on and ends with the same releases',
  (readings) => interruptedAt(federation, readings),
)
