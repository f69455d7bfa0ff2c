import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { EngineChild } from '../../../../device/engine/process/child.ts'
import type { Call } from '../../../../device/engine/process/messages.ts'
import { type EngineModel, engineModel } from '../../../support/engine-model.ts'
import { programFile } from '../../../support/programs.ts'

let model: EngineModel
beforeAll(async () => {
  model = await engineModel()
})
afterAll(() => model.release())

const options = () => ({ folder: model.folder, threads: 1, cacheBytes: 0 })
const generating = (maxTokens: number): Call => ({
  method: 'generate',
  args: [[1], { adapters: [], maxTokens, stopIds: [] }],
})
const call = generating(2)

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('starts nothing before its first call', () => {
  expect(new EngineChild(options(), { idleMs: 1000, watchMemory: false }).pid()).toBeUndefined()
})

test('a child that was warmed is the one that answers, and ends when nobody calls', async () => {
  const child = new EngineChild(options(), { idleMs: 60_000, watchMemory: false })
  child.warm()
  const pid = child.pid()
  expect(pid).toBeGreaterThan(0)
  await child.call(call)
  expect(child.pid()).toBe(pid)
  await child.close()
  const idle = new EngineChild(options(), { idleMs: 1, watchMemory: false })
  idle.warm()
  await vi.waitFor(() => expect(idle.pid()).toBeUndefined())
  await idle.close()
})

test('a child that dies fails its calls with E_ENGINE, and the next call starts another', async () => {
  const child = new EngineChild(options(), { idleMs: 60_000, watchMemory: true })
  await child.call(call)
  process.kill(child.pid()!, 'SIGSTOP')
  const pending = child.call(call)
  process.kill(child.pid()!, 'SIGKILL')
  await expect(pending).rejects.toMatchObject({ code: 'E_ENGINE' })
  await expect(child.call(call)).resolves.toHaveLength(2)
  await child.close()
})

test('a child that hangs is killed when texts are forgotten: nobody waits for its answer', async () => {
  const child = new EngineChild(options(), { idleMs: 60_000, watchMemory: false })
  await child.call(call)
  const hung = child.pid()!
  process.kill(hung, 'SIGSTOP')
  const pending = child.call(call)
  const ended = expect(pending).rejects.toMatchObject({ code: 'E_CANCELLED' })
  const began = performance.now()
  await child.renew()
  expect(performance.now() - began).toBeLessThan(2000)
  expect(isAlive(hung)).toBe(false)
  await ended
  await expect(child.call(call)).resolves.toHaveLength(2)
  await child.close()
})

test('a child stopped from outside is ended after a long silence, and the next call starts another', async () => {
  const child = new EngineChild(options(), { idleMs: 60_000, watchMemory: false, silentMs: 3000 })
  await child.call(call)
  const stopped = child.pid()!
  process.kill(stopped, 'SIGSTOP')
  const unwanted = new AbortController()
  const givenUp = child.call(call, undefined, undefined, unwanted.signal)
  unwanted.abort()
  await expect(givenUp).rejects.toMatchObject({ code: 'E_CANCELLED' })
  await vi.waitFor(() => expect(isAlive(stopped)).toBe(false), 9000)
  await expect(child.call(call)).resolves.toHaveLength(2)
  await child.close()
})

test('a call that is not wanted any more is never begun, and the child goes on with the others', async () => {
  const child = new EngineChild(options(), { idleMs: 60_000, watchMemory: false })
  await child.call(call)
  const pid = child.pid()
  const unwanted = new AbortController()
  const long = child.call(generating(200))
  const progresses: unknown[] = []
  const givenUp = child.call(
    call,
    (progress) => progresses.push(progress),
    undefined,
    unwanted.signal,
  )
  const after = child.call(call)
  unwanted.abort()
  await expect(givenUp).rejects.toMatchObject({ code: 'E_CANCELLED' })
  await expect(long).resolves.toHaveLength(200)
  await expect(after).resolves.toHaveLength(2)
  expect(child.pid()).toBe(pid)
  expect(progresses).toEqual([])
  await child.close()
})

test('an idle child ends, and comes back when it is called', async () => {
  const child = new EngineChild(options(), { idleMs: 1, watchMemory: false })
  await child.call(call)
  const first = child.pid()
  await vi.waitFor(() => expect(child.pid()).toBeUndefined())
  if (first) await vi.waitFor(() => expect(isAlive(first)).toBe(false))
  await expect(child.call(call)).resolves.toHaveLength(2)
  await child.close()
})

test('closing fails what is under way with E_ENGINE and leaves no process', async () => {
  const child = new EngineChild(options(), { idleMs: 60_000, watchMemory: false })
  await child.call(call)
  const pid = child.pid()!
  const pending = child.call(call)
  const refused = expect(pending).rejects.toMatchObject({ code: 'E_ENGINE' })
  await child.close()
  await refused
  expect(isAlive(pid)).toBe(false)
})

test.each(['idle', 'busy'])(
  'an %s child ends with a parent that is killed, without a word',
  async (mode) => {
    const parent = spawn(
      process.execPath,
      [programFile('test/support/engine-parent'), model.folder, mode],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    let said = ''
    parent.stderr.on('data', (part: Buffer) => {
      said += part.toString()
    })
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const pid = Number(line.toString())
    expect(isAlive(pid)).toBe(true)
    await new Promise((done) => setTimeout(done, 300))
    parent.kill('SIGKILL')
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 10_000 })
    expect(said).toBe('')
  },
)
