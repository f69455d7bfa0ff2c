/** The agent as a program: once, beside the API, killed. */
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { lockHolder } from '../../../device/home/lock.ts'
import { call } from '../cli-call.ts'
import { resultOf, start } from '../cli-process.ts'
import { shortChoices, temporaryFolder } from '../device-fixture.ts'

let folder = ''
beforeAll(async () => {
  folder = temporaryFolder()
  await call(folder, ['init', '--model', 'tiny', '--threads', '1', '--port', '0'])
  const data = join(folder, 'choices.jsonl')
  writeFileSync(
    data,
    shortChoices(24)
      .map((choice) => JSON.stringify(choice))
      .join('\n'),
  )
  await call(folder, ['train', '--data', data])
}, 60_000)
const started: ReturnType<typeof start>[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})
afterAll(() => rmSync(folder, { recursive: true }))

const FREE = ['--assume', 'charging=yes,idle=yes,celsius=50']
const agent = (args: string[]) => {
  const child = start(folder, ['agent', '--json', ...args])
  started.push(child)
  return child
}
const events = (stdout: string): { event: string; [key: string]: unknown }[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
const lock = () => lockHolder(join(folder, 'home'))

test('with --once on battery it says why it waits, trains nothing, and ends with 0', async () => {
  const result = await resultOf(agent(['--once', '--no-api', '--assume', 'charging=no,idle=yes']))
  expect(result.code).toBe(0)
  expect(events(result.stdout)).toContainEqual(
    expect.objectContaining({ event: 'held', reasons: ['on_battery'] }),
  )
  expect(events(result.stdout).map(({ event }) => event)).not.toContain('started')
}, 30_000)

test('killed with -9 under way it leaves no lock, and the next one does the work and tells its energy', async () => {
  const first = agent(['--no-api', ...FREE])
  const training = async () =>
    JSON.parse((await call(folder, ['training', 'status', '--json'])).stdout || '{}')
  await vi.waitFor(async () => expect(await training()).toMatchObject({ state: 'running' }), {
    timeout: 30_000,
    interval: 5,
  })
  expect(lock()?.pid).toBe(first.pid)
  first.kill('SIGKILL')
  await once(first, 'exit')
  expect(lock()).toBeNull()

  const next = await resultOf(agent(['--once', '--no-api', ...FREE]))
  expect(next.code).toBe(0)
  expect(events(next.stdout)).toContainEqual(
    expect.objectContaining({
      event: 'ended',
      work: 'training',
      outcome: 'done',
      joules: expect.any(Number),
    }),
  )
  const status = JSON.parse((await call(folder, ['status', '--json'])).stdout)
  expect(status).toMatchObject({
    agent: null,
    privateAdapter: true,
    energy: { todayJoules: expect.any(Number) },
    conditions: { reasons: ['not_running'], lastTraining: { what: 'training', outcome: 'done' } },
  })
  expect(status.energy.todayJoules).toBeGreaterThan(0)
}, 90_000)

test('serves the same API, lets no second agent in, takes up a changed configuration, and ends at SIGTERM with 0', async () => {
  const child = agent(['--assume', 'charging=no'])
  const result = resultOf(child)
  let said = ''
  child.stdout.on('data', (data) => {
    said += data
  })
  const saw = (text: string) => vi.waitFor(() => expect(said).toContain(text), { timeout: 30_000 })
  await saw('"event":"listening"')
  await saw('on_battery')
  const { url } = events(said).find(({ event }) => event === 'listening') as unknown as {
    url: string
  }
  expect((await fetch(`${url}/v1/status`)).status).toBe(401)
  const second = await resultOf(agent(['--no-api']))
  expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining(`process ${child.pid}`) })
  const config = join(folder, 'home', 'config.json')
  writeFileSync(config, readFileSync(config, 'utf8').replace('// "auto": true', '"auto": false'))
  await saw('auto_off')
  child.kill('SIGTERM')
  expect((await result).code).toBe(0)
  expect(lock()).toBeNull()
}, 60_000)
