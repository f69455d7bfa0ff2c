/** Pausing a training from another process, over the store of the home; real processes, the built-in model. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { DeviceStore } from '../../../device/agent/store.ts'
import { setTrainingPaused, trainingStatus } from '../../../device/agent/training.ts'
import { withStore } from '../../../device/commands/context.ts'
import { shortChoices, temporaryFolder } from '../agent/fixture.ts'
import { call, silentIo } from '../cli-call.ts'
import { resultOf, run, start } from '../cli-process.ts'

let folder = ''
beforeAll(async () => {
  folder = temporaryFolder()
  await call(folder, ['init', '--model', 'tiny', '--threads', '1'])
  const data = join(folder, 'choices.jsonl')
  writeFileSync(
    data,
    shortChoices(20)
      .map((choice) => JSON.stringify(choice))
      .join('\n'),
  )
  await call(folder, ['train', '--data', data])
})
const started: ReturnType<typeof start>[] = []
afterEach(() => {
  pause(false)
  for (const child of started.splice(0)) child.kill('SIGKILL')
})
afterAll(() => rmSync(folder, { recursive: true }))

/** So slow a rate that what is held back goes on gaining, and no epoch is left out. */
const TRAIN = ['train', '--adapter', '--epochs', '12', '--learning-rate', '0.00001', '--json']

/** Fields after the name in /proc/<pid>/stat: state, parent, …  A dead process that nobody has waited for is gone. */
const statOf = (pid: string | number): string[] => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return fields[0] === 'Z' ? ['gone'] : fields
  } catch {
    return ['gone']
  }
}
/** The engine child of a running program. */
const engineOf = (pid: number): string =>
  readdirSync('/proc').find(
    (name) =>
      /^\d+$/.test(name) &&
      statOf(name)[1] === String(pid) &&
      readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('worker'),
  ) ?? 'none'

/** This process is another one of the same home. */
const inStore = <T>(work: (store: DeviceStore) => T): T =>
  withStore(silentIo(), { home: join(folder, 'home') }, work)
const status = () => inStore(trainingStatus)
const pause = (paused: boolean) => inStore((store) => setTrainingPaused(store, paused))

/** A training that has taken some steps. */
const underWay = async () => {
  const child = start(folder, TRAIN)
  started.push(child)
  const result = resultOf(child)
  await vi.waitFor(() => expect(status()).toMatchObject({ state: 'running' }), {
    timeout: 30_000,
  })
  return { child, result }
}

test('without training the status is idle, and a pause is remembered', async () => {
  expect(status()).toMatchObject({ state: 'idle', step: null })
  expect(JSON.parse((await call(folder, ['training', 'pause', '--json'])).stdout)).toMatchObject({
    state: 'paused',
  })
  expect((await call(folder, ['training', 'resume'])).stdout).toBe('idle\n')
})

describe.skipIf(process.platform !== 'linux')('a training under way', () => {
  test('stops when another process pauses the home, survives kill -9, waits, and ends with the same adapter', async () => {
    const undisturbed = JSON.parse((await run(folder, TRAIN)).stdout)

    const first = await underWay()
    pause(true)
    const engine = engineOf(first.child.pid!)
    await vi.waitFor(() => expect(statOf(engine)[0]).toBe('T'))
    expect(status()).toMatchObject({
      state: 'paused',
      steps: undisturbed.adapter.losses.length,
    })
    first.child.kill('SIGKILL')
    await first.result
    await vi.waitFor(() => expect(statOf(engine)[0]).toBe('gone'))

    const second = start(folder, TRAIN)
    started.push(second)
    const result = resultOf(second)
    let told = ''
    second.stderr.on('data', (data) => {
      told += data
    })
    await vi.waitFor(() => expect(told).toContain('loreweave training resume'), { timeout: 30_000 })
    expect(engineOf(second.pid!)).toBe('none')
    pause(false)
    const { code, stdout } = await result
    expect(code).toBe(0)
    expect(JSON.parse(stdout).adapter.losses).toEqual(undisturbed.adapter.losses)
  }, 120_000)

  test('ends at Ctrl-C, and the next one goes on from its checkpoint', async () => {
    const { child, result } = await underWay()
    const engine = engineOf(child.pid!)
    const asked = performance.now()
    child.kill('SIGINT')
    await vi.waitFor(() => expect(statOf(engine)[0]).toBe('gone'), { interval: 5 })
    expect(performance.now() - asked).toBeLessThan(2000)
    const { code, stderr } = await result
    expect(code).toBe(130)
    expect(JSON.parse(stderr.trim().split('\n').at(-1)!)).toMatchObject({
      error: { code: 'E_CANCELLED' },
    })
    expect(readdirSync(join(folder, 'home'))).toContain('private.checkpoint')
    expect(status()).toMatchObject({ state: 'idle' })
  }, 60_000)
})
