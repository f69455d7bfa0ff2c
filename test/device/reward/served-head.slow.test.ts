/** Forty people with a taste and forty without, after few and many choices. */
import { expect, test } from 'vitest'
import { average, decide, type Person, people, wideFeatures } from '../people.ts'

const [some, none] = [people(true), people(false)]

test.each([
  [10, 0.6, 0.6],
  [30, 0.75, 0.8],
  [100, 0.85, 0.95],
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
  const certainty = (all: readonly Person[]) =>
    average(all.map((p) => decide(p, 100).head.certainty()))
  expect(certainty(none)).toBeLessThan(0.3)
  expect(certainty(some)).toBeGreaterThan(0.95)
})

/** Random choosers, and people whose taste is over the five directions in which answers differ most. */
test.each([576, 1069])(
  'with %i pooled features a hundred choices at random leave little certainty, and thirty by a taste much',
  (pooled) => {
    const deviations = wideFeatures(pooled)
    const of = (hasTaste: boolean, count: number) =>
      people(hasTaste, { deviations, tasteOver: 5 }, 24).map((p) => decide(p, count))
    const certainty = (hasTaste: boolean, count: number) =>
      average(of(hasTaste, count).map((d) => d.head.certainty()))
    expect(certainty(false, 30)).toBeLessThan(0.5)
    expect(certainty(true, 30)).toBeGreaterThan(0.75)
    expect(certainty(true, 100)).toBeGreaterThan(0.98)
    const random = of(false, 100)
    expect(average(random.map((d) => d.head.certainty()))).toBeLessThan(0.3)
    expect(average(random.map((d) => d.bought))).toBeLessThan(0.05)
    expect(average(random.map((d) => d.servedFirst))).toBeGreaterThan(0.95)
  },
)

test('after a hundred choices at random the first answer is served, and further ones are not bought', () => {
  const random = none.map((p) => decide(p, 100))
  expect(average(random.map((d) => d.bought))).toBeLessThan(0.05)
  expect(average(random.map((d) => d.servedFirst))).toBeGreaterThan(0.95)
  const tastes = some.map((p) => decide(p, 100))
  expect(average(tastes.map((d) => d.bought))).toBeGreaterThan(0.95)
})
