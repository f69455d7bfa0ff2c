/**
 * A home with choices of which a training takes some seconds, and trainings in processes of their
 * own.
 */
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import type { TrainingStatus } from '../../../device/store/training-status.ts'
import { call } from '../cli-call.ts'
import { resultOf, start } from '../cli-process.ts'
import { shortChoices, temporaryFolder } from '../device-fixture.ts'

/** So slow a rate that what is held back goes on gaining, and no epoch is left out. */
export const TRAIN = [
  'train',
  '--adapter',
  '--epochs',
  '12',
  '--learning-rate',
  '0.00001',
  '--json',
]

export const trainingHome = async () => {
  const folder = temporaryFolder()
  await call(folder, ['init', '--model', 'tiny', '--threads', '1'])
  const data = join(folder, 'choices.jsonl')
  const lines = shortChoices(20).map((choice) => JSON.stringify(choice))
  writeFileSync(data, lines.join('\n'))
  await call(folder, ['train', '--data', data])
  const started: ReturnType<typeof start>[] = []
  const ask = async (what: string): Promise<TrainingStatus> =>
    JSON.parse((await call(folder, ['training', what, '--json'])).stdout)
  const status = () => ask('status')
  const pause = (paused: boolean) => ask(paused ? 'pause' : 'resume')
  const training = () => {
    const child = start(folder, TRAIN)
    started.push(child)
    return { child, result: resultOf(child) }
  }
  return {
    folder,
    status,
    pause,
    /** Started; ended by `endAll` at the latest. */
    training,
    /** One that has taken some steps. */
    underWay: async () => {
      const begun = training()
      await vi.waitFor(async () => expect(await status()).toMatchObject({ state: 'running' }), {
        timeout: 30_000,
      })
      return begun
    },
    endAll: async () => {
      for (const child of started.splice(0)) {
        child.kill('SIGKILL')
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      }
      await pause(false)
    },
    close: () => rmSync(folder, { recursive: true }),
  }
}
export type TrainingHome = Awaited<ReturnType<typeof trainingHome>>

/**
 * Fields after the name in /proc/<pid>/stat: state, parent, …  A dead process that nobody has
 * waited for is gone.
 */
export const statOf = (pid: string | number): string[] => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return fields[0] === 'Z' ? ['gone'] : fields
  } catch {
    return ['gone']
  }
}
/** The engine child of a running program. */
export const engineOf = (pid: number): string =>
  readdirSync('/proc').find(
    (name) =>
      /^\d+$/.test(name) &&
      statOf(name)[1] === String(pid) &&
      readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('worker'),
  ) ?? 'none'
