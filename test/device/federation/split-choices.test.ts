import { expect, test } from 'vitest'
import { splitForRound } from '../../../device/federation/split-choices.ts'

test('the adapter is trained on choices that its head has not seen, at most half of them, others in each round', () => {
  const choices = Array.from({ length: 20 }, (_, id) => ({ id, shown: [0, 1, 2] }))
  const { learned, trained } = splitForRound(choices, 'round', 8)
  expect(trained).toHaveLength(4)
  expect([...learned, ...trained].map((c) => c.id).sort((a, b) => a - b)).toEqual(
    choices.map((c) => c.id),
  )
  expect(splitForRound(choices, 'round', 8)).toEqual({ learned, trained })
  expect(splitForRound(choices, 'another', 8).trained).not.toEqual(trained)
  expect(splitForRound(choices, 'round', 1000).trained).toHaveLength(10)
  expect(splitForRound(choices.slice(0, 7), 'round', 8)).toEqual({
    learned: choices.slice(0, 7),
    trained: choices.slice(0, 7),
  })
})
