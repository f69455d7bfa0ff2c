/** What the server remembers of each thing: one type a table. */
import type { LineageState } from '../../adapters/contributions/contribution.ts'
import type { Factors } from '../../adapters/lora/layout.ts'
import type { ReleaseSummary, VerdictView } from '../../adapters/wire/containers.ts'
import type { ConsentRecord } from '../../adapters/wire/federation.ts'
import type { JobSpec, JobState, RoundPhase } from '../../adapters/wire/jobs.ts'
import type { BaseModel, FeatureSpace } from '../../adapters/wire/primitives.ts'
import type { Role } from '../access/roles.ts'

export type Device = {
  readonly id: string
  readonly publicKey: string
  readonly enrolledAt: number
  readonly lastSeenAt: number | null
  /** Since when its requests are refused; left out: they are not. */
  readonly blockedAt?: number
  /** It has announced this key, which replaces the other as soon as it has signed a request. */
  readonly nextKey?: string
  /** It is an edge, which stands for at most so many devices. */
  readonly edge?: number
}

/**
 * Releases that follow one another: same base, tokenizer, adapter spec, exit layer and feature
 * space.
 */
export type Lineage = {
  readonly id: string
  readonly base: BaseModel
  readonly features: FeatureSpace
  /** Hash of the newest release. */
  readonly head: string
  readonly updatedAt: number
  readonly rollout?: Rollout
}

/** What an operator has asked of the releases that are staged. */
export type Staging = {
  /** Of the devices, which follow a staged release; all others follow the promoted one. */
  readonly share: number
  /** Devices that must have judged a release before it is halted or promoted. Left out: 20. */
  readonly judges?: number
  /** Whether a release that proves to be no worse is promoted without the operator. */
  readonly isPromoting?: boolean
  /** Nobody follows a release before its verdict; without one for so long, an alert says so. */
  readonly gate?: { readonly maxMs: number }
}
/** passed: with a gate, the newest release that passed it. */
export type Rollout = Staging & { readonly promoted: string; readonly passed?: string }

export type Release = LineageState & {
  readonly summary: ReleaseSummary
  readonly lineId: string
  readonly judgement?: Judgement
  readonly verdict?: Verdict
}

/** Sums over devices of the difference that a release made to each, from -1 (worse) to 1 (better). */
export type Judgement = {
  readonly devices: number
  readonly sum: number
  readonly sumSquares: number
  /** Devices that told loss and accuracy too, and the sums of both. */
  readonly told?: number
  readonly loss?: number
  readonly accuracy?: number
}

/** What the operator's own machine says of a release beside the promoted one: see wire/operator.ts. */
export type Verdict = VerdictView

/** One device in one round. */
export type RoundMember = {
  readonly deviceId: string
  readonly digest: string | null
  /** When it got its place, or the place anew. */
  readonly assignedAt: number
  /** Its place was given on; its update is still taken. */
  readonly isSilent: boolean
  /** The round that its update counts in, where that is a later one. */
  readonly countedIn?: string
  /** Under which it takes part; null: of a round that an earlier version opened. */
  readonly consent: ConsentRecord | null
  /** Of an edge: how many devices it may send the sum of, and once it has, how many it was. */
  readonly devices?: number
}

/** A piece of an update that has not come whole; hash: of the object that holds it. */
export type UploadPart = {
  readonly roundId: string
  readonly deviceId: string
  /** SHA-256 of the whole update. */
  readonly digest: string
  readonly start: number
  readonly size: number
  readonly hash: string
  readonly at: number
}

/**
 * A sum of some updates of a round that collects (releases/folded.ts). hash: of the object. digests: of
 * the updates, sorted; one that two devices sent may be there twice.
 */
export type FoldedRecord = {
  readonly roundId: string
  readonly hash: string
  readonly digests: readonly string[]
}

/**
 * How far a masked round is, beyond its devices' joining. devices: in the roster; expected: how many are
 * to do what the phase asks for. Who they are is in tables of its own: every request reads the round.
 */
