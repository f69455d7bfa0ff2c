/** The real server as a process on a free port; the test that starts it stops or kills it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { JobView } from '../../adapters/wire/jobs.ts'
import { type OperatorClient, operatorClient, testDevice } from './federation-fixture.ts'
import { programFile } from './programs.ts'

export type ServerProcess = {
  readonly url: string
  readonly operator: OperatorClient
  readonly device: (name: string) => ReturnType<typeof testDevice>
  /** SIGKILL, and gone when the promise resolves. */
  kill(): Promise<void>
  /** SIGTERM; the exit status. */
  stop(): Promise<number | null>
}

export const startServer = async (data: string, flags: readonly string[] = []) => {
  const child = spawn(
    process.execPath,
    [programFile('server/cli'), 'serve', '--data', data, '--port', '0', ...flags],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const url = await listeningUrl(child)
  const credential = readFileSync(join(data, 'operator-credential'), 'utf8').trim()
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    const exited = once(child, 'exit')
    child.kill(signal)
    const [status] = (await exited) as [number | null]
    return status
  }
  const server: ServerProcess = {
    url,
    operator: operatorClient((request) => fetch(request), url, credential),
    device: (name) => testDevice((request) => fetch(request), Date.now, name, url),
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
  }
  return server
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
