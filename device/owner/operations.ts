/**
 * Operations of a home's owner for the command line, beside those of apps. They are the same
 * whether the command is the owner or asks a running one.
 */

import type { z } from 'zod'
import { FedError } from '../../adapters/errors.ts'
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { cryptoRng } from '../../adapters/random.ts'
import type { AdapterSpecSchema } from '../../adapters/wire/primitives.ts'
import { newKeyPair } from '../../adapters/wire/signature.ts'
import { fingerprintOf } from '../../adapters/wire/spoken.ts'
import type { LoraFeed } from '../engine/engine.ts'
import type { LocalModel } from '../engine/model/open.ts'
import { federationClient } from '../federation/client.ts'
import { notEnrolled } from '../federation/contributor.ts'
import { enrolWith, forgetServer, pinKey } from '../federation/enrol.ts'
import type { ParticipateOptions, ParticipateReport } from '../federation/participate.ts'
import { compareLog, type LogVerdict } from '../federation/release-log.ts'
import { keyOfWords, pinnedKey } from '../federation/server-word.ts'
import type { Transport } from '../federation/signed-transport.ts'
import { type ImportReport, importChoices } from '../feedback/import-choices.ts'
import { alone, deviceIdOfKey, replaced, type SigningKey } from '../home/device-key.ts'
import { changedHome, type HomeChanges } from '../home/home.ts'
import type { LiveHome } from '../home/live-home.ts'
import { type Holder, heldBy } from '../home/lock.ts'
import type { Progress } from '../home/progress.ts'
import type { DeviceSettings } from '../home/settings.ts'
import { timerSleep } from '../http/sleep.ts'
import type { ExitChoice } from '../reward/choose-exit.ts'
import { featureSpace } from '../reward/feature-space.ts'
import { keptRelease } from '../reward/serving.ts'
import { type Dropped, withdrawConsent } from '../store/consent.ts'
import { readPrivate, savePrivate, servingState } from '../store/private-adapter.ts'
import type { DeviceStore } from '../store/store.ts'
import { isTrainingPaused, trainingStatus } from '../store/training.ts'
import type { TrainingStatus } from '../store/training-status.ts'
import { type Trust, trustOf } from '../store/trust.ts'
import type { Device } from './device.ts'
import type { LongWorkQueue } from './long-work.ts'
import { type HomeStatus, homeStatus } from './status.ts'
import type { TrainOptions, TrainReport } from './train.ts'

/** Limits of one piece of work; undefined: as the settings say. */
export type Limits = {
  readonly threads?: number | undefined
  readonly cpuShare?: number | undefined
  readonly memoryLimit?: number | undefined
}

export type Work = {
  readonly onProgress: (progress: Progress) => void
  readonly signal: AbortSignal
}

type Which = 'private' | 'shared'
/** An adapter with its numbers. weights: SHA-256 of its model. */
export type NumberedAdapter = {
  readonly which: Which
  readonly weights: string
  readonly spec: z.infer<typeof AdapterSpecSchema>
  readonly numbers: Float32Array
}

export type LeftReport = {
  readonly server: string | null
  /** Whether the server has deleted what names this device. */
  readonly isTold: boolean
  readonly dropped: Dropped
  readonly accepted: number
}

/** insecureHttp: whether plain http to another computer is allowed. */
type Enrolment = {
  /** The words of the server's key; left out: those of the token, if any. */
  readonly words?: string | undefined
  readonly server: string
  readonly token: string
  readonly insecureHttp: boolean
}

type Plain<T> = { readonly [K in keyof T]?: T[K] | undefined }

type ConfigChanges = HomeChanges & { readonly claudeKey?: string | undefined }

