import { expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import { rollBack } from '../../../server/governance/change-head.ts'
import { silentLog } from '../../../server/telemetry/log.ts'
import { enrolledDevice, jobFor, tinyModel } from '../device-fixture.ts'

test('a device follows a rollback at its next check-in, and a second one after it', async () => {
  const model = await tinyModel()
  const { device, server } = await enrolledDevice(model, { rounds: 2 })
  const followed = async () => {
    await device.participate()
    return (await server.store.release(device.status().release!))!.summary
  }
  await device.participate({ rounds: 9, wait: true })
  expect(await followed()).toMatchObject({ version: 2 })

  const deps = { ...server.data, clock: server.now, rng: seededRng('ids'), log: silentLog }
  const [line] = await server.store.lineages()
  const { summary } = await rollBack(deps, line!.id, 1)
  expect(await followed()).toEqual(summary)
  await rollBack(deps, line!.id, 2)
  expect(await followed()).toMatchObject({ version: 4, restores: 2 })

  // Rounds go on from there.
  await server.operator.createJob(jobFor(model, { rounds: 1 }))
  await device.participate({ rounds: 9, wait: true })
  expect(await followed()).toMatchObject({ version: 5, cohort: 1 })
})
