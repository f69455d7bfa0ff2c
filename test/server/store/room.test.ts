import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderSpace, openRoom } from '../../../server/store/room.ts'
import {
  checkInOf,
  enrolledDevices,
  expectRefusal,
  testServer,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'

test('a folder is full below the reserve or above the quota, has room again a tenth later, and says both once', async () => {
  const events: string[] = []
  let space = { freeBytes: 1000, usedBytes: 0 }
  const limits = { reserveBytes: 100, quotaBytes: 500 }
  const room = openRoom(
    async () => space,
    limits,
    (_, event) => events.push(event),
  )
  const at = async (freeBytes: number, usedBytes: number) => {
    space = { freeBytes, usedBytes }
    await room.look()
    return room.hasRoom()
  }
  expect(room.hasRoom()).toBe(true)
  expect(await at(100, 500)).toBe(true)
  expect(await at(99, 0)).toBe(false)
  expect(await at(109, 0)).toBe(false)
  expect(await at(111, 0)).toBe(true)
  expect(await at(1000, 501)).toBe(false)
  expect(await at(1000, 460)).toBe(false)
  expect(await at(1000, 450)).toBe(true)
  expect(events).toEqual(['storage_full', 'storage_has_room', 'storage_full', 'storage_has_room'])
})

test('the space of a folder is what its files take and what its disk has left', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'loreweave-room-'))
  mkdirSync(join(folder, 'objects'))
  writeFileSync(join(folder, 'a'), new Uint8Array(1000))
  writeFileSync(join(folder, 'objects', 'b'), new Uint8Array(234))
  const space = await folderSpace(folder, true)()
  expect(space.usedBytes).toBe(1234)
  expect(space.freeBytes).toBeGreaterThan(0)
  expect((await folderSpace(folder, false)()).usedBytes).toBe(0)
  rmSync(folder, { recursive: true })
})

test('a server without room tells devices to come back, takes no update and no job, and then goes on', async () => {
  let hasRoom = true
  const server = testServer({ hasRoom: () => hasRoom })
  const job = tinyJob()
  await server.operator.createJob(job)
  const [device, other] = await enrolledDevices(server, 2)
  const assignment = await device!.join(job)
  const update = updateFor(assignment, 'a')

  hasRoom = false
  await expectRefusal(await device!.upload(assignment, update), 507, 'E_FULL')
  expect(await other!.checkIn(job)).toMatchObject({ kind: 'retry', reason: 'no_job' })
  const body = { protocol: 1, job: { ...job, name: 'other' } }
  await expectRefusal(await server.operator.call('POST', '/v1/operator/jobs', body), 507, 'E_FULL')
  expect((await server.operator.call('GET', '/v1/operator/jobs')).status).toBe(200)

  hasRoom = true
  expect((await device!.upload(assignment, update)).status).toBe(202)
  expect(await other!.checkIn(job, checkInOf(job, server.now()))).toMatchObject({
    kind: 'assignment',
  })
})
