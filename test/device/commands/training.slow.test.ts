/**
 * Pausing a training by another command, which asks the process that trains; real processes, the
 * built-in model.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { engineOf, statOf, type TrainingHome, trainingHome } from './training-home.ts'

let home: TrainingHome
beforeAll(async () => {
  home = await trainingHome()
})
afterEach(() => home.endAll())
afterAll(() => home.close())

describe.skipIf(process.platform !== 'linux')('a training under way', () => {
  test('stops when another command pauses the home, survives kill -9, waits, and ends with the same adapter', async () => {
    const undisturbed = JSON.parse((await home.training().result).stdout)

    const first = await home.underWay()
    await home.pause(true)
    const engine = engineOf(first.child.pid!)
    await vi.waitFor(() => expect(statOf(engine)[0]).toBe('T'))
    expect(await home.status()).toMatchObject({
      state: 'paused',
      steps: undisturbed.adapter.losses.length,
    })
    first.child.kill('SIGKILL')
    await first.result
    await vi.waitFor(() => expect(statOf(engine)[0]).toBe('gone'))

    const { child: second, result } = home.training()
    let told = ''
    second.stderr.on('data', (data) => {
      told += data
    })
    await vi.waitFor(() => expect(told).toContain('loreweave training resume'), { timeout: 30_000 })
    expect(engineOf(second.pid!)).toBe('none')
    await home.pause(false)
    const { code, stdout } = await result
    expect(code).toBe(0)
    expect(JSON.parse(stdout).adapter.losses).toEqual(undisturbed.adapter.losses)
  }, 120_000)
})
