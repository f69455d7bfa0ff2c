/** One process owns a home: who comes second, what a command asks of it, and what is left when it dies. */
import { once } from 'node:events'
import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { openSqlite } from '../../../adapters/node/sqlite.ts'
import { VERSION } from '../../../adapters/version.ts'
import { openDoor } from '../../../device/api/serve.ts'
import { openModel } from '../../../device/engine/model/open.ts'
import { type Holder, lockHolder, tryLock } from '../../../device/home/lock.ts'
import { testServer } from '../../support/federation-fixture.ts'
import { call } from '../cli-call.ts'
import { resultOf, start } from '../cli-process.ts'
import { jobFor, shortChoices, temporaryFolder } from '../device-fixture.ts'
import { type RunningOwner, runningOwner } from './running-owner.ts'
import { engineOf, statOf, TRAIN } from './training-home.ts'

const root = temporaryFolder()
let folder = ''
const ends: (() => Promise<unknown> | unknown)[] = []
beforeAll(async () => {
  folder = join(root, 'one')
  mkdirSync(folder)
  await call(folder, ['init', '--model', 'tiny', '--threads', '1', '--port', '0', '--explore', '0'])
  const log = shortChoices(20).map((choice) => JSON.stringify(choice))
  writeFileSync(join(root, 'choices.jsonl'), log.join('\n'))
  await call(folder, ['train', '--data', join(root, 'choices.jsonl')])
}, 60_000)
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})
afterAll(() => rmSync(root, { recursive: true }))

const home = () => join(folder, 'home')
const ownedHere = async (): Promise<RunningOwner> => {
  const owner = await runningOwner(folder)
  ends.push(owner.close)
  return owner
}
const program = (args: string[]) => {
  const child = start(folder, args, { ANTHROPIC_API_KEY: '' })
  ends.push(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  return child
}
const listening = async (args: string[]) => {
  const child = program(args)
  const result = resultOf(child)
  let said = ''
  child.stdout.on('data', (data) => {
    said += data
  })
  await vi.waitFor(() => expect(said).toContain('listening'), { timeout: 30_000 })
  return { child, result }
}
// Of commands that run in this process at the same time.
process.setMaxListeners(50)

const holder: Holder = {
  pid: 11,
  startedAt: 5,
  command: 'profile set',
  version: VERSION,
  port: null,
}
const held = (by: Holder) => {
  const lock = tryLock(home(), by)
  if (!('release' in lock)) throw new Error('it is held')
  ends.push(lock.release)
  return lock
}

test('twenty short commands at the same time all succeed, and none is lost', async () => {
  await call(folder, ['training', 'resume'])
  const dimensions = [
    'emoji',
    'tables',
    'tone',
    'lists',
    'headings',
    'examples',
    'closing',
    'steps',
  ]
  const all = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      call(folder, i < 8 ? ['profile', 'set', dimensions[i]!, 'less'] : ['status', '--json']),
    ),
  )
  expect(all.map(({ code, stderr }) => [code, stderr])).toEqual(Array(20).fill([0, '']))
  const { stdout } = await call(folder, ['profile', 'show', '--json'])
  const kept = JSON.parse(stdout).profile.preferences.map((p: { dimension: string }) => p.dimension)
  expect(kept).toEqual(expect.arrayContaining(dimensions))
  expect(lockHolder(home())).toBeNull()
}, 60_000)

test('a command waits for a short one, and begins as soon as that has ended', async () => {
  const lock = held(holder)
  const waiting = call(folder, ['profile', 'show', '--json'])
  setTimeout(lock.release, 300)
  expect(await waiting).toMatchObject({ code: 0, stderr: '' })
})

test('a holder that accepts no calls is named with its process, an agent of an earlier version too', async () => {
  const copy = join(root, 'earlier')
  cpSync(folder, copy, { recursive: true })
  chmodSync(join(copy, 'home'), 0o700)
  const lock = openSqlite(join(copy, 'home', 'agent.lock'))
  lock.exec('CREATE TABLE holder (pid INTEGER NOT NULL, started_at REAL NOT NULL)')
  lock.exec('INSERT INTO holder VALUES (7, 70); BEGIN IMMEDIATE')
  ends.push(() => void lock.close())
  held(holder)
  const [now, before] = await Promise.all([call(folder, ['status']), call(copy, ['status'])])
  expect([now.code, before.code]).toEqual([1, 1])
  expect(now.stderr).toMatch(/E_CONFLICT.*`loreweave profile set`.*process 11/)
  expect(before.stderr).toMatch(/E_CONFLICT.*`loreweave agent`.*process 7/)
}, 30_000)

