/** Memory of process trees, ours and a peer's alike: proportional set size (Linux). */
import { readdirSync, readFileSync } from 'node:fs'
import { memoryOf } from '../../device/engine/process/memory.ts'

const EVERY_MS = 75

/** A process and all below it, less tsx's compiler; empty without /proc. */
export const processTree = (pid: number): number[] => {
  if (pid <= 0 || commandOf(pid) === 'esbuild') return []
  return [pid, ...childrenOf(pid).flatMap(processTree)]
}

/** The trees below this process, except those of `peers`: what the engine runs in. */
export const ownChildren = (peers: readonly number[]): number[] =>
  childrenOf(process.pid)
    .filter((pid) => !peers.includes(pid))
    .flatMap(processTree)

/**
 * Largest sum over the processes while the work goes on; 0 where the system does not say. Such work
 * is not to be timed: each sample holds the processes up for milliseconds.
 */
export const peakDuring = async (
  pids: () => readonly number[],
  work: () => Promise<unknown>,
): Promise<number> => {
  let peak = 0
  let isDone = false
  const watching = (async () => {
    while (!isDone) {
      peak = Math.max(peak, await sumOf(pids()))
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
    }
  })()
  await work().finally(() => {
    isDone = true
  })
  await watching
  return Math.max(peak, await sumOf(pids()))
}

export const sumOf = async (pids: readonly number[]): Promise<number> =>
  (await Promise.all(pids.map(memoryOf))).reduce((a, b) => a + b, 0)

export type MemoryWatch = { peakBytes(): number | null; stop(): void }

/** Samples this process and all below it every intervalMs; null without /proc. */
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

/** A process and all below it; those that end meanwhile count as nothing. */
export const treePssBytes = (root: number): number =>
  [root, ...descendants(root)].reduce((sum, pid) => {
    const rollup = readOr('', `/proc/${pid}/smaps_rollup`)
    return sum + 1024 * Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? 0)
  }, 0)

/** The processes that a process has started, and theirs. */
export const descendants = (pid: number): number[] =>
  childrenOf(pid).flatMap((child) => [child, ...descendants(child)])

const childrenOf = (pid: number): number[] => {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
        .split(' ')
        .filter(Boolean)
        .map(Number),
    )
  } catch {
    return []
  }
}

const commandOf = (pid: number): string => readOr('', `/proc/${pid}/comm`).trim()

const readOr = (fallback: string, path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return fallback
  }
}
