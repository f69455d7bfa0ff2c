/** One simulated computer: our programs as child processes, on clocks that jump together. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { FedError } from '../../adapters/errors.ts'
import { type Program, programCommand } from '../programs/processes.ts'
import { type Jump, type Jumped, SET_MS } from './warp.ts'

type Ended = {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export type Running = {
  readonly pid: number
  /** The first line of its standard output that was accepted. */
  readonly ready: string
  readonly ended: Promise<Ended>
  readonly hasEnded: () => boolean
  readonly signal: (name: NodeJS.Signals) => void
}

export type Machine = {
  /** Simulated milliseconds since 1970, and those of a clock that is never set. */
  readonly clock: () => number
  readonly steady: () => number
  /** Time passes for all programs. Those that are stopped (SIGSTOP) hear of it once they go on. */
  readonly advance: (ms: number) => Promise<void>
  /** The wall clock of this program is set by so much. */
  readonly setClock: (program: Running, ms: number) => Promise<void>
  /** Fails with E_INTERNAL where it ends, or is not ready within the limit. */
  readonly start: (
    program: Program,
    args: readonly string[],
    options: StartOptions,
  ) => Promise<Running>
  /** To its end; it is killed after a minute, and its code is null then. */
  readonly run: (program: Program, args: readonly string[], env: Environment) => Promise<Ended>
  readonly stopAll: () => Promise<void>
}

type Environment = Readonly<Record<string, string>>
type StartOptions = {
  readonly env: Environment
  readonly isReady: (line: string) => boolean
  /** Each line of its standard output and error. */
  readonly onLine?: (line: string) => void
}

const START_LIMIT_MS = 60_000
const RUN_LIMIT_MS = 60_000
const JUMP_LIMIT_MS = 20_000
/** Kept of a program's output. */
const KEPT_CHARACTERS = 20_000

type Child = { readonly process: ChildProcess; isStopped: boolean }

/** startMs: simulated time at which the clocks begin. */
export const openMachine = (startMs: number): Machine => {
  const begun = performance.now()
  let passedMs = 0
  let jumps = 0
  const children = new Set<Child>()
  const steady = () => performance.now() - begun + passedMs
  const clock = () => Math.floor(startMs + steady())
  const tell = (child: Child, jump: Omit<Jump, 'warp'>): Promise<void> => {
    const warp = ++jumps
    const { process: program } = child
    if (!program.connected) return Promise.resolve()
    const heard = answered(program, warp)
    program.send({ warp, ...jump } satisfies Jump, () => {})
    return child.isStopped ? Promise.resolve() : heard
  }
  const launch = (program: Program, args: readonly string[], env: Environment) => {
    const { command, args: first } = programCommand(program)
    const file = first.at(-1) ?? ''
    const child: Child = {
      process: spawn(command, [...first.slice(0, -1), '--import', WARP, file, ...args], {
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        env: { ...process.env, ...env, [SET_MS]: String(clock() - Date.now()) },
      }),
      isStopped: false,
    }
    children.add(child)
    const ended = outputOf(child.process).finally(() => children.delete(child))
    return { child, ended }
  }
  return {
    clock,
    steady,
    advance: async (ms) => {
      passedMs += ms
      await Promise.all([...children].map((child) => tell(child, { advanceMs: ms })))
    },
    setClock: async (program, ms) => {
      const child = [...children].find((one) => one.process.pid === program.pid)
      if (child) await tell(child, { setMs: ms })
    },
    start: async (program, args, { env, isReady, onLine }) => {
      const { child, ended } = launch(program, args, env)
      let hasEnded = false
      void ended.then(() => {
        hasEnded = true
      })
      const ready = await readyLine(child.process, ended, isReady, onLine)
      return {
        pid: child.process.pid ?? 0,
        ready,
        ended,
        hasEnded: () => hasEnded,
        signal: (name) => {
          child.isStopped = name === 'SIGSTOP' || (child.isStopped && name !== 'SIGCONT')
          child.process.kill(name)
        },
      }
    },
    run: async (program, args, env) => {
      const { child, ended } = launch(program, args, env)
      const timer = setTimeout(() => child.process.kill('SIGKILL'), RUN_LIMIT_MS)
      return ended.finally(() => clearTimeout(timer))
    },
    stopAll: async () => {
      const all = [...children]
      for (const { process: program } of all) {
        program.kill('SIGCONT')
        program.kill('SIGTERM')
      }
      const timer = setTimeout(() => {
        for (const { process: program } of all) program.kill('SIGKILL')
      }, 5000)
      await Promise.all(all.map(({ process: program }) => gone(program)))
      clearTimeout(timer)
    },
  }
}

const WARP = new URL(`./warp.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)
  .href

/** Resident memory of a process, in bytes; null where the system does not tell. */
export const residentBytes = (pid: number): number | null => {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kilobytes === undefined ? null : 1024 * Number(kilobytes)
  } catch {
    return null
  }
}

const answered = (program: ChildProcess, warp: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const done = (): void => {
      clearTimeout(timer)
      program.off('message', listen)
      program.off('exit', done)
      resolve()
    }
    const listen = (message: unknown): void => {
      if ((message as Jumped | null)?.warped === warp) done()
    }
    const timer = setTimeout(() => {
      done()
      reject(new FedError('E_INTERNAL', `a program did not hear within ${JUMP_LIMIT_MS} ms`))
    }, JUMP_LIMIT_MS)
    program.on('message', listen)
    program.once('exit', done)
  })

const gone = (program: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (program.exitCode !== null || program.signalCode !== null) resolve()
    else program.once('exit', () => resolve())
  })

const outputOf = (program: ChildProcess): Promise<Ended> => {
  let stdout = ''
  let stderr = ''
  program.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout = (stdout + text).slice(-KEPT_CHARACTERS)
  })
  program.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-KEPT_CHARACTERS)
  })
  return new Promise((resolve) => {
    program.once('error', () => resolve({ code: null, stdout, stderr }))
    program.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}

const readyLine = (
  program: ChildProcess,
  ended: Promise<Ended>,
  isReady: (line: string) => boolean,
  onLine: (line: string) => void = () => {},
): Promise<string> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      program.kill('SIGKILL')
      reject(new FedError('E_INTERNAL', 'a program was not ready in time'))
    }, START_LIMIT_MS)
    void ended.then(({ code, stderr }) => {
      clearTimeout(timer)
      reject(new FedError('E_INTERNAL', `a program ended with ${code}:\n${stderr.slice(-2000)}`))
    })
    for (const stream of [program.stdout, program.stderr]) {
      let rest = ''
      stream?.on('data', (text: string) => {
        const lines = (rest + text).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) {
          if (isReady(line)) {
            clearTimeout(timer)
            resolve(line)
          }
          if (line.trim()) onLine(line)
        }
      })
    }
  })
