/** The federated half of a device: enrolment, rounds, and following the releases. */

import { rmSync } from 'node:fs'
import { FedError, isFedError } from '../../adapters/errors.ts'
import type { Assignment } from '../../adapters/wire/federation.ts'
import type { DeviceFacts, FactName } from '../../adapters/wire/job-life.ts'
import { energyEntries, expectedSeconds } from '../agent/energy-status.ts'
import type { Sleep } from '../http/sleep.ts'
import type { Consent, Sendable } from '../records/consent.ts'
import type { ServingDeps } from '../reward/ranking-state.ts'
import { RELEASE_BLOBS, releaseBlob, type Serving } from '../reward/serving.ts'
import { grantConsent, withdrawConsent } from '../store/consent.ts'
import { reportTraining, whenUnpaused } from '../store/training.ts'
import { unlessForgotten } from '../store/unless-forgotten.ts'
import { adoptRelease } from './adopt.ts'
import { openBackoff } from './backoff.ts'
import { contactRefusal } from './check-in.ts'
import type { Federation } from './client.ts'
import { type RoundResult, runRound } from './compute-round.ts'
import { enrolWith } from './enrol.ts'
import { judgeFollowed } from './judge.ts'
import {
  type ParticipateDeps,
  type ParticipateOptions,
  type ParticipateReport,
  participate,
} from './participate.ts'
import { checkLogged, loggedRelease } from './release-log.ts'
import { whileAllowed } from './while-allowed.ts'

export type ContributorDeps = Omit<ServingDeps, 'checkpoint'> & {
  readonly serving: Serving
  readonly serverUrl: string | null
  /** Fails with E_NOT_ENROLLED if there is no server. */
  readonly federation: () => Federation
  /** Refits the head and the profile under the current release. */
  readonly refresh: () => Promise<void>
  readonly clock: () => number
  readonly sleep: Sleep
  readonly isPaused: () => boolean
  /** Path of a named checkpoint; undefined if the device has no folder. */
  readonly checkpoint: (name: string) => string | undefined
  /** Deletes the checkpoints of all other rounds; null: of every round. */
  readonly keepRound: (roundId: string | null) => void
  /** Milliseconds of a clock that is never set. */
  readonly monotonicMs: () => number
  /** What is known of this machine; default: nothing. */
  readonly facts?: (() => Promise<DeviceFacts>) | undefined
  readonly lookMs?: number | undefined
  /** As ParticipateDeps has it. */
  readonly leastSurvivors?: number | undefined
  /** How a round is computed; default: compute-round.ts. */
  readonly runRound?: typeof runRound | undefined
}

export type Contributor = {
  /** token: one-time, from the operator. Returns the device's pseudonym. */
  enroll(token: string, signal?: AbortSignal): Promise<string>
  participate(options?: ParticipateOptions): Promise<ParticipateReport>
  /** Downloads, verifies and serves a release: its adapter, and a head refitted under its prior. */
  adoptRelease(hash: string, signal?: AbortSignal): Promise<void>
  consent(): Consent | null
  grantConsent(
    contributions: readonly Sendable[],
    expiresAt?: number | null,
    leastCohort?: number,
  ): Promise<Consent>
  withdrawConsent(): Promise<void>
}

export const openContributor = (deps: ContributorDeps): Contributor => {
  const { store, clock } = deps
  const memory = {
    lately: openBackoff(deps.monotonicMs),
    turnedDown: new Set<string>(),
    asked: { names: new Set<FactName>(), unknown: new Set<never>() },
  }
  return {
    enroll: async (token, signal) => {
      const { serverUrl: server, federation } = deps
      const enrolment = { store, clock, server, federation: federation() }
      return (await enrolWith(enrolment, token, null, signal)).deviceId
    },
    participate: (options = {}) => contribute(deps, memory, options),
    adoptRelease: (hash, signal) => adopt(deps, hash, { signal }),
    consent: () => store.consent(),
    grantConsent: (contributions, expiresAt = null, leastCohort) =>
      grantConsent(store, contributions, clock(), expiresAt, leastCohort),
    withdrawConsent: async () => void (await withdrawConsent(store)),
  }
}