test('an owner of another version that lacks a route is named as such', async () => {
  const door = await openDoor(0, [], () => {})
  ends.push(door.close)
  const envelope = { type: 'not_found_error', code: 'E_NOT_FOUND', message: 'no such route' }
  const refused = { type: 'error', error: envelope, request_id: 'r' }
  const hello = { protocol: 1, pid: 11, command: 'agent', version: '0.0.9' }
  door.open((request) =>
    request.url.endsWith('/owner') ? Response.json(hello) : Response.json(refused, { status: 404 }),
  )
  held({ ...holder, command: 'agent', version: '0.0.9', port: door.port })
  const { code, stderr } = await call(folder, ['status'])
  expect(code).toBe(1)
  expect(stderr).toContain('E_PROTOCOL')
  expect(stderr).toContain('is version 0.0.9')
  expect(stderr).toContain('restart it')
})

test('doctor asks a running owner whether it can write, and never locks the database beside it', async () => {
  const { stdout } = await call(folder, ['status', '--json'])
  const door = await openDoor(0, [], () => {})
  ends.push(door.close)
  door.open((request) =>
    Response.json(
      request.url.endsWith('/owner')
        ? { protocol: 1, pid: 11, command: 'agent', version: VERSION }
        : { protocol: 1, ...JSON.parse(stdout) },
    ),
  )
  held({ ...holder, command: 'agent', port: door.port })
  const database = openSqlite(join(home(), 'loreweave.db'))
  ends.push(() => void database.close())
  database.exec('BEGIN IMMEDIATE')
  const doctor = await call(folder, ['doctor', '--offline', '--json'])
  const checks = JSON.parse(doctor.stdout).checks as { name: string }[]
  expect(checks.find(({ name }) => name === 'store')).toMatchObject({
    state: 'ok',
    what: 'intact (integrity_check)',
  })
}, 60_000)

test('kill -9 of the owner frees the home at once, and leaves nothing to clean', async () => {
  const { child } = await listening(['serve', '--port', '0'])
  expect(lockHolder(home())).toMatchObject({ pid: child.pid, command: 'serve' })
  child.kill('SIGKILL')
  await once(child, 'exit')
  const began = performance.now()
  expect(await call(folder, ['profile', 'show', '--json'])).toMatchObject({ code: 0, stderr: '' })
  expect(performance.now() - began).toBeLessThan(2000)
}, 60_000)

test('a second owner, another model and removing are refused while there is one, with the process', async () => {
  const { child } = await listening(['serve', '--port', '0'])
  const commands = [
    ['serve', '--port', '0'],
    ['agent', '--no-api'],
    ['agent', '--once'],
    ['init', '--model', 'smollm2-135m'],
    ['remove', '--yes'],
  ]
  const refused = await Promise.all(commands.map((args) => call(folder, args)))
  for (const [i, { code, stderr }] of refused.entries()) {
    expect([commands[i], code]).toEqual([commands[i], 1])
    expect(stderr).toContain('E_CONFLICT')
    expect(stderr).toContain(`process ${child.pid}`)
  }
}, 90_000)

