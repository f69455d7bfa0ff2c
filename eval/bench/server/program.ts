/** A server of this checkout or another, as a process that the benchmark measures and kills. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { FedError } from '../../../adapters/errors.ts'
import { programCommand } from '../../programs/processes.ts'

/** How its server is started. */
export type Checkout = { readonly command: string; readonly args: readonly string[] }

type Delay = { readonly p50: number; readonly p99: number; readonly max: number }

/** How late the event loop was, and the processor's time, since it was asked last. */
export type Probe = {
  readonly delayMs: Delay
  /** Without the time in which the system ran other programs, where it says so. */
  readonly ownDelayMs: Delay
  readonly cpuMs: number
}

export type BenchServer = {
  readonly port: number
  readonly credential: string
  probe(): Promise<Probe>
  /** Begins to look for a new peak. */
  resetPeak(): void
  /** Largest resident memory since then; null where the system does not say. */
  peakBytes(): number | null
  /** SIGKILL, and gone when this resolves. */
  kill(): Promise<void>
  hasEnded(): boolean
}

export type StartOptions = {
  readonly checkout: Checkout
  readonly data: string
  /** Default: a free one. */
  readonly port?: number
  readonly flags?: readonly string[]
  /** Of the operator, where replicas share one. */
  readonly credential?: string
}

export const ownCheckout = (): Checkout => programCommand('server/cli')

/** folder: with its packages installed. Fails with E_USAGE where there is no server. */
export const otherCheckout = (folder: string): Checkout => {
  const file = join(folder, 'server', 'cli.ts')
  if (!existsSync(file)) throw new FedError('E_USAGE', `no server in ${folder}: ${file} is missing`)
  return { command: process.execPath, args: ['--import', import.meta.resolve('tsx'), file] }
}

/** Resolves once it listens. Fails with E_INTERNAL and its last words. */
export const startBenchServer = async (options: StartOptions): Promise<BenchServer> => {
  const { checkout, data, port = 0, flags = [], credential } = options
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const credentialFile = join(data, 'operator-credential')
  if (credential !== undefined && !existsSync(credentialFile))
    writeFileSync(credentialFile, `${credential}\n`, { mode: 0o600 })
  const probe = new URL('./probe.mjs', import.meta.url).href
  const serve = ['serve', '--data', data, '--port', `${port}`, '--log-level', 'error', ...flags]
  const child = spawn(checkout.command, ['--import', probe, ...checkout.args, ...serve], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // Not a flag: another checkout may not know it.
    env: { ...process.env, LOREWEAVE_LEAST_COHORT: '1' },
  })
  started.add(child)
  child.once('exit', () => started.delete(child))
  const url = await listening(child)
  return {
    port: Number(new URL(url).port),
    credential: readFileSync(credentialFile, 'utf8').trim(),
    probe: () => askProbe(child),
    resetPeak: () => resetPeak(child.pid!),
    peakBytes: () => peakOf(child.pid!),
    async kill() {
      if (hasEnded(child)) return
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
    hasEnded: () => hasEnded(child),
  }
}

/** Servers that this process started and that still run. */
const started = new Set<ChildProcess>()

export const killBenchServers = (): void => {
  for (const child of started) child.kill('SIGKILL')
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null

const askProbe = async (child: ChildProcess): Promise<Probe> => {
  const answer = once(child, 'message')
  child.send('read')
  const [probe] = (await answer) as [Probe]
  return probe
}

/** Linux, proc(5): 5 resets the peak of the resident set. */
const resetPeak = (pid: number): void => {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {
    // Then the peak is that since its start.
  }
}

const peakOf = (pid: number): number | null => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0)
  } catch {
    return null
  }
}

const listening = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let last = ''
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      last = `${last}${text}`.slice(-2000)
    })
    child.once('error', reject)
    child.once('exit', (status) =>
      reject(new FedError('E_INTERNAL', `the server ended with ${status}:\n${last}`)),
    )
    createInterface({ input: child.stdout! }).once('line', (line) =>
      resolve((JSON.parse(line) as { url: string }).url),
    )
  })
