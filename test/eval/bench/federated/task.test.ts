import { expect, test } from 'vitest'
import { lessonOf, makeFederatedTask } from '../../../../eval/bench/federated/task.ts'

/** A token a letter. */
const encode = (text: string) => [...text].map((letter) => letter.codePointAt(0)! % 256)
const plan = { seed: 1, devices: 3, length: 32 }
const task = makeFederatedTask({ encode }, plan)

test('devices have sequences of one length, and hardly one of another device', () => {
  const all = [...task.devices.flat(), ...task.unseen]
  expect(new Set(all.map((ids) => ids.length))).toEqual(new Set([plan.length]))
  const texts = task.devices.map((device) => new Set(device.map((ids) => ids.join(' '))))
  for (const [i, own] of texts.entries())
    for (const other of texts.slice(i + 1)) {
      // Answers have a few turns of phrase in common.
      const common = [...own].filter((text) => other.has(text))
      expect(common.length).toBeLessThan(own.size / 50)
    }
})

test('the same seed makes the same task, another seed another', () => {
  expect(makeFederatedTask({ encode }, plan)).toEqual(task)
  expect(makeFederatedTask({ encode }, { ...plan, seed: 2 })).not.toEqual(task)
})

test('a device takes the next sequences each round, and begins anew after the last', () => {
  const device = [[1], [2], [3], [4], [5]]
  expect([0, 1, 2].map((round) => lessonOf(device, round, 2).flat())).toEqual([
    [1, 2],
    [3, 4],
    [5, 1],
  ])
})

test('more devices than there are topics for are refused with E_DATA', () => {
  expect(() => makeFederatedTask({ encode }, { ...plan, devices: 1000 })).toThrow(/topics/)
})