export type Masking = {
  readonly phase: 'sharing' | 'masking' | 'agreeing' | 'unmasking'
  readonly endsAt: number
  readonly devices: number
  readonly expected: number
}

/** place: in the roster, from 0. identity: its key when it joined. */
export type MaskPlace = {
  readonly deviceId: string
  readonly place: number
  readonly identity: string
}

/** Shares that the device at `from` has sealed for the one at `to`. */
export type SealedShares = { readonly from: number; readonly to: number; readonly sealed: string }

/** What a device has said in a masked round; body: JSON, see rounds/masks.ts. */
export type MaskMessageRow = {
  readonly roundId: string
  readonly kind: string
  readonly deviceId: string
  readonly body: string
}

/**
 * What the noise of a round is drawn from. inputs: SHA-256 over the sorted digests of its updates; seed: 256
 * bits, in hexadecimal digits; entry: number of the ledger entry that charged it.
 */
export type RoundNoise = {
  readonly roundId: string
  readonly inputs: string
  readonly seed: string
  readonly entry: number
}

/** Times are milliseconds since 1970. assigned and received count devices. */
export type Round = {
  readonly id: string
  readonly jobId: string
  readonly index: number
  /** How many rounds of this index failed before. */
  readonly attempt: number
  readonly phase: RoundPhase
  /** What moves; null when the adapter is no part of the round. */
  readonly factor: Factors | null
  /** The release that devices train from, and its basis epoch. */
  readonly parent: string
  readonly basisEpoch: number
  readonly assigned: number
  readonly received: number
  readonly openedAt: number
  /** When its time began: at the first assignment, or when it was renewed. null: no device has a place. */
  readonly startedAt: number | null
  readonly deadlineAt: number
  /**
   * When collecting ended. The release takes its time from here, so that a restart makes the same
   * bytes.
   */
  readonly closedAt: number | null
  readonly reason: string | null
  readonly release: string | null
  /** Digest of the update of the root device (job.robust.root), once it has come. */
  readonly root?: string | null
  /** Digests of updates that could not be summed. */
  readonly leftOut: readonly string[]
  /** Aggregations that the server could not finish, and when the next is due; null: now. */
  readonly tries: number
  readonly retryAt: number | null
  /** Of a masked round, once enough devices have joined. */
  readonly masking?: Masking
}

export type Job = {
  readonly id: string
  readonly lineId: string
  readonly spec: JobSpec
  readonly state: JobState
  readonly reason: string | null
  readonly createdAt: number
  readonly endedAt: number | null
  /** Rounds released so far: the index of the next one. */
  readonly released: number
  /** Failed attempts at that index. */
  readonly failures: number
  readonly priority: number
  readonly startAt: number
  readonly expiresAt: number
  /** Of early stopping: norm of the first round's mean update, and rounds in a row that moved little. */
  readonly firstChange: number | null
  readonly calmRounds: number
  readonly upstream?: Upstream
}

/**
 * At an edge: the round of another server that a job is a part of. deadlineAt: of that round. job: as that
 * server has it.
 */
export type Upstream = {
  readonly jobId: string
  readonly roundId: string
  readonly uploadToken: string
  readonly deadlineAt: number
  readonly release: string
  readonly job: JobSpec
}

/** What came of a device's newest check-in for a job, in a word. */
export type DeviceVisit = {
  readonly jobId: string
  readonly deviceId: string
  readonly visit: string
  readonly at: number
}

/** A job and its newest round. */
export type JobProgress = { readonly job: Job; readonly round: Round | null }

/** hash: of the secret that its owner shows. */
export type OperatorToken = {
  readonly id: string
  readonly hash: string
  readonly name: string
  readonly role: Role
  readonly createdAt: number
  readonly expiresAt: number
  readonly revokedAt: number | null
}

/** previous, hash: of the entry before, and of this one with it. */
export type AuditEntry = {
  readonly number: number
  readonly at: number
  readonly who: string
  readonly action: string
  readonly target: string | null
  readonly outcome: string
  readonly previous: string
  readonly hash: string
}
