/**
 * Collects what a device shows its user from the store: decisions with their reasons, the log of
 * what left, adapters, consent, energy.
 */

import { decodeRelease } from '../../../adapters/contributions/messages.ts'
import { FedError } from '../../../adapters/errors.ts'
import { DAY_MS } from '../../../adapters/time.ts'
import { conditionsStatus } from '../../agent/conditions-status.ts'
import { energyStatus } from '../../agent/energy-status.ts'
import type { DeviceSettings } from '../../home/settings.ts'
import type { ConditionsStatus, EnergyStatus } from '../../records/agent-reports.ts'
import type { Consent } from '../../records/consent.ts'
import { Dimension } from '../../records/preference.ts'
import { releaseBlob } from '../../reward/serving.ts'
import type { SourcedChoice } from '../../store/choices.ts'
import { type Dropped, grantConsent, withdrawConsent } from '../../store/consent.ts'
import type { DecisionRow } from '../../store/decisions.ts'
import type { FeedbackRow } from '../../store/feedback.ts'
import { readPrivate, servingState } from '../../store/private-adapter.ts'
import type { DeviceStore } from '../../store/store.ts'
import type { StoreReads } from '../../store/tables.ts'
import { textOf } from '../../text/request-text.ts'
import type {
  AdaptersResponse,
  ChoiceSummary,
  ChoicesQuery,
  ChoicesResponse,
  ConsentGrant,
  DecisionResponse,
  DecisionSummary,
  DecisionsQuery,
  DecisionsResponse,
  FeedbackSummary,
  LogQuery,
  LogResponse,
} from '../schemas/inspection.ts'

type Body<T> = Omit<T, 'protocol'>

export type Inspection = {
  /** Newest first. Fails with E_NO_DECISION if `before` is unknown. */
  decisions(query: DecisionsQuery): Body<DecisionsResponse>
  /** Fails with E_NO_DECISION. */
  decision(id: string): Body<DecisionResponse>
  /** Newest first. Fails with E_NO_DECISION if `before` is unknown. */
  choices(query: ChoicesQuery): Body<ChoicesResponse>
  log(query: LogQuery): Body<LogResponse>
  consent(): Consent | null
  grantConsent(grant: Omit<ConsentGrant, 'protocol'>): Promise<Consent>
  withdrawConsent(): Promise<Dropped>
  adapters(): Body<AdaptersResponse>
  energy(): EnergyStatus
  conditions(): ConditionsStatus
}

export type InspectionDeps = {
  readonly store: DeviceStore
  readonly clock: () => number
  readonly settings: DeviceSettings
  /** The local model, and its exit layer. */
  readonly base: () => AdaptersResponse['base']
}

const MAX_ROUNDS = 200
const MAX_EVENTS = 1000
const SHORT_CHARS = 200

export const openInspection = ({ store, clock, settings, base }: InspectionDeps): Inspection => {
  const lineage = releaseLineage(store)
  return {
    decisions({ before, limit }) {
      if (before !== undefined && !store.decision(before)) throw unknownDecision()
      const rows = store.decisions(limit + 1, before)
      const shown = rows.slice(0, limit)
      return {
        decisions: shown.map((row) => summaryOf(store, row)),
        next: rows.length > limit ? (shown.at(-1)?.id ?? null) : null,
      }
    },
    decision(id) {
      const row = store.decision(id)
      if (!row) throw unknownDecision()
      const system = store.systemOf(row)
      return {
        decision: summaryOf(store, row),
        system: system === null ? null : capped(system),
        messages: [...store.turnsOf(row)].reverse().map(({ role, text, other }) => ({
          role,
          text: capped(text),
          ...(other.length > 0 && { other: [...other] }),
        })),
        answers: store.answersOf(row.seq),
      }
    },
    choices({ before, limit }) {
      const rows = store.choicesBefore(before, limit + 1)
      if (!rows) throw new FedError('E_NO_DECISION', 'no choice of this device has this id')
      const shown = rows.slice(0, limit)
      return {
        choices: shown.map(choiceSummary),
        next: rows.length > limit ? (shown.at(-1)?.id ?? null) : null,
        total: store.countChoices(),
      }
    },
    log: ({ limit }) => ({
      entries: store.outbox(limit).map((e) => ({ ...e, at: Math.floor(e.at) })),
      sums: store.outboxSums(),
    }),
    consent: () => store.consent(),
    grantConsent({ contributions, days, leastCohort }) {
      const now = Math.floor(clock())
      const expiresAt = days === null ? null : now + days * DAY_MS
      return grantConsent(store, [...new Set(contributions)], now, expiresAt, leastCohort)
    },
    withdrawConsent: () => withdrawConsent(store),
    adapters: () => ({
      base: base(),
      release: lineage(),
      own: ownAdapter(store),
      rounds: store
        .uploads()
        .filter(({ bytes }) => bytes > 0)
        .slice(0, MAX_ROUNDS)
        .map(({ jobId: _, isSent: __, ...round }) => ({ ...round, at: Math.floor(round.at) })),
    }),
    energy: () => energyStatus(store, clock, settings.agent),
    conditions: () => conditionsStatus(store, clock),
  }
}

