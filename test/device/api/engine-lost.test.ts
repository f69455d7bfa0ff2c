/** The endpoint over the real engine's child process, which is killed or stopped while requests wait for it. */
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Engine } from '../../../device/engine/engine.ts'
import { type LocalModel, openModel } from '../../../device/engine/model/open.ts'
import { openEngine } from '../../../device/engine/process/client.ts'
import { fakeDevice as openFake, temporaryFolder } from '../device-fixture.ts'
import { buildApi, fakeDevice } from './fakes.ts'

let folder: string
let model: LocalModel
let engine: Engine
let served: Awaited<ReturnType<typeof build>>
beforeAll(async () => {
  folder = temporaryFolder()
  model = await openModel({ cacheFolder: folder, name: 'tiny' })
  engine = openEngine({ folder: model.folder, threads: 1 })
  served = await build()
})
afterAll(async () => {
  await engine.close()
  rmSync(folder, { recursive: true })
})

/** Process ids of this process's engine children. */
const children = (): number[] =>
  execFileSync('ps', ['-o', 'pid=,args=', '--ppid', `${process.pid}`], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes('worker.mjs'))
    .map((line) => Number.parseInt(line, 10))

let asked = 0
const request = () => ({
  model: 'claude',
  max_tokens: 10,
  messages: [{ role: 'user', content: `How does heat pump number ${++asked} warm a house?` }],
})

const build = async () => {
  const { device } = openFake(model, { engine })
  await device.editProfile([
    { op: 'state', dimension: 'length', direction: -1, strength: 1, scope: 'all' },
  ])
  await device.prepare()
  const api = buildApi({ settings: { deadlineMs: 2000 } }, { ...fakeDevice(), device })
  const post = async (body = request()) => {
    const response = await api.post('/v1/messages', body)
    expect(response.status).toBe(200)
    return response.headers.get('loreweave-status')?.split(';')[0]
  }
  return { ...api, post }
}

test.skipIf(process.platform === 'win32')(
  'a request under which the engine is killed goes through, and the next is personalized by a fresh one',
  async () => {
    const { post, claude } = served
    const before = await post()
    expect(before).not.toBe('failed-open')
    const [pid] = children()
    process.kill(pid!, 'SIGSTOP')
    const body = request()
    const waiting = post(body)
    await new Promise((resolve) => setImmediate(resolve))
    process.kill(pid!, 'SIGKILL')
    expect(await waiting).toBe('failed-open')
    expect(claude.seen.at(-1)!.text).toBe(JSON.stringify(body))
    expect(await post()).toBe(before)
    expect(children()).not.toContain(pid)
  },
)

test.skipIf(process.platform === 'win32')(
  'while the engine is stopped requests go through at the deadline, and afterwards it serves again',
  async () => {
    const { post } = served
    const before = await post()
    const [pid] = children()
    process.kill(pid!, 'SIGSTOP')
    expect(await post()).toBe('failed-open')
    process.kill(pid!, 'SIGCONT')
    expect(await post()).toBe(before)
    expect(children()).toContain(pid)
  },
)