export type HomeOperations = {
  owner(): Pick<Holder, 'pid' | 'command' | 'version'>
  status(): Promise<HomeStatus>
  training(): TrainingStatus
  importChoices(choices: readonly ChoiceLine[]): Promise<ImportReport>
  train(options: Limits & Plain<TrainOptions>, work: Work): Promise<TrainReport>
  participate(options: Limits & Plain<ParticipateOptions>, work: Work): Promise<ParticipateReport>
  chooseExit(options: Limits, work: Work): Promise<ExitChoice>
  prepare(work: Work): Promise<void>
  /** Default: the private adapter if there is one. Fails with E_NOT_FOUND. */
  adapter(which?: Which): Promise<NumberedAdapter>
  /**
   * Takes an adapter as the private one. choices: number that the head was refitted to; null
   * without any.
   */
  takeAdapter(adapter: NumberedAdapter, work: Work): Promise<{ choices: number | null }>
  enroll(
    enrolment: Enrolment,
    signal: AbortSignal,
  ): Promise<{ deviceId: string; server: string; serverKey: string | null }>
  /** How far the server of the federation is held to its word. */
  trust(): Trust
  /** words: of its key; null: whatever key it shows now. Fails with E_SERVER_KEY, E_NOT_ENROLLED. */
  pinServer(words: string | null, signal: AbortSignal): Promise<Trust>
  /** Whether another device was told the same. Fails with E_FORK, E_SERVER_KEY, E_NOT_ENROLLED. */
  compareLog(
    other: { readonly number: number; readonly words: string },
    signal: AbortSignal,
  ): Promise<{ verdict: LogVerdict }>
  /** The device stays the same for its server. */
  replaceKey(signal: AbortSignal): Promise<{ deviceId: string; server: string }>
  leave(): Promise<LeftReport>
  /** Returns the names of settings that take effect only when the owner restarts. */
  configure(changes: ConfigChanges): string[] | Promise<string[]>
}

/** signal: ends every pass of the model at once. */
type WorkerEnds = { readonly isPaused: () => boolean; readonly signal: AbortSignal }

export type OperationsDeps = {
  readonly store: DeviceStore
  readonly home: LiveHome
  readonly holder: Holder
  readonly clock: () => number
  /** To federation servers. */
  readonly transport: (insecureHttp: boolean) => Transport
  readonly model: () => Promise<LocalModel>
  /** Opens a device for one piece of work, on the same store. It is closed afterwards. */
  readonly openWorker: (limits: Limits, ends: WorkerEnds) => Promise<Device>
  readonly longWork: LongWorkQueue
  /** Prepares what the first request would otherwise wait for. */
  readonly prepare: (work: Work) => Promise<void>
  /** Whether the model can still change: nothing has been opened with it. */
  readonly mayChangeModel: boolean
}

export const openOperations = (deps: OperationsDeps): HomeOperations => {
  const { store, home, holder, clock } = deps
  const { pid, command, version } = holder
  return {
    owner: () => ({ pid, command, version }),
    status: async () => {
      await store.tried()
      return homeStatus(store, home.now(), holder, clock)
    },
    training: () => trainingStatus(store),
    importChoices: (choices) => importChoices(store, choices, clock()),
    train: ({ threads, cpuShare, memoryLimit, ...options }, work) =>
      atWork(deps, { threads, cpuShare, memoryLimit }, work, (device, ends) =>
        device.train({ ...defined(options), ...ends }),
      ),
    participate: ({ threads, cpuShare, memoryLimit, ...options }, work) =>
      atWork(deps, { threads, cpuShare, memoryLimit }, work, (device, ends) =>
        device.participate({ ...defined(options), ...ends }),
      ),
    chooseExit: (limits, work) =>
      atWork(deps, limits, work, (device, { onProgress }) => device.chooseExit(onProgress)),
    prepare: deps.prepare,
    adapter: (which) => servedAdapter(deps, which),
    takeAdapter: (adapter, work) => takeAdapter(deps, adapter, work),
    enroll: (enrolment, signal) => enroll(deps, enrolment, signal),
    trust: () => trustOf(store, home.now().config.server),
    pinServer: (words, signal) => pinServer(deps, words, signal),
    compareLog: (other, signal) => compareWith(deps, other, signal),
    replaceKey: (signal) => replaceKey(deps, signal),
    leave: () => leave(deps),
    configure: (changes) => configure(deps, changes),
  }
}

