/** One engine child, started at its first call, started afresh after it died or was left idle. */
import { type ChildProcess, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { FedError } from '../../../adapters/errors.ts'
import { type MemoryWatch, watchMemory } from './memory.ts'
import type { Call, Progress, ToChild, ToParent } from './messages.ts'
import type { ServiceOptions } from './service.ts'

export type EngineChild = {
  /** Fails with the child's own code, or with E_ENGINE when it dies. */
  call<T>(call: Call, onProgress?: (progress: Progress) => void, signal?: AbortSignal): Promise<T>
  /** Process id while one runs. */
  pid(): number | undefined
  /** Largest memory of any process of this child so far. */
  peakBytes(): Promise<number>
  close(): Promise<void>
}

type Pending = {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly onProgress: ((progress: Progress) => void) | undefined
}

type Running = {
  readonly process: ChildProcess
  readonly pending: Map<number, Pending>
  readonly watch: MemoryWatch
}

export type ChildLife = {
  /** A child without calls for so long is ended, and its memory goes back to the system. */
  readonly idleMs: number
  /** Whether its memory is sampled while it works. */
  readonly watchMemory: boolean
}

export const engineChild = (
  options: ServiceOptions,
  { idleMs, watchMemory: isWatched }: ChildLife,
): EngineChild => {
  let running: Running | undefined
  let idle: NodeJS.Timeout | undefined
  let peak = 0
  let lastId = 0
  let closed = false

  const settle = (child: Running, id: number, act: (pending: Pending) => void) => {
    const pending = child.pending.get(id)
    child.pending.delete(id)
    if (child.pending.size === 0) {
      child.watch.pause()
      idle = setTimeout(() => void end(), idleMs)
      idle.unref()
      child.process.unref()
      child.process.channel?.unref()
    }
    if (pending) act(pending)
  }
  const died = (child: Running, reason: string) => {
    if (running === child) running = undefined
    child.watch.pause()
    peak = Math.max(peak, child.watch.peak())
    for (const { reject } of child.pending.values()) reject(new FedError('E_ENGINE', reason))
    child.pending.clear()
  }
  const start = (): Running => {
    const process = forkWorker()
    const child: Running = { process, pending: new Map(), watch: watchMemory(process.pid ?? 0) }
    process.on('message', (message: ToParent) => {
      if (message.type === 'progress') child.pending.get(message.id)?.onProgress?.(message.progress)
      else if (message.type === 'result')
        settle(child, message.id, ({ resolve }) => resolve(message.value))
      else
        settle(child, message.id, ({ reject }) =>
          reject(new FedError(message.code, message.message)),
        )
    })
    process.on('error', (error) => died(child, `the engine process failed: ${error.message}`))
    process.on('exit', (code, signal) =>
      died(child, `the engine process ended with ${signal ?? `exit code ${code}`}`),
    )
    say(child, { type: 'open', ...options })
    return child
  }
  const end = async (): Promise<void> => {
    const child = running
    running = undefined
    clearTimeout(idle)
    if (!child) return
    const gone = new Promise((resolve) => child.process.once('exit', resolve))
    child.process.ref()
    child.process.kill('SIGKILL')
    await gone
  }

  return {
    call: <T>(call: Call, onProgress?: (progress: Progress) => void, signal?: AbortSignal) =>
      new Promise<T>((resolve, reject) => {
        if (closed) return reject(new FedError('E_ENGINE', 'the engine is closed'))
        if (signal?.aborted) return reject(new FedError('E_CANCELLED', 'the call was cancelled'))
        clearTimeout(idle)
        running ??= start()
        const child = running
        const id = ++lastId
        const cancel = () => say(child, { type: 'cancel', id })
        signal?.addEventListener('abort', cancel, { once: true })
        const done = () => signal?.removeEventListener('abort', cancel)
        child.pending.set(id, {
          resolve: (value) => {
            done()
            resolve(value as T)
          },
          reject: (error) => {
            done()
            reject(error)
          },
          onProgress,
        })
        child.process.ref()
        child.process.channel?.ref()
        if (isWatched) child.watch.resume()
        say(child, { type: 'call', id, call })
      }),
    pid: () => running?.process.pid,
    peakBytes: async () => {
      await running?.watch.sample()
      return Math.max(peak, running?.watch.peak() ?? 0)
    },
    close: async () => {
      closed = true
      await end()
    },
  }
}

/** A message to a child that has just died is dropped; its exit event rejects the calls. */
const say = ({ process }: Running, message: ToChild): void => {
  if (process.connected) process.send(message, () => {})
}

/** glibc: tensors come from one heap that keeps its pages, not from a fresh mapping each (a sixth of a step's time). */
const HEAP = { MALLOC_MMAP_MAX_: '0', MALLOC_TRIM_THRESHOLD_: String(2 ** 40) }

/** The worker beside this file: TypeScript under tsx in development, JavaScript once built. */
const forkWorker = (): ChildProcess => {
  const isSource = import.meta.url.endsWith('.ts')
  const worker = new URL(isSource ? './worker.ts' : './worker.js', import.meta.url)
  const loader = () => pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  return fork(fileURLToPath(worker), [], {
    serialization: 'advanced',
    execArgv: isSource ? ['--import', loader()] : [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, ...HEAP },
  })
}
