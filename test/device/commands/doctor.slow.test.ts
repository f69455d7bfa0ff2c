import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSqlite } from '../../../adapters/node/sqlite.ts'
import type { Check } from '../../../device/commands/doctor-checks.ts'
import { openPeople } from '../../../device/store/people.ts'
import { openStore } from '../../../device/store/store.ts'
import { call } from '../cli-call.ts'
import { temporaryFolder } from '../device-fixture.ts'

let folder = ''
beforeAll(async () => {
  folder = temporaryFolder()
  await call(folder, ['init', '--model', 'tiny', '--threads', '1', '--port', '47141'])
}, 30_000)
afterAll(() => rmSync(folder, { recursive: true }))

const doctor = async (args: string[]) => {
  const { code, stdout } = await call(folder, ['doctor', '--json', ...args], {
    env: { ANTHROPIC_API_KEY: '' },
  })
  const checks = (JSON.parse(stdout) as { checks: Check[] }).checks
  return { code, check: (name: string) => checks.find((c) => c.name === name) }
}

test('a sound home passes, and warnings name their fix', async () => {
  const { code, check } = await doctor(['--offline'])
  expect(code).toBe(0)
  for (const name of ['node', 'home', 'store', 'engine', 'prices', 'api'])
    expect(check(name)?.state).toBe('ok')
  expect(check('claude key')).toMatchObject({
    state: 'warn',
    mend: expect.stringContaining('--claude-key-file'),
  })
  expect(check('agent')).toMatchObject({ state: 'warn', mend: 'loreweave agent' })
  expect(check('claude')).toBeUndefined()
}, 60_000)

test('sends Claude only a HEAD request without a key, and fails if another program has the port', async () => {
  const seen: string[] = []
  const server = createServer((request, response) => {
    const { authorization, 'x-api-key': key } = request.headers
    seen.push(
      `${request.method} ${request.url} ${request.url === '/' ? `${authorization}${key}` : ''}`,
    )
    response.end('{}')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await call(folder, ['init', '--claude-url', `http://127.0.0.1:${port}`, '--port', String(port)])
  const { code, check } = await doctor([])
  server.close()
  expect(code).toBe(1)
  expect(check('claude')?.state).toBe('ok')
  expect(seen).toContain('HEAD / undefinedundefined')
  expect(check('api')).toMatchObject({ state: 'fail', mend: expect.stringContaining('init') })
}, 60_000)

test('a locked database is reported, by status too, and a command that cannot store exits with 3', async () => {
  const other = openSqlite(join(folder, 'home', 'loreweave.db'))
  other.exec('BEGIN IMMEDIATE')
  try {
    const { code, check } = await doctor(['--offline'])
    expect(code).toBe(1)
    for (const name of ['store', 'writes'])
      expect(check(name)).toMatchObject({
        state: 'fail',
        what: expect.stringContaining('another program holds loreweave.db locked'),
        mend: expect.stringContaining('close it'),
      })
    expect((await call(folder, ['status'])).stdout).toMatch(/WARNING +nothing is stored: .*locked/)
    const set = await call(folder, ['profile', 'set', 'emoji', 'less', '--json'])
    expect(set.code).toBe(3)
    expect(JSON.parse(set.stderr).error.code).toBe('E_STORE')
  } finally {
    other.close()
  }
  expect((await doctor(['--offline'])).check('store')?.state).toBe('ok')
  expect((await call(folder, ['status'])).stdout).not.toContain('WARNING')
  expect((await call(folder, ['profile', 'show'])).stdout).toContain('no preferences')
}, 60_000)

test('several users behind one device are reported, by status too, with a remedy', async () => {
  const name = async (...ids: string[]) => {
    const store = openStore(join(folder, 'home', 'loreweave.db'))
    const people = openPeople(store, Date.now)
    for (const id of ids) people.notice(id)
    await store.close()
  }
  const status = async (...args: string[]) => (await call(folder, ['status', ...args])).stdout
  await name('ada')
  expect((await doctor(['--offline'])).check('people')?.state).toBe('ok')
  expect(await status()).not.toContain('mixed')
  await name('bob')
  expect((await doctor(['--offline'])).check('people')).toMatchObject({
    state: 'warn',
    what: expect.stringContaining('the preferences of 2 people are mixed'),
    mend: expect.stringContaining('loreweave-mode: off'),
  })
  expect(await status()).toContain('the preferences of 2 people are mixed')
  expect(JSON.parse(await status('--json'))).toMatchObject({ people: 2 })
}, 60_000)

test('a home that others can read, or a bad configuration, fails with its fix', async () => {
  const home = join(folder, 'home')
  chmodSync(home, 0o755)
  expect((await doctor(['--offline'])).check('home')).toMatchObject({
    state: 'fail',
    mend: `chmod 700 ${home}`,
  })
  chmodSync(home, 0o700)
  const config = join(home, 'config.json')
  writeFileSync(config, readFileSync(config, 'utf8').replace('"model"', '"modell"'))
  const { code, check } = await doctor(['--offline'])
  expect(code).toBe(1)
  expect(check('home')?.what).toMatch(/config\.json:\d+:\d+/)
}, 60_000)