/** Runs work in a device of its own, when nothing else trains. */
const atWork = <T>(
  { store, longWork, openWorker }: OperationsDeps,
  limits: Limits,
  { onProgress, signal }: Work,
  work: (device: Device, ends: Work) => Promise<T>,
): Promise<T> =>
  longWork.run(
    async (ends) => {
      const isPaused = toldWhenPaused(onProgress, () => isTrainingPaused(store))
      const device = await openWorker(limits, { isPaused, signal: ends })
      try {
        return await work(device, { onProgress, signal: ends })
      } finally {
        await device.close()
      }
    },
    { signal, onProgress },
  )

/** Reports when a pause starts to delay work, and when it ends. */
const toldWhenPaused = (tell: Work['onProgress'], isPaused: () => boolean): (() => boolean) => {
  let last = false
  return () => {
    const now = isPaused()
    if (now !== last)
      tell(
        now
          ? { step: 'paused', note: 'training waits for `loreweave training resume`' }
          : { step: 'resumed' },
      )
    last = now
    return now
  }
}

const servedAdapter = async (
  { store, model: open }: OperationsDeps,
  wanted?: Which,
): Promise<NumberedAdapter> => {
  const model = await open()
  const state = servingState(store)
  const which = wanted ?? (state.private ? 'private' : 'shared')
  const named = ({ spec, flat }: LoraFeed): NumberedAdapter => ({
    which,
    weights: model.base.weights,
    spec: { ...spec, modules: [...spec.modules] },
    numbers: flat,
  })
  if (which === 'private' && state.private) return named(readPrivate(store))
  if (which === 'shared' && state.release !== null) {
    const space = featureSpace(model.base.shape.hidden)
    return named(keptRelease({ store, model, space }, state.release).whole)
  }
  throw new FedError(
    'E_NOT_FOUND',
    which === 'private'
      ? 'there is no private adapter. Run: loreweave train --adapter'
      : 'no release is served, so there is no shared adapter. Run: loreweave participate',
  )
}

const takeAdapter = async (
  deps: OperationsDeps,
  { weights, spec, numbers }: NumberedAdapter,
  work: Work,
): Promise<{ choices: number | null }> => {
  const { store } = deps
  const { base } = await deps.model()
  if (weights !== base.weights)
    throw new FedError('E_BASE_MODEL', `the adapter is not for the open model (${base.name})`)
  await store.durably((tx) => savePrivate(tx, servingState(tx).release, { spec, flat: numbers }))
  if (store.countChoices() === 0) return { choices: null }
  const report = await atWork(deps, {}, work, (device, ends) => device.train(ends))
  return { choices: report.choices }
}

const clientOf = (
  { store, home, clock, transport }: OperationsDeps,
  serverUrl: string,
  insecureHttp: boolean,
  key: SigningKey = home.now().key,
) =>
  federationClient({
    serverUrl,
    transport: transport(insecureHttp),
    key,
    clock,
    rng: cryptoRng(),
    sleep: timerSleep,
    log: (entry) => store.durably((tx) => tx.log(entry)),
    pinned: pinnedKey(store),
  })

const enroll = async (
  deps: OperationsDeps,
  { server, token, insecureHttp, words }: Enrolment,
  signal: AbortSignal,
): Promise<{ deviceId: string; server: string; serverKey: string | null }> => {
  const { home, clock, store } = deps
  const key = alone(home.now().key)
  const federation = clientOf(deps, server, insecureHttp, key)
  const enrolment = { store, clock, server, federation }
  const { deviceId, serverKey } = await enrolWith(enrolment, token, words ?? null, signal)
  home.changeKey(alone)
  home.change(({ settings, ...config }) => ({
    ...config,
    server,
    enrolledAt: clock(),
    settings: { ...settings, insecureHttp },
  }))
  return { deviceId, server, serverKey: serverKey && fingerprintOf(serverKey) }
}

