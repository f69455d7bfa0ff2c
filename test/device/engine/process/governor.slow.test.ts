import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { TrainProgress, TrainRequest, TrainResult } from '../../../../device/engine/engine.ts'
import { EngineChild } from '../../../../device/engine/process/child.ts'
import type { ResourcePolicy } from '../../../../device/engine/process/governor.ts'
import type { Call } from '../../../../device/engine/process/messages.ts'
import {
  type EngineModel,
  engineModel,
  randomAdapter,
  randomAnswers,
} from '../../../support/engine-model.ts'
import { programFile } from '../../../support/programs.ts'

let model: EngineModel
let undisturbed: TrainResult
beforeAll(async () => {
  model = await engineModel()
  const child = trainingChild()
  undisturbed = await child.call(trainCall())
  await child.close()
})
afterAll(() => model.release())

const STEPS = 300
const trainCall = (checkpoint?: string) => {
  const request: TrainRequest = {
    objective: { kind: 'completion', examples: randomAnswers(model.config, 6) },
    adapters: [randomAdapter(model.config)],
    trainable: { index: 0, factors: ['B'] },
    epochs: STEPS / 3,
    learningRate: 0.001,
    batch: 2,
    maxTokens: 64,
    clipNorm: 1,
    seed: 1,
    ...(checkpoint && { checkpoint: join(model.folder, checkpoint) }),
  }
  return { method: 'train' as const, args: [request] as [TrainRequest] }
}
const scoreCall: Call = {
  method: 'generate',
  args: [[1], { adapters: [], maxTokens: 2, stopIds: [] }],
}

const trainingChild = (policy: Partial<ResourcePolicy> = {}) =>
  new EngineChild(
    { folder: model.folder, threads: 1, cacheBytes: 0 },
    {
      idleMs: 60_000,
      watchMemory: false,
      policy: { cpuShare: 1, isPaused: () => false, longestPauseMs: 60_000, ...policy },
    },
  )

/** One letter for what the kernel says of a process: T is stopped; gone where there is none, or a
 *  dead one. */
const stateOf = (pid: number | undefined): string => {
  const path = `/proc/${pid}/stat`
  if (!existsSync(path)) return 'gone'
  const letter = /\) (\w)/.exec(readFileSync(path, 'utf8'))?.[1] ?? '?'
  return letter === 'Z' ? 'gone' : letter
}
/** Processor time so far in clock ticks, user and system. */
const ticksOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/** Resolves at the first step. */
const begun = () => {
  let tell = () => {}
  const first = new Promise<void>((resolve) => {
    tell = resolve
  })
  const steps: number[] = []
  return {
    first,
    steps,
    onProgress: (progress: object) => {
      steps.push((progress as TrainProgress).step)
      tell()
    },
  }
}

describe.skipIf(process.platform !== 'linux')('a training child', () => {
  test('is stopped while training is paused, uses no processor, and ends with the same bits', async () => {
    let isPaused = false
    const child = trainingChild({ isPaused: () => isPaused })
    const { first, onProgress } = begun()
    const result = child.call<TrainResult>(trainCall(), onProgress)
    await first
    isPaused = true
    const asked = performance.now()
    await vi.waitFor(() => expect(stateOf(child.pid())).toBe('T'), { interval: 5 })
    expect(performance.now() - asked).toBeLessThan(1000)
    const ticks = ticksOf(child.pid()!)
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(ticksOf(child.pid()!)).toBe(ticks)
    expect(child.pausedMs()).toBeGreaterThan(100)
    isPaused = false
    expect((await result).flat).toEqual(undisturbed.flat)
    await child.close()
  })

  test('is ended by a long pause, and goes on from its checkpoint to the same bits', async () => {
    let isPaused = false
    const child = trainingChild({ isPaused: () => isPaused, longestPauseMs: 1 })
    const { first, onProgress, steps } = begun()
    const result = child.call<TrainResult>(trainCall('long-pause'), onProgress)
    await first
    const pid = child.pid()
    isPaused = true
    await vi.waitFor(() => expect(stateOf(pid)).toBe('gone'))
    expect(child.pid()).toBeUndefined()
    isPaused = false
    const { flat, losses } = await result
    expect(flat).toEqual(undisturbed.flat)
    expect(losses).toEqual(undisturbed.losses)
    expect(steps.at(-1)).toBe(STEPS)
    await child.close()
  })

  test('is not started while training is paused', async () => {
    let isPaused = true
    const child = trainingChild({ isPaused: () => isPaused })
    const result = child.call(scoreCall)
    await new Promise((resolve) => setTimeout(resolve, 120))
    expect(child.pid()).toBeUndefined()
    isPaused = false
    expect(await result).toHaveLength(2)
    await child.close()
  })

  test('with a share of the processor is stopped again and again, and ends with the same bits', async () => {
    const child = trainingChild({ cpuShare: 0.5 })
    const { first, onProgress } = begun()
    const result = child.call<TrainResult>(trainCall(), onProgress)
    await first
    const seen = new Set<string>()
    await vi.waitFor(
      () => {
        seen.add(stateOf(child.pid()) === 'T' ? 'stopped' : 'runs')
        expect([...seen].sort()).toEqual(['runs', 'stopped'])
      },
      { interval: 5 },
    )
    expect((await result).flat).toEqual(undisturbed.flat)
    // Nothing to do: it is not left stopped.
    await vi.waitFor(() => expect(stateOf(child.pid())).not.toBe('T'))
    await child.close()
  })

  test.each([false, true])(
    'ends soon after its call is cancelled (paused: %s), and what else it had begins again',
    async (pauses) => {
      let isPaused = false
      const child = trainingChild({ isPaused: () => isPaused })
      const controller = new AbortController()
      const { first, onProgress } = begun()
      const result = child.call(trainCall(), onProgress, controller.signal)
      const refused = expect(result).rejects.toMatchObject({ code: 'E_CANCELLED' })
      await first
      const other = child.call(scoreCall)
      isPaused = pauses
      if (pauses) await vi.waitFor(() => expect(stateOf(child.pid())).toBe('T'))
      const asked = performance.now()
      controller.abort()
      await refused
      expect(performance.now() - asked).toBeLessThan(1000)
      isPaused = false
      expect(await other).toHaveLength(2)
      await child.close()
    },
  )

  test('does not outlive a parent that is killed while the child is stopped', async () => {
    const parent = spawn(
      process.execPath,
      [programFile('test/support/engine-parent'), model.folder, 'paused'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        detached: true,
      },
    )
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const pid = Number(line.toString())
    await vi.waitFor(() => expect(stateOf(pid)).toBe('T'), { timeout: 5000 })
    // The guard starts with the stop; it needs a moment to wait on its pipe.
    parent.kill('SIGKILL')
    await vi.waitFor(() => expect(stateOf(pid)).toBe('gone'), { timeout: 10_000 })
  })
})

test('a child that is killed from outside says so, and what to do', async () => {
  const child = trainingChild()
  const { first, onProgress } = begun()
  const result = child.call(trainCall(), onProgress)
  await first
  process.kill(child.pid()!, 'SIGKILL')
  await expect(result).rejects.toMatchObject({
    code: 'E_ENGINE',
    message: expect.stringMatching(/killed from outside.*memory.*--memory-limit/),
  })
  expect(await child.call(scoreCall)).toHaveLength(2)
  await child.close()
})
