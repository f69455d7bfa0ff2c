import { expect, test } from 'vitest'
import { TrainingPlan } from '../../../adapters/wire/jobs.ts'
import { choicesFor, splitForRound } from '../../../device/federation/split-choices.ts'

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

test('a gradient reads the most recent choices, five times as many as it is over; other rounds read all', () => {
  const choices = Array.from({ length: 100 }, (_, id) => id)
  const training = TrainingPlan.parse({ method: 'gradient', maxPairs: 8 })
  const gradient = { contributions: ['adapter' as const], training }
  expect(choicesFor(gradient, choices)).toEqual(choices.slice(0, 40))
  expect(choicesFor(gradient, choices.slice(0, 30))).toEqual(choices.slice(0, 30))
  expect(choicesFor({ ...gradient, contributions: ['adapter', 'prior'] }, choices)).toBe(choices)
  expect(choicesFor({ ...gradient, training: TrainingPlan.parse({}) }, choices)).toBe(choices)
})
