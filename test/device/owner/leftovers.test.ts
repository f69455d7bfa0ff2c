/** What a round that did not end leaves in the home: a checkpoint, and the release that it began with. */
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { enrolledDevice, fakeEngine, temporaryFolder, tinyModel } from '../device-fixture.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})
let folder = ''
beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A device in the middle of a round, whose training was cancelled. */
const interrupted = async () => {
  const abort = new AbortController()
  const { engine } = fakeEngine(model)
  const train: typeof engine.train = async (request, ...rest) => {
    if (!abort.signal.aborted) {
      writeFileSync(request.checkpoint!, 'weights and moments')
      abort.abort()
      throw new Error('cancelled')
    }
    return engine.train(request, ...rest)
  }
  const made = await enrolledDevice(
    model,
    { contributions: ['adapter'] },
    { folder, engine: { ...engine, train } },
  )
  let roundId = ''
  const onAssigned = (id: string) => {
    roundId = id
  }
  const cancelled = made.device.participate({ signal: abort.signal, onAssigned })
  await expect(cancelled).rejects.toMatchObject({ code: 'E_CANCELLED' })
  const file = join(folder, `round-${roundId}.checkpoint`)
  const releases = () => made.store.blobNames('release/').length
  expect([existsSync(file), releases()]).toEqual([true, 1])
  return { ...made, file, releases }
}

test('the round resumes from its checkpoint, which is then deleted', async () => {
  const { device, file } = await interrupted()
  expect((await device.participate()).rounds).toHaveLength(1)
  expect(existsSync(file)).toBe(false)
  await device.close()
})

test('a check-in that assigns another round, or none, deletes the rest of the old one', async () => {
  const { device, server, file, releases } = await interrupted()
  // Past the round's deadline: the next check-in is for another one.
  await server.pass(120_000)
  await device.participate({ follow: false })
  expect([existsSync(file), releases()]).toEqual([false, 0])
  await device.close()
})

test('with the consent its checkpoint goes at once', async () => {
  const { device, file } = await interrupted()
  await device.withdrawConsent()
  expect(existsSync(file)).toBe(false)
  await device.close()
})

test('upkeep drops it where the consent was withdrawn while no device was open', async () => {
  const { device, store, file } = await interrupted()
  store.set('consent', null)
  await device.upkeep()
  expect(existsSync(file)).toBe(false)
  await device.close()
})
