/**
 * A device: the store, the local model and the federation behind one interface, used by CLI, local
 * API and evaluation.
 */

import { join } from 'node:path'
import { isFedError } from '../../adapters/errors.ts'
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { cryptoRng, type Rng } from '../../adapters/random.ts'
import { DAY_MS } from '../../adapters/time.ts'
import type { DeviceFacts } from '../../adapters/wire/job-life.ts'
import type { Engine } from '../engine/engine.ts'
import type { LocalModel } from '../engine/model/open.ts'
import type { StepNeed } from '../engine/train/memory-plan.ts'
import { federationClient } from '../federation/client.ts'
import type { runRound } from '../federation/compute-round.ts'
import { type Contributor, notEnrolled, openContributor } from '../federation/contributor.ts'
import { pinnedKey } from '../federation/server-word.ts'
import type { Transport } from '../federation/signed-transport.ts'
import { openFollowUps } from '../feedback/follow-up-gate.ts'
import { type ImportReport, importChoices } from '../feedback/import-choices.ts'
import type { SigningKey } from '../home/device-key.ts'
import { dropDerivedFiles, dropLeftovers, dropRounds } from '../home/files.ts'
import type { Progress } from '../home/progress.ts'
import { DeviceSettings, type DeviceSettingsInput } from '../home/settings.ts'
import { type Sleep, timerSleep } from '../http/sleep.ts'
import { openRelevance } from '../preferences/relevance-head.ts'
import { warmRewriting } from '../preferences/rewrite-request.ts'
import { type AnswerMemo, cachePooled, type PooledCache } from '../reward/choice-features.ts'
import { type ExitChoice, ownExitChoice } from '../reward/choose-exit.ts'
import { featureSpace } from '../reward/feature-space.ts'
import { openServing, releaseBlob } from '../reward/serving.ts'
import { CONTACT, consentRefusal } from '../store/consent.ts'
import { convertAll, convertInBackground } from '../store/convert-old.ts'
import { enforceRetention, expire } from '../store/forget.ts'
import type { OutboxEntry } from '../store/outbox.ts'
import type { DeviceStore } from '../store/store.ts'
import { isTrainingPaused, whenUnpaused } from '../store/training.ts'
import { type Activity, openPersonalizer, type Personalizer } from './personalizer.ts'
import { pooledProgress, type TrainOptions, type TrainReport, train } from './train.ts'

export type Device = Personalizer &
  Contributor & {
    /** Imports all of them or none, except those with `split: test`, which are left out. */
    importChoices(choices: readonly ChoiceLine[]): Promise<ImportReport>
    train(options?: TrainOptions): Promise<TrainReport>
    /**
     * How well heads predict this user's choices after several layers; changes nothing. Fails with
     * E_DATA if there are too few.
     */
    chooseExit(onProgress?: (progress: Progress) => void): Promise<ExitChoice>
    /** Fits and loads what the first request would otherwise wait for. */
    prepare(): Promise<void>
    /** To be called at least once a day. Erases expired data. */
    upkeep(): Promise<void>
    close(): Promise<void>
  }

export type DeviceOptions = {
  /** Closed with the device. */
  readonly store: DeviceStore
  readonly key: SigningKey
  readonly model: LocalModel
  /** Closed with the device. */
  readonly engine: Engine
  /** The federation server; null for a device on its own, which needs no transport. */
  readonly serverUrl?: string | null
  readonly transport?: Transport
  /** For a device whose enrolment can change while it is open. */
  readonly isEnrolled?: () => boolean
  readonly clock?: () => number
  /** Milliseconds of a clock that is never set. */
  readonly monotonicMs?: () => number
  readonly rng?: Rng
  readonly sleep?: Sleep
  readonly settings?: DeviceSettingsInput
  /** Encoded answers; one memo can serve a fleet that shares a tokenizer. */
  readonly memo?: AnswerMemo
  /** False if the engine caches pooled states itself. */
  readonly keepStates?: boolean
  /** Folder for training checkpoints. Without it an interrupted training starts over. */
  readonly folder?: string
  /** Whether training is paused in this home. Must agree with the engine's own answer. */
  readonly isPaused?: () => boolean
  /** Fails with E_MEMORY if a training would not fit. */
  readonly checkMemory?: (need: StepNeed) => void
  /** For a simulation that computes a round of many devices together. */
  readonly runRound?: typeof runRound | undefined
  /** What a federation server may be told of this machine. */
  readonly facts?: () => Promise<DeviceFacts>
  /** Time between two questions whether a round still waits for this device. */
  /** Fewest devices in a masked sum; default 20. Lower for tests alone. */
  readonly leastSurvivors?: number | undefined
  readonly lookMs?: number
  /** Receives background failures. */
  readonly report?: (event: { what: string; code: string }) => void
}

