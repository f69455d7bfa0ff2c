/** The status of a home on one screen. Needs only the store. */

import { conditionsStatus } from '../agent/conditions-status.ts'
import { energyStatus, startOfDay } from '../agent/energy-status.ts'
import { privacySpent } from '../federation/privacy-ledger.ts'
import { deviceIdOfKey } from '../home/device-key.ts'
import type { Home } from '../home/home.ts'
import type { Holder } from '../home/lock.ts'
import { profileOf } from '../preferences/stored-profile.ts'
import type { ConditionsStatus, EnergyStatus } from '../records/agent-reports.ts'
import type { Consent } from '../records/consent.ts'
import type { LastRound } from '../records/last-round.ts'
import type { PrivacySpent } from '../records/privacy-spent.ts'
import type { RankingStatus } from '../records/rerank-decision.ts'
import { readCalibration } from '../reward/head-summary.ts'
import { rankingStatus } from '../spending/plan.ts'
import type { StoreHealth } from '../store/health.ts'
import { countPeople } from '../store/people.ts'
import { servingState } from '../store/private-adapter.ts'
import type { Calibration } from '../store/states.ts'
import type { DeviceStore } from '../store/store.ts'
import { trainingStatus } from '../store/training.ts'
import type { TrainingStatus } from '../store/training-status.ts'
import { describeAccess, exposedAddresses } from './access.ts'

type Sums = { readonly claude: number; readonly federation: number }

export type HomeStatus = Calibration & {
  readonly home: string
  readonly model: string
  readonly deviceId: string
  readonly server: string | null
  readonly access: string
  /** Addresses that are not encrypted on the way to another computer. */
  readonly exposed: string[]
  readonly consent: Consent | null
  /** Set if the owner is an agent. */
  readonly agent: Pick<Holder, 'pid' | 'startedAt'> | null
  readonly choices: number
  readonly learned: string[]
  readonly training: TrainingStatus
  readonly release: string | null
  readonly privateAdapter: boolean
  readonly ranking: RankingStatus
  readonly people: number
  readonly store: StoreHealth
  readonly conditions: ConditionsStatus
  readonly energy: EnergyStatus
  readonly updates: {
    readonly accepted: number
    readonly pending: number
    readonly refused: number
  }
  /** Finished updates that could not be sent yet. reason: of the last attempt. */
  readonly waiting: {
    readonly roundId: string
    readonly size: number
    readonly reason: string | null
  }[]
  readonly privacy: PrivacySpent
  readonly lastRound: LastRound | null
  readonly sentToday: Sums
  readonly sent: Sums
  readonly bytesSent: number
}

/** Most sentences of the profile. */
const MAX_SENTENCES = 4

export const homeStatus = (
  store: DeviceStore,
  home: Home,
  owner: Holder,
  clock: () => number,
): HomeStatus => {
  const uploads = store.uploads().filter(({ bytes }) => bytes > 0)
  const count = (state: string) => uploads.filter((u) => u.state === state).length
  const serving = servingState(store)
  const { settings } = home.config
  const { pid, startedAt } = owner
  const { profile, sentences } = profileOf(store)
  const sent = sums(store.outboxSums())
  return {
    home: home.folder,
    model: home.config.model,
    deviceId: deviceIdOfKey(home.key),
    server: home.config.server,
    access: describeAccess(settings).what,
    exposed: exposedAddresses(home),
    consent: store.consent(),
    agent: owner.command === 'agent' ? { pid, startedAt } : null,
    choices: store.countChoices(),
    learned: sentences.filter((_, i) => profile.preferences[i]?.enabled).slice(0, MAX_SENTENCES),
    training: trainingStatus(store),
    release: serving.release,
    privateAdapter: serving.private,
    ...readCalibration(store),
    ranking: rankingStatus({ store, settings, clock }),
    people: countPeople(store, clock()),
    store: store.health(),
    conditions: conditionsStatus(store, clock),
    energy: energyStatus(store, clock, settings.agent),
    updates: { accepted: count('accepted'), pending: count('pending'), refused: count('refused') },
    waiting: store.waitingUploads().map(({ roundId, size, reason }) => ({ roundId, size, reason })),
    privacy: privacySpent(store),
    lastRound: store.get('lastRound') ?? null,
    sentToday: sums(store.sentSince(startOfDay(clock()))),
    sent,
    bytesSent: sent.claude + sent.federation,
  }
}

const sums = (
  parts: readonly { readonly recipient: keyof Sums; readonly bytes: number }[],
): Sums => {
  const sum = (to: keyof Sums) => parts.find(({ recipient }) => recipient === to)?.bytes ?? 0
  return { claude: sum('claude'), federation: sum('federation') }
}
