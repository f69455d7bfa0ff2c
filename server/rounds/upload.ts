/** Takes one update of one device: checks, stores the bytes, records them in the round. */
import { createHash } from 'node:crypto'
import { FedError } from '../../adapters/errors.ts'
import { isSameSecret } from '../../adapters/node/secrets.ts'
import type { ConsentRecord } from '../../adapters/wire/federation.ts'
import type { Contribution } from '../../adapters/wire/jobs.ts'
import { uploadTokenOf } from '../access/secrets.ts'
import { checkUpdate } from '../releases/check-update.ts'
import type { Job, Round } from '../store/records.ts'
import type { Tables } from '../store/store.ts'
import type { Coordinator } from './coordinator.ts'
import type { RoundDeps } from './deps.ts'
import { advance } from './machine.ts'
import { apply, lockedProgress } from './progress.ts'

export type Upload = {
  readonly roundId: string
  readonly deviceId: string
  readonly uploadToken: string
  readonly bytes: Uint8Array
}

/**
 * duplicate: the same bytes had been taken before.
 * Fails with E_NO_ROUND, E_NOT_IN_COHORT, E_AUTH (upload token), E_TWICE, E_ROUND_CLOSED and the
 * codes of checkUpdate; E_CONSENT where the consent it came under does not cover it or has ended.
 */
export const receiveUpload = async (
  deps: RoundDeps & {
    readonly coordinator: Coordinator
    readonly uploadKey: () => Promise<string>
  },
  { roundId, deviceId, uploadToken, bytes }: Upload,
): Promise<{ duplicate: boolean; digest: string }> => {
  const { store, objects, clock, coordinator, uploadKey } = deps
  const digest = createHash('sha256').update(bytes).digest('hex')
  const found = await findRound(store, roundId)
  const { job, round } = found
  const member = await store.member(roundId, deviceId)
  if (!member) throw new FedError('E_NOT_IN_COHORT', 'the device was not assigned to this round')
  if (!isSameSecret(uploadToken, uploadTokenOf(await uploadKey(), roundId, deviceId)))
    throw new FedError('E_AUTH', 'the upload token is not that of the assignment')

  // Tried before the bytes are read, so that a late or repeated upload costs little.
  if (advance(found, { kind: 'receive', member, digest }, clock()) === found)
    return { duplicate: true, digest }
  const contributions = checkUpdate(bytes, job.spec, round)
  const refusal = member.consent && consentRefusal(member.consent, contributions, clock())
  if (refusal) throw refusal

  await objects.put(digest, bytes)
  const duplicate = await store.transaction(async (tx) => {
    const newest = await lockedProgress(tx, job)
    const now = clock()
    const current = await findRound(tx, roundId)
    const member = await tx.member(roundId, deviceId)
    const receive = { kind: 'receive', member, digest } as const
    if (advance(current, receive, now) === current) return true
    await apply(deps, tx, newest, receive, now)
    await tx.saveMember(roundId, { ...member!, digest, isSilent: false })
    return false
  })
  coordinator.wake()
  return { duplicate, digest }
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
