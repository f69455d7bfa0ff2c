/** The real server as a process on a free port; the test that starts it stops or kills it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { JobView } from '../../adapters/wire/jobs.ts'
import type { KeyPair } from '../../adapters/wire/signature.ts'
import { DIE_AT } from './dying.ts'
import type { DyingServerOptions } from './dying-server.ts'
import { type OperatorClient, operatorClient, testDevice } from './federation-fixture.ts'
import { programFile } from './programs.ts'

export type ServerProcess = {
  readonly url: string
  readonly operator: OperatorClient
  /** keys: of a device that has enrolled before. */
  readonly device: (name: string, keys?: KeyPair) => ReturnType<typeof testDevice>
  /** SIGKILL, and gone when the promise resolves. */
  kill(): Promise<void>
  /** SIGTERM; the exit status. */
  stop(): Promise<number | null>
  hasEnded(): boolean
}

export const startServer = (
  data: string,
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> => {
  const args = ['serve', '--data', data, '--port', '0', '--least-cohort', '1', ...flags]
  return serverOf(data, [programFile('server/cli'), ...args], env)
}

/** `loreweave-server edge`: of the server at `upstream`, with a token on the first start. */
export const startEdge = (
  data: string,
  upstream: string,
  flags: readonly string[] = [],
): Promise<ServerProcess> => {
  const least = ['--port', '0', '--least-cohort', '1']
  const args = ['edge', '--data', data, ...least, '--region', 'eu', '--upstream', upstream]
  return serverOf(data, [programFile('server/cli'), ...args, ...flags], {})
}

/** The same on options as JSON, and dying at a point, if one is given. */
export const startDyingServer = (
  options: DyingServerOptions,
  point: string | undefined,
  env: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> => {
  const args = [programFile('test/support/dying-server'), JSON.stringify(options)]
  return serverOf(options.data, args, { ...env, [DIE_AT]: point ?? '' })
}

const serverOf = async (
  data: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<ServerProcess> => {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  const url = await listeningUrl(child)
  const credential =
    env['LOREWEAVE_OPERATOR_TOKEN'] ??
    readFileSync(join(data, 'operator-credential'), 'utf8').trim()
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    if (hasEnded()) return child.exitCode
    const exited = once(child, 'exit')
    child.kill(signal)
    const [status] = (await exited) as [number | null]
    return status
  }
  return {
    url,
    operator: operatorClient((request) => fetch(request), url, credential),
    device: (name, keys) => testDevice((request) => fetch(request), Date.now, name, url, keys),
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
    hasEnded,
  }
}

/** Asks until the job has ended. */
export const jobEnd = async (operator: OperatorClient, id: string): Promise<JobView> => {
  for (;;) {
    const job = await operator.job(id)
    if (job.state !== 'running') return job
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** A command of the server's CLI in a process of its own. */
export const runCli = async (
  args: readonly string[],
): Promise<{ status: number | null; stderr: string }> => {
  const child = spawn(process.execPath, [programFile('server/cli'), ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, stderr }
}

const listeningUrl = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let log = ''
    child.stderr?.on('data', (chunk) => {
      log = `${log}${chunk}`.slice(-4000)
    })
    child.once('exit', (status) => reject(new Error(`the server ended with ${status}: ${log}`)))
    createInterface({ input: child.stdout! }).once('line', (line) =>
      resolve((JSON.parse(line) as { url: string }).url),
    )
  })
