/**
 * The server's memory as an interface. Implementations: sqlite.ts. Its contract is
 * test/server/store/store-contract.ts.
 */
import type { JobState } from '../../adapters/wire/jobs.ts'
import type { Paging } from './documents.ts'
import type { GovernanceTables } from './governance-tables.ts'
import type { PrivacyTables } from './privacy-tables.ts'
import type {
  Device,
  DeviceVisit,
  FoldedRecord,
  Job,
  JobProgress,
  Lineage,
  MaskMessageRow,
  MaskPlace,
  Release,
  Round,
  RoundMember,
  SealedShares,
  UploadPart,
} from './records.ts'

export type JobQuery = Paging & { readonly states?: readonly JobState[] }

/** hash: the first digits of it. All that is given must hold. */
export type ReleaseQuery = Paging & {
  readonly lineId?: string | undefined
  readonly version?: number | undefined
  readonly hash?: string | undefined
}

export type ReleaseTables = {
  saveRelease(release: Release): Promise<void>
  release(hash: string): Promise<Release | undefined>
  /** All that there ever were: for work that cannot do with a page. */
  releases(): Promise<Release[]>
  releasePage(
    query: ReleaseQuery,
  ): Promise<{ readonly number: number; readonly release: Release }[]>
}

/** What is read and written. `save…` inserts or replaces by id. Lists come in order of insertion. */
export type Tables = GovernanceTables &
  ReleaseTables &
  PrivacyTables & {
    /** Small values that the server made for itself: keys. */
    setting(name: string): Promise<string | undefined>
    /** False when there is one of this name, which stays. */
    addSetting(name: string, value: string): Promise<boolean>
    /** False when it is not, or no longer, `before`. */
    changeSetting(name: string, before: string, after: string): Promise<boolean>

    /** Enrolment tokens are kept as SHA-256 hashes. */
    /** edge: it enrols one, which stands for at most so many devices. */
    addToken(hash: string, expiresAt: number, edge?: number): Promise<void>
    /** Of a token for an edge how many devices that may stand for; null of others, and where there is none. */
    edgeOfToken(hash: string): Promise<number | null>
    /** Whether there is one that has not ended; it may be used up. */
    isToken(hash: string, now: number): Promise<boolean>
    /**
     * True when the token is good for this device: unused, or used by it before, and in time; marks
     * it used.
     */
    spendToken(hash: string, deviceId: string, now: number): Promise<boolean>

    saveDevice(device: Device): Promise<void>
    device(id: string): Promise<Device | undefined>
    devices(): Promise<Device[]>
    /** An erased one stays so. */
    sawDevice(id: string, at: number): Promise<void>
    /** at: since when its requests are refused; null: they are not. False when there is none. */
    blockDevice(id: string, at: number | null): Promise<boolean>
    /** Announces the key that comes next. */
    setNextKey(id: string, nextKey: string): Promise<void>
    /** The announced key in place of the other. False when another request was first. */
    replaceKey(id: string, nextKey: string): Promise<boolean>
    /** Everything that names the device; its memberships of rounds get the name `alias`. False when there is none. */
    eraseDevice(id: string, alias: string): Promise<boolean>
    /** How many are enrolled, how many of them were seen since, and how many are blocked. */
    countDevices(
      since: number,
    ): Promise<{ readonly enrolled: number; readonly seen: number; readonly blocked: number }>

    /** Of each device the newest visit of a job stays, for a day. */
    saveVisits(visits: readonly DeviceVisit[]): Promise<void>
    /** Devices by their newest visit, at `since` or later. */
    countVisits(jobId: string, since: number): Promise<Record<string, number>>

    /**
     * False when the device used the nonce before, or the nonces of its signatures of then are forgotten.
     * expiresAt: grows with the time of the signature.
     */
    addNonce(deviceId: string, nonce: string, expiresAt: number): Promise<boolean>
    /** Forgets what is too old at `now`, by the rules of retention.ts. */
    prune(now: number): Promise<void>

    /**
     * True for one owner at a time: who has a lease keeps it for so long from now, and again with each
     * call. The time is the database's.
     */
    lease(name: string, owner: string, forMs: number): Promise<boolean>
    /** The database's own, in milliseconds since 1970. */
    time(): Promise<number>
    /** Gives a lease back; one of somebody else stays. */
    endLease(name: string, owner: string): Promise<void>

    /** False when there is one of this id, which stays. */
    addLineage(lineage: Lineage): Promise<boolean>
    saveLineage(lineage: Lineage): Promise<void>
    lineage(id: string): Promise<Lineage | undefined>
    lineages(): Promise<Lineage[]>

    saveJob(job: Job): Promise<void>
    job(id: string): Promise<Job | undefined>
    jobs(): Promise<Job[]>
    /** In order of creation, with the number by which the next page goes on. */
    jobPage(query: JobQuery): Promise<{ readonly number: number; readonly job: Job }[]>
    progress(jobId: string): Promise<JobProgress | undefined>
    /** Of all jobs that have not ended: those of the highest priority first, then the oldest. */
    alive(): Promise<JobProgress[]>
    /** The job that this Idempotency-Key made, and the hash of the request it came with. */
    idempotent(
      key: string,
    ): Promise<{ readonly requestHash: string; readonly jobId: string } | undefined>
    /** False when the key is known. */
    addIdempotent(
      key: string,
      requestHash: string,
      job: Pick<Job, 'id' | 'createdAt'>,
    ): Promise<boolean>

    saveRound(round: Round): Promise<void>
    round(id: string): Promise<Round | undefined>
    /** Oldest first; the last is the job's newest round. */
    rounds(jobId: string): Promise<Round[]>

    member(roundId: string, deviceId: string): Promise<RoundMember | undefined>
    saveMember(roundId: string, member: RoundMember): Promise<void>
    /** One that sent an update stays. */
    dropMember(roundId: string, deviceId: string): Promise<void>
    /**
     * Gives on the places that devices got at `assignedBy` or before, and edges at `edgesBy` or before, and
     * sent nothing for; how many.
     */
    giveOn(roundId: string, assignedBy: number, edgesBy?: number): Promise<number>
    /** Rounds that the device was assigned to. */
    memberships(deviceId: string): Promise<
      {
        readonly roundId: string
        readonly digest: string | null
        readonly countedIn: string | null
      }[]
    >
    /** Updates of the device in rounds that it was assigned to at `since` or later. */
    countUpdates(deviceId: string, since: number): Promise<number>
    /** Updates of the device in rounds of this job. */
    countUpdatesTo(jobId: string, deviceId: string): Promise<number>
    /** How many devices have sent these updates that count in a round, also by edges. */
    countSent(roundId: string, digests: readonly string[]): Promise<number>
    /** Devices with a place in the round that have sent nothing, but for silent ones. */
    countAtWork(roundId: string): Promise<number>
    /** Rounds whose devices' updates count in this one. */
    senders(roundId: string): Promise<string[]>
    /** Digests of the updates that count in a round, sorted; a digest that two devices sent is there twice. */
    digests(roundId: string): Promise<string[]>

    /** One of each kind, device and round. */
    saveMaskMessage(message: MaskMessageRow): Promise<void>
    maskMessage(roundId: string, kind: string, deviceId: string): Promise<string | undefined>
    maskMessages(roundId: string, kind: string): Promise<MaskMessageRow[]>
    countMaskMessages(roundId: string, kind: string): Promise<number>
    saveMaskPlaces(roundId: string, places: readonly MaskPlace[]): Promise<void>
    maskPlace(roundId: string, deviceId: string): Promise<MaskPlace | undefined>
    /** By place. */
    maskPlaces(roundId: string): Promise<MaskPlace[]>
    /** What a step of the round asks of all devices alike. */
    saveMaskRequest(roundId: string, kind: string, body: string): Promise<void>
    maskRequest(roundId: string, kind: string): Promise<string | undefined>
    saveSealedShares(roundId: string, shares: readonly SealedShares[]): Promise<void>
    /** By whom they are from. */
    sealedSharesFor(roundId: string, to: number): Promise<SealedShares[]>
    /** All that the round's devices have said and were told. */
    dropMasks(roundId: string): Promise<void>

    /** One piece of a device's update to a round begins at `start`: another that does is replaced. */
    savePart(part: UploadPart): Promise<void>
    /** By where they begin. */
    parts(roundId: string, deviceId: string): Promise<UploadPart[]>
    dropParts(roundId: string, deviceId: string): Promise<void>

    saveFolded(folded: FoldedRecord): Promise<void>
    /** The one of the fewest updates first. */
    folded(roundId: string): Promise<FoldedRecord[]>
    /** Updates that the sums of a round hold together. */
    countFolded(roundId: string): Promise<number>
    dropFolded(roundId: string, hash: string): Promise<void>
  }

/** Tables within one transaction; they fail once it has ended. */
export type Transaction = Tables & {
  /**
   * Keeps other transactions that ask for the same lineage waiting until this one ends. What is
   * decided about its jobs, rounds and members must be read after this. One lineage a transaction,
   * so that two can never wait for each other.
   */
  lock(lineId: string): Promise<void>
}

/** What is remembered of a signed request, so that nobody can send it again. */
export type SpentNonce = {
  readonly deviceId: string
  readonly nonce: string
  readonly expiresAt: number
  /** When the device was seen; null: not worth noting again. */
  readonly seenAt: number | null
}

/** Reads and writes outside of a transaction stand alone, and see only what was committed. */
export type Store = Tables & {
  /**
   * False when the device used the nonce before. Those that come together are one write, which a
   * killed process leaves behind. A power cut may take back the last of them, but never one that came
   * before a transaction: that one is on disk with them.
   */
  spendNonce(spent: SpentNonce): Promise<boolean>
  /**
   * All or nothing, also when the process dies: rolled back when `work` throws, on disk before this
   * resolves. `work` waits for nothing but its transaction: others may be waiting for it.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  close(): Promise<void>
}
