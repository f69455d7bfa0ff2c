/**
 * Differential privacy of a job, and the ledger of what jobs have spent: entries to which are only added,
 * each with the hash of the one before it, under a head that the server's key signs.
 */
import { z } from 'zod'
import { Id, Name, Protocol, PublicKey, Purpose, Sha256, Signature, TimeMs } from './primitives.ts'

const Epsilon = z.number().min(0.001).max(1000)
/** Below it float64 noise proves nothing; above it a promise is none. */
const Delta = z.number().min(1e-12).max(0.01)
/** Standard deviation of the noise over the sensitivity of all that a round releases. */
const NoiseMultiplier = z.number().min(0.05).max(1e6)

/** The clip stood here before it was the prior's. */
const ofEarlierFile: z.core.$ZodErrorMap = ({ code, keys }) =>
  code === 'unrecognized_keys' && (keys as string[]).includes('clip')
    ? 'clip is no part of it: write privacy.clip.prior as prior.clip'
    : undefined

/**
 * Noise on every sum of a job, drawn on the server before anything is made of the sum. Neighbours differ
 * in one device's contributions being in the sums or not; the sums are divided by cohort.minimum. What a
 * device adds is clipped to training.updateNorm and prior.clip.
 */
export const PrivacyPlan = z.strictObject(
  {
    /** Whose budget each round charges, together with the job's purpose. */
    population: Name.default('all'),
    /** At most this after `rounds` rounds, at `delta`: the noise is made large enough. */
    epsilon: Epsilon.optional(),
    delta: Delta.default(1e-6),
    /** Left out: what epsilon asks for. With both, no less than that. */
    noise: NoiseMultiplier.optional(),
    /** Rounds that may be charged, failed ones too, for which epsilon holds. Left out: the job's. */
    rounds: z.int().min(1).max(10_000).optional(),
    /** Most rounds of the job that one device contributes to. Left out: all. */
    perDevice: z.int().min(1).max(10_000).optional(),
    /**
     * How the noise is divided: a contribution's deviation is clip·noise/√share. They add up to 1; left out:
     * equal shares.
     */
    shares: z
      .strictObject({
        adapter: z.number().min(0.01).max(1).optional(),
        prior: z.number().min(0.01).max(1).optional(),
      })
      .optional(),
    /**
     * Expected norm of the mean of a round's contributions, in units of the clip norm, as measured on
     * simulated or public data. Left out: 1, which no round exceeds.
     */
    signal: z.number().positive().max(1).default(1),
    /** Take the job although its noise is longer than the expected mean. */
    acceptNoise: z.boolean().optional(),
  },
  { error: ofEarlierFile },
)
export type PrivacyPlan = z.infer<typeof PrivacyPlan>

/** What a device is told: whose budget the round charges, and with how much noise. */
export const RoundPrivacy = PrivacyPlan.pick({ population: true }).extend({
  noise: NoiseMultiplier,
})
export type RoundPrivacy = z.infer<typeof RoundPrivacy>

/** What a population may be told about, for a purpose: at most epsilon at delta, over all rounds ever. */
export const Budget = z.strictObject({
  population: Name,
  purpose: Purpose,
  epsilon: Epsilon,
  delta: Delta,
})
export type Budget = z.infer<typeof Budget>

const link = { number: z.int().min(1), at: TimeMs, previous: Sha256, hash: Sha256 }

/**
 * budget: from here on, in place of the one before. round: a Gaussian mechanism over all sums of one round,
 * charged before they are used. inputs: SHA-256 of the round's seed and the digests of its updates, which
 * nobody can guess once the seed is erased.
 */
export const LedgerEntry = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('budget'), ...Budget.shape, ...link }),
  z.strictObject({
    kind: z.literal('round'),
    population: Name,
    purpose: Purpose,
    noise: NoiseMultiplier,
    jobId: Id,
    roundId: Id,
    inputs: Sha256,
    /** Epsilon of all rounds of this population and purpose, this one included, at the delta of its budget. */
    spent: z.number().min(0).max(1e6),
    delta: Delta,
    ...link,
  }),
])
export type LedgerEntry = z.infer<typeof LedgerEntry>

/** An entry before it has its place. */
export type LedgerBody =
  | ({ readonly kind: 'budget' } & Budget)
  | Omit<RoundCharge, keyof typeof link>
export type RoundCharge = Extract<LedgerEntry, { kind: 'round' }>

export const SignedHead = z.strictObject({
  number: z.int().min(0),
  hash: Sha256,
  key: PublicKey,
  signature: Signature,
})
export type SignedHead = z.infer<typeof SignedHead>

export const LEDGER_PAGE = 200

/** GET /v1/privacy: entries in order, from the one after `after`. head: of the whole ledger. */
export const LedgerResponse = z.strictObject({
  protocol: Protocol,
  entries: z.array(LedgerEntry).max(LEDGER_PAGE),
  head: SignedHead,
})
export type LedgerResponse = z.infer<typeof LedgerResponse>

/** A budget and what has been spent of it. */
export const PrivacyAccount = Budget.extend({
  /** Of all rounds that were charged, at the budget's delta. */
  spent: z.number().min(0).max(1e6),
  rounds: z.int().min(0).max(1_000_000),
  /** Spent after each of the newest rounds, oldest first. */
  history: z.array(z.strictObject({ at: TimeMs, spent: z.number().min(0).max(1e6) })).max(200),
})
export type PrivacyAccount = z.infer<typeof PrivacyAccount>

/** What a release says of its round's noise: of all that its population had spent by then, this round included. */
export const ReleasePrivacy = z.strictObject({
  population: Name,
  purpose: Purpose,
  noise: NoiseMultiplier,
  epsilon: z.number().min(0).max(1e6),
  delta: Delta,
  /** Number of the ledger entry that charged the round. */
  entry: z.int().min(1),
})
export type ReleasePrivacy = z.infer<typeof ReleasePrivacy>

/** GET /v1/operator/privacy. */
export const PrivacyResponse = z.strictObject({
  protocol: Protocol,
  accounts: z.array(PrivacyAccount).max(1000),
  head: SignedHead,
})
export type PrivacyResponse = z.infer<typeof PrivacyResponse>

/** POST /v1/operator/privacy/budgets. */
export const BudgetRequest = z.strictObject({ protocol: Protocol, budget: Budget })
