/** `loreweave` as a child process, with a home and a model cache of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { join } from 'node:path'
import { programFile } from '../support/programs.ts'
import type { Result } from './cli-call.ts'

type Environment = Record<string, string>

/** folder: holds home and cache. */
export const start = (
  folder: string,
  args: string[],
  env: Environment = {},
): ChildProcessWithoutNullStreams =>
  spawn(process.execPath, [programFile('device/cli'), ...args], {
    env: {
      ...process.env,
      LOREWEAVE_HOME: join(folder, 'home'),
      LOREWEAVE_CACHE: join(folder, 'cache'),
      ...env,
    },
  })

/** Everything that a started program says, once it has ended. */
export const resultOf = (child: ChildProcessWithoutNullStreams): Promise<Result> =>
  new Promise((resolve, reject) => {
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (data) => {
      stdout += data
    })
    child.stderr.on('data', (data) => {
      stderr += data
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })

export const run = (
  folder: string,
  args: string[],
  { input = '', env = {} }: { input?: string; env?: Environment } = {},
): Promise<Result> => {
  const child = start(folder, args, env)
  const result = resultOf(child)
  child.stdin.end(input)
  return result
}
