/** The process that owns a home: every call to the home is handled here, once. */
import { type ControlDeps, createControl, type LocalApi } from '../api/app.ts'
import { openInspection } from '../api/inspection/inspection.ts'
import type { OwnRoute, RoutedDevice } from '../api/routes/route.ts'
import type { LocalModel } from '../engine/model/open.ts'
import type { EngineOptions } from '../engine/process/client.ts'
import { dropDerivedFiles } from '../home/files.ts'
import type { LiveHome } from '../home/live-home.ts'
import type { Holder } from '../home/lock.ts'
import { openTransport } from '../http/transport.ts'
import type { Device } from '../owner/device.ts'
import { type LongWorkQueue, openLongWork } from '../owner/long-work.ts'
import { type HomeOperations, type Limits, openOperations } from '../owner/operations.ts'
import { settleProposal } from '../preferences/proposals.ts'
import { changeProfile, profileOf } from '../preferences/stored-profile.ts'
import { dismissQuestion, openQuestions } from '../reward/questions.ts'
import { forgetConversation } from '../store/forget.ts'
import { type DeviceStore, openStore } from '../store/store.ts'
import { isTrainingPaused, setTrainingPaused, trainingStatus } from '../store/training.ts'
import { type ModelOptions, openModelOf } from './context.ts'
import type { Io } from './io.ts'
import { type LocalDevice, openLocalDevice } from './local-device.ts'

export type OwnerOptions = Pick<EngineOptions, 'startsAtOnce' | 'idleMs'> & {
  /** Ends the command's own work. */
  readonly signal: AbortSignal
  /**
   * Whether it runs until it is stopped. Its device ends by itself after the signal, and its model
   * stays loaded.
   */
  readonly isLasting?: boolean
  /** The model, if already open. */
  readonly model?: LocalModel
}

export type Owner = {
  readonly home: LiveHome
  readonly holder: Holder
  /** Closed with the owner. */
  readonly store: DeviceStore
  readonly model: () => Promise<LocalModel>
  /** The device that answers; opened on first use. */
  readonly device: () => Promise<Device>
  /**
   * Opens a device on the same store with an engine of its own, for work that takes minutes. The
   * caller closes it.
   */
  readonly openWorker: (options: ModelOptions, how: LocalDevice) => Promise<Device>
  readonly longWork: LongWorkQueue
  /** The dependencies of the device's own routes. */
  readonly control: ControlDeps
  close(): Promise<void>
}

export const openOwner = (
  io: Io,
  options: ModelOptions,
  home: LiveHome,
  holder: Holder,
  { signal, isLasting = false, model: known, ...engine }: OwnerOptions,
): Owner => {
  const { folder, databasePath } = home.now()
  const store = openStore(databasePath, {
    hasKeeper: isLasting,
    // A command itself reports that nothing was stored.
    report: (event) => {
      if (isLasting || event.dropped === undefined) io.event(event)
    },
    ...(isLasting && { changed: (health) => io.event({ event: 'store', ...health }) }),
  })
  const unlisten = [
    home.onChange(({ config }) => void store.live.tell('settings', config.settings)),
    store.live.on('forgotten', () => dropDerivedFiles(folder)),
  ]
  // Devices are closed without closing the store.
  const shared: DeviceStore = { ...store, close: async () => {} }
  // A key that is replaced while a device is open signs its next request.
  const keyNow = {
    get publicKey() {
      return home.now().key.publicKey
    },
    get secretKey() {
      return home.now().key.secretKey
    },
    get deviceId() {
      return home.now().key.deviceId
    },
  }
  const opened: Device[] = []
  const model = once(async () => known ?? openModelOf(io, options, home.now(), signal))
  const open = async (given: ModelOptions, how: LocalDevice) =>
    openLocalDevice(
      io,
      given,
      { home: { ...home.now(), key: keyNow }, store: shared, model: await model() },
      how,
    )
  const openWorker: Owner['openWorker'] = (given, how) => open(given, { oneChild: true, ...how })
  const device = once(async () => {
    const isPaused = () => isTrainingPaused(store)
    const isEnrolled = () => home.now().config.server !== null
    const how = { ...engine, isPaused, isEnrolled, ...(!isLasting && { signal }) }
    const made = await open(options, how)
    opened.push(made)
    return made
  })
  const longWork = openLongWork()
  const operations = openOperations({
    store,
    home,
    holder,
    clock: Date.now,
    transport: (insecureHttp) => openTransport(io.env, { insecureHttp }),
    model,
    longWork,
    mayChangeModel: !isLasting,
    prepare: async () => (await device()).prepare(),
    openWorker: (limits, ends) => openWorker(withLimits(options, limits), ends),
  })
  return {
    home,
    holder,
    store,
    model,
    device,
    openWorker,
    longWork,
    control: controlOf(io, { home, store, device, operations, opened, holder }),
    close: async () => {
      await longWork.end()
      for (const end of unlisten) end()
      for (const one of opened) await one.close()
      await store.close()
    },
  }
}

type Parts = Pick<Owner, 'home' | 'store' | 'device' | 'holder'> & {
  readonly operations: HomeOperations
  /** Devices opened so far. */
  readonly opened: readonly Device[]
}

const controlOf = (io: Io, parts: Parts): ControlDeps => {
  const { home, store, opened, operations, holder } = parts
  const settings = { ...home.now().config.settings }
  store.live.on('settings', (next) => void Object.assign(settings, next))
  const base = () => {
    const [device] = opened
    const { model: name, exitLayer } = device?.status() ?? { model: 'not open', exitLayer: 1 }
    return { name, exitLayer }
  }
  return {
    device: routedDevice(parts),
    inspection: openInspection({ store, clock: Date.now, settings, base }),
    home: operations,
    deviceToken: home.now().deviceToken,
    clock: Date.now,
    port: () => holder.port ?? 0,
    report: io.event,
    drained: store.drained,
  }
}

/** Opens the model only for calls that need it. */
const routedDevice = ({ home, store, device, opened }: Parts): RoutedDevice => ({
  rewrite: async (...given) => (await device()).rewrite(...given),
  rerank: async (...given) => (await device()).rerank(...given),
  feedback: async (event) => (await device()).feedback(event),
  status: async () => (await device()).status(),
  // An open device refits without the erased choices.
  forget: (target, preview) =>
    opened[0]?.forget(target, preview) ?? forgetConversation(store, target, preview),
  profile: () => profileOf(store),
  editProfile: (changes) => store.durably((tx) => changeProfile(tx, changes)),
  proposals: () => store.proposals(),
  questions: () => openQuestions({ store, settings: home.now().config.settings, clock: Date.now }),
  dismissQuestion: (question) => dismissQuestion(store, question),
  async settleProposal(id, accept) {
    await store.durably((tx) => settleProposal(tx, id, accept))
    return profileOf(store)
  },
  async pauseTraining(paused) {
    await store.durably((tx) => setTrainingPaused(tx, paused))
    return trainingStatus(store)
  },
})

/** The routes that other processes may use. */
export const controlApp = (owner: Owner, admit?: (route: OwnRoute) => void): LocalApi =>
  createControl({ ...owner.control, admit })

const withLimits = (
  options: ModelOptions,
  { threads, cpuShare, memoryLimit }: Limits,
): ModelOptions => ({
  ...options,
  ...(threads !== undefined && { threads }),
  ...(cpuShare !== undefined && { cpuShare }),
  ...(memoryLimit !== undefined && { memoryLimit }),
})

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | null = null
  return () => {
    made ??= make().catch((error) => {
      // The next call tries again.
      made = null
      throw error
    })
    return made
  }
}
