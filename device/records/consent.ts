/** The consent that this device keeps: what the user agreed to send to a federation server. */
import { z } from 'zod'
import { ConsentRecord, LEAST_COHORT } from '../../adapters/wire/federation.ts'
import { Contribution } from '../../adapters/wire/jobs.ts'

/**
 * `judgement`: how well a release predicts the user's held-back choices, beside the release before it.
 * It goes into no round, so check-ins do not name it.
 */
export const Sendable = z.enum([...Contribution.options, 'judgement'])
export type Sendable = z.infer<typeof Sendable>

export const Consent = ConsentRecord.extend({
  contributions: z.array(Sendable).max(Sendable.options.length),
})
export type Consent = z.infer<typeof Consent>

/** A consent of before says nothing of it. */
export const leastCohortOf = ({ leastCohort = LEAST_COHORT }: Consent): number => leastCohort

/** As check-ins name it. */
export const consentForRounds = (consent: Consent): ConsentRecord => ({
  ...consent,
  leastCohort: leastCohortOf(consent),
  contributions: consent.contributions.flatMap((name) => Contribution.safeParse(name).data ?? []),
})
