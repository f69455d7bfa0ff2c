import { expect, test } from 'vitest'
import { askedRole } from '../../../eval/answers/asked.ts'

test.each([
  ['Why does a ball with topspin drop so steeply?', 'mechanism'],
  ['How does that work?', 'mechanism'],
  ['Warum ist das so?', 'mechanism'],
  ['¿A qué se debe eso?', 'mechanism'],
  ['What should I do with it?', 'steps'],
  ['Why is it slow, and what can I do about it?', 'steps'],
  ['Wie mache ich das? In welcher Reihenfolge?', 'steps'],
  ['¿Y qué hago ahora?', 'steps'],
  ['How long does caffeine last and when should I have the last cup?', 'facts'],
  ['¿Tienes cifras?', 'facts'],
  ['Why is binary search so fast, and what can go wrong?', 'caveats'],
  ['What is the difference between honing and sharpening?', 'comparison'],
  ['How was writing invented?', 'background'],
  ['Hast du ein Beispiel?', 'example'],
  ['Is there an analogy?', 'analogy'],
] as const)('"%s" asks for %s', (message, role) => {
  expect(askedRole(message)).toBe(role)
})

test.each(['Explain weather fronts.', 'Make it shorter.', 'My stories start too slowly.', ''])(
  '"%s" asks for nothing in particular',
  (message) => {
    expect(askedRole(message)).toBeUndefined()
  },
)
