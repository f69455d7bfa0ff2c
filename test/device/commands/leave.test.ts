import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createHome, saveConfig } from '../../../device/agent/home.ts'
import { openStore } from '../../../device/agent/store.ts'
import { temporaryFolder } from '../agent/fixture.ts'
import { call } from '../cli-call.ts'
import { run as runIn } from '../cli-process.ts'

let folder = ''
beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
/** A process with a home of its own: removing must not come near the real one. */
const env = () => ({ HOME: folder })
const run = (args: string[]) => runIn(folder, args, { env: env() })

test('leave withdraws consent, forgets the server, sends nothing that was pending, and keeps the rest', async () => {
  const home = createHome(join(folder, 'home'), { model: 'tiny' })
  saveConfig(home.folder, { ...home.config, server: 'http://s.example', enrolledAt: 5 })
  const store = openStore(home.databasePath)
  const consent = {
    purpose: 'personalization',
    contributions: ['prior'],
    grantedAt: 1,
    expiresAt: null,
  }
  store.set('consent', consent)
  store.savePending({
    roundId: 'r',
    jobId: 'j',
    uploadToken: 't',
    digest: 'd',
    bytes: new Uint8Array(3),
    at: 1,
  })
  store.savePending({
    roundId: 'q',
    jobId: 'j',
    uploadToken: 't',
    digest: 'd',
    bytes: new Uint8Array(3),
    at: 1,
  })
  store.settleUpload('q', 'accepted', null)
  const { stdout, code } = await call(folder, ['leave'])
  expect(code).toBe(0)
  expect(stdout).toContain('left http://s.example')
  expect(stdout).toContain('1 finished updates were not sent')
  expect(stdout).toContain('Cannot be undone: 1 updates were taken')
  expect([store.consent(), store.pendingUploads()]).toEqual([null, []])
  store.close()
  const config = readFileSync(join(home.folder, 'config.json'), 'utf8')
  expect(config).toContain('"server": null')
  expect(config).toContain('// The federation server')
}, 30_000)

test('remove asks first, then erases the home; the models stay unless told', async () => {
  await call(folder, ['init', '--model', 'tiny'])
  expect(await run(['remove'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') })
  expect(existsSync(join(folder, 'home'))).toBe(true)
  expect((await run(['remove', '--yes'])).code).toBe(0)
  expect(existsSync(join(folder, 'home'))).toBe(false)
}, 60_000)

test('remove touches no folder that is not a home, nor one that holds the user’s own', async () => {
  expect(await run(['remove', '--yes', '--home', folder])).toMatchObject({ code: 1 })
  createHome(folder, {})
  const refused = await run(['remove', '--yes', '--home', folder])
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('holds more than') })
  expect(existsSync(join(folder, 'device-key.json'))).toBe(true)
}, 60_000)
