/** `loreweave-server serve`: the server over HTTP, on a data folder, until a signal ends it. */
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { FedError } from '../../adapters/errors.ts'
import { textOfFile } from '../../adapters/formats/text.ts'
import { closeListener } from '../../adapters/node/listener.ts'
import { replaceFileSync } from '../../adapters/node/replace-file.ts'
import { cryptoRng } from '../../adapters/random.ts'
import { LEAST_COHORT } from '../../adapters/wire/federation.ts'
import { newCredential } from '../access/secrets.ts'
import { connectEdge, type EdgeOptions } from '../edge/connect.ts'
import { openEdge } from '../edge/edge.ts'
import type { UpstreamClient } from '../edge/upstream.ts'
import { checkWebhook, webhook } from '../governance/webhook.ts'
import { aggregateInWorker, foldInWorker } from '../releases/worker.ts'
import type { RoundDeps } from '../rounds/deps.ts'
import type { Pace } from '../rounds/pace.ts'
import { createServer } from '../routes/app.ts'
import { type Data, type DataPlaces, openData } from '../store/open.ts'
import { diskOf, folderSpace, openRoom, type Room } from '../store/room.ts'
import { sharedClock } from '../store/shared-clock.ts'
import { jsonLog, type Log, type LogLevel } from '../telemetry/log.ts'
import { openListener, type TlsFiles } from './listener.ts'
import { measureProcess } from './monitor.ts'

export type ServeOptions = DataPlaces & {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly pace: Pace
  /** PEM files; both or none. With them it serves HTTPS alone. */
  readonly tlsCert?: string | undefined
  readonly tlsKey?: string | undefined
  /** How often deadlines are looked at. */
  readonly tickMs: number
  readonly logLevel: LogLevel
  /** Default: 20. */
  readonly leastCohort?: number | undefined
  /** Free space that uploads leave. */
  readonly diskReserveMb?: number | undefined
  /** What the data folder may hold. */
  readonly diskQuotaMb?: number | undefined
  /** Whether anyone may read /metrics. */
  readonly openMetrics?: boolean | undefined
  /** Names under which operators reach it. */
  readonly hosts?: readonly string[] | undefined
  /** Where alerts are told. */
  readonly webhook?: string | undefined
  /** Longest time to end in: answers under way, then a running aggregation, which a restart repeats. */
  readonly drainMs?: number | undefined
  /** It takes part in the rounds of another server. */
  readonly edge?: EdgeOptions | undefined
}

/** What a program may put in the place of ours. */
export type ServeParts = Pick<RoundDeps, 'leaseMs' | 'foldAt'> & { readonly open?: typeof openData }

export type Serving = {
  readonly url: string
  /** Reads the certificate again, if there is one. */
  reloadTls(): void
  close(): Promise<void>
}

/**
 * Makes the data folder and the operator's credential on first use. Log lines go to standard error.
 * env: AWS_… credentials of the objects, LOREWEAVE_OPERATOR_TOKEN in place of the folder's own. Fails
 * with E_CONFLICT (folder in use, or that of another edge), E_UNAVAILABLE
 * (address in use, no database, no bucket), E_DATA, E_USAGE.
 */
