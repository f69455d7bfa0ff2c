/** One engine child, started at its first call, started afresh after it died or was left idle. */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants, setPriority } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FedError } from '../../../adapters/errors.ts'
import { replaceFileSync } from '../../../adapters/node/replace-file.ts'
import { governor, type Manners } from './governor.ts'
import { type MemoryWatch, watchMemory } from './memory.ts'
import type { Call, Progress, ToChild, ToParent } from './messages.ts'
import type { ServiceOptions } from './service.ts'
import { watchdog } from './watchdog.ts'

export type EngineChild = {
  /** Fails with the child's own code, with E_ENGINE when it dies, with E_CANCELLED soon after a signal aborts: what `signal` aborts is
   *  ended, what `unwanted` aborts is not begun. */
  call<T>(
    call: Call,
    onProgress?: (progress: Progress) => void,
    signal?: AbortSignal,
    unwanted?: AbortSignal,
  ): Promise<T>
  /** Starts the process before there is a call for it. */
  warm(): void
  /** Process id while one runs. */
  pid(): number | undefined
  /** Milliseconds that its work was paused so far. */
  pausedMs(): number
  /** Largest memory of any process of this child so far. */
  peakBytes(): Promise<number>
  /** Ends the process with all that it remembers, if one runs; its calls fail with E_CANCELLED, the next begins in a fresh one. */
  renew(): Promise<void>
  close(): Promise<void>
}

type Pending = {
  readonly call: Call
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly onProgress: ((progress: Progress) => void) | undefined
  isCancelled: boolean
}

type Running = { readonly process: ChildProcess; readonly watch: MemoryWatch }

export type ChildLife = {
  /** A child without calls for so long is ended, and its memory goes back to the system. */
  readonly idleMs: number
  /** Whether its memory is sampled while it works. */
  readonly watchMemory: boolean
  /** A child that owes an answer and says nothing for so long is ended; not one whose manners may stop it. */
  readonly silentMs?: number | undefined
  /** Of a child that trains: it runs at low priority, for its share of the time, and can be paused. */
  readonly manners?: Manners
}

/** What a child that was asked to stop has for ending by itself, with a checkpoint, before it is killed. */
const CANCEL_MS = 60

