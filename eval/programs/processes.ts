/** Starts the project's own programs as child processes, and leaves none behind. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { FedError } from '../../adapters/errors.ts'

export type Program =
  | 'device/cli'
  | 'server/cli'
  | 'eval/cli'
  | 'eval/peers/llama-worker'
  | 'eval/bench/aggregate/sum-program'

type Finished = { readonly stdout: string; readonly stderr: string }

export type Processes = {
  /** Runs a program to its end. E_INTERNAL with its last lines if its exit code is not 0. */
  run(program: Program, args: readonly string[], options?: RunOptions): Promise<Finished>
  /** Starts a program that stays; resolves with the first line of stdout that `isReady` accepts. */
  start(
    program: Program,
    args: readonly string[],
    isReady: (line: string) => boolean,
    options?: RunOptions,
  ): Promise<string>
  /** SIGTERM to all, SIGKILL after graceMs; starts no other afterwards (E_CANCELLED). */
  stopAll(graceMs?: number): Promise<void>
}

type RunOptions = {
  readonly env?: Record<string, string>
  readonly onStderr?: (line: string) => void
}

/** How this installation starts a program: sources through tsx in a checkout, else built files. */
export const programCommand = (program: Program): { command: string; args: string[] } => {
  const isSource = import.meta.url.endsWith('.ts')
  const file = fileURLToPath(new URL(`../../${program}.${isSource ? 'ts' : 'js'}`, import.meta.url))
  const loader = isSource ? ['--import', import.meta.resolve('tsx')] : []
  return { command: process.execPath, args: [...loader, file] }
}

/** commandOf: how a program is started, where it is not this installation's own. */
export const createProcesses = (commandOf = programCommand): Processes => {
  const running = new Set<ChildProcess>()
  let isStopped = false

  const launch = (program: Program, args: readonly string[], { env, onStderr }: RunOptions) => {
    if (isStopped) throw new FedError('E_CANCELLED', `${program} was not started: all are stopped`)
    const { command, args: first } = commandOf(program)
    const child = spawn(command, [...first, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    running.add(child)
    child.once('exit', () => running.delete(child))
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-20_000)
      if (onStderr) for (const line of text.split('\n')) if (line.trim()) onStderr(line)
    })
    child.stdout.setEncoding('utf8')
    const failure = (code: number | null) =>
      new FedError(
        'E_INTERNAL',
        `${program} ${args[0] ?? ''} ended with ` +
          `${code}:\n${stderr.trim().split('\n').slice(-12).join('\n')}`,
      )
    return { child, stdout: child.stdout, stderr: () => stderr, failure }
  }

  return {
    run: (program, args, options = {}) =>
      new Promise((resolve, reject) => {
        const { child, stdout: out, stderr, failure } = launch(program, args, options)
        let stdout = ''
        out.on('data', (text: string) => {
          stdout += text
        })
        child.once('error', reject)
        child.once('close', (code) =>
          code === 0 ? resolve({ stdout, stderr: stderr() }) : reject(failure(code)),
        )
      }),

    start: (program, args, isReady, options = {}) =>
      new Promise((resolve, reject) => {
        const { child, stdout: out, failure } = launch(program, args, options)
        let pending = ''
        out.on('data', (text: string) => {
          const lines = (pending + text).split('\n')
          pending = lines.pop() ?? ''
          const ready = lines.find(isReady)
          if (ready !== undefined) resolve(ready)
        })
        child.once('error', reject)
        child.once('close', (code) => reject(failure(code)))
      }),

    async stopAll(graceMs = 3000) {
      isStopped = true
      await Promise.all([...running].map((child) => terminate(child, graceMs)))
    },
  }
}

/** SIGTERM, SIGKILL after graceMs; resolves when the process has ended. */
const terminate = (child: ChildProcess, graceMs: number): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    child.kill('SIGTERM')
  })

/** Starts a server that stays; the address at which it listens. */
export const startListening = async (
  processes: Pick<Processes, 'start'>,
  program: Program,
  args: readonly string[],
): Promise<string> => {
  const line = await processes.start(program, args, (text) => text.includes('"listening"'))
  return (JSON.parse(line) as { url: string }).url
}
