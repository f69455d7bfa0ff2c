import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openSqlite } from '../../../adapters/node/sqlite.ts'
import { namedObjects } from '../../../server/rounds/chores.ts'
import { backUp, restore } from '../../../server/store/backup.ts'
import {
  enrolledDevices,
  testDevice,
  testServer,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'

const root = mkdtempSync(join(tmpdir(), 'loreweave-backup-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const at = (name: string) => join(root, name)

const spec = tinyJob({ rounds: 2, cohort: { size: 2, goal: 2, minimum: 1 } })

/** A server in the middle of its first round: one of two updates has come. */
const inARound = async (name: string) => {
  const server = testServer({ folder: at(name) })
  const { id } = await server.operator.createJob(spec)
  const devices = await enrolledDevices(server, 2)
  const assignments = [await devices[0]!.join(spec), await devices[1]!.join(spec)]
  const updates = assignments.map((assignment, i) => updateFor(assignment, `update-${i}`))
  await devices[0]!.upload(assignments[0]!, updates[0]!)
  const last = { device: devices[1]!, assignment: assignments[1]!, update: updates[1]! }
  return { server, id, last }
}

test('the drill: a backup of a running server, restored elsewhere, goes on and ends in the same bytes', async () => {
  const { server, id, last } = await inARound('running')
  const copied = await backUp(at('running'), at('drill.backup'), namedObjects)
  expect(copied.objects).toBe(2)
  expect(statSync(at('drill.backup')).mode & 0o777).toBe(0o600)

  // The server goes on; what happens now is no part of the backup.
  await last.device.upload(last.assignment, last.update)
  await server.settle()
  const expected = (await server.operator.job(id)).rounds[0]!.release
  await server.close()

  expect(await restore(at('drill.backup'), at('restored'))).toEqual(copied)
  const again = testServer({ folder: at('restored'), seed: 'another' })
  await again.recover()
  const { keys } = last.device
  const device = testDevice(again.fetch, again.now, 'back', 'http://server.test', keys)
  const signing = {
    headers: { 'upload-token': last.assignment.uploadToken },
    nonce: 'sent-after-the-restore',
  }
  const path = `/v1/rounds/${last.assignment.roundId}/update`
  const answer = await again.fetch(device.signed('PUT', path, last.update, signing))
  expect(answer.status).toBe(202)
  await again.settle()
  expect((await again.operator.job(id)).rounds[0]).toMatchObject({
    phase: 'released',
    release: expected,
  })
  await again.close()
})

test('a round that ends while its updates are copied begins the copy anew', async () => {
  const { server, last } = await inARound('moving')
  let looks = 0
  const copied = await backUp(at('moving'), at('moving.backup'), async (store) => {
    const names = await namedObjects(store)
    if (looks++ === 0) {
      await last.device.upload(last.assignment, last.update)
      await server.settle()
    }
    return names
  })
  expect(looks).toBe(2)
  // Release 0 and release 1: the updates are gone.
  expect(copied.objects).toBe(2 + Number((await server.objects.list()).length > 2))
  await server.close()
  await restore(at('moving.backup'), at('moved'))
  const again = testServer({ folder: at('moved') })
  await again.recover()
  expect(await again.objects.list()).toHaveLength(copied.objects)
  await again.close()
})

test('nothing is overwritten, and what is no backup or is damaged is refused', async () => {
  const { server } = await inARound('whole')
  await backUp(at('whole'), at('whole.backup'), namedObjects)
  const refused = (promise: Promise<unknown>, code: string) =>
    expect(promise).rejects.toMatchObject({ code })
  await refused(backUp(at('whole'), at('whole.backup'), namedObjects), 'E_CONFLICT')
  await refused(backUp(at('empty'), at('none.backup'), namedObjects), 'E_DATA')
  await refused(restore(at('whole.backup'), at('whole')), 'E_CONFLICT')
  await refused(restore(at('missing.backup'), at('new')), 'E_DATA')
  writeFileSync(at('text.backup'), 'not a database')
  await refused(restore(at('text.backup'), at('new')), 'E_DATA')
  await server.close()

  writeFileSync(at('changed.backup'), readFileSync(at('whole.backup')))
  const db = openSqlite(at('changed.backup'))
  db.exec("UPDATE backup_objects SET bytes = x'00'")
  db.close()
  await refused(restore(at('changed.backup'), at('new')), 'E_CHECKSUM')
  // Nothing was named a store: another restore into the same folder goes.
  await restore(at('whole.backup'), at('new'))
})
