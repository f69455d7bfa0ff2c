/** Why a device ends taking part in rounds, as a code and in words. */
import type { CheckInResponse } from '../../adapters/wire/federation.ts'

/**
 * enough: the requested rounds are done. A retry reason: the server's last answer. Others: what
 * prevents this device from contributing to the round.
 */
export type Ended =
  | 'enough'
  | 'refused'
  | 'pending'
  | 'failed_lately'
  | 'small_cohort'
  | RetryReason
type RetryReason = Extract<CheckInResponse, { kind: 'retry' }>['reason']

export const ENDED_TEXT: Record<Ended, string> = {
  refused: "this device's update of the round was refused or dropped",
  pending: "this device's update of the round is finished, but could not be sent yet",
  small_cohort: 'the round may have fewer devices than your consent asks for',
  failed_lately: 'a step of the round failed on this device recently',
  enough: 'all rounds that were asked for are done',
  no_job: 'the server has no job for this device',
  cohort_full: 'the round is full, or the next one has not begun',
  contributed: 'this device has contributed to the round',
  not_eligible: 'no job fits this device: model, features, consent or number of choices',
}
