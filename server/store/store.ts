/**
 * The server's memory as an interface. One implementation (sqlite.ts); its contract is
 * test/support/store-contract.ts.
 */
import type { Device, Job, Lineage, Release, Round, RoundMember } from './records.ts'

/**
 * Reads and writes are synchronous: SQLite lives in this process, and a decision and its record are
 * then one step. `save…` inserts or replaces by id. Lists come in order of insertion.
 */
export type Store = {
  /** All or nothing, also when the process dies: rolled back when `work` throws. May be nested. */
  transaction<T>(work: () => T): T

  /** Small values that belong to this data folder: keys the server made for itself. */
  setting(name: string): string | undefined
  saveSetting(name: string, value: string): void

  /** Enrolment tokens are kept as SHA-256 hashes. */
  addToken(hash: string, expiresAt: number): void
  /**
   * True when the token is good for this device: unused, or used by it before, and in time; marks
   * it used.
   */
  spendToken(hash: string, deviceId: string, now: number): boolean

  saveDevice(device: Device): void
  device(id: string): Device | undefined
  devices(): Device[]

  /** False when the device used the nonce before. */
  addNonce(deviceId: string, nonce: string, expiresAt: number): boolean
  /** Forgets what expired before now: nonces and enrolment tokens. */
  prune(now: number): void

  saveLineage(lineage: Lineage): void
  lineage(id: string): Lineage | undefined
  lineages(): Lineage[]

  saveJob(job: Job): void
  job(id: string): Job | undefined
  jobs(): Job[]
  /** Oldest first. */
  runningJobs(): Job[]
  /** The job that this Idempotency-Key made, and the hash of the request it came with. */
  idempotent(key: string): { readonly requestHash: string; readonly jobId: string } | undefined
  saveIdempotent(key: string, requestHash: string, jobId: string): void

  saveRound(round: Round): void
  round(id: string): Round | undefined
  /** Oldest first; the last is the job's newest round. */
  rounds(jobId: string): Round[]
  newestRound(jobId: string): Round | undefined

  member(roundId: string, deviceId: string): RoundMember | undefined
  saveMember(roundId: string, member: RoundMember): void
  /** One that sent an update stays. */
  dropMember(roundId: string, deviceId: string): void
  /** Digests of the updates of a round, sorted; a digest that two devices sent is there twice. */
  digests(roundId: string): string[]

  saveRelease(release: Release): void
  release(hash: string): Release | undefined
  releases(): Release[]

  /** Updates and releases by the SHA-256 of their bytes; on disk before the promise resolves. */
  putObject(hash: string, bytes: Uint8Array): Promise<void>
  getObject(hash: string): Promise<Uint8Array | undefined>
  /** Hashes of all objects, in no order. */
  objects(): Promise<string[]>
  /** Forgetting what is not there is fine. */
  dropObject(hash: string): Promise<void>

  close(): void
}
