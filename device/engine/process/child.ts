/** One engine child, started at its first call, started afresh after it died or was left idle. */
import { FedError } from '../../../adapters/errors.ts'
import { type Governor, governor, type ResourcePolicy } from './governor.ts'
import type { Call, Progress, ToParent } from './messages.ts'
import { cancelled, type PendingCalls, pendingCalls } from './pending-calls.ts'
import type { ServiceOptions } from './service.ts'
import { type Watchdog, watchdog } from './watchdog.ts'
import { startWorker, type WorkerProcess } from './worker-process.ts'

type ChildLife = {
  /** A child without calls for so long is ended, and its memory goes back to the system. */
  readonly idleMs: number
  /** Whether its memory is sampled while it works. */
  readonly watchMemory: boolean
  /** A child that has calls to answer and is silent for so long is ended; not for one whose policy
   *  may stop it. */
  readonly silentMs?: number | undefined
  /** For training: low priority, a share of the time, and pauses. */
  readonly policy?: ResourcePolicy
}

/** How long a cancelled child may write its checkpoint before it is killed. */
const CANCEL_MS = 60

export class EngineChild {
  readonly #options: ServiceOptions
  readonly #life: ChildLife
  readonly #calls: PendingCalls = pendingCalls(() => this.#rest())
  /** Calls that the process has not answered, those that were given up included. */
  readonly #unanswered = new Set<number>()
  readonly #watchdog: Watchdog
  readonly #governor: Governor | undefined
  #worker: WorkerProcess | undefined
  #idle: NodeJS.Timeout | undefined
  #peakBytes = 0
  #isClosed = false

  constructor(options: ServiceOptions, life: ChildLife) {
    this.#options = options
    this.#life = life
    this.#watchdog = watchdog(life.silentMs ?? Number.POSITIVE_INFINITY, () => this.#silent())
    this.#governor =
      life.policy &&
      governor(life.policy, {
        pid: () => this.#worker?.pid,
        signal: (signal) => this.#worker?.signal(signal),
        terminate: () => void this.#end(),
        resume: () => this.#deliverAll(),
      })
  }

