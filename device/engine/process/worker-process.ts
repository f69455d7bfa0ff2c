/** The process of an engine child: how it starts, what is said to it, and how it ends. */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants, setPriority } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { replaceFileSync } from '../../../adapters/node/replace-file.ts'
import { type MemoryWatch, watchMemory } from './memory.ts'
import type { ToChild, ToParent } from './messages.ts'
import type { ServiceOptions } from './service.ts'

export type WorkerProcess = {
  readonly pid: number | undefined
  readonly memory: MemoryWatch
  /** A message to a process that has just died is dropped. */
  send(message: ToChild): void
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  /** Whether this program goes on for the process's sake. */
  keepAlive(isNeeded: boolean): void
  /** Ends it at once; resolves when it is gone. */
  kill(): Promise<void>
}

type WorkerEvents = {
  readonly onMessage: (message: ToParent) => void
  /** It ended although it was not asked to, or was asked to by `kill`. */
  readonly onEnd: (reason: string) => void
}

export const startWorker = (
  options: ServiceOptions,
  isLowPriority: boolean,
  { onMessage, onEnd }: WorkerEvents,
): WorkerProcess => {
  const child = forkWorker()
  if (isLowPriority && child.pid !== undefined) lowerPriority(child.pid)
  child.on('message', onMessage)
  child.on('error', (error) => onEnd(`the engine process failed: ${error.message}`))
  child.on('exit', (code, signal) => onEnd(deathOf(code, signal)))
  const send = (message: ToChild) => {
    if (child.connected) child.send(message, () => {})
  }
  send({ type: 'open', ...options })
  return {
    pid: child.pid,
    memory: watchMemory(child.pid ?? 0),
    send,
    signal: (signal) => void child.kill(signal),
    keepAlive(isNeeded) {
      for (const handle of [child, child.channel]) isNeeded ? handle?.ref() : handle?.unref()
    },
    async kill() {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.ref()
      child.kill('SIGKILL')
      await gone
    },
  }
}

/** Below the user's programs, above what waits for idle. No change if the system forbids it. */
const lowerPriority = (pid: number): void => {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // A container may forbid it.
  }
}

const deathOf = (code: number | null, signal: NodeJS.Signals | null): string => {
  if (signal === 'SIGKILL')
    return (
      'the engine process was killed from outside: perhaps the system ran out of memory. ' +
      'Close other programs, set a memory limit (--memory-limit) or choose a smaller model; ' +
      'a training goes on from its checkpoint'
    )
  const how = signal ? `crashed with ${signal}` : `ended with exit code ${code}`
  return `the engine process ${how}; the next call starts another, a training goes on from its checkpoint`
}

/** glibc: tensors come from one heap that keeps its pages, not from a fresh mapping each (a sixth
 *  of a step's time). */
const HEAP = { MALLOC_MMAP_MAX_: '0', MALLOC_TRIM_THRESHOLD_: String(2 ** 40) }

const forkWorker = (): ChildProcess =>
  fork(workerFile(), [], {
    serialization: 'advanced',
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, ...HEAP },
  })

/** The worker beside this file. From sources it is bundled once in each process: a bundle starts in
 *  a third of the time, and takes half of the memory, of one that compiles as it loads. */
const workerFile = (): string => {
  if (!import.meta.url.endsWith('.ts'))
    return fileURLToPath(new URL('./worker.js', import.meta.url))
  bundled ??= bundle(fileURLToPath(new URL('./worker.ts', import.meta.url)))
  return bundled
}

let bundled: string | undefined

const bundle = (entry: string): string => {
  const require = createRequire(import.meta.url)
  const { buildSync } = require('esbuild') as typeof import('esbuild')
  const options = { bundle: true, platform: 'node', format: 'esm', packages: 'external' } as const
  const [file] = buildSync({ entryPoints: [entry], ...options, write: false }).outputFiles
  // Beside the packages, so that it finds them.
  const folder = join(dirname(require.resolve('esbuild/package.json')), '..', '.cache', 'loreweave')
  const path = join(folder, 'worker.mjs')
  mkdirSync(folder, { recursive: true })
  replaceFileSync(path, file!.contents, { isFlushed: false })
  return path
}
