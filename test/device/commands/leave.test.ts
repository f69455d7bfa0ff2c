import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import type { ConsentRecord } from '../../../adapters/wire/federation.ts'
import { createHome, saveConfig } from '../../../device/home/home.ts'
import { type Lock, tryLock } from '../../../device/home/lock.ts'
import { openStore } from '../../../device/store/store.ts'
import { call } from '../cli-call.ts'
import { run as runIn } from '../cli-process.ts'
import { temporaryFolder, tinyModel } from '../device-fixture.ts'
import { openMarkedHome, use } from '../store/marked-home.ts'
import { wordsIn } from '../store/words.ts'

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
  const consent: ConsentRecord = {
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
  expect(stdout).toContain('Cannot be undone: 1 updates were accepted')
  expect([store.consent(), store.pendingUploads()]).toEqual([null, []])
  await store.close()
  const config = readFileSync(join(home.folder, 'config.json'), 'utf8')
  expect(config).toContain('"server": null')
  expect(config).toContain('// The federation server')
}, 30_000)

test('remove asks first, then erases the home; the models stay unless requested', async () => {
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
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('contains more than') })
  expect(existsSync(join(folder, 'device-key.json'))).toBe(true)
}, 60_000)

test('remove --model takes the models out of a cache that others use, and nothing else', async () => {
  await call(folder, ['init', '--model', 'tiny'])
  const cache = join(folder, 'models-of-all')
  const put = (path: string) => {
    mkdirSync(join(cache, path, '..'), { recursive: true })
    writeFileSync(join(cache, path), 'x')
  }
  const file = 'SmolLM2-135M-Instruct.Q4_1.gguf'
  const converted = `converted/${'a'.repeat(64)}-v1`
  for (const path of [`models/${file}`, `models/${file}.part`, `${converted}/weights.bin`])
    put(path)
  put(`${converted}.partial-1-x/weights.bin`)
  for (const path of ['llama.gguf', `models/my-${file}`, 'models/own.gguf', 'converted/notes.txt'])
    put(path)
  const { code, stdout } = await run(['remove', '--model', '--yes', '--cache', cache])
  expect([code, existsSync(join(folder, 'home'))]).toEqual([0, false])
  expect(stdout).toContain(`removed ${join(cache, 'models', file)}`)
  expect(filesUnder(cache)).toEqual([
    'converted/notes.txt',
    'llama.gguf',
    `models/my-${file}`,
    'models/own.gguf',
  ])
}, 60_000)

test('remove leaves other programs’ files in the home, and says so', async () => {
  const { folder: home } = createHome(join(folder, 'home'), { model: 'tiny' })
  writeFileSync(join(home, 'thesis.txt'), 'x')
  const { code, stdout } = await run(['remove', '--yes'])
  expect([code, filesUnder(home)]).toEqual([0, ['thesis.txt']])
  expect(stdout).toContain('thesis.txt')
}, 60_000)

test('remove is refused while `serve` works with the home, and names it; nothing is gone', async () => {
  const { folder: home } = createHome(join(folder, 'home'), { model: 'tiny' })
  const before = filesUnder(home)
  const holder = { pid: process.pid, startedAt: 1, command: 'serve', version: '1', port: 4141 }
  const lock = tryLock(home, holder) as Lock
  const refused = await run(['remove', '--yes'])
  lock.release()
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('E_CONFLICT') })
  expect(refused.stderr).toMatch(new RegExp(`loreweave serve.*process ${process.pid}`))
  expect(filesUnder(home)).toEqual(expect.arrayContaining(before))
}, 60_000)

const filesUnder = (root: string): string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .toSorted()

test('after remove none of the texts are left', async () => {
  const marked = await openMarkedHome(await tinyModel())
  await use(marked, seededRng('remove'), 10)
  await marked.device().close()
  expect(wordsIn(marked.outside).size).toBeGreaterThan(0)
  const env = { HOME: marked.outside }
  expect(await runIn(marked.outside, ['remove', '--yes'], { env })).toMatchObject({ code: 0 })
  expect([...wordsIn(marked.outside).keys()]).toEqual([])
  rmSync(marked.outside, { recursive: true })
}, 60_000)
