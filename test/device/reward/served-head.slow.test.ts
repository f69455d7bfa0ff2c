/** Forty people with a taste and forty without, after few and many choices. */
import { expect, test } from 'vitest'
import { average, decide, type Person, people } from '../people.ts'

const [some, none] = [people(true), people(false)]

test.each([
  [10, 0.6, 0.6],
  [30, 0.6, 0.8],
  [100, 0.6, 0.95],
])(
  "after %i choices Claude's first answer mostly stays for users who choose at random, and the head wins nearly all there is",
  (count, kept, share) => {
    const withTaste = some.map((p) => decide(p, count))
    const without = none.map((p) => decide(p, count))
    expect(average(without.map((d) => d.kept))).toBeGreaterThan(kept)
    expect(average(withTaste.map((d) => d.won))).toBeGreaterThan(
      share * average(withTaste.map((d) => d.bestWon)),
    )
  },
)

test('what there is to win is seen: nearly nothing for those who choose at random, from 100 choices on', () => {
  const worth = (all: readonly Person[]) => average(all.map((p) => decide(p, 100).worth))
  expect(worth(none)).toBeLessThan(0.25 * worth(some))
  // A taste too weak to matter cannot be told from none: less is known of its being there than of how little it moves.
  const certainty = (all: readonly Person[]) =>
    average(all.map((p) => decide(p, 100).head.certainty()))
  expect(certainty(none)).toBeLessThan(0.8)
  expect(certainty(some)).toBeGreaterThan(0.95)
})