  /** Fails with the child's own code, with E_ENGINE when it dies, with E_CANCELLED soon after a
   *  signal aborts: `signal` ends the call, `unwanted` keeps it from beginning. */
  async call<T>(
    call: Call,
    onProgress?: (progress: Progress) => void,
    signal?: AbortSignal,
    unwanted?: AbortSignal,
  ): Promise<T> {
    if (this.#isClosed) throw new FedError('E_ENGINE', 'the engine is closed')
    if (signal?.aborted || unwanted?.aborted) throw cancelled()
    clearTimeout(this.#idle)
    const { id, answer } = this.#calls.add<T>(call, onProgress)
    const onAbort = () => this.#cancel(id)
    const onUnwanted = () => this.#giveUp(id)
    signal?.addEventListener('abort', onAbort, { once: true })
    unwanted?.addEventListener('abort', onUnwanted, { once: true })
    try {
      this.#governor?.begin()
      if (this.#worker || !this.#governor?.isSuspended()) this.#deliver(id, call)
    } catch (error) {
      this.#calls.reject(id, error as Error)
    }
    return answer.finally(() => {
      signal?.removeEventListener('abort', onAbort)
      unwanted?.removeEventListener('abort', onUnwanted)
    })
  }

  /** Starts the process before there is a call for it. */
  warm(): void {
    if (this.#worker || this.#isClosed) return
    this.#worker = this.#start()
    this.#rest()
  }

  /** Process id while one runs. */
  pid(): number | undefined {
    return this.#worker?.pid
  }

  /** Milliseconds that its work was paused so far. */
  pausedMs(): number {
    return this.#governor?.pausedMs() ?? 0
  }

  /** Largest memory of any process of this child so far. */
  async peakBytes(): Promise<number> {
    await this.#worker?.memory.sample()
    return Math.max(this.#peakBytes, this.#worker?.memory.peak() ?? 0)
  }

  /** Ends the process and its memory. Calls fail with E_CANCELLED; the next starts a fresh one. */
  renew(): Promise<void> {
    return this.#endWith(cancelled())
  }

  close(): Promise<void> {
    this.#isClosed = true
    return this.#endWith(new FedError('E_ENGINE', 'the engine was closed'))
  }

  async #endWith(error: FedError): Promise<void> {
    const ended = this.#end()
    for (const { id } of this.#calls.all()) this.#calls.reject(id, error)
    // Nothing runs that could become idle.
    clearTimeout(this.#idle)
    await ended
  }

  #start(): WorkerProcess {
    const worker = startWorker(this.#options, this.#life.policy !== undefined, {
      onMessage: (message) => {
        if (this.#worker === worker) this.#receive(message)
      },
      onEnd: (reason) => this.#died(worker, reason),
    })
    return worker
  }

  #receive(message: ToParent): void {
    this.#watchdog.heard()
    if (message.type === 'alive') return
    const { id } = message
    if (message.type === 'progress') {
      this.#calls.progress(id, message.progress)
      return
    }
    this.#unanswered.delete(id)
    if (this.#unanswered.size === 0) this.#watchdog.rest()
    if (message.type === 'result') this.#calls.resolve(id, message.value)
    else this.#calls.reject(id, new FedError(message.code, message.message))
  }

  #deliver(id: number, call: Call): void {
    this.#worker ??= this.#start()
    this.#worker.keepAlive(true)
    if (this.#life.watchMemory) this.#worker.memory.resume()
    this.#unanswered.add(id)
    if (this.#life.silentMs !== undefined) this.#watchdog.watch()
    this.#worker.send({ type: 'call', id, call })
  }

  #deliverAll(): void {
    if (!this.#worker) for (const { id, call } of this.#calls.all()) this.#deliver(id, call)
  }

  /** There is nothing to answer. */
  #rest(): void {
    this.#governor?.end()
    this.#worker?.memory.pause()
    this.#idle = setTimeout(() => void this.#end(), this.#life.idleMs)
    this.#idle.unref()
    this.#worker?.keepAlive(false)
  }

  #silent(): void {
    const worker = this.#worker
    if (!worker) return
    this.#died(worker, 'the engine process did not answer any more; the next call starts another')
    void worker.kill()
  }

  #died(worker: WorkerProcess, reason: string): void {
    worker.memory.pause()
    this.#peakBytes = Math.max(this.#peakBytes, worker.memory.peak())
    if (this.#worker !== worker) return
    this.#worker = undefined
    this.#processGone()
    this.#calls.rejectAll(new FedError('E_ENGINE', reason))
  }

  #processGone(): void {
    this.#unanswered.clear()
    this.#watchdog.rest()
    this.#governor?.processGone()
  }

  /** Ends the process. Its calls stay unanswered; compare #died. */
  async #end(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    clearTimeout(this.#idle)
    this.#processGone()
    await worker?.kill()
  }

  #cancel(id: number): void {
    if (!this.#calls.cancel(id)) return
    if (this.#worker && !this.#governor?.isSuspended()) {
      this.#worker.send({ type: 'cancel', id })
      this.#worker.signal('SIGCONT')
      setTimeout(() => this.#dropCancelled(), CANCEL_MS)
    } else this.#dropCancelled()
  }

  /** Ends cancelled calls, and the process with them; other calls begin again in a fresh one. */
  #dropCancelled(): void {
    const ids = this.#calls.cancelledIds()
    if (ids.length === 0) return
    void this.#end()
    for (const id of ids) this.#calls.reject(id, cancelled())
    if (!this.#governor?.isSuspended()) this.#deliverAll()
  }

  #giveUp(id: number): void {
    if (!this.#calls.cancel(id)) return
    this.#worker?.send({ type: 'cancel', id })
    this.#calls.reject(id, cancelled())
  }
}
