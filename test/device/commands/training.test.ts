/** What the home says of a training in a process of its own, and what an interrupt leaves behind. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { call } from '../cli-call.ts'
import { engineOf, statOf, type TrainingHome, trainingHome } from './training-home.ts'

let home: TrainingHome
beforeAll(async () => {
  home = await trainingHome()
})
afterEach(() => home.endAll())
afterAll(() => home.close())

test('without training the status is idle, and a pause is remembered', async () => {
  expect(await home.status()).toMatchObject({ state: 'idle', step: null })
  expect(
    JSON.parse((await call(home.folder, ['training', 'pause', '--json'])).stdout),
  ).toMatchObject({
    state: 'paused',
  })
  expect((await call(home.folder, ['training', 'resume'])).stdout).toBe('idle\n')
})

describe.skipIf(process.platform !== 'linux')('a training under way', () => {
  // The engine child has 60 ms to write its checkpoint, which a busy machine does not always give it.
  test('ends at Ctrl-C, and the next one resumes from its checkpoint', { retry: 2 }, async () => {
    const { child, result } = await home.underWay()
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
    expect(readdirSync(join(home.folder, 'home'))).toContain('private.checkpoint')
    expect(await home.status()).toMatchObject({ state: 'idle' })
  })
})
