/** The checks of a masked update at the door: header and length, since its numbers say nothing. */
import { decodeMaskedUpdate, ringSize } from '../../adapters/contributions/masked.ts'
import { FedError } from '../../adapters/errors.ts'
import type { Contribution, JobSpec } from '../../adapters/wire/jobs.ts'
import type { Round } from '../store/records.ts'

/** What it contributes. Fails with E_CONTAINER, E_NO_ROUND, E_BASIS, E_SHAPE. */
export const checkMaskedUpdate = (
  bytes: Uint8Array,
  spec: JobSpec,
  round: Round,
  planDigest: string,
): Contribution[] => {
  const { header, masked } = decodeMaskedUpdate(bytes)
  if (header.roundId !== round.id)
    throw new FedError('E_NO_ROUND', `expected an update for round ${round.id}, got another`)
  if (header.planDigest !== planDigest)
    throw new FedError('E_BASIS', 'the update was computed for another plan than this round has')
  const size = ringSize({ ...spec, factor: round.factor, masking: { devices: spec.cohort.size } })
  if (masked.length !== size)
    throw new FedError('E_SHAPE', `expected a ring of ${size} numbers, got ${masked.length}`)
  return [...spec.contributions]
}
