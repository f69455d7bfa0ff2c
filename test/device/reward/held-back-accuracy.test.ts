import { expect, test } from 'vitest'
import { pointsGained } from '../../../device/reward/held-back-accuracy.ts'
import { fakeDevice, shortChoices, tinyModel } from '../device-fixture.ts'

const model = await tinyModel()

test.each([
  [{ right: 3, pairs: 8 }, { right: 5, pairs: 8 }, 25],
  [{ right: 5, pairs: 8 }, { right: 3, pairs: 8 }, -25],
  [{ right: 5, pairs: 8 }, { right: 5, pairs: 10 }, null],
  [null, { right: 5, pairs: 8 }, null],
  [{ right: 0, pairs: 0 }, { right: 0, pairs: 0 }, null],
])('from %j to %j: %s points', (before, after, points) => {
  expect(pointsGained(before, after)).toBe(points)
})

test('a training reports the points that it gained, and none if too few choices can be held back', async () => {
  const few = fakeDevice(model).device
  await few.importChoices(shortChoices(19))
  expect((await few.train({ adapter: true })).adapter?.points).toBeNull()
  const { device } = fakeDevice(model)
  await device.importChoices(shortChoices(24))
  expect((await device.train({ adapter: true })).adapter?.points).toEqual(expect.any(Number))
})
