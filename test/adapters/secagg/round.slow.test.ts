import { expect, test } from 'vitest'
import { gather, runRound } from './masked-round.ts'

test('100 devices, of which some are gone at each step, end in the sum of those that are left', () => {
  const gone = { shares: [3, 99], vector: [0, 10, 50], survivors: [20, 21], unmask: [40, 41, 42] }
  const { sum, plain, told, unmask } = runRound(gather(100, 1000), gone)
  expect(told.survivors.length).toBe(95)
  unmask()
  expect(sum).toEqual(plain)
})
