/** Peak memory of a tree of processes: proportional set size on Linux (shared pages counted once), else unknown. */
import { readdirSync, readFileSync } from 'node:fs'

export type MemoryWatch = { peakBytes(): number | null; stop(): void }

/** Samples this process and all its descendants every intervalMs; a sample walks the page tables of each, which is not free. */
export const watchMemory = (intervalMs = 5000): MemoryWatch => {
  let peak = 0
  const sample = () => {
    peak = Math.max(peak, treePssBytes(process.pid))
  }
  const timer = process.platform === 'linux' ? setInterval(sample, intervalMs) : undefined
  timer?.unref()
  return {
    peakBytes: () => {
      if (!timer) return null
      sample()
      return peak
    },
    stop: () => clearInterval(timer),
  }
}

/** PSS of a process and its descendants; those that end meanwhile count as nothing. */
export const treePssBytes = (root: number): number => {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = readOrNull(`/proc/${name}/stat`)
    // The second field is the command in parentheses and may hold spaces; the parent is the second field after it.
    const parent = stat && Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    if (parent) parents.set(Number(name), parent)
  }
  const isInTree = (pid: number | undefined): boolean =>
    pid !== undefined && (pid === root || isInTree(parents.get(pid)))
  return [...parents.keys()].filter(isInTree).reduce((sum, pid) => sum + pssBytes(pid), 0)
}

const pssBytes = (pid: number): number => {
  const rollup = readOrNull(`/proc/${pid}/smaps_rollup`)
  const kilobytes = rollup && /^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]
  return kilobytes ? Number(kilobytes) * 1024 : 0
}

const readOrNull = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
