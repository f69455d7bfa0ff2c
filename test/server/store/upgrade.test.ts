/**
 * test/vectors/server-0.1: a data folder of the build before servers could share a database (commit
 * 89feeb5a): a job whose first round is released and whose second waits for one of two updates, a job
 * that has failed, an idempotency key and an unused token. That build then went on from there, and
 * made the releases that are named here.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openSqlite } from '../../../adapters/node/sqlite.ts'
import { JobResponse } from '../../../adapters/wire/operator.ts'
import { SCHEMA_VERSION } from '../../../server/store/schema.ts'
import { codeOf, testDevice, testServer } from '../../support/federation-fixture.ts'

const OLD = new URL('../../vectors/server-0.1/', import.meta.url)
const world = JSON.parse(readFileSync(new URL('world.json', OLD), 'utf8'))
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'base64'))
const root = mkdtempSync(join(tmpdir(), 'loreweave-upgrade-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const oldFolder = (name: string): string => {
  const folder = join(root, name)
  mkdirSync(join(folder, 'objects'), { recursive: true })
  for (const [hash, bytes] of Object.entries<string>(world.objects))
    writeFileSync(join(folder, 'objects', hash), bytesOf(bytes))
  const db = openSqlite(join(folder, 'loreweave.sqlite'))
  db.exec(readFileSync(new URL('store.sql', OLD), 'utf8'))
  db.close()
  return folder
}

test('a data folder of the build before goes on in the same round, and ends in the same bytes', async () => {
  const folder = oldFolder('goes-on')
  const server = testServer({ folder, seed: 'later', start: world.sentAt })
  await server.recover()
  const send = (i: number) => {
    const { keys } = world.devices[i]
    const device = testDevice(server.fetch, server.now, 'old', 'http://server.test', keys)
    return server.fetch(
      device.signed('PUT', `/v1/rounds/${world.roundId}/update`, bytesOf(world.updates[i]), {
        headers: { 'upload-token': world.uploadTokens[i] },
        nonce: `sent-after-the-upgrade-${i}`,
      }),
    )
  }
  expect((await send(0)).status).toBe(200)
  expect((await send(1)).status).toBe(202)
  await server.settle()
  const job = await server.operator.job(world.job)
  expect(job.rounds.map(({ phase, release }) => [phase, release])).toEqual([
    ['released', world.releases[0]],
    ['released', world.releases[1]],
    ['collecting', null],
  ])
  await server.close()
})

test('everything that the build before knew is there after the upgrade', async () => {
  const folder = oldFolder('is-there')
  const server = testServer({ folder, seed: 'later', start: world.sentAt })
  await server.recover()
  await server.settle()
  // Its prior has the default of then, where nothing was said.
  expect(world.spec.prior).toBeUndefined()
  const body = { protocol: 1, job: world.spec }
  const headers = { 'idempotency-key': 'the-key-of-before' }
  const again = await server.operator.call('POST', '/v1/operator/jobs', body, headers)
  expect(again.status).toBe(200)
  expect(JobResponse.parse(await again.json()).job.id).toBe(world.job)
  expect(await server.operator.job(world.failed)).toMatchObject({ state: 'failed' })
  expect((await server.store.devices()).map(({ id }) => id)).toEqual(
    world.devices.map(({ id }: { id: string }) => id),
  )
  const newcomer = server.device('newcomer')
  expect(await codeOf(await newcomer.enroll(world.unusedToken))).toBeUndefined()
  expect((await server.objects.list()).sort()).toEqual(Object.keys(world.objects).sort())
  await server.close()
  const db = openSqlite(join(folder, 'loreweave.sqlite'))
  expect(db.pragma('user_version', { simple: true })).toBe(SCHEMA_VERSION)
  db.close()
})
