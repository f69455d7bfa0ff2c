/** What each feedback costs: only what is new is computed. */
import { expect, test } from 'vitest'
import { DeviceSettings } from '../../../device/home/settings.ts'
import { featureSpace } from '../../../device/reward/feature-space.ts'
import { openServing } from '../../../device/reward/serving.ts'
import { fakeDevice, shortChoices, tinyModel } from '../device-fixture.ts'

const model = await tinyModel()

/** A device whose choices come one by one, and the kernel rows that each fit computes. */
const counting = async (first: number, all: number) => {
  const { device, store, engine } = fakeDevice(model)
  const serving = openServing({
    store,
    model,
    engine,
    space: featureSpace(model.base.shape.hidden),
    settings: DeviceSettings.parse({ maxTokens: 64 }),
    clock: () => 5000,
    memo: new Map(),
  })
  const choices = shortChoices(all)
  let known = new Set<Float64Array>()
  /** Each row of XΣ is one call of applyCovariance. */
  const computed = async (from: number, to: number) => {
    await device.importChoices(choices.slice(from, to))
    const state = await serving.current()
    const { XS } = state.head.fit.dual.kernel
    const count = XS.filter((row) => !known.has(row)).length
    known = new Set(XS)
    return { count, rows: XS.length, choices: state.hyperparameters.choices, state }
  }
  await computed(0, first)
  return computed
}

test.each([60, 300])('at %i choices one more computes its own kernel rows alone', async (count) => {
  const computed = await counting(count, count + 2)
  for (const at of [count, count + 1]) {
    const { count: made, rows } = await computed(at, at + 1)
    // Two pairs of three answers; the oldest choice goes beyond 300.
    expect([made, rows]).toEqual([2, 2 * Math.min(300, at + 1)])
  }
})

test('hyperparameters are set anew after a tenth more choices, also once the oldest are left out', async () => {
  const computed = await counting(300, 330)
  const before = (await computed(300, 329)).state.hyperparameters
  const after = (await computed(329, 330)).state.hyperparameters
  expect(after).not.toBe(before)
})
