/**
 * A real device (engine of a few lines) between apps and a Claude that enforces the rules of
 * November 2026. What went wrong is told by Claude's counts and by the bytes that reached it.
 */
import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { FedError } from '../../../../adapters/errors.ts'
import { openSqlite } from '../../../../adapters/node/sqlite.ts'
import { createApi } from '../../../../device/api/app.ts'
import type { Engine } from '../../../../device/engine/engine.ts'
import type { DeviceSettingsInput } from '../../../../device/home/settings.ts'
import { openStore } from '../../../../device/store/store.ts'
import {
  type ArrivedRequest,
  type ClaudeOptions,
  createClaude,
} from '../../../../eval/claude/claude.ts'
import {
  fakeDevice,
  fakeEngine,
  shortChoices,
  temporaryFolder,
  tinyModel,
} from '../../device-fixture.ts'
import { DEVICE_TOKEN, fakeInspection, soon } from '../fakes.ts'
import { openApp, type Send } from './conversation.ts'

export type WorldOptions = {
  readonly claude?: Partial<ClaudeOptions>
  readonly settings?: DeviceSettingsInput
  /** Of the device's endpoint. */
  readonly deadlineMs?: number
  /** Whether further answers are worth their price to this device. */
  readonly copies?: boolean
  /** The local model: absent, or later than the device waits. */
  readonly localModel?: 'absent' | 'late'
  /** Of the device's endpoint: tries of its own after a failure, and what waits between them. */
  readonly retries?: number
  readonly sleep?: (ms: number) => Promise<void>
  /** Told as a request leaves the device. */
  readonly onSend?: () => void
  /** Where its requests go; default: a Claude of its own. */
  readonly before?: { request(request: Request): Response | Promise<Response> }
  /** Shared with others; default: a time of its own. */
  readonly time?: { now: number }
}

/** What reached Claude for an answer or a count. */
type Reached = {
  readonly path: string
  // biome-ignore lint/suspicious/noExplicitAny: as the app wrote it
  readonly body: any
  readonly text: string
}

const model = (() => {
  let opened: ReturnType<typeof tinyModel> | null = null
  return () => {
    opened ??= tinyModel()
    return opened
  }
})()

/**
 * Preferences of the form, which hold in any language: a German request is not read by the local
 * model.
 */
export const STATED = [
  { op: 'state', dimension: 'emoji', direction: -1 },
  { op: 'state', dimension: 'tables', direction: -1 },
  { op: 'state', dimension: 'lists', direction: 1 },
] as const

/** Longer than the device waits, where a test says so. */
const LATE_MS = 25
/** So cheap that all four answers are worth it. */
const CHEAP = { input: 1e-4, output: 1e-4, cacheWrite: 1e-4, cacheRead: 1e-5 }

export const BLOCK = '<reader_preferences>'
const BEGIN = 1_800_000_000_000
export const MINUTE = 60_000
export const DAY = 24 * 60 * MINUTE

export type World = Awaited<ReturnType<typeof openWorld>>

/**
 * A home with stated preferences, perhaps with choices, made once: fitting takes longer than all
 * that follows.
 */
const home = (() => {
  const made = new Map<boolean, Promise<string>>()
  return (hasChoices: boolean): Promise<string> => {
    const known = made.get(hasChoices) ?? makeHome(hasChoices)
    made.set(hasChoices, known)
    return known
  }
})()

const makeHome = async (hasChoices: boolean): Promise<string> => {
  const folder = temporaryFolder()
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'loreweave.db')
  const store = openStore(path)
  const { device } = fakeDevice(await model(), {
    store,
    clock: () => BEGIN - DAY,
    settings: { explore: 0, maxTokens: 64 },
  })
  await device.editProfile(
    STATED.map((change) => ({ ...change, strength: 1, scope: 'all' as const })),
  )
  if (hasChoices) await device.importChoices(shortChoices(20))
  await device.prepare()
  await device.settled()
  await store.close()
  return path
}

