/** What the commands of `loreweave` share: options, the opened home and device. */
import { join } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { VERSION } from '../../adapters/version.ts'
import type { Readings } from '../../adapters/wire/energy.ts'
import { machineIo, openReaders } from '../agent/conditions-read.ts'
import { openDevice } from '../agent/device.ts'
import { type EnergyMeter, openMeter } from '../agent/energy.ts'
import { type Home, homeFolder, openHome } from '../agent/home.ts'
import { treeSeconds } from '../agent/process-time.ts'
import type { DeviceSettings } from '../agent/settings.ts'
import { type DeviceStore, openStore } from '../agent/store.ts'
import { isTrainingPaused } from '../agent/training.ts'
import { timerSleep } from '../agent/transport.ts'
import type { Device } from '../agent/types.ts'
import { defaultCacheFolder } from '../engine/model/cache.ts'
import { type LocalModel, openModel } from '../engine/model/open.ts'
import { readManifest } from '../engine/model/weight-store.ts'
import { CACHE_BYTES, type EngineOptions, openEngine } from '../engine/run/client.ts'
import { freeBytes } from '../engine/run/memory.ts'
import { divideLimit, rowLimitUnder, type StepNeed } from '../engine/run/memory-plan.ts'
import { type Lock, takeLock } from '../home/lock.ts'
import { type HttpTransport, openTransport } from '../http/transport.ts'
import type { Io } from './io.ts'

export type CommonOptions = { home?: string; json?: boolean }
export type ModelOptions = CommonOptions & {
  threads?: number
  cpuShare?: number
  memoryLimit?: number
  cache?: string
}

export const withHome = (command: Command): Command =>
  command
    .option('--home <dir>', 'home folder (default: $LOREWEAVE_HOME or ~/.loreweave)')
    .option('--json', 'print one JSON document')

export const withModel = (command: Command): Command =>
  withHome(command)
    .option('--threads <n>', 'threads of the local model (default: all cores)', integer(1, 256))
    .option('--cpu-share <x>', 'share of the time that training may run, 0.1 to 1', share)
    .option(
      '--memory-limit <mb>',
      'megabytes that a process with the local model may hold',
      integer(128, 4_000_000),
    )
    .option('--cache <dir>', 'model cache (default: $LOREWEAVE_CACHE or ~/.cache/loreweave)')

