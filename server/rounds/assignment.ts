/** What a device is told of its place in a round. */
import { maskPlanDigest } from '../../adapters/contributions/masked.ts'
import type { CheckInRequest, ConsentRecord } from '../../adapters/wire/federation.ts'
import {
  type Contribution,
  type JobSpec,
  type MasksPlan,
  ranksOf,
} from '../../adapters/wire/jobs.ts'
import type { PrivacyPlan, RoundPrivacy } from '../../adapters/wire/privacy.ts'
import type { Job, Round, RoundMember } from '../store/records.ts'

export type Place = { readonly round: Round; readonly member: RoundMember }

/** A device tells by its request which fields it knows beside those of version 0.1. */
export const assignmentOf = (
  spec: JobSpec,
  { round, member }: Pick<Place, 'round'> & { readonly member: Pick<RoundMember, 'assignedAt'> },
  uploadToken: string,
  { facts, consent }: Pick<CheckInRequest, 'facts' | 'consent'>,
) => ({
  jobId: round.jobId,
  roundId: round.id,
  uploadToken,
  release: round.parent,
  basisEpoch: round.basisEpoch,
  base: spec.base,
  adapter: spec.adapter,
  exitLayer: spec.exitLayer,
  features: spec.features,
  factor: round.factor,
  ...(spec.strategy === 'flex' && { ranks: ranksOf(spec) }),
  training: spec.training,
  prior: spec.prior,
  purpose: spec.purpose,
  deadlineAt: Math.min(round.deadlineAt, member.assignedAt + (spec.cohort.uploadMs ?? Infinity)),
  ...(spec.compression?.updates && { compression: { updates: spec.compression.updates } }),
  ...(spec.masks && { masking: maskingOf(spec, spec.masks) }),
  ...(spec.privacy && { privacy: toldOf(spec.privacy) }),
  ...(facts && spec.eligibility && { eligibility: spec.eligibility }),
  ...(consent.leastCohort !== undefined && {
    cohort: { size: spec.cohort.size, minimum: spec.cohort.minimum },
  }),
})

const toldOf = ({ population, noise }: PrivacyPlan): RoundPrivacy => ({
  population,
  noise: noise!,
})

/** Whoever is assigned may join. */
const maskingOf = ({ cohort }: JobSpec, { adversaries, dropouts }: MasksPlan) => ({
  devices: cohort.size,
  minimum: cohort.minimum,
  adversaries,
  dropouts,
})

/** As every device of a masked round has it from its assignment. unused: contributions that it does not ask for. */
export const planDigestOf = (
  { spec }: Pick<Job, 'spec'>,
  round: Round,
  unused: readonly Contribution[],
): string =>
  maskPlanDigest({
    ...assignmentOf(spec, { round, member: { assignedAt: 0 } }, '', { consent: NOBODY }),
    contributions: spec.contributions.filter((name) => !unused.includes(name)),
  })

/** What a device consents to is no part of the plan. */
const NOBODY: ConsentRecord = {
  purpose: 'personalization',
  contributions: [],
  grantedAt: 0,
  expiresAt: null,
}
