/** `loreweave serve`: the local API until it is stopped; `agent` serves the same one. */
import { Command } from 'commander'
import { asFedError, FedError } from '../../adapters/errors.ts'
import type { Home } from '../agent/home.ts'
import { openOversight } from '../agent/oversight.ts'
import { openPeople } from '../agent/people.ts'
import { DeviceSettings } from '../agent/settings.ts'
import type { DeviceStore } from '../agent/store.ts'
import type { Device } from '../agent/types.ts'
import { type RunningApi, serveApi } from '../api/serve.ts'
import { isExposed, refuseExposed } from '../http/address.ts'
import { openTransport } from '../http/transport.ts'
import { describeAccess } from './access.ts'
import { integer, type ModelOptions, withDevice, withModel } from './context.ts'
import type { Io } from './io.ts'

export type ServeOptions = ModelOptions & { port?: number; claudeUrl?: string }

/** A conversation may begin long after the last one, and starting the local model takes half of what a request may wait for it. */
export const SERVING_IDLE_MS = 30 * 60_000

/** How soon what another process forgot is forgotten here. */
const UPKEEP_MS = 2000

export const withApi = (command: Command): Command =>
  withModel(command)
    .option('--port <n>', 'port of the local API; 0 takes a free one', integer(0, 65_535))
    .option('--claude-url <url>', 'where requests to Claude go')

export const serveCommand = (io: Io): Command =>
  withApi(new Command('serve'))
    .description(
      'the local API: set the base URL of a Claude SDK to it and the app is personalized',
    )
    .addHelpText(
      'after',
      '\nPrints one JSON line once it listens, {"event":"listening","url":…}; logs to standard error, never what is said.\nApps send their own Claude credential, or the device token (then your key from $ANTHROPIC_API_KEY or init is used).\n`loreweave agent` does the same, and trains by itself.\n\nExample:\n  loreweave serve --port 4141',
    )
    .action((options: ServeOptions) =>
      withDevice(
        io,
        options,
        async (device, { home, store, signal }) => {
          const api = await startApi(io, device, { home, store }, options)
          await aborted(signal)
          await api.close()
        },
        { endsItself: true, idleMs: SERVING_IDLE_MS, owns: 'serve' },
      ),
    )

/** Listens, says so on stdout, and prepares in the background what the first request needs. */
export const startApi = async (
  io: Io,
  device: Device,
  { home, store }: { readonly home: Home; readonly store: DeviceStore },
  options: Pick<ServeOptions, 'port' | 'claudeUrl'>,
): Promise<RunningApi> => {
  const parsed = DeviceSettings.safeParse({
    ...home.config.settings,
    ...(options.claudeUrl !== undefined && { claudeUrl: options.claudeUrl }),
  })
  if (!parsed.success)
    throw new FedError('E_USAGE', '--claude-url expects an http or https address')
  const settings = parsed.data
  if (options.claudeUrl !== undefined && !settings.insecureHttp) refuseExposed(options.claudeUrl)
  const base = () => {
    const { model: name, exitLayer } = device.status()
    return { name, exitLayer }
  }
  const api = await serveApi(
    {
      device,
      oversight: openOversight({ store, clock: Date.now, settings, base }),
      deviceToken: home.deviceToken,
      claudeKey: home.claudeKey,
      claudeUrl: settings.claudeUrl,
      transport: openTransport(io.env, settings),
      clock: Date.now,
      logOutgoing: (entry) => store.later((tx) => tx.log(entry)),
      report: io.event,
      log: io.event,
      settings,
      people: openPeople(store, Date.now),
      hosts: settings.hosts,
      listen: settings.listen,
      requireToken: settings.requireToken,
    },
    options.port ?? settings.port,
  )
  io.out(`${JSON.stringify({ event: 'listening', url: `http://127.0.0.1:${api.port}` })}\n`)
  if (api.beyond.length > 0)
    io.event({
      event: 'listening_beyond_this_computer',
      addresses: api.beyond,
      note: `not encrypted; ${describeAccess(settings).what}`,
    })
  if (isExposed(settings.claudeUrl))
    io.event({
      event: 'claude_not_encrypted',
      address: settings.claudeUrl,
      note: settings.insecureHttp
        ? 'keys and texts can be read on the way'
        : 'requests are refused with E_INSECURE: give an https address, or set insecureHttp',
    })
  const upkeep = () =>
    device
      .upkeep()
      .catch((error) => io.event({ event: 'upkeep_failed', code: asFedError(error).code }))
  void upkeep()
  const timer = setInterval(upkeep, UPKEEP_MS)
  // Requests that come before it is done wait for it, or go through as they are.
  device
    .prepare()
    .catch((error) => io.event({ event: 'prepare_failed', code: asFedError(error).code }))
  return {
    ...api,
    close: () => {
      clearInterval(timer)
      return api.close()
    },
  }
}

export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