export const integer =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^-?\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}.`)
    return value
  }

export const share = (text: string): number => {
  const value = Number(text)
  if (!(value >= 0.1 && value <= 1))
    throw new InvalidArgumentError('expected a number from 0.1 to 1.')
  return value
}

export const folderOf = (io: Io, options: CommonOptions): string => homeFolder(options.home, io.env)

export const homeOf = (io: Io, options: CommonOptions): Home =>
  openHome(folderOf(io, options), io.env)

/** The store alone, for commands that need no model; closed afterwards. */
export const withStore = async <T>(
  io: Io,
  options: CommonOptions,
  work: (store: DeviceStore, home: Home) => T | Promise<T>,
): Promise<T> => {
  const home = homeOf(io, options)
  const store = openStore(home.databasePath)
  try {
    return await work(store, home)
  } finally {
    await store.close()
  }
}

type DeviceCommand = Pick<EngineOptions, 'oneChild' | 'startsAtOnce' | 'idleMs'> & {
  /** Its name, where it owns the home as long as it runs. */
  readonly owns?: string
  /** The command ends by itself after the signal; else the engine's calls fail with E_CANCELLED at once. */
  readonly endsItself?: boolean
}

export type DeviceContext = {
  readonly home: Home
  readonly store: DeviceStore
  /** Aborts at SIGINT or SIGTERM. */
  readonly signal: AbortSignal
  readonly model: LocalModel
}

/** The whole device; closed afterwards. */
export const withDevice = async <T>(
  io: Io,
  options: ModelOptions,
  work: (device: Device, context: DeviceContext) => Promise<T>,
  { endsItself = false, owns, ...engineOptions }: DeviceCommand = {},
): Promise<T> => {
  const home = homeOf(io, options)
  const abort = new AbortController()
  const stop = () => abort.abort()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  const model = await openModel(
    { cacheFolder: options.cache ?? defaultCacheFolder(io.env), name: home.config.model },
    {
      onConvert: (done, of) => io.progress({ step: 'converting the model', done, of }),
      signal: abort.signal,
    },
  )
  const lock = owns === undefined ? null : await ownHome(home.folder, owns)
  const store = openStore(home.databasePath)
  const context = { home, store, signal: abort.signal, model }
  const device = openLocalDevice(io, options, context, {
    ...engineOptions,
    isPaused: toldWhenPaused(io, () => isTrainingPaused(store)),
    ...(!endsItself && { signal: abort.signal }),
  })
  try {
    return await work(device, context)
  } finally {
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
    await device.close()
    lock?.release()
  }
}

/** What another command may still be at when this one begins. */
const OWNER_WAIT_MS = 2000

/** Fails with E_CONFLICT while another process works with the home. */
const ownHome = (folder: string, command: string): Promise<Lock> => {
  const startedAt = Date.now() - 1000 * process.uptime()
  const holder = { pid: process.pid, startedAt, command, version: VERSION, port: null }
  return takeLock(folder, holder, OWNER_WAIT_MS, timerSleep)
}

type LocalDevice = Pick<EngineOptions, 'oneChild' | 'startsAtOnce' | 'idleMs' | 'signal'> & {
  readonly isPaused: () => boolean
}

/** A device on this home with engine processes of its own. Closing it closes the store of the context. */
export const openLocalDevice = (
  io: Io,
  options: ModelOptions,
  { home, store, model }: Omit<DeviceContext, 'signal'>,
  { isPaused, ...engineOptions }: LocalDevice,
): Device => {
  const { config } = home
  const threads = options.threads ?? config.threads
  const settings = {
    ...config.settings,
    ...(options.cpuShare !== undefined && { cpuShare: options.cpuShare }),
    ...(options.memoryLimit !== undefined && { memoryLimit: options.memoryLimit }),
  }
  const memoryBytes = settings.memoryLimit === null ? undefined : settings.memoryLimit * 1e6
  return openDevice({
    store,
    key: home.key,
    model,
    engine: openEngine({
      folder: model.folder,
      stateFolder: join(home.folder, 'states'),
      ...(settings.quantized && { weights: 'quantized' as const }),
      ...engineOptions,
      cpuShare: settings.cpuShare,
      memoryBytes,
      isPaused,
      ...(threads !== null && { threads }),
    }),
    serverUrl: config.server,
    transport: openedWhenUsed(io, settings),
    settings,
    folder: home.folder,
    isPaused,
    report: io.event,
    checkMemory: memoryCheck(model, memoryBytes),
  })
}

/** Most commands send nothing, and a mistake in HTTPS_PROXY does not stop them. */
export const openedWhenUsed = (io: Io, settings: Pick<DeviceSettings, 'insecureHttp'>) => {
  let opened: HttpTransport | undefined
  return async (request: Request): Promise<Response> => {
    opened ??= openTransport(io.env, settings)
    return opened(request)
  }
}

const ownSeconds = () => treeSeconds(process.platform, machineIo(), process.pid)

/** Readers of this machine's conditions; one set looks at the machine over time. */
export const localReaders = (): (() => Promise<Readings>) =>
  openReaders({ platform: process.platform, io: machineIo(), ownSeconds, sleep: timerSleep })

export const localMeter = (wattsPerCore: number): EnergyMeter =>
  openMeter(machineIo(), ownSeconds, wattsPerCore)

/** Before hours of pooling: whether a training would fit. Where it may vary with the examples the engine looks again. */
const memoryCheck =
  ({ folder, config }: LocalModel, memoryBytes: number | undefined) =>
  (need: StepNeed): void => {
    const { limitBytes } = divideLimit(memoryBytes, CACHE_BYTES)
    rowLimitUnder({ config, manifest: readManifest(folder) }, need, {
      limitBytes,
      freeBytes: freeBytes(),
    })
  }

/** Says on stderr when a pause begins to hold something up, and when it ends. */
const toldWhenPaused = (io: Io, isPaused: () => boolean): (() => boolean) => {
  let last = false
  return () => {
    const now = isPaused()
    if (now !== last)
      io.progress(
        now
          ? { step: 'paused', note: 'training waits for `loreweave training resume`' }
          : { step: 'resumed' },
      )
    last = now
    return now
  }
}

export const megabytes = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
