import { expect, test } from 'vitest'
import { spaced } from '../../../eval/run/lineup.ts'

test.each([
  [10, 5, [1, 3, 5, 7, 9]],
  [3, 8, [0, 1, 2]],
  [7, 1, [6]],
  [7, 0, []],
  [0, 4, []],
])('of %i releases %i are judged, evenly spaced, the last included', (count, points, at) => {
  expect(spaced(count, points)).toEqual(at)
})
