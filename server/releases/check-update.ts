/**
 * The checks at the door: an update is refused before it is stored, and the refusal's code goes
 * back to the device.
 */
import type { ServerPlan } from '../../adapters/contributions/contribution.ts'
import { decodeUpdate } from '../../adapters/contributions/messages.ts'
import { CONTRIBUTIONS } from '../../adapters/contributions/table.ts'
import { FedError } from '../../adapters/errors.ts'
import type { UpdateHeader } from '../../adapters/wire/containers.ts'
import type { Contribution, JobSpec } from '../../adapters/wire/jobs.ts'
import {
  isSameAdapter,
  isSameBase,
  isSameFeatures,
  isSameShape,
} from '../../adapters/wire/lineage.ts'
import type { Round } from '../store/records.ts'

/**
 * What the update contributes. unused: what the device need not have been asked for. Fails with
 * E_CONTAINER, E_PROTOCOL, E_NOT_FINITE (bytes); E_NO_ROUND, E_BASE_MODEL, E_SHAPE, E_FEATURES,
 * E_BASIS (not what the round asked for); E_NORM (norm or moments out of bounds).
 */
export const checkUpdate = (
  bytes: Uint8Array,
  spec: JobSpec,
  round: Round,
  unused: readonly Contribution[] = [],
): Contribution[] => {
  const update = decodeUpdate(bytes)
  const plan: ServerPlan = { ...spec, factor: round.factor }
  checkHeader(update.header, spec, round)
  for (const row of CONTRIBUTIONS)
    if (!unused.includes(row.name)) row.checkPresence(update.header, plan)
  const sent = CONTRIBUTIONS.filter((row) => row.isIn(update.header))
  for (const row of sent) row.checkValues(update, plan)
  return sent.map(({ name }) => name)
}

const checkHeader = (header: UpdateHeader, spec: JobSpec, round: Round): void => {
  if (header.jobId !== round.jobId || header.roundId !== round.id)
    throw new FedError('E_NO_ROUND', `expected an update for round ${round.id}, got another`)
  if (!isSameBase(header.base, spec.base))
    throw new FedError('E_BASE_MODEL', 'the update was trained on other weights or tokenizer')
  if (!isSameShape(header.base, spec.base))
    throw new FedError('E_SHAPE', "the model's shape is not the job's")
  if (!isSameAdapter(header.adapter, spec.adapter))
    throw new FedError('E_SHAPE', "modules, layers, rank or alpha are not the job's")
  if (!isSameFeatures(header.features, spec.features))
    throw new FedError('E_FEATURES', "the feature space is not the job's")
  if (header.basisEpoch !== round.basisEpoch)
    throw new FedError(
      'E_BASIS',
      `expected basis epoch ${round.basisEpoch}, got ${header.basisEpoch}`,
    )
  if (header.release !== round.parent)
    throw new FedError('E_BASIS', 'the update was trained from another release')
}
