/** A driver as a process of its own, in a home of its own, that can reach this machine only. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { defaultCacheFolder } from '../../device/engine/model/cache.ts'
import { pythonWith } from '../../eval/peers/python.ts'
import type { Client } from './clients.ts'
import { npmPackages } from './npm.ts'
import type { Scenario } from './scenarios.ts'

/** What the client said: its answers, or the error that it threw. */
export type Outcome = {
  readonly answers?: readonly { readonly text: string; readonly stop: string | null }[]
  readonly error?: { readonly name: string; readonly message: string } & Record<string, unknown>
}

export type Session = {
  run(scenario: Scenario): Promise<Outcome>
  close(): Promise<void>
}

/** How a client's driver is started; or in words, why it is not there. */
export type Installed =
  | { readonly command: string; readonly args: readonly string[] }
  | { readonly reason: string }

const DRIVERS = fileURLToPath(new URL('drivers', import.meta.url))
const SCENARIO_MS = 120_000
/** No client has a real one. */
const KEY = 'sk-ant-dummy'

export const install = async ({ packages, driver }: Client): Promise<Installed> => {
  const options = {
    cacheFolder: defaultCacheFolder(process.env),
    onProgress: (line: string) => /^(making|installing) /.test(line) && console.warn(line),
  }
  if ('pip' in packages) {
    const python = await pythonWith({ pins: packages.pip, modules: packages.modules }, options)
    if ('reason' in python) return python
    return { command: python.interpreter, args: ['-B', join(DRIVERS, driver)] }
  }
  const npm = await npmPackages(packages.npm, options)
  if ('reason' in npm) return npm
  // Beside node_modules, so that its imports are found.
  const drivers = join(npm.folder, 'drivers')
  await cp(DRIVERS, drivers, { recursive: true })
  return { command: process.execPath, args: [join(drivers, driver)] }
}

/** proxy: where requests to any other host would go. */
export const startSession = async (
  { command, args }: Extract<Installed, { command: string }>,
  env: Readonly<Record<string, string>> = {},
  { baseUrl, proxy }: { readonly baseUrl: string; readonly proxy: string },
): Promise<Session> => {
  const home = await mkdtemp(join(tmpdir(), 'loreweave-client-'))
  const child = spawn(command, [...args], {
    cwd: home,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
      HOME: home,
      XDG_CONFIG_HOME: home,
      XDG_CACHE_HOME: home,
      XDG_DATA_HOME: home,
      LANG: 'C.UTF-8',
      TMPDIR: home,
      DO_NOT_TRACK: '1',
      HTTP_PROXY: proxy,
      HTTPS_PROXY: proxy,
      NO_PROXY: '127.0.0.1,localhost',
      ANTHROPIC_API_KEY: KEY,
      ANTHROPIC_BASE_URL: baseUrl,
      ...env,
    },
  })
  const errors = lastLines(child)
  const outcomes = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<Outcome> => {
    for (;;) {
      const { done, value } = await outcomes.next()
      if (done) return { error: { name: 'ended', message: errors().join('\n') } }
      if (value.startsWith('outcome ')) return JSON.parse(value.slice('outcome '.length))
    }
  }
  const kill = () => killGroup(child)
  return {
    run: async (scenario) => {
      child.stdin.write(`${JSON.stringify(scenario)}\n`)
      const timer = setTimeout(kill, SCENARIO_MS)
      try {
        return await next()
      } finally {
        clearTimeout(timer)
      }
    },
    close: async () => {
      kill()
      await rm(home, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

const killGroup = (child: ChildProcessWithoutNullStreams) => {
  try {
    process.kill(-child.pid!, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

const lastLines = (child: ChildProcessWithoutNullStreams): (() => readonly string[]) => {
  const kept: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => {
    kept.push(line)
    if (kept.length > 20) kept.shift()
    if (process.env['LOREWEAVE_CLIENTS_LOG']) process.stderr.write(`  ${line}\n`)
  })
  child.stdin.on('error', () => {})
  return () => kept
}