export const serve = async (
  options: ServeOptions,
  env: Readonly<Record<string, string | undefined>> = {},
  { open = openData, ...parts }: ServeParts = {},
): Promise<Serving> => {
  const log = jsonLog((line) => process.stderr.write(`${line}\n`), Date.now, options.logLevel)
  const tls = tlsOf(options)
  const { webhook: address, openMetrics = false } = options
  const tell = address === undefined ? undefined : webhook(checkWebhook(address), log)
  // Also for a replica that keeps nothing here but the parts of uploads.
  mkdirSync(options.data, { recursive: true, mode: 0o700 })
  const room = roomOf(options, log)
  const data = await open(options, env)
  const clock = options.database === undefined ? null : sharedClock(data.store)
  await clock?.look()
  const now = clock?.now ?? Date.now
  const rng = cryptoRng()
  const { leastCohort = LEAST_COHORT } = options
  const upstream = options.edge && (await joined(data, { clock: now, rng, log }, options.edge))
  const work = { aggregate: aggregateInWorker, fold: foldInWorker }
  const deps = { ...data, ...parts, ...work, clock: now, rng, log }
  const federation = createServer({
    ...deps,
    forward: upstream?.forward,
    config: {
      operatorCredential: operatorCredential(options.data, env['LOREWEAVE_OPERATOR_TOKEN']),
      pace: options.pace,
      leastCohort,
      openMetrics,
      hosts: options.hosts,
      upstream: upstream?.url,
    },
    // null where the system does not say.
    disk: () => diskOf(options.data).catch(() => null),
    tell,
    hasRoom: room.hasRoom,
    traffic: { folder: join(options.data, 'uploads') },
  })
  await room.look()
  if (options.database === undefined) await federation.recover()
  const listener = openListener(federation.app.fetch, tls, log)
  const http = listener.server
  try {
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject)
      http.listen(options.port, options.host, () => resolve())
    })
  } catch (cause) {
    await federation.close()
    const where = `${options.host}:${options.port}`
    throw new FedError('E_UNAVAILABLE', `cannot listen on ${where}`, { cause })
  }
  if (!tls && !isLoopback(options.host))
    log('warn', 'listening_without_tls', {
      host: options.host,
      advice:
        'use --tls-cert and --tls-key, or a proxy that ends TLS: the credential travels as it is',
    })
  const edge =
    upstream &&
    openEdge(
      {
        ...deps,
        ...{ client: upstream, act: federation.act, limits: options.edge!, hasRoom: room.hasRoom },
        config: { leastCohort },
      },
      randomUUID(),
    )
  const tick = () =>
    federation
      .tick(now())
      .then(() => edge?.step(now()))
      .catch((error: unknown) => log('error', 'tick_failed', { cause: String(error) }))
  void tick()
  const timer = setInterval(tick, options.tickMs)
  const look = () => void room.look().catch(() => log('warn', 'storage_not_measured'))
  const looks = setInterval(() => {
    look()
    // A database that does not answer is told by what asks for more than its time.
    clock?.look().catch(() => {})
  }, LOOK_MS)
  const endMeasures = measureProcess(federation.metrics, http)
  const { drainMs = DRAIN_MS } = options
  return {
    url: urlOf(http.address() as AddressInfo, tls !== null),
    reloadTls: listener.reload,
    async close() {
      federation.drain()
      clearInterval(timer)
      clearInterval(looks)
      listener.close()
      endMeasures()
      const limit = drainLimit(drainMs)
      await closeListener(http, Math.min(GRACE_MS, drainMs))
      await Promise.race([federation.close(), limit.over]).finally(limit.end)
    },
  }
}

/** Where it cannot become an edge its data are let go. */
const joined = async (
  data: Data,
  deps: Pick<RoundDeps, 'clock' | 'rng' | 'log'>,
  options: EdgeOptions,
): Promise<UpstreamClient> => {
  try {
    return await connectEdge({ ...deps, store: data.store }, options)
  } catch (error) {
    await data.store.close()
    throw error
  }
}

/** How often the disk, and the database's clock, are looked at. */
const LOOK_MS = 5000

const MEGABYTE = 1_000_000

export const DISK_RESERVE_MB = 256

/** Also of a server whose data are elsewhere: uploads wait here. */
const roomOf = (
  { data, diskReserveMb = DISK_RESERVE_MB, diskQuotaMb }: ServeOptions,
  log: Log,
): Room => {
  const quotaBytes = diskQuotaMb === undefined ? undefined : diskQuotaMb * MEGABYTE
  const limits = { reserveBytes: diskReserveMb * MEGABYTE, quotaBytes }
  return openRoom(folderSpace(data, quotaBytes !== undefined), limits, log)
}

/** For answers under way. */
const GRACE_MS = 2000
/** Kubernetes kills after 30 s. */
export const DRAIN_MS = 25_000

const drainLimit = (ms: number) => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  return { over, end: () => clearTimeout(timer) }
}

/** The file that operator commands on the same machine read. */
export const credentialFile = (data: string): string => join(data, 'operator-credential')

/** given: the same for all replicas. Fails with E_USAGE where it is too short. */
const operatorCredential = (data: string, given: string | undefined): string => {
  if (given !== undefined && given.length < 16)
    throw new FedError('E_USAGE', 'LOREWEAVE_OPERATOR_TOKEN must have at least 16 characters')
  if (given !== undefined) return given
  const path = credentialFile(data)
  if (existsSync(path)) return textOfFile(() => readFileSync(path), path).trim()
  const credential = newCredential(cryptoRng())
  replaceFileSync(path, `${credential}\n`, { mode: 0o600 })
  return credential
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host.startsWith('127.')

const tlsOf = ({ tlsCert: cert, tlsKey: key }: ServeOptions): TlsFiles | null => {
  if (cert && key) return { cert, key }
  if (cert || key) throw new FedError('E_USAGE', 'expected both --tls-cert and --tls-key, or none')
  return null
}

const urlOf = ({ address, family, port }: AddressInfo, isSecure: boolean): string =>
  `${isSecure ? 'https' : 'http'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`
