/** Memory of process trees while they work, ours and a peer's sampled alike: proportional set size, from the kernel (Linux). */
import { readdirSync, readFileSync } from 'node:fs'
import { memoryOf } from '../../device/engine/process/memory.ts'

const EVERY_MS = 75

/** A process and all below it; tsx's compiler is left out, which a built program lacks. Empty where there is no /proc. */
export const processTree = (pid: number): number[] => {
  if (pid <= 0 || commandOf(pid) === 'esbuild') return []
  return [pid, ...childrenOf(pid).flatMap(processTree)]
}

/** The trees below this process, except those of `peers`: what the engine runs in. */
export const ownChildren = (peers: readonly number[]): number[] =>
  childrenOf(process.pid)
    .filter((pid) => !peers.includes(pid))
    .flatMap(processTree)

/** Largest sum over the processes while the work goes on; not to be timed, since each sample holds them up for milliseconds.
 *  0 where the system does not say. */
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

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return ''
  }
}
