import { expect, test } from 'vitest'
import { seenWords } from '../../../device/records/seen-words.ts'

test.each([
  [true, /a sum of at least 20 devices, never alone/],
  [false, /could read it/],
])('an update of a round that is masked: %s', (isMasked, words) =>
  expect(seenWords({ at: 1, isMasked, devices: 20 })).toMatch(words),
)
