/**
 * Takes one update of one device: whether it is wanted is known before its bytes are read; then it is
 * checked, stored, and recorded in the round.
 */
import { unusedContributions } from '../../adapters/contributions/table.ts'
import { FedError } from '../../adapters/errors.ts'
import { isSameSecret } from '../../adapters/node/secrets.ts'
import type { ConsentRecord } from '../../adapters/wire/federation.ts'
import type { Contribution } from '../../adapters/wire/jobs.ts'
import { uploadTokenOf } from '../access/secrets.ts'
import { checkUpdate } from '../releases/check-update.ts'
import { largestUpdate } from '../releases/job-size.ts'
import type { Job, Round } from '../store/records.ts'
import type { Tables } from '../store/store.ts'
import type { Coordinator } from './coordinator.ts'
import { checkRoom, type RoundDeps } from './deps.ts'
import { advance } from './machine.ts'
import { apply, lockedProgress } from './progress.ts'

/** digest: SHA-256 of the update, in hexadecimal digits. */
export type Upload = {
  readonly roundId: string
  readonly deviceId: string
  readonly digest: string
}

export type UploadDeps = RoundDeps & {
  readonly coordinator: Coordinator
  readonly uploadKey: () => Promise<string>
}

/** duplicate: the same bytes had been taken before. maxBytes: what an update of the round can have. */
type Expected =
  | { readonly duplicate: true }
  | { readonly duplicate: false; readonly maxBytes: number }

/**
 * Whether the update is wanted. Fails with E_NO_ROUND, E_NOT_IN_COHORT, E_AUTH (upload token),
 * E_TWICE, E_ROUND_CLOSED and E_FULL.
 */
export const expectUpload = async (
  deps: UploadDeps,
  { roundId, deviceId, digest }: Upload,
  uploadToken: string,
): Promise<Expected> => {
  const { store, clock, uploadKey } = deps
  const found = await findRound(store, roundId)
  const member = await store.member(roundId, deviceId)
  if (!member) throw new FedError('E_NOT_IN_COHORT', 'the device was not assigned to this round')
  if (!isSameSecret(uploadToken, uploadTokenOf(await uploadKey(), roundId, deviceId)))
    throw new FedError('E_AUTH', 'the upload token is not that of the assignment')
  if (advance(found, { kind: 'receive', member, digest }, clock()) === found)
    return { duplicate: true }
  checkRoom(deps)
  const { job, round } = found
  return { duplicate: false, maxBytes: largestUpdate(job.spec, round.factor) }
}

/**
 * bytes: those of the digest. A refused update leaves nothing behind. Fails as expectUpload does,
 * and with the codes of checkUpdate; with E_CONSENT where the consent it came under does not cover it
 * or has ended.
 */
export const takeUpdate = async (
  deps: UploadDeps,
  { roundId, deviceId, digest }: Upload,
  bytes: Uint8Array,
): Promise<{ duplicate: boolean }> => {
  const { store, objects, clock, coordinator } = deps
  const found = await findRound(store, roundId)
  const member = await store.member(roundId, deviceId)
  // Others of this device may have been taken while this one arrived.
  if (advance(found, { kind: 'receive', member, digest }, clock()) === found)
    return { duplicate: true }
  const { spec } = found.job
  const parent = await store.release(found.round.parent)
  const unused = unusedContributions(spec.contributions, parent?.summary.parts ?? [])
  const contributions = checkUpdate(bytes, spec, found.round, parent ? unused : [])
  const refusal = member?.consent && consentRefusal(member.consent, contributions, clock())
  if (refusal) throw refusal
  await objects.put(digest, bytes)
  try {
    const duplicate = await record(deps, found.job, { roundId, deviceId, digest })
    coordinator.wake()
    return { duplicate }
  } catch (error) {
    // Where the store itself has failed, the next sweep removes it.
    await dropUnrecorded(deps, { roundId, digest }).catch(() => {})
    throw error
  }
}

/** True when it was recorded before. */
const record = (
  deps: UploadDeps,
  job: Job,
  { roundId, deviceId, digest }: Upload,
): Promise<boolean> =>
  deps.store.transaction(async (tx) => {
    const newest = await lockedProgress(tx, job)
    const now = deps.clock()
    const current = await findRound(tx, roundId)
    const member = await tx.member(roundId, deviceId)
    const receive = { kind: 'receive', member, digest } as const
    if (advance(current, receive, now) === current) return true
    await apply(deps, tx, newest, receive, now)
    await tx.saveMember(roundId, { ...member!, digest, isSilent: false })
    return false
  })

/** Another device may have sent the same bytes. */
const dropUnrecorded = async (
  { store, objects }: UploadDeps,
  { roundId, digest }: Pick<Upload, 'roundId' | 'digest'>,
): Promise<void> => {
  if (!(await store.digests(roundId)).includes(digest)) await objects.drop(digest)
}

/** The consent that came with the check-in, which is kept with the update. */
const consentRefusal = (
  { contributions, expiresAt }: ConsentRecord,
  sent: readonly Contribution[],
  now: number,
): FedError | null => {
  if (expiresAt !== null && expiresAt <= now)
    return new FedError('E_CONSENT', 'the consent of this contribution has ended')
  const missing = sent.filter((one) => !contributions.includes(one))
  if (missing.length === 0) return null
  return new FedError('E_CONSENT', `the consent does not cover ${missing.join(', ')}`)
}

const findRound = async (tables: Tables, roundId: string): Promise<{ job: Job; round: Round }> => {
  const round = await tables.round(roundId)
  const job = round && (await tables.job(round.jobId))
  if (!round || !job) throw new FedError('E_NO_ROUND', `no round ${roundId.slice(0, 64)}`)
  return { job, round }
}
