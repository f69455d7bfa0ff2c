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
import { checkMaskedUpdate } from '../releases/check-masked.ts'
import { checkPartialUpdate } from '../releases/check-partial.ts'
import { checkUpdate } from '../releases/check-update.ts'
import { largestUpdate } from '../releases/job-size.ts'
import type { Job, Round, RoundMember } from '../store/records.ts'
import type { Tables } from '../store/store.ts'
import { planDigestOf } from './assignment.ts'
import type { Coordinator } from './coordinator.ts'
import { checkRoom, type RoundDeps } from './deps.ts'
import type { EventOf } from './events.ts'
import { advance } from './machine.ts'
import { stepMasks } from './mask-steps.ts'
import { checkWaitsForMasked } from './masks.ts'
import { apply, lockedProgress } from './progress.ts'
import { countingRound } from './window.ts'

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
 * E_TWICE, E_ROUND_CLOSED and E_FULL; in an asynchronous job with those of countingRound.
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
  if (member.digest === digest) return { duplicate: true }
  await checkWanted(store, found, { kind: 'receive', member, digest }, clock())
  checkRoom(deps)
  const { job, round } = found
  const isEdge = member.devices !== undefined
  if (job.spec.masks) await checkWaitsForMasked(store, round, deviceId)
  return { duplicate: false, maxBytes: largestUpdate(job.spec, round.factor, isEdge) }
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
  if (member?.digest === digest) return { duplicate: true }
  await checkWanted(store, found, { kind: 'receive', member, digest }, clock())
  const unused = await unusedBy(store, found)
  const devices = checkSent(bytes, found, member, { unused, now: clock() })
  await objects.put(digest, bytes)
  try {
    const duplicate = await record(deps, found.job, { roundId, deviceId, digest, devices })
    coordinator.wake()
    return { duplicate }
  } catch (error) {
    // Where the store itself has failed, the next sweep removes it.
    await dropUnrecorded(deps, found, digest).catch(() => {})
    throw error
  }
}

/** What the job asks for and the release that devices trained from has no use for. */
const unusedBy = async (
  store: Tables,
  { job, round }: { readonly job: Job; readonly round: Round },
): Promise<readonly Contribution[]> => {
  const parent = await store.release(round.parent)
  return parent ? unusedContributions(job.spec.contributions, parent.summary.parts) : []
}

const usedSpec = ({ spec }: Job, unused: readonly Contribution[]) => ({
  ...spec,
  contributions: spec.contributions.filter((name) => !unused.includes(name)),
})

/** Of an edge: how many devices its sums are of. */
const checkSent = (
  bytes: Uint8Array,
  { job, round }: { readonly job: Job; readonly round: Round },
  member: RoundMember | undefined,
  { unused, now }: { readonly unused: readonly Contribution[]; readonly now: number },
): number | undefined => {
  // The edge has seen to the consent of its devices.
  if (member?.devices !== undefined)
    return checkPartialUpdate(bytes, job.spec, round, member.devices)
  const contributions = job.spec.masks
    ? checkMaskedUpdate(bytes, usedSpec(job, unused), round, planDigestOf(job, round, unused))
    : checkUpdate(bytes, job.spec, round, unused)
  const refusal = member?.consent && consentRefusal(member.consent, contributions, now)
  if (refusal) throw refusal
  return undefined
}

/** True when it was recorded before. */
const record = (
  deps: UploadDeps,
  job: Job,
  { roundId, deviceId, digest, devices }: Upload & { readonly devices: number | undefined },
): Promise<boolean> =>
  deps.store.transaction(async (tx) => {
    const newest = await lockedProgress(tx, job)
    const now = deps.clock()
    const current = await findRound(tx, roundId)
    const member = await tx.member(roundId, deviceId)
    const ofEdge = devices === undefined ? {} : { devices }
    const receive = { kind: 'receive', member, digest, ...ofEdge } as const
    if (member?.digest === digest) return true
    const { id: countedIn } = await checkWanted(tx, current, receive, now)
    if (job.spec.masks) await checkWaitsForMasked(tx, current.round, deviceId)
    await apply(deps, tx, newest, receive, now)
    await tx.saveMember(roundId, { ...member!, digest, isSilent: false, countedIn, ...ofEdge })
    if (job.spec.masks) await stepMasks(deps, tx, job, now)
    return false
  })

/** The round in which it will count. Fails with E_TWICE, E_ROUND_CLOSED, E_BASIS, E_UNAVAILABLE. */
const checkWanted = async (
  tables: Tables,
  found: { readonly job: Job; readonly round: Round },
  event: EventOf<'receive'>,
  now: number,
): Promise<Round> => {
  const round = await countingRound(tables, found)
  advance({ job: found.job, round }, event, now)
  return round
}

/** Another device may have sent the same bytes. */
const dropUnrecorded = async (
  { store, objects }: UploadDeps,
  { job, round }: { readonly job: Job; readonly round: Round },
  digest: string,
): Promise<void> => {
  const newest = (await store.progress(job.id))?.round?.id ?? round.id
  for (const id of new Set([round.id, newest]))
    if ((await store.digests(id)).includes(digest)) return
  await objects.drop(digest)
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
