/** Shared parts of the commands: options, opening a home, a model and a device. */

import { join } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { integer } from '../../adapters/node/program.ts'
import { openReaders } from '../agent/conditions-read.ts'
import { type EnergyMeter, openMeter } from '../agent/energy.ts'
import { machineIo } from '../agent/machine-io.ts'
import { treeSeconds } from '../agent/process-time.ts'
import { defaultCacheFolder } from '../engine/model/cache.ts'
import { type LocalModel, openModel } from '../engine/model/open.ts'
import { readManifest } from '../engine/model/weight-store.ts'
import { CACHE_BYTES, type EngineOptions, openEngine } from '../engine/process/client.ts'
import { freeBytes } from '../engine/process/memory.ts'
import { divideLimit, rowLimitUnder, type StepNeed } from '../engine/train/memory-plan.ts'
import { type Home, homeFolder, openHome } from '../home/home.ts'
import type { DeviceSettings } from '../home/settings.ts'
import { timerSleep } from '../http/sleep.ts'
import { type HttpTransport, openTransport } from '../http/transport.ts'
import { type Device, openDevice } from '../owner/device.ts'
import type { Readings } from '../records/agent-reports.ts'
import type { DeviceStore } from '../store/store.ts'
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
      'memory limit, in megabytes, of a process with the local model',
      integer(128, 4_000_000),
    )
    .option('--cache <dir>', 'model cache (default: $LOREWEAVE_CACHE or ~/.cache/loreweave)')

export const share = (text: string): number => {
  const value = Number(text)
  if (!(value >= 0.1 && value <= 1))
    throw new InvalidArgumentError('expected a number from 0.1 to 1.')
  return value
}

export const folderOf = (io: Io, options: CommonOptions): string => homeFolder(options.home, io.env)

export const homeOf = (io: Io, options: CommonOptions): Home =>
  openHome(folderOf(io, options), io.env)

/** Opens the home's model in this process. */
export const openModelOf = (
  io: Io,
  options: ModelOptions,
  { config }: Home = homeOf(io, options),
  signal?: AbortSignal,
): Promise<LocalModel> =>
  openModel(
    { cacheFolder: options.cache ?? defaultCacheFolder(io.env), name: config.model },
    {
      onConvert: (done, of) => io.progress({ step: 'converting the model', done, of }),
      ...(signal && { signal }),
    },
  )

type DeviceParts = {
  readonly home: Home
  readonly store: DeviceStore
  readonly model: LocalModel
}

export type LocalDevice = Pick<EngineOptions, 'oneChild' | 'startsAtOnce' | 'idleMs' | 'signal'> & {
  readonly isPaused: () => boolean
  readonly isEnrolled?: () => boolean
}

/**
 * Opens a device on this home with engine processes of its own. Closing it closes the given store.
 */
export const openLocalDevice = (
  io: Io,
  options: ModelOptions,
  { home, store, model }: DeviceParts,
  { isPaused, isEnrolled, ...engineOptions }: LocalDevice,
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
    ...(isEnrolled && { isEnrolled }),
    isPaused,
    report: io.event,
    checkMemory: memoryCheck(model, memoryBytes),
  })
}

/** Most commands send nothing, so an invalid HTTPS_PROXY must not stop them. */
const openedWhenUsed = (io: Io, settings: Pick<DeviceSettings, 'insecureHttp'>) => {
  let opened: HttpTransport | undefined
  return async (request: Request): Promise<Response> => {
    opened ??= openTransport(io.env, settings)
    return opened(request)
  }
}

const ownSeconds = () => treeSeconds(process.platform, machineIo(), process.pid)

/** Readers of this machine's conditions. A set keeps state over time. */
export const localReaders = (): (() => Promise<Readings>) =>
  openReaders({ platform: process.platform, io: machineIo(), ownSeconds, sleep: timerSleep })

export const localMeter = (wattsPerCore: number): EnergyMeter =>
  openMeter(machineIo(), ownSeconds, wattsPerCore)

/**
 * Checks, before hours of pooling, whether a training would fit. If that depends on the examples,
 * the engine checks again.
 */
const memoryCheck =
  ({ folder, config }: LocalModel, memoryBytes: number | undefined) =>
  (need: StepNeed): void => {
    const { limitBytes } = divideLimit(memoryBytes, CACHE_BYTES)
    rowLimitUnder({ config, manifest: readManifest(folder) }, need, {
      limitBytes,
      freeBytes: freeBytes(),
    })
  }

export const megabytes = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