const pinServer = async (
  deps: OperationsDeps,
  words: string | null,
  signal: AbortSignal,
): Promise<Trust> => {
  const { store, clock } = deps
  const { federation, server } = enrolled(deps)
  const shown = await federation.serverKey({ signal, check: () => {} })
  if (!shown)
    throw new FedError('E_SERVER_KEY', `${server} is of an earlier version, and has no key to pin`)
  const key = words === null ? shown.publicKey : keyOfWords(shown, words)
  await pinKey(store, { key, at: Math.floor(clock()), by: words === null ? 'first_use' : 'words' })
  return trustOf(store, server)
}

const compareWith = async (
  deps: OperationsDeps,
  other: { readonly number: number; readonly words: string },
  signal: AbortSignal,
): Promise<{ verdict: LogVerdict }> => {
  const { federation } = enrolled(deps)
  if (!deps.store.get('pin'))
    throw new FedError('E_SERVER_KEY', 'no key is pinned yet. Run: loreweave server pin')
  const leave = { signal, check: () => {} }
  return { verdict: await compareLog({ store: deps.store, federation }, other, leave) }
}

/** Fails with E_NOT_ENROLLED. */
const enrolled = (deps: OperationsDeps) => {
  const { server, settings } = deps.home.now().config
  if (server === null) throw notEnrolled()
  return { server, federation: clientOf(deps, server, settings.insecureHttp) }
}

/** A repeat goes on where the last one broke off. Fails with E_NOT_ENROLLED and the server's refusals. */
const replaceKey = async (
  deps: OperationsDeps,
  signal: AbortSignal,
): Promise<{ deviceId: string; server: string }> => {
  const { home } = deps
  const { server, settings } = home.now().config
  if (server === null) throw notEnrolled()
  const announce = () => {
    const { next, ...key } = home.now().key
    const client = clientOf(deps, server, settings.insecureHttp, key)
    return client.replaceKey(next ?? key, signal)
  }
  if (!home.now().key.next) home.changeKey((key) => ({ ...key, next: newKeyPair() }))
  await announce()
  home.changeKey(replaced)
  // Signed by the new key: from now on the old one is refused.
  await announce()
  return { deviceId: deviceIdOfKey(home.now().key), server }
}

/** What may take as long as a server that does not answer. */
const LEAVE_MS = 10_000

const leave = async (deps: OperationsDeps): Promise<LeftReport> => {
  const { store, home } = deps
  const { server, settings } = home.now().config
  const dropped = await withdrawConsent(store)
  const isTold =
    server !== null &&
    (await clientOf(deps, server, settings.insecureHttp)
      .leaveServer(AbortSignal.timeout(LEAVE_MS))
      .then(() => true)
      .catch(() => false))
  home.change((config) => ({ ...config, server: null, enrolledAt: null }))
  await store.durably((tx) => {
    tx.set('pin', null)
    forgetServer(tx)
  })
  const accepted = store.uploads().filter(({ state }) => state === 'accepted').length
  return { server, isTold, dropped, accepted }
}

/**
 * Settings that are read once, when the owner starts: it listens on a port, and the model's child
 * has its threads and weights.
 */
const LATER: readonly (keyof DeviceSettings)[] = ['port', 'listen', 'hosts', 'quantized']

const configure = (
  { home, holder, mayChangeModel }: OperationsDeps,
  { claudeKey, ...changes }: ConfigChanges,
): string[] => {
  const before = home.now()
  const { model } = changes
  const isOther = model !== undefined && model !== before.config.model
  if (isOther && !mayChangeModel)
    throw heldBy(before.folder, holder, `stop it first, then run: loreweave init --model ${model}`)
  home.change((config) => changedHome(config, changes), claudeKey)
  const { config } = home.now()
  return [
    ...(config.threads === before.config.threads ? [] : ['threads']),
    ...LATER.filter(
      (name) =>
        JSON.stringify(config.settings[name]) !== JSON.stringify(before.config.settings[name]),
    ),
  ]
}

/** Without undefined fields. */
const defined = <T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