export const engineChild = (
  options: ServiceOptions,
  { idleMs, watchMemory: isWatched, manners, silentMs }: ChildLife,
): EngineChild => {
  /** Calls without an answer. They outlive a child that a pause has ended. */
  const pending = new Map<number, Pending>()
  let running: Running | undefined
  let idle: NodeJS.Timeout | undefined
  let peak = 0
  let lastId = 0
  let closed = false

  /** Calls that the child has not answered, those that were given up included. */
  const owed = new Set<number>()
  const dog = watchdog(silentMs ?? Number.POSITIVE_INFINITY, () => {
    const child = running
    if (!child) return
    died(child, 'the engine process did not answer any more; the next call starts another')
    child.process.kill('SIGKILL')
  })
  const answered = (id: number) => {
    owed.delete(id)
    if (owed.size === 0) dog.rest()
  }
  const forgetOwed = () => {
    owed.clear()
    dog.rest()
  }

  const settle = (id: number, act: (pending: Pending) => void) => {
    const settled = pending.get(id)
    if (!settled) return
    pending.delete(id)
    if (pending.size === 0) rest()
    act(settled)
  }
  const rest = () => {
    governed?.end()
    running?.watch.pause()
    idle = setTimeout(() => void end(), idleMs)
    idle.unref()
    running?.process.unref()
    running?.process.channel?.unref()
  }
  const died = (child: Running, reason: string) => {
    child.watch.pause()
    peak = Math.max(peak, child.watch.peak())
    if (running !== child) return
    running = undefined
    forgetOwed()
    governed?.forget()
    for (const id of [...pending.keys()])
      settle(id, ({ reject, isCancelled }) =>
        reject(isCancelled ? cancelled() : new FedError('E_ENGINE', reason)),
      )
  }
  const start = (): Running => {
    const process = forkWorker()
    const child: Running = { process, watch: watchMemory(process.pid ?? 0) }
    if (manners && process.pid !== undefined) lowerPriority(process.pid)
    process.on('message', (message: ToParent) => {
      if (running !== child) return
      dog.heard()
      if (message.type === 'alive') return
      if (message.type !== 'progress') answered(message.id)
      if (message.type === 'progress') pending.get(message.id)?.onProgress?.(message.progress)
      else if (message.type === 'result')
        settle(message.id, ({ resolve }) => resolve(message.value))
      else settle(message.id, ({ reject }) => reject(new FedError(message.code, message.message)))
    })
    process.on('error', (error) => died(child, `the engine process failed: ${error.message}`))
    process.on('exit', (code, signal) => died(child, deathOf(code, signal)))
    say(child, { type: 'open', ...options })
    return child
  }
  /** What waits for an answer is not told; see died. */
  const end = async (): Promise<void> => {
    const child = running
    running = undefined
    clearTimeout(idle)
    forgetOwed()
    if (!child) return
    governed?.forget()
    const gone = new Promise((resolve) => child.process.once('exit', resolve))
    child.process.ref()
    child.process.kill('SIGKILL')
    await gone
  }
  const deliver = (id: number, call: Call) => {
    running ??= start()
    running.process.ref()
    running.process.channel?.ref()
    if (isWatched) running.watch.resume()
    owed.add(id)
    if (silentMs !== undefined) dog.watch()
    say(running, { type: 'call', id, call })
  }
  const deliverAll = () => {
    if (!running) for (const [id, { call }] of pending) deliver(id, call)
  }
  const governed =
    manners &&
    governor(manners, {
      pid: () => running?.process.pid,
      signal: (signal) => void running?.process.kill(signal),
      letGo: () => void end(),
      goOn: deliverAll,
    })
  /** Ends cancelled calls, and the child with them; other calls begin again in a fresh one. */
  const drop = () => {
    const dropped = [...pending].filter(([, { isCancelled }]) => isCancelled)
    if (dropped.length === 0) return
    void end()
    for (const [id] of dropped) settle(id, ({ reject }) => reject(cancelled()))
    if (!governed?.isHeld()) deliverAll()
  }
  const cancel = (id: number) => {
    const call = pending.get(id)
    if (!call) return
    call.isCancelled = true
    if (!running || governed?.isHeld()) return drop()
    say(running, { type: 'cancel', id })
    running.process.kill('SIGCONT')
    setTimeout(drop, CANCEL_MS)
  }

  const giveUp = (id: number) => {
    if (running) say(running, { type: 'cancel', id })
    settle(id, ({ reject }) => reject(cancelled()))
  }

  return {
    call: <T>(
      call: Call,
      onProgress?: (progress: Progress) => void,
      signal?: AbortSignal,
      unwanted?: AbortSignal,
    ) =>
      new Promise<T>((resolve, reject) => {
        if (closed) return reject(new FedError('E_ENGINE', 'the engine is closed'))
        if (signal?.aborted || unwanted?.aborted) return reject(cancelled())
        clearTimeout(idle)
        const id = ++lastId
        const onAbort = () => cancel(id)
        const onUnwanted = () => giveUp(id)
        signal?.addEventListener('abort', onAbort, { once: true })
        unwanted?.addEventListener('abort', onUnwanted, { once: true })
        const done = () => {
          signal?.removeEventListener('abort', onAbort)
          unwanted?.removeEventListener('abort', onUnwanted)
        }
        pending.set(id, {
          call,
          resolve: (value) => {
            done()
            resolve(value as T)
          },
          reject: (error) => {
            done()
            reject(error)
          },
          onProgress,
          isCancelled: false,
        })
        governed?.begin()
        if (running || !governed?.isHeld()) deliver(id, call)
      }),
    warm() {
      if (running || closed) return
      running = start()
      rest()
    },
    pid: () => running?.process.pid,
    pausedMs: () => governed?.pausedMs() ?? 0,
    peakBytes: async () => {
      await running?.watch.sample()
      return Math.max(peak, running?.watch.peak() ?? 0)
    },
    renew: async () => {
      const ended = end()
      for (const id of [...pending.keys()]) settle(id, ({ reject }) => reject(cancelled()))
      // Nothing runs that could become idle.
      clearTimeout(idle)
      await ended
    },
    close: async () => {
      closed = true
      const ended = end()
      for (const id of [...pending.keys()])
        settle(id, ({ reject }) => reject(new FedError('E_ENGINE', 'the engine was closed')))
      clearTimeout(idle)
      await ended
    },
  }
}

const cancelled = (): FedError =>
  new FedError('E_CANCELLED', 'stopped before it was done; a training goes on from its checkpoint')

/** Below what the user works with, above what waits for an idle machine. Where the system forbids it, nothing changes. */
const lowerPriority = (pid: number): void => {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // A container may forbid it.
  }
}

/** What to tell of a child that ended although it was not asked to. */
const deathOf = (code: number | null, signal: NodeJS.Signals | null): string => {
  if (signal === 'SIGKILL')
    return 'the engine process was killed from outside: perhaps the system ran out of memory. Close other programs, set a memory limit (--memory-limit) or choose a smaller model; a training goes on from its checkpoint'
  const how = signal ? `crashed with ${signal}` : `ended with exit code ${code}`
  return `the engine process ${how}; the next call starts another, a training goes on from its checkpoint`
}

/** A message to a child that has just died is dropped; its exit event rejects the calls. */
const say = ({ process }: Running, message: ToChild): void => {
  if (process.connected) process.send(message, () => {})
}

/** glibc: tensors come from one heap that keeps its pages, not from a fresh mapping each (a sixth of a step's time). */
const HEAP = { MALLOC_MMAP_MAX_: '0', MALLOC_TRIM_THRESHOLD_: String(2 ** 40) }

const forkWorker = (): ChildProcess =>
  fork(workerFile(), [], {
    serialization: 'advanced',
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, ...HEAP },
  })

/** The worker beside this file. Of sources it is a bundle, made anew once in each process: a child so begun starts in a third of
 *  the time, and takes half of the memory, of one that compiles as it loads. */
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
