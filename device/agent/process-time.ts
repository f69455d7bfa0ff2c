/** Processor time of this program and every process that it started. */
import { TICKS } from './conditions-linux.ts'
import type { MachineIo } from './machine-io.ts'

/**
 * Seconds so far. Ended children are counted by the parent that waited for them. null if unknown.
 */
export const treeSeconds = (
  platform: NodeJS.Platform,
  io: MachineIo,
  pid: number,
): Promise<number | null> =>
  platform === 'linux' ? linuxTree(io, pid) : platform === 'darwin' ? macosTree(io, pid) : none

const none = Promise.resolve(null)

const linuxTree = async (io: MachineIo, pid: number): Promise<number | null> => {
  const stat = await io.readText(`${io.proc}/${pid}/stat`)
  if (stat === null) return null
  const threads = (await io.list(`${io.proc}/${pid}/task`)) ?? []
  const lists = await Promise.all(
    threads.map((thread) => io.readText(`${io.proc}/${pid}/task/${thread}/children`)),
  )
  const children = lists.flatMap((list) => list?.split(' ').filter((id) => id.trim()) ?? [])
  const below = await Promise.all(children.map((child) => linuxTree(io, Number(child))))
  return below.reduce<number>((sum, seconds) => sum + (seconds ?? 0), statSeconds(stat))
}

/**
 * /proc/<pid>/stat, proc_pid_stat(5): utime, stime, cutime, cstime are fields 14 to 17; the name
 * may hold spaces and brackets.
 */
export const statSeconds = (text: string): number => {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS
}

const macosTree = async (io: MachineIo, pid: number): Promise<number | null> => {
  const text = await io.run('ps', ['-axo', 'pid=,ppid=,time='])
  return text === null ? null : psSeconds(text, pid)
}

/** Lines of "pid ppid [hours:]minutes:seconds"; the sum over a process and all below it. */
export const psSeconds = (text: string, root: number): number => {
  const rows = text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((row) => row.length === 3)
    .map(([pid, parent, time]) => ({
      pid: Number(pid),
      parent: Number(parent),
      seconds: time!.split(':').reduce((sum, part) => 60 * sum + Number(part), 0),
    }))
  const sum = (pid: number): number =>
    rows
      .filter((row) => row.parent === pid && row.pid !== pid)
      .reduce((total, row) => total + sum(row.pid), rows.find((r) => r.pid === pid)?.seconds ?? 0)
  return sum(root)
}