const choiceSummary = ({ source, ...choice }: SourcedChoice): ChoiceSummary => ({
  id: choice.id,
  at: choice.at === undefined ? null : Math.floor(choice.at),
  source,
  request: shortened(textOf(choice.messages.at(-1)?.content ?? '')),
  answer: shortened(choice.candidates[choice.chosen] ?? ''),
  candidates: choice.candidates.length,
})

const unknownDecision = () =>
  new FedError('E_NO_DECISION', 'no decision of this device has this id')

const summaryOf = (store: StoreReads, row: DecisionRow): DecisionSummary => {
  const { id, at, candidates, served, propensity, explored, info } = row
  const events = row.events > 0 ? store.feedbackOn(id) : []
  const dimensions = info.dimensions.filter(isDimension)
  const undone = events.flatMap(({ body }) =>
    body.kind !== 'undo' ? [] : body.dimension ? [body.dimension] : dimensions,
  )
  const [last] = store.turnsOf(row)
  const answer = store.answersOf(row.seq)[served]
  return {
    id,
    at: Math.floor(at),
    request: shortened(last?.text ?? ''),
    answer: answer === undefined ? null : shortened(answer),
    dimensions,
    undone: [...new Set(undone)],
    candidates,
    served,
    propensity,
    explored,
    rewriting: info.rewriting ?? null,
    ranking: info.ranking ?? null,
    cost: info.cost ?? null,
    feedback: events.slice(-MAX_EVENTS).map(feedbackSummary),
  }
}

const isDimension = (name: string): name is Dimension => Dimension.safeParse(name).success

const feedbackSummary = ({ at, body: event }: FeedbackRow): FeedbackSummary => ({
  at: Math.floor(at),
  kind: event.kind,
  ...('dimension' in event && event.dimension && { dimension: event.dimension }),
  ...(event.kind === 'thumbs' && { value: event.value }),
  ...(event.kind === 'choose' && { chosen: event.chosen }),
  isImplicit: event.isImplicit === true,
})

/** Joined blocks can be longer than the schema allows. */
const capped = (text: string): string => text.slice(0, 200_000)

const shortened = (text: string): string => {
  const line = text.trim().replace(/\s+/g, ' ')
  return line.length <= SHORT_CHARS
    ? line
    : `${[...line]
        .slice(0, SHORT_CHARS - 1)
        .join('')
        .slice(0, 298)}…`
}

/** Reads each release once, since it is megabytes long. */
const releaseLineage = (store: StoreReads): (() => AdaptersResponse['release']) => {
  let known: AdaptersResponse['release'] = null
  return () => {
    const { release: hash } = servingState(store)
    if (hash === null) return null
    if (known?.hash === hash) return known
    const bytes = store.blob(releaseBlob(hash))
    if (!bytes) return null
    const { version, parent, createdAt, cohort, adapter } = decodeRelease(bytes).header
    known = { hash, version, parent, createdAt, cohort, bytes: bytes.length, adapter }
    return known
  }
}

const ownAdapter = (store: StoreReads): AdaptersResponse['own'] => {
  const bytes = servingState(store).private ? store.blob('private') : undefined
  if (!bytes) return null
  const { spec, objective } = readPrivate(store)
  return { bytes: bytes.length, objective, adapter: { ...spec, modules: [...spec.modules] } }
}
