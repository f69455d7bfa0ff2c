/** A machine of a few files and answers of programs. */
import type { MachineIo } from '../../../device/agent/machine-io.ts'

/** files: by path; programs: by name, null fails, a function may hang. */
export const fakeMachine = (
  files: Record<string, string>,
  programs: Record<string, string | (() => Promise<string | null>)> = {},
  monotonicMs = () => 0,
): MachineIo => ({
  sys: '/sys',
  proc: '/proc',
  readText: async (path) => files[path] ?? null,
  list: async (path) => {
    const names = Object.keys(files)
      .filter((file) => file.startsWith(`${path}/`))
      .map((file) => file.slice(path.length + 1).split('/')[0]!)
    return names.length === 0 ? null : [...new Set(names)]
  },
  run: async (command, args) => {
    const answer = programs[`${command} ${args.at(-1)}`] ?? programs[command] ?? null
    return typeof answer === 'function' ? answer() : answer
  },
  monotonicMs,
})
