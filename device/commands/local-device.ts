/** The device of a home on this machine: its engine, and readers of the machine's conditions. */
import { join } from 'node:path'
import { type DeviceFacts, memoryBucketOf } from '../../adapters/wire/job-life.ts'
import { openReaders } from '../agent/conditions-read.ts'
import { type EnergyMeter, openMeter } from '../agent/energy.ts'
import { machineIo } from '../agent/machine-io.ts'
import { treeSeconds } from '../agent/process-time.ts'
import type { LocalModel } from '../engine/model/open.ts'
import { readManifest } from '../engine/model/weight-store.ts'
import { CACHE_BYTES, type EngineOptions, openEngine } from '../engine/process/client.ts'
import { freeBytes } from '../engine/process/memory.ts'
import { divideLimit, rowLimitUnder, type StepNeed } from '../engine/train/memory-plan.ts'
import type { Home } from '../home/home.ts'
import type { DeviceSettings } from '../home/settings.ts'
import { timerSleep } from '../http/sleep.ts'
import { type HttpTransport, openTransport } from '../http/transport.ts'
import { type Device, openDevice } from '../owner/device.ts'
import type { Readings } from '../records/agent-reports.ts'
import type { DeviceStore } from '../store/store.ts'
import type { ModelOptions } from './context.ts'
import type { Io } from './io.ts'

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
    facts: localFacts(settings, memoryBytes),
  })
}

/** Coarse, and read only when a federation's server asks. */
const localFacts = (
  { agent, region }: DeviceSettings,
  memoryBytes: number | undefined,
): (() => Promise<DeviceFacts>) => {
  const read = localReaders()
  return async () => {
    const { charging, idleSeconds, metered } = await read()
    const free = memoryBytes ?? freeBytes()
    return {
      charging,
      idle: idleSeconds === null ? null : idleSeconds >= 60 * agent.idleMinutes,
      unmetered: metered === null ? null : !metered,
      memory: free === undefined ? null : memoryBucketOf(free / 2 ** 20),
      region,
    }
  }
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
