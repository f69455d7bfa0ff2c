/** The agent under test: the program, started again whenever it ends, as by a service manager. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FedError } from '../../adapters/errors.ts'
import { descendants } from '../programs/memory.ts'
import type { Machine, Running } from './machine.ts'

export type Agent = {
  /** Its API's; it changes when the agent is started again. */
  readonly url: () => string
  readonly pid: () => number
  readonly up: () => Promise<void>
  readonly kill: (signal: NodeJS.Signals) => Promise<void>
  readonly killModel: () => number
  readonly signal: (name: NodeJS.Signals) => void
  readonly running: () => Running | null
  /** Whether it trains or takes part in a round. */
  readonly isAtWork: () => boolean
  /** A call of its API with the device token; status null: no answer within the limit. */
  readonly call: (
    method: string,
    path: string,
    body?: object,
  ) => Promise<{ readonly status: number | null; readonly json: unknown }>
  /** A command of `loreweave` on this home. */
  readonly command: (
    line: string,
    env?: Readonly<Record<string, string>>,
  ) => Promise<{ readonly code: number | null; readonly stderr: string }>
}

export type AgentOptions = {
  readonly machine: Machine
  readonly home: string
  readonly cache: string
  readonly claudeUrl: string
  /** What it says of its work, one event a line. */
  readonly onEvent: (event: Record<string, unknown>) => void
}

const CALL_LIMIT_MS = 15_000
const FLAGS = ['--port', '0', '--json', '--ignore', 'charging,idle,heat,metered,budget']
/** Hours of local time in which it may work by itself. */
const HOURS = '22:00-06:30'

export const openAgent = async (options: AgentOptions): Promise<Agent> => {
  const { machine, home, cache, claudeUrl, onEvent } = options
  const env = { LOREWEAVE_HOME: home, LOREWEAVE_CACHE: cache, TZ: 'UTC' }
  let running: Running | null = null
  let url = ''
  let isAtWork = false
  const note = (line: string): void => {
    const event = parsed(line)
    if (!event) return
    if (event['event'] === 'started') isAtWork = true
    if (event['event'] === 'ended') isAtWork = false
    onEvent(event)
  }
  const command: Agent['command'] = (line, more = {}) =>
    machine.run('device/cli', line.split(' '), { ...env, ...more })
  const made = await command('init --yes --model tiny')
  if (made.code !== 0) throw new FedError('E_INTERNAL', `init failed:\n${made.stderr}`)
  setHours(join(home, 'config.json'))
  return {
    url: () => url,
    pid: () => running?.pid ?? 0,
    up: async () => {
      if (running && !running.hasEnded()) return
      isAtWork = false
      running = await machine.start('device/cli', ['agent', ...FLAGS, '--claude-url', claudeUrl], {
        env,
        isReady: (line) => line.includes('"listening"'),
        onLine: note,
      })
      url = String(parsed(running.ready)?.['url'])
    },
    kill: async (signal) => {
      running?.signal(signal)
      await running?.ended
    },
    killModel: () => {
      const children = descendants(running?.pid ?? 0)
      for (const pid of children)
        try {
          process.kill(pid, 'SIGKILL')
        } catch {
          // It ended by itself.
        }
      return children.length
    },
    signal: (name) => running?.signal(name),
    running: () => running,
    isAtWork: () => isAtWork,
    call: async (method, path, body) => {
      try {
        const response = await fetch(url + path, {
          method,
          headers: {
            'x-api-key': readFileSync(join(home, 'device-token'), 'utf8').trim(),
            'content-type': 'application/json',
          },
          ...(body && { body: JSON.stringify(body) }),
          signal: AbortSignal.timeout(CALL_LIMIT_MS),
        })
        return { status: response.status, json: await response.json().catch(() => null) }
      } catch {
        return { status: null, json: null }
      }
    },
    command,
  }
}

const parsed = (line: string): Record<string, unknown> | null => {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

/** As a user would in an editor. */
const setHours = (path: string): void => {
  if (!existsSync(path)) throw new FedError('E_INTERNAL', `${path} is missing`)
  const text = readFileSync(path, 'utf8')
  const changed = text.replace(/(?:\/\/ *)?"hours": null/, `"hours": "${HOURS}"`)
  if (changed === text) throw new FedError('E_INTERNAL', 'config.json has no hours to set')
  writeFileSync(path, changed)
}
