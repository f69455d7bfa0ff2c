/** Takes one update of one device: checks, stores the bytes, records them in the round. */
import { createHash } from 'node:crypto'
import { FedError } from '../../adapters/errors.ts'
import { isSameSecret } from '../../adapters/node/secrets.ts'
import { uploadTokenOf } from '../access/secrets.ts'
import { checkUpdate } from '../releases/check-update.ts'
import type { Job, Round } from '../store/records.ts'
import type { Coordinator, RoundDeps } from './coordinator.ts'
import { advance } from './machine.ts'

export type Upload = {
  readonly roundId: string
  readonly deviceId: string
  readonly uploadToken: string
  readonly bytes: Uint8Array
}

/**
 * duplicate: the same bytes had been taken before.
 * Fails with E_NO_ROUND, E_NOT_IN_COHORT, E_AUTH (upload token), E_TWICE, E_ROUND_CLOSED and the
 * codes of checkUpdate.
 */
export const receiveUpload = async (
  deps: RoundDeps & { readonly coordinator: Coordinator; readonly uploadKey: string },
  { roundId, deviceId, uploadToken, bytes }: Upload,
): Promise<{ duplicate: boolean; digest: string }> => {
  const { store, clock, coordinator, uploadKey } = deps
  const digest = createHash('sha256').update(bytes).digest('hex')
  const found = findRound(deps, roundId)
  const { job, round } = found
  const member = store.member(roundId, deviceId)
  if (!member) throw new FedError('E_NOT_IN_COHORT', 'the device was not assigned to this round')
  if (!isSameSecret(uploadToken, uploadTokenOf(uploadKey, roundId, deviceId)))
    throw new FedError('E_AUTH', 'the upload token is not that of the assignment')

  // Tried before the bytes are read, so that a late or repeated upload costs little.
  if (advance(found, { kind: 'receive', member, digest }, clock()) === found)
    return { duplicate: true, digest }
  checkUpdate(bytes, job.spec, round)

  await store.putObject(digest, bytes)
  const duplicate = store.transaction(() => {
    const now = clock()
    const current = findRound(deps, roundId)
    const receive = { kind: 'receive', member: store.member(roundId, deviceId), digest } as const
    if (advance(current, receive, now) === current) return true
    coordinator.apply(job.id, receive, now)
    store.saveMember(roundId, { deviceId, digest })
    return false
  })
  coordinator.wake()
  return { duplicate, digest }
}

const findRound = ({ store }: RoundDeps, roundId: string): { job: Job; round: Round } => {
  const round = store.round(roundId)
  const job = round && store.job(round.jobId)
  if (!round || !job) throw new FedError('E_NO_ROUND', `no round ${roundId.slice(0, 64)}`)
  return { job, round }
}