const adopt = (deps: ContributorDeps, hash: string, options: ParticipateOptions): Promise<void> => {
  const download = () =>
    whileAllowed(deps.store.live, contactRefusal(deps), options.signal, (departure) =>
      logging(deps).download(hash, departure),
    )
  return adoptRelease(deps, hash, download, options)
}

const contribute = async (
  deps: ContributorDeps,
  memory: Pick<ParticipateDeps, 'lately' | 'turnedDown' | 'asked'>,
  options: ParticipateOptions,
): Promise<ParticipateReport> => {
  const { store, model, space, clock, sleep, serving } = deps
  const report = await participate(
    {
      store,
      federation: logging(deps),
      base: model.base,
      space,
      clock,
      sleep,
      facts: deps.facts ?? (async () => ({})),
      lookMs: deps.lookMs,
      leastSurvivors: deps.leastSurvivors,
      servedRelease: serving.releaseHash,
      assigned: (assignment) => keepAssigned(deps, assignment),
      ...memory,
      expectedMs: () => 1000 * expectedSeconds(energyEntries(store)),
      ready: () => whenUnpaused(deps.isPaused, sleep, options.signal),
      run: (assignment, release, during) => computeRound(deps, assignment, release, during),
    },
    options,
  )
  if (options.follow !== false && report.head !== null)
    // The rounds are contributed whether or not the release is adopted.
    await adopt(deps, report.head, options).catch((error) => {
      if (!isFedError(error) || error.code === 'E_CANCELLED') throw error
      const note = `keeps the last one: ${error.code}: ${error.message}`
      options.onProgress?.({ step: 'release', note })
    })
  if (options.follow !== false) await judgeFollowed(deps, options)
  return report
}

/** Of a server that is held to its key, only releases that are in its log are had. */
const logging = ({ store, federation }: ContributorDeps): Federation => {
  const client = federation()
  return {
    ...client,
    async download(hash, leave) {
      if (!store.get('pin')) return client.download(hash, leave)
      const entry = await loggedRelease({ store, federation: client }, hash, leave)
      const bytes = await client.download(hash, leave)
      checkLogged(entry, bytes)
      return bytes
    },
  }
}

/** Deletes the rest of an interrupted round once the device has another assignment, or none. */
const keepAssigned = (
  { store, serving, keepRound }: ContributorDeps,
  assignment: Assignment | null,
): void => {
  keepRound(assignment?.roundId ?? null)
  const { before = null } = store.get('judging') ?? {}
  const kept = [assignment?.release ?? null, serving.releaseHash(), before]
  for (const name of store.blobNames(RELEASE_BLOBS))
    if (!kept.some((hash) => hash !== null && name === releaseBlob(hash)))
      store.later((tx) => tx.removeBlob(name))
}

const computeRound = async (
  deps: ContributorDeps,
  assignment: Assignment,
  release: Uint8Array,
  { onProgress, signal }: ParticipateOptions,
): Promise<RoundResult> => {
  const { model, engine, space, memo, store, settings } = deps
  const file = deps.checkpoint(`round-${assignment.roundId}`)
  const onPooled = (done: number, of: number) => onProgress?.({ step: 'states', done, of })
  const { onTrain, end } = reportTraining(store, onProgress)
  const result = await unlessForgotten(store, file, () =>
    (deps.runRound ?? runRound)(
      {
        model,
        engine,
        space,
        memo,
        signal,
        onPooled,
        onTrain,
        checkMemory: deps.checkMemory,
        ...(file && { checkpoint: file }),
      },
      assignment,
      release,
      store.choices(settings.maxChoices),
    ),
  )
    .catch((error) => {
      // An interrupted round resumes from its checkpoint, unless it was stopped for good.
      if (file && isFedError(signal?.reason)) rmSync(file, { force: true })
      throw error
    })
    .finally(end)
  if (file) rmSync(file, { force: true })
  return result
}

export const notEnrolled = (): FedError =>
  new FedError(
    'E_NOT_ENROLLED',
    'this device has no federation server. Run: loreweave enroll --server URL',
  )
