/** A device says how a release predicts its choices, and under which conditions it says nothing. */
import { beforeAll, expect, test } from 'vitest'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { releaseBlob } from '../../../device/reward/serving.ts'
import { enrolledDevice, shortChoices, tinyModel } from '../device-fixture.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

/** A device that has contributed to two releases and follows the second. */
const following = async (judges = true) => {
  const scene = await enrolledDevice(model, { rounds: 2, contributions: ['prior', 'statistics'] })
  const { device, sent } = scene
  if (judges) await device.grantConsent(['adapter', 'prior', 'statistics', 'judgement'], null, 1)
  await device.participate({ rounds: 1, wait: true })
  await device.participate({ rounds: 1, wait: true })
  await device.participate()
  const judgements = () =>
    sent
      .filter(({ path }) => path.endsWith('/judgement'))
      .map(({ path, bytes }) => ({ path, body: JSON.parse(Buffer.from(bytes).toString()) }))
  return { ...scene, judgements }
}

/** Choices that came after everything the device has contributed. */
const later = (count: number, now: number) =>
  shortChoices(count, 'later').map((choice, i) => ({ ...choice, at: now + 1 + i }))

test('a judgement is over choices that came after its updates, once a release', async () => {
  const { device, server, store, judgements } = await following()
  expect(judgements()).toEqual([])
  const { before, release } = store.get('judging')!
  expect(release).toBe(device.status().release)
  expect(store.blob(releaseBlob(before))).toBeDefined()

  await device.importChoices(later(7, server.now()))
  await device.participate()
  expect(judgements()).toEqual([])
  await device.importChoices(later(8, server.now()))
  await device.participate()
  await device.participate()
  const [sent, ...more] = judgements()
  expect(more).toEqual([])
  expect(sent!.path).toBe(`/v1/releases/${release}/judgement`)
  const { difference, loss, accuracy } = sent!.body
  for (const number of [difference, loss, accuracy])
    expect(number * 64).toBe(Math.round(number * 64))
  expect(Object.keys(sent!.body).sort()).toEqual(['accuracy', 'difference', 'loss', 'protocol'])
  // The short answer is chosen each time, and both priors come from a device that chooses so.
  expect(accuracy).toBeGreaterThan(0.9)
  expect(store.blob(releaseBlob(before))).toBeUndefined()
  expect((await server.store.release(release))?.judgement).toMatchObject({ devices: 1 })
})

test('nothing is kept or sent where the consent does not name judgements', async () => {
  const { device, server, store, judgements } = await following(false)
  await device.importChoices(later(20, server.now()))
  await device.participate()
  expect(judgements()).toEqual([])
  expect(store.get('judging') ?? null).toBeNull()
})

test('no check-in names the consent to judgements, which earlier servers do not know', async () => {
  const { sent } = await following()
  const bodies = sent
    .filter(({ path }) => path === '/v1/checkin')
    .map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()).consent.contributions)
  expect(bodies.length).toBeGreaterThan(2)
  for (const names of bodies) expect(names).toEqual(['adapter', 'prior', 'statistics'])
})