test('`agent --no-api` answers commands, and no app', async () => {
  const child = program(['agent', '--no-api', '--json', '--assume', 'charging=no'])
  await vi.waitFor(() => expect(lockHolder(home())?.port).toBeGreaterThan(0), { timeout: 30_000 })
  const { port } = lockHolder(home())!
  expect(await call(folder, ['status'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`runs, process ${child.pid}`),
  })
  const asked = await fetch(`http://127.0.0.1:${port}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': 'sk-app', 'content-type': 'application/json' },
    body: '{}',
  })
  expect(asked.status).toBe(404)
}, 60_000)

test('a federation is joined, contributed to and left through the owner, at once', async () => {
  const server = testServer({ start: Date.now() })
  const listening = serve({ fetch: server.app.fetch, hostname: '127.0.0.1', port: 0 })
  ends.push(() => listening.close())
  await once(listening, 'listening')
  const url = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
  const model = await openModel({ cacheFolder: join(folder, 'cache'), name: 'tiny' })
  await server.operator.createJob(jobFor(model))
  const owner = await ownedHere()
  const device = await owner.device()
  const input = await server.operator.token()
  const enrolled = await call(folder, ['enroll', '--server', url, '--token', '-'], { input })
  expect(enrolled).toMatchObject({ code: 0, stderr: '' })
  expect(device.status().enrolled).toBe(true)
  expect((await call(folder, ['participate'])).stderr).toContain('E_CONSENT')
  await call(folder, ['consent', 'grant', '--least-cohort', '1'])
  const { code, stdout, stderr } = await call(folder, ['participate', '--json'])
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { ended: 'enough', rounds: [{ pairs: 8 }] }])
  expect(stderr).toMatch(/^upload: round-.*bytes accepted/m)
  expect(JSON.parse((await call(folder, ['status', '--json'])).stdout)).toMatchObject({
    server: url,
    updates: { accepted: 1, pending: 0 },
  })
  expect((await call(folder, ['leave'])).stdout).toContain(`left ${url}`)
  expect(device.status().enrolled).toBe(false)
  expect((await call(folder, ['participate'])).stderr).toContain('E_NOT_ENROLLED')
}, 60_000)

test('settings take effect at once, and those that do not are listed', async () => {
  const owner = await ownedHere()
  const device = await owner.device()
  const ranked = () =>
    device.rerank({ messages: [{ role: 'user', content: 'Why?' }] }, [{ text: 'a' }, { text: 'b' }])
  expect(await ranked()).not.toHaveProperty('shadow')
  const { code, stderr } = await call(folder, [
    'init',
    '--shadow',
    'on',
    '--threads',
    '2',
    '--port',
    '4999',
  ])
  expect(code).toBe(0)
  expect(stderr).toContain('takes effect when `loreweave serve` restarts: threads, port')
  expect(await ranked()).toHaveProperty('shadow')
  expect(await call(folder, ['init', '--shadow', 'off', '--port', '0'])).toMatchObject({ code: 0 })
  expect(await ranked()).not.toHaveProperty('shadow')
}, 60_000)

// The engine child has 60 ms to write its checkpoint, which a busy machine does not always give it.
test.skipIf(process.platform !== 'linux')(
  'Ctrl-C of a command ends the training that the owner does for it, with a checkpoint',
  { retry: 2, timeout: 90_000 },
  async () => {
    const { child: owner } = await listening(['serve', '--port', '0', '--threads', '1'])
    const child = program(TRAIN)
    const result = resultOf(child)
    const status = async () =>
      JSON.parse((await call(folder, ['training', 'status', '--json'])).stdout)
    await vi.waitFor(async () => expect(await status()).toMatchObject({ state: 'running' }), {
      timeout: 30_000,
    })
    expect(engineOf(child.pid!)).toBe('none')
    child.kill('SIGINT')
    const { code, stderr } = await result
    expect(code).toBe(130)
    expect(stderr).toContain('training')
    expect(stderr).toContain('E_CANCELLED')
    await vi.waitFor(async () => expect(await status()).toMatchObject({ state: 'idle' }))
    expect(readdirSync(home())).toContain('private.checkpoint')
    expect(statOf(owner.pid!)[0]).not.toBe('gone')
  },
)

test('a command that trains accepts calls and pauses meanwhile, but no other long work', async () => {
  const child = program(TRAIN)
  const result = resultOf(child)
  await vi.waitFor(() => expect(lockHolder(home())?.command).toBe('train'), { timeout: 30_000 })
  const paused = await call(folder, ['training', 'pause'])
  expect(paused).toMatchObject({ code: 0, stdout: expect.stringContaining('paused') })
  const other = await call(folder, ['train'])
  expect(other.code).toBe(1)
  expect(other.stderr).toContain('`loreweave train`')
  expect(await call(folder, ['training', 'resume'])).toMatchObject({ code: 0 })
  expect((await result).code).toBe(0)
}, 90_000)