export const openDevice = (options: DeviceOptions): Device => {
  const { store, key, model, serverUrl = null, clock = Date.now, rng = cryptoRng() } = options
  const { sleep = timerSleep, isPaused = () => isTrainingPaused(store) } = options
  const settings = DeviceSettings.parse(options.settings ?? {})
  const weights = settings.quantized ? `${model.base.weights}/quantized` : model.base.weights
  store.limitTo(settings.storeMegabytes * MB)
  const engine =
    options.keepStates === false
      ? options.engine
      : cachePooled(options.engine, weights, pooledCache(store), clock)
  const space = featureSpace(model.base.shape.hidden)
  const memo: AnswerMemo = options.memo ?? new Map()
  const checkpoint = (name: string) => options.folder && join(options.folder, `${name}.checkpoint`)
  const deps = {
    store,
    model,
    engine,
    space,
    settings,
    memo,
    rng,
    clock,
    checkpoint: checkpoint('private'),
    checkMemory: options.checkMemory,
  }
  const serving = openServing(deps)
  const { during, activity } = trackActivity()
  const relevance = openRelevance(store, model, engine)
  const followUps = openFollowUps(store, model, engine)
  const personalizer = openPersonalizer({
    ...deps,
    serving,
    relevance,
    followUps,
    report: options.report,
    isEnrolled: options.isEnrolled ?? (() => serverUrl !== null),
    during,
    activity,
  })
  const federation = lazy(() => {
    if (serverUrl === null) throw notEnrolled()
    const { transport } = options
    if (!transport) throw new TypeError('a device with a server needs a transport')
    const log = (entry: OutboxEntry) => store.durably((tx) => tx.log(entry))
    const held = () => {
      const hash = serving.releaseHash()
      const bytes = hash === null ? undefined : store.blob(releaseBlob(hash))
      return hash !== null && bytes ? { hash, bytes } : null
    }
    const pinned = pinnedKey(store)
    return federationClient({ serverUrl, transport, key, clock, rng, sleep, log, held, pinned })
  })
  const { refresh } = personalizer
  const contributor = openContributor({
    ...deps,
    serving,
    serverUrl,
    federation,
    refresh,
    sleep,
    isPaused,
    checkpoint,
    keepRound: (roundId) => options.folder && dropRounds(options.folder, roundId),
    monotonicMs: options.monotonicMs ?? (() => performance.now()),
    runRound: options.runRound,
    facts: options.facts,
    lookMs: options.lookMs,
    leastSurvivors: options.leastSurvivors,
  })

  const dropWithdrawn = () => {
    if (options.folder && consentRefusal(store.consent(), CONTACT, clock()))
      dropRounds(options.folder, null)
  }
  let retainedAt = Number.NEGATIVE_INFINITY
  const unlisten = [
    store.live.on('forgotten', async () => {
      memo.clear()
      serving.drop()
      await engine.forget?.()
      // Only now has a child finished writing.
      if (options.folder) dropDerivedFiles(options.folder)
    }),
    store.live.on('consent', dropWithdrawn),
    store.live.on('settings', (next) => {
      Object.assign(settings, next)
      store.limitTo(settings.storeMegabytes * MB)
      retainedAt = Number.NEGATIVE_INFINITY
    }),
  ]
  const converting = convertInBackground(store, options.report)
  /** Learning needs all records, even if a command ends before the background conversion does. */
  const withAll = async <T>(work: () => Promise<T>): Promise<T> => {
    await convertAll(store)
    return work()
  }
  return {
    ...personalizer,
    ...contributor,
    participate: (participateOptions) =>
      during('round', () => withAll(() => contributor.participate(participateOptions))),
    train: (trainOptions = {}) =>
      during('training', async () => {
        await whenUnpaused(isPaused, sleep, trainOptions.signal)
        return withAll(() => train(deps, serving, refresh, trainOptions))
      }),
    chooseExit: (onProgress) =>
      during('scoring', () =>
        withAll(() => ownExitChoice(deps, serving, pooledProgress(onProgress))),
      ),
    importChoices: (choices) => withAll(() => importChoices(store, choices, clock())),
    prepare: async () => {
      await refresh()
      if (settings.rewrite) {
        await relevance.ready()
        await warmRewriting(relevance)
      }
      if (settings.implicit) await followUps.ready()
    },
    upkeep: async () => {
      const now = clock()
      if (now - retainedAt >= DAY_MS || now < retainedAt) {
        retainedAt = now
        if (options.folder) dropLeftovers(options.folder, now)
        dropWithdrawn()
        const forgotten = store.forgottenTimes()
        try {
          await expire(store, now)
          await enforceRetention(store, settings.retentionDays, now)
        } catch (error) {
          retainedAt = now - DAY_MS + AGAIN_MS
          // The store itself reports what prevents every write.
          if (!isFedError(error) || error.code !== 'E_STORE') throw error
        }
        if (store.forgottenTimes() !== forgotten) await refresh().catch(() => undefined)
      }
    },
    close: async () => {
      await personalizer.settled()
      converting.stop()
      for (const end of unlisten) end()
      await options.engine.close()
      await store.close()
    },
  }
}

const pooledCache = (store: DeviceStore): PooledCache => ({
  pooled: store.pooled,
  forgottenTimes: store.forgottenTimes,
  savePooled: (key, state, at) =>
    store.later((tx) => tx.savePooled(key, state, at), { bytes: state.byteLength }),
})

const MB = 1e6
/** Retry interval of a failed erasure. */
const AGAIN_MS = 10 * 60_000

/** Tracks the newest activity that has not ended. */
const trackActivity = () => {
  const running: Activity[] = []
  return {
    activity: () => running.at(-1) ?? 'idle',
    during: async <T>(activity: Activity, work: () => Promise<T>): Promise<T> => {
      running.push(activity)
      try {
        return await work()
      } finally {
        running.splice(running.lastIndexOf(activity), 1)
      }
    },
  }
}

const lazy = <T>(make: () => T): (() => T) => {
  let made: { value: T } | null = null
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
