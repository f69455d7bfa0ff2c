/** A server and devices as processes that die at one point after the other, and are started again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import type { JobSpecInput, JobView } from '../../adapters/wire/jobs.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import type { Contributor } from './contributor.ts'
import { DIE_AT } from './dying.ts'
import { programFile } from './programs.ts'
import { type ServerProcess, startDyingServer } from './server-process.ts'

const running = new Set<ChildProcess>()
export const killAll = (): void => {
  for (const child of running) child.kill('SIGKILL')
}

/** The server goes on at the same address, whenever it has died. */
export const restarting = async (data: string, deaths: readonly string[], died: string[]) => {
  const left = [...deaths]
  let port = 0
  let point: string | undefined
  const start = async (): Promise<ServerProcess> => {
    point = left.shift()
    try {
      const server = await startDyingServer({ data, port, foldAt: 1 }, point)
      port = Number(new URL(server.url).port)
      return server
    } catch (error) {
      if (point === undefined) throw error
      died.push(point)
      return start()
    }
  }
  let server = await start()
  let isOver = false
  const watching = (async () => {
    while (!isOver) {
      await wait(5)
      if (isOver || !server.hasEnded()) continue
      if (point !== undefined) died.push(point)
      server = await start()
    }
  })()
  return {
    url: () => server.url,
    /** Asks until there is an answer. */
    async ask<T>(question: (server: ServerProcess) => Promise<T>): Promise<T> {
      for (;;) {
        const answer = await question(server).catch(() => undefined)
        if (answer !== undefined) return answer
        await wait(10)
      }
    },
    async close() {
      isOver = true
      await watching
      await server.kill()
    },
  }
}
export type Ask = Awaited<ReturnType<typeof restarting>>['ask']

export const createOnce = (ask: Ask, job: JobSpecInput): Promise<JobView> =>
  ask(async ({ operator }) => {
    const key = { 'idempotency-key': 'the-only-job' }
    const body = { protocol: PROTOCOL_VERSION, job }
    const answer = await operator.call('POST', '/v1/operator/jobs', body, key)
    return ((await answer.json()) as { job: JobView }).job
  })

/** As a process, until it has ended by itself. */
export const contributeDying = async (
  { file, serverUrl, number, token }: Contributor,
  deaths: readonly string[],
  died: string[],
): Promise<void> => {
  const program = programFile('test/support/contributing-device')
  for (const point of [...deaths, '']) {
    const child = spawn(process.execPath, [program, file, serverUrl, `${number}`, token], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, [DIE_AT]: point },
    })
    running.add(child)
    const [status, signal] = (await once(child, 'exit')) as [number | null, string | null]
    running.delete(child)
    if (status === 0) return
    if (signal !== 'SIGKILL') throw new Error(`the device ended with ${status}`)
    died.push(point)
  }
}

/** When it has completed. */
export const completed = async (ask: Ask, jobId: string): Promise<JobView> => {
  for (;;) {
    const job = await ask(({ operator }) => operator.job(jobId))
    if (job.state === 'failed') throw new Error(job.reason ?? 'failed')
    if (job.state === 'completed') return job
    await wait(30)
  }
}
