/** A process that owns a home until it is stopped, and serves apps or other commands meanwhile. */
import { unwatchFile, watchFile } from 'node:fs'
import { join } from 'node:path'
import { asFedError, FedError } from '../../adapters/errors.ts'
import { onInterrupt } from '../../adapters/node/signals.ts'
import { createApi } from '../api/app.ts'
import { type Door, hostOf, openDoor } from '../api/serve.ts'
import type { Home } from '../home/home.ts'
import { type LiveHome, openLiveHome } from '../home/live-home.ts'
import { heldBy, lockHolder, takeLock } from '../home/lock.ts'
import { DeviceSettings } from '../home/settings.ts'
import { isExposed, refuseExposed } from '../http/address.ts'
import { timerSleep } from '../http/sleep.ts'
import { openTransport } from '../http/transport.ts'
import { describeAccess } from '../owner/access.ts'
import type { Device } from '../owner/device.ts'
import { openPeople } from '../store/people.ts'
import { holderOf } from './ask.ts'
import { homeOf, type ModelOptions, openModelOf } from './context.ts'
import type { Io } from './io.ts'
import { controlApp, type Owner, openOwner } from './owner.ts'

export type ServeOptions = ModelOptions & { port?: number; claudeUrl?: string }

/**
 * A conversation may begin long after the last one, and starting the local model takes half of a
 * request's deadline.
 */
const IDLE_MS = 30 * 60_000

/** Interval at which daily work is checked. */
const UPKEEP_MS = 3600_000
/** Interval at which config.json is checked for manual edits. */
const WATCH_MS = 3000

export type Lasting = Owner & {
  /** Aborts at SIGINT or SIGTERM. */
  readonly signal: AbortSignal
}

/** Wait for another command's work to end. */
const OWNER_WAIT_MS = 3000

/**
 * Owns the home until the work ends. isServing: apps are served at the settings' port; otherwise
 * only other commands are, at a free port. Fails with E_CONFLICT while another process owns the
 * home.
 */
export const ownHome = async (
  io: Io,
  options: ServeOptions,
  isServing: boolean,
  work: (owner: Lasting) => Promise<void>,
): Promise<void> => {
  const first = homeOf(io, options)
  const settings = settingsOf(first, options)
  const abort = new AbortController()
  const takeBack = onInterrupt(() => abort.abort())
  const { signal } = abort
  try {
    // Converting may take minutes and must not delay others.
    const model = await openModelOf(io, options, first, signal)
    const port = isServing ? (options.port ?? settings.port) : 0
    const door = await openDoor(port, isServing ? settings.listen : [], io.event).catch((error) => {
      const other = lockHolder(first.folder)
      throw other ? heldBy(first.folder, other, END_IT) : error
    })
    try {
      const holder = holderOf(io, door.port)
      const lock = await takeLock(first.folder, holder, OWNER_WAIT_MS, timerSleep, END_IT)
      try {
        const home = openLiveHome(first, io.env)
        home.onChange(({ config }) => Object.assign(settings, said(config.settings, options)))
        const engine = { signal, isLasting: true, idleMs: IDLE_MS, model }
        const owner = openOwner(io, options, home, holder, engine)
        try {
          const device = await owner.device()
          if (isServing) serveApps(io, owner, device, settings, door)
          else door.open(controlApp(owner).fetch)
          const ends = [keepUp(io, home, device), watchConfig(io, home)]
          await work({ ...owner, signal }).finally(() => {
            for (const end of ends) end()
          })
          // Waiting callers get their answer.
          await owner.longWork.end()
          await door.close()
        } finally {
          await door.close()
          await owner.close()
        }
      } finally {
        lock.release()
      }
    } finally {
      await door.close()
    }
  } finally {
    takeBack()
  }
}
const END_IT = 'stop it first'

/** The command line outranks the settings. */
const said = (settings: DeviceSettings, { claudeUrl }: ServeOptions): DeviceSettings => ({
  ...settings,
  ...(claudeUrl !== undefined && { claudeUrl }),
})

/** Changes take effect at the next request. */
const settingsOf = (home: Home, options: ServeOptions): DeviceSettings => {
  const { claudeUrl } = options
  const parsed = DeviceSettings.safeParse(said(home.config.settings, options))
  if (!parsed.success)
    throw new FedError('E_USAGE', '--claude-url expects an http or https address')
  if (claudeUrl !== undefined && !parsed.data.insecureHttp) refuseExposed(claudeUrl)
  return parsed.data
}

/** Prints its address on stdout, and prepares in the background what the first request needs. */
const serveApps = (
  io: Io,
  { control, home, store }: Owner,
  device: Device,
  settings: DeviceSettings,
  door: Door,
): void => {
  const transports = [false, true].map((insecureHttp) => openTransport(io.env, { insecureHttp }))
  const app = createApi({
    ...control,
    device,
    get claudeKey() {
      return home.now().claudeKey
    },
    get claudeUrl() {
      return settings.claudeUrl
    },
    get requireToken() {
      return settings.requireToken
    },
    transport: (...given) => transports[Number(settings.insecureHttp)]!(...given),
    logOutgoing: (entry) => store.later((tx) => tx.log(entry)),
    log: io.event,
    settings,
    people: openPeople(store, Date.now),
    hosts: [...settings.hosts, ...settings.listen.map(hostOf)],
    port: () => door.port,
  })
  door.open(app.fetch)
  io.out(`${JSON.stringify({ event: 'listening', url: `http://127.0.0.1:${door.port}` })}\n`)
  if (door.beyond.length > 0)
    io.event({
      event: 'listening_beyond_this_computer',
      addresses: door.beyond,
      note: `not encrypted; ${describeAccess(settings).what}`,
    })
  if (isExposed(settings.claudeUrl))
    io.event({
      event: 'claude_not_encrypted',
      address: settings.claudeUrl,
      note: settings.insecureHttp
        ? 'keys and texts can be read on the way'
        : 'requests are refused with E_INSECURE: use an https address, or set insecureHttp',
    })
  // Earlier requests wait for it, or go through unchanged.
  device
    .prepare()
    .catch((error) => io.event({ event: 'prepare_failed', code: asFedError(error).code }))
}

/** Runs upkeep at intervals, until the returned function is called. */
const keepUp = (io: Io, home: LiveHome, device: Device): (() => void) => {
  const upkeep = () =>
    device
      .upkeep()
      .catch((error) => io.event({ event: 'upkeep_failed', code: asFedError(error).code }))
  void upkeep()
  const timer = setInterval(upkeep, UPKEEP_MS)
  // New settings may allow less to be stored.
  const unlisten = home.onChange(() => void upkeep())
  return () => {
    clearInterval(timer)
    unlisten()
  }
}

/** Applies manual edits of config.json, until the returned function is called. */
const watchConfig = (io: Io, home: LiveHome): (() => void) => {
  const path = join(home.now().folder, 'config.json')
  watchFile(path, { interval: WATCH_MS }, () => {
    try {
      home.reread()
    } catch (error) {
      const { code, message } = asFedError(error)
      io.event({ event: 'config_refused', code, message })
    }
  })
  return () => unwatchFile(path)
}

/** Resolves when the signal aborts. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
