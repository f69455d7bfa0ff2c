/**
 * How a device gives up a part, or all of it: it abandons a round, or leaves the federation. Its
 * updates leave the rounds that still collect; what a release was made of cannot be taken out of it.
 */
import { isFedError } from '../../adapters/errors.ts'
import type { AbandonReason } from '../../adapters/wire/job-life.ts'
import { newId } from '../access/secrets.ts'
import type { Round, RoundMember } from '../store/records.ts'
import type { Tables } from '../store/store.ts'
import type { Attendance } from './attendance.ts'
import { forgetUpdates } from './coordinator.ts'
import type { RoundDeps } from './deps.ts'
import { advance } from './machine.ts'
import { apply, lockedProgress } from './progress.ts'
import { abandon } from './round.ts'
import { countingRound, isCounted } from './window.ts'

/** Another may have its place at once. A device without a place is fine. */
export const abandonRound = async (
  deps: RoundDeps & { readonly attendance: Attendance },
  roundId: string,
  deviceId: string,
  reason: AbandonReason,
): Promise<void> => {
  const round = await deps.store.round(roundId)
  if (!round) return
  await withdraw(deps, round, deviceId, false)
  deps.attendance.note(round.jobId, deviceId, `left_${reason}`, deps.clock())
  deps.log('info', 'place_abandoned', { job: round.jobId, round: roundId, reason })
}

/** Whether the round still takes the update of this device. */
export const isWanted = async (
  { store, clock }: RoundDeps,
  roundId: string,
  deviceId: string,
): Promise<boolean> => {
  const round = await store.round(roundId)
  const member = await store.member(roundId, deviceId)
  const progress = round && (await store.progress(round.jobId))
  if (!member || member.digest !== null || !progress) return false
  const { job } = progress
  if (progress.round?.id !== roundId && !job.spec.async) return false
  try {
    const counting = await countingRound(store, { job, round })
    advance({ job, round: counting }, { kind: 'receive', member, digest: '' }, clock())
    return true
  } catch (error) {
    // It counts in the round that comes next.
    return isFedError(error) && error.code === 'E_UNAVAILABLE'
  }
}

/** Everything that names the device. False when there is none. */
export const eraseDevice = async (deps: RoundDeps, deviceId: string): Promise<boolean> => {
  const { store, rng, log } = deps
  for (const { roundId, countedIn } of await store.memberships(deviceId)) {
    const round = await store.round(roundId)
    const isLate = countedIn !== null && countedIn !== roundId
    const counting = isLate ? await store.round(countedIn) : round
    const isAtWork = countedIn === null && round?.phase === 'released'
    if (round && (isAtWork || counting?.phase === 'collecting'))
      await withdraw(deps, round, deviceId, true)
  }
  // Ended rounds keep that somebody took part, under a name that says nothing.
  const isErased = await store.transaction((tx) => tx.eraseDevice(deviceId, newId(rng, 'erased')))
  if (isErased) log('info', 'device_erased', {})
  return isErased
}

/** withUpdate: what it sent goes too. */
const withdraw = async (
  deps: RoundDeps,
  round: Round,
  deviceId: string,
  withUpdate: boolean,
): Promise<void> => {
  const { store, objects, clock } = deps
  const { id } = round
  const job = await store.job(round.jobId)
  if (!job) return
  const gone = await store.transaction(async (tx) => {
    const progress = await lockedProgress(tx, job)
    const member = await tx.member(id, deviceId)
    if (progress.round?.phase !== 'collecting' || !member) return null
    if (member.digest !== null && !withUpdate) return null
    if (!(await isCounted(tx, progress, round, member))) return null
    const { id: counting } = progress.round
    const event = isInMaskedSum(progress.round, member)
      ? { kind: 'masked' as const, round: abandon(progress.round, LEFT, clock()) }
      : { kind: 'withdraw' as const, member }
    const after = await apply(deps, tx, progress, event, clock())
    await tx.saveMember(id, { ...member, digest: null })
    await tx.dropMember(id, deviceId)
    const { digest } = member
    const isGivenUp = after.round?.phase === 'abandoned'
    return digest && { digest, counting, isGivenUp, sums: await dropSums(tx, counting, digest) }
  })
  if (!gone) return
  if (gone.isGivenUp) await forgetUpdates(deps, gone.counting)
  for (const hash of gone.sums) await objects.drop(hash)
  if (!(await store.digests(gone.counting)).includes(gone.digest)) await objects.drop(gone.digest)
}

/** Those that hold the update; what else they hold is added up anew. Their objects. */
const dropSums = async (tx: Tables, roundId: string, digest: string): Promise<string[]> => {
  const holding = (await tx.folded(roundId)).filter(({ digests }) => digests.includes(digest))
  for (const { hash } of holding) await tx.dropFolded(roundId, hash)
  return holding.map(({ hash }) => hash)
}

const LEFT = 'a device has left whose masked update was in the sum, and cannot be taken out of it'

/** Others have begun to agree on who is left. */
const isInMaskedSum = ({ masking }: Round, { digest }: RoundMember): boolean =>
  masking !== undefined && masking.phase !== 'masking' && digest !== null
