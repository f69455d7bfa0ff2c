/** Memory of another process while it works: proportional set size on Linux (shared mapped weights
 *  are divided among their users), resident set size elsewhere. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

export type MemoryWatch = ReturnType<typeof watchMemory>

const EVERY_MS = 500

export const watchMemory = (pid: number) => {
  let peak = 0
  let timer: NodeJS.Timeout | undefined
  const sample = async () => {
    peak = Math.max(peak, await memoryOf(pid))
  }
  const pause = () => clearInterval(timer)
  return {
    resume() {
      pause()
      timer = setInterval(() => void sample(), EVERY_MS)
      timer.unref()
    },
    pause,
    sample,
    /** Largest sample so far, in bytes. */
    peak: () => peak,
  }
}

/** The memory available to this process, with what it holds and within its container's limit;
 *  undefined where the system does not report it (Linux does, as MemAvailable). */
export const freeBytes = (): number | undefined =>
  process.platform === 'linux' ? process.availableMemory() + process.memoryUsage.rss() : undefined

/** Bytes that a process holds now; 0 if it is gone. */
export const memoryOf = async (pid: number): Promise<number> => {
  try {
    if (process.platform === 'linux') {
      const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
      return 1024 * Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0)
    }
    if (process.platform === 'win32') return 0
    const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])
    return 1024 * Number(stdout.trim())
  } catch {
    return 0
  }
}
