import { expect, test } from 'vitest'
import { movedPreferences } from '../../../device/preferences/relevance-feedback.ts'
import type { Dimension, Preference } from '../../../device/records/preference.ts'

const preference = (dimension: Dimension, direction: -1 | 1): Preference => ({
  dimension,
  direction,
  strength: 0.5,
  scope: 'all',
  evidence: { choices: 20, confidence: 0.9 },
  source: 'learned',
  pinned: false,
  enabled: true,
})
const LONG = `Bees dance. ${'They show the way to flowers and the others follow. '.repeat(6)}`
const SHORT = 'Bees dance.'
const LIST = '- Bees dance.\n- Others follow.'

test.each([
  ['a shorter text goes with less length', [LONG], SHORT, 'length', -1, true],
  ['and against more length', [LONG], SHORT, 'length', 1, false],
  ['lists taken away go with no lists', [LIST], SHORT, 'lists', -1, true],
  ['against the mean of several', [LONG, SHORT, LONG], SHORT, 'length', -1, true],
] as const)(
  'finds the changed dimension: %s',
  (_, before, after, dimension, direction, isWithIt) => {
    const moved = movedPreferences('How do bees talk?', before, after, [
      preference(dimension, direction),
    ])
    expect(moved).toEqual([{ pole: `${dimension}${direction < 0 ? '-' : '+'}`, isWithIt }])
  },
)

test('what hardly moves says nothing, and neither does an answer alone', () => {
  const all = [preference('emoji', 1), preference('length', -1)]
  expect(movedPreferences('q', [LONG], `${LONG} Yes.`, all)).toEqual([])
  expect(movedPreferences('q', [], SHORT, all)).toEqual([])
})
