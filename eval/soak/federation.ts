/** The operator with a real server program, and two other devices, so that rounds come about. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FedError } from '../../adapters/errors.ts'
import type { Engine } from '../../device/engine/engine.ts'
import type { LocalModel } from '../../device/engine/model/open.ts'
import { type Fleet, openFleet } from '../population/fleet.ts'
import { tinyJob, wordChoices } from '../population/tiny-federation.ts'
import type { Machine, Running } from './machine.ts'

export type Federation = {
  readonly url: () => string
  readonly up: () => Promise<void>
  readonly kill: () => Promise<void>
  readonly token: () => Promise<string>
  /** One round. Says what came of it. */
  readonly newJob: () => Promise<string>
  readonly cancelJob: () => Promise<string>
  /** The others take part in what is open. */
  readonly contribute: () => Promise<void>
  readonly close: () => Promise<void>
}

export type FederationOptions = {
  readonly machine: Machine
  readonly folder: string
  readonly model: LocalModel
  readonly engine: Engine
  readonly seed: number
}

const HOUR = 3_600_000
const OTHERS = 2

export const openFederation = async (options: FederationOptions): Promise<Federation> => {
  const { machine, folder, model } = options
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  let running: Running | null = null
  let port = 0
  let jobs = 0
  let last: string | null = null
  let fleet: Fleet | null = null
  const url = () => `http://127.0.0.1:${port}`
  const up = async () => {
    if (running && !running.hasEnded()) return
    running = await machine.start(
      'server/cli',
      [
        ...['serve', '--data', folder, '--port', String(port), '--log-level', 'warn'],
        ...['--least-cohort', '1'],
      ],
      { env: {}, isReady: (line) => line.includes('"listening"') },
    )
    port = Number(new URL((JSON.parse(running.ready) as { url: string }).url).port)
  }
  const operate = async (...args: string[]): Promise<string> => {
    const options = ['--server', url(), '--data', folder, '--json']
    const { code, stdout, stderr } = await machine.run('server/cli', [...args, ...options], {})
    if (code !== 0) throw new FedError('E_INTERNAL', `${args[0]} ${args[1]} failed:\n${stderr}`)
    return stdout
  }
  const tokens = async (count: number) =>
    (JSON.parse(await operate('token', 'create', '--count', String(count))) as { tokens: string[] })
      .tokens
  await up()
  return {
    url,
    up,
    kill: async () => {
      running?.signal('SIGKILL')
      await running?.ended
    },
    token: async () => (await tokens(1))[0] ?? '',
    newJob: async () => {
      fleet ??= await openOthers(options, url(), await tokens(OTHERS))
      const file = join(folder, `job-${++jobs}.json`)
      writeFileSync(
        file,
        JSON.stringify(tinyJob(model, { name: `night ${jobs}`, rounds: 1, deadlineMs: 6 * HOUR })),
      )
      try {
        last = jobId(await operate('job', 'create', '--file', file))
        return 'The operator asks for a round.'
      } catch {
        return 'The operator asks for a round, but the server is down.'
      }
    },
    cancelJob: async () => {
      if (!last) return 'The operator has no job to cancel.'
      try {
        await operate('job', 'cancel', last)
        return 'The operator cancels the job.'
      } catch {
        return 'The operator wants to cancel the job: it has ended, or the server is down.'
      }
    },
    // Their own troubles are not what is tried here.
    contribute: async () => {
      await fleet?.contribute([0, 1], 1, () => {}).catch(() => {})
    },
    close: async () => void (await fleet?.close()),
  }
}

const jobId = (text: string): string => {
  const answer = JSON.parse(text) as { id?: string; job?: { id: string } }
  return answer.job?.id ?? answer.id ?? ''
}

const openOthers = (
  { machine, model, engine, seed }: FederationOptions,
  serverUrl: string,
  tokens: readonly string[],
): Promise<Fleet> =>
  openFleet({
    logs: Array.from({ length: OTHERS }, (_, i) => wordChoices(`soak/${seed}/${i}`).slice(0, 12)),
    tokens,
    serverUrl,
    clock: machine.clock,
    model,
    engine: { ...engine, close: async () => {} },
    memo: new Map(),
    seed,
  })