/** close: must be called. Time stands still until it is passed. */
export const openWorld = async (options: WorldOptions = {}) => {
  const local = await model()
  const time = options.time ?? { now: BEGIN }
  const clock = () => time.now
  const reached: Reached[] = []
  const onRequest = ({ path, body }: ArrivedRequest) => {
    const text = Buffer.from(body ?? []).toString()
    reached.push({ path, text, body: text.startsWith('{') ? JSON.parse(text) : null })
  }
  const claude = createClaude({ seed: 1, clock, onRequest, ...options.claude })
  const upstream = options.before ?? claude
  const folder = temporaryFolder()
  const { engine } = fakeEngine(local)
  const pooled: Readonly<Record<'absent' | 'late', Engine['pooled']>> = {
    absent: () => Promise.reject(new FedError('E_ENGINE', 'the engine is gone')),
    late: async (...asked) => {
      await new Promise((done) => setTimeout(done, LATE_MS))
      return engine.pooled(...asked)
    },
  }

  const open = (changes: WorldOptions) => {
    const store = openStore(join(folder, 'loreweave.db'))
    const cheap = options.copies ? { prices: { claude: CHEAP }, extraTokensPerDay: 1e9 } : {}
    const settings = { explore: 0, maxTokens: 64, ...cheap, ...changes.settings }
    const { device } = fakeDevice(local, {
      store,
      engine: { ...engine, ...(changes.localModel && { pooled: pooled[changes.localModel] }) },
      clock,
      settings,
    })
    const app = createApi({
      device,
      inspection: fakeInspection(),
      deviceToken: DEVICE_TOKEN,
      claudeKey: 'k',
      claudeUrl: 'https://claude.test',
      transport: async (request) => {
        options.onSend?.()
        return upstream.request(request)
      },
      clock,
      logOutgoing: () => {},
      port: () => 4141,
      report: () => {},
      sleep: changes.sleep ?? soon,
      settings: { deadlineMs: changes.deadlineMs ?? 2000, retries: changes.retries ?? 0 },
    })
    return { store, device, app }
  }
  copyFileSync(await home(options.copies ?? false), join(folder, 'loreweave.db'))
  let running = open(options)
  let isFull = false

  const stop = async () => {
    await running.device.settled()
    await running.store.close()
  }
  /** To the device, as any program of this computer would. */
  const call = async (path: string, init: RequestInit = {}): Promise<Response> =>
    running.app.request(
      new Request(`http://127.0.0.1:4141${path}`, {
        method: 'POST',
        ...init,
        headers: {
          'x-api-key': 'app-key',
          'anthropic-version': '2023-06-01',
          'content-type': 'application/json',
          ...(init.headers as Record<string, string>),
        },
      }),
    )
  const own = async (method: string, path: string, body: object): Promise<Response> => {
    const headers = { authorization: `Bearer ${DEVICE_TOKEN}` }
    const response = await call(path, {
      method,
      body: JSON.stringify({ protocol: 1, ...body }),
      headers,
    })
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`)
    return response
  }
  const through: Send = (path, body, headers) =>
    call(path, {
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: headers ?? {},
    })
  const directly: Send = async (path, body, headers) =>
    claude.request(`https://claude.test${path}`, {
      method: 'POST',
      headers: { 'x-api-key': 'app-key', 'anthropic-version': '2023-06-01', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const state = (changes: readonly object[]) => own('PATCH', '/v1/profile', { changes })
  return {
    claude,
    reached,
    call,
    /** For a device in front of this one. */
    receive: async (request: Request) => {
      const { pathname, search } = new URL(request.url)
      return running.app.request(new Request(`http://127.0.0.1:4141${pathname}${search}`, request))
    },
    through,
    directly,
    state,
    folder,
    device: () => running.device,
    /** An app that talks through the device, or with Claude itself. */
    app: (fields: object = {}, way: 'through' | 'directly' = 'through') =>
      openApp(way === 'through' ? through : directly, fields),
    undo: (decisionId: string, dimension?: string) =>
      own('POST', '/v1/feedback', {
        event: { kind: 'undo', decisionId, ...(dimension && { dimension }) },
      }),
    forget: (decisionId: string) => own('POST', '/v1/forget', { decisionId }),
    /** Nothing can be written any more, as on a full disk; what is there can be read. */
    fillDisk() {
      if (!isFull) fill(join(folder, 'loreweave.db'))
      isFull = true
    },
    pass: (ms: number) => {
      time.now += ms
    },
    /** The same home, another process; a disk that was full has room again. */
    async restart(changes: WorldOptions = {}) {
      await stop()
      if (isFull) empty(join(folder, 'loreweave.db'))
      isFull = false
      running = open({ ...options, ...changes })
    },
    async close() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const fill = (path: string): void => {
  const db = openSqlite(path)
  const tables = db
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all() as { name: string }[]
  for (const { name } of tables)
    for (const change of ['INSERT', 'UPDATE', 'DELETE'])
      db.exec(
        `CREATE TRIGGER "full_${name}_${change}" BEFORE ${change} ON "${name}"
         BEGIN SELECT RAISE(ABORT, 'full'); END`,
      )
  db.close()
}

const empty = (path: string): void => {
  const db = openSqlite(path)
  const triggers = db
    .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'full_%'")
    .all() as { name: string }[]
  for (const { name } of triggers) db.exec(`DROP TRIGGER "${name}"`)
  db.close()
}

/** What stood in `system` in the requests for answers that reached Claude, in their order. */
export const systemsIn = ({ reached }: Pick<World, 'reached'>): unknown[] =>
  reached.filter(({ path }) => path.startsWith('/v1/messages')).map(({ body }) => body?.system)
