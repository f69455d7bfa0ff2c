/** The machine as the readers of its conditions see it. */
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'

/** The readers' access to the machine: files, folders, programs. null: missing or failed. */
export type MachineIo = {
  readonly sys: string
  readonly proc: string
  readonly readText: (path: string) => Promise<string | null>
  readonly list: (path: string) => Promise<string[] | null>
  readonly run: (command: string, args: string[]) => Promise<string | null>
  /** The clock of logind's timestamps (CLOCK_MONOTONIC). */
  readonly monotonicMs: () => number
}

export type Heat = { readonly celsius: number | null; readonly throttled: boolean | null }

/** Time limit of a program. */
const RUN_MS = 2000

export const machineIo = (sys = '/sys', proc = '/proc'): MachineIo => ({
  sys,
  proc,
  readText: (path) => readFile(path, 'utf8').catch(() => null),
  list: (path) => readdir(path).catch(() => null),
  run: (command, args) =>
    new Promise((resolve) => {
      execFile(command, args, { timeout: RUN_MS, killSignal: 'SIGKILL' }, (error, stdout) =>
        resolve(error ? null : stdout),
      )
    }),
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
})
