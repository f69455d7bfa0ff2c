import { expect, test } from 'vitest'
import { textOf } from '../../../device/text/request-text.ts'
import { readScenario } from '../../../eval/run/scenario.ts'
import { makeWorld } from '../../../eval/run/world.ts'

const scenario = readScenario('tiny')

test('newcomers are others than the learners, and are judged on requests that nobody has chosen about', () => {
  const { learners, newcomers } = makeWorld(scenario, 1)
  expect(learners).toHaveLength(5)
  expect(newcomers).toHaveLength(5)
  expect(learners.every((l) => l.train.length === 8 && l.test.length === 0)).toBe(true)
  const asked = (lines: (typeof learners)[number]['train']) =>
    lines.map((line) => textOf(line.messages.at(-1)!.content))
  const chosen = new Set([...learners, ...newcomers].flatMap((l) => asked(l.train)))
  for (const { test: unseen } of newcomers) {
    expect(unseen).toHaveLength(4)
    for (const request of asked(unseen)) expect(chosen.has(request)).toBe(false)
  }
  const names = [...learners, ...newcomers].map((l) => l.user)
  expect(new Set(names).size).toBe(10)
})

test('a fifth has no taste: to them all answers are worth the same', () => {
  const { newcomers } = makeWorld(scenario, 1)
  const none = newcomers.filter((n) => n.family === 'none')
  expect(none).toHaveLength(1)
  for (const { utilities } of none[0]!.test) expect(new Set(utilities).size).toBe(1)
})

test('a seed makes a world, another one another', () => {
  const logsOf = (seed: number) => {
    const { learners, newcomers } = makeWorld(scenario, seed)
    return { learners, newcomers }
  }
  expect(logsOf(1)).toEqual(logsOf(1))
  expect(logsOf(2)).not.toEqual(logsOf(1))
})
