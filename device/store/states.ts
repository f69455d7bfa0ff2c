/**
 * The states of a home: single values by name, each with the schema that it is read through. A
 * value that its schema refuses makes the read fail, unless the schema says what stands for it.
 */
import { type ZodType, z } from 'zod'
import { Name, PublicKey, Purpose, Sha256 } from '../../adapters/wire/primitives.ts'
import { Budget } from '../../adapters/wire/privacy.ts'
import { EnergyMethod, LastTraining } from '../records/agent-reports.ts'
import { Consent } from '../records/consent.ts'
import { LastRound } from '../records/last-round.ts'
import { Dimension, Profile } from '../records/preference.ts'

/**
 * private: whether there is an own adapter over the release; revision: counts private adapters;
 * serves: whether answers are read under it, because it has proved to be better.
 */
const ServingState = z.object({
  release: Sha256.nullable(),
  private: z.boolean(),
  revision: z.int().min(0).default(0),
  serves: z.boolean().optional(),
})
export type ServingState = z.infer<typeof ServingState>

/** By how much the best answer must lead. heldBack: choices that this was measured on. */
const Calibration = z.object({
  margin: z.number(),
  heldBack: z.int(),
  trainedAt: z.number().nullable(),
})
export type Calibration = z.infer<typeof Calibration>

/**
 * What planning and status read of the head without fitting it. certainty, spread, halfLifeDays:
 * see reward/served-head.ts. slope: see reward/switching.ts; left out of rows of earlier versions.
 * outputTokens: of a usual answer; null where none is known.
 */
const HeadSummary = z.object({
  certainty: z.number(),
  spread: z.number(),
  slope: z.number().optional(),
  halfLifeDays: z.number().nullable(),
  outputTokens: z.number().nullable(),
})
export type HeadSummary = z.infer<typeof HeadSummary>

/**
 * By model and effort. count: of answers; output: tokens of a usual one; prompt: how many times the
 * estimated prompt tokens Claude counted.
 */
const Usages = z.record(
  z.string(),
  z.object({ count: z.int(), output: z.number(), prompt: z.number() }),
)

/** weights: SHA-256 of the model that the layer was chosen for. */
const ChosenExit = z.object({ weights: z.string(), layer: z.int().min(1) })

/** When the agent did what, by the wall clock. trained: choices at the last training. */
const AgentState = z.object({
  trained: z.number(),
  roundAt: z.number(),
  roundMs: z.number(),
  upkeepAt: z.number(),
})

/**
 * What one piece of work took. roundId: null for a training, and for check-ins that were given no
 * round. points: percentage points of held-back pairs that a finished training gained; null where
 * that is unknown.
 */
const EnergyEntry = z.object({
  id: z.string(),
  at: z.number(),
  work: z.enum(['training', 'round']),
  joules: z.number(),
  seconds: z.number(),
  method: EnergyMethod,
  roundId: z.string().nullable(),
  isFinished: z.boolean(),
  points: z.number().nullable(),
})
export type EnergyEntry = z.infer<typeof EnergyEntry>

/** Whom apps named as their users: keyed hashes, and when each was seen last. */
const SeenPeople = z.array(z.object({ hash: z.string(), at: z.number() }))
export type SeenPeople = z.infer<typeof SeenPeople>

/** The newest release of each lineage that this device has had from a server. */
const Releases = z.object({
  server: z.string().nullable(),
  lines: z.record(z.string(), z.object({ version: z.int().min(0), hash: Sha256 })),
})
export type Releases = z.infer<typeof Releases>

/** The key that the server is held to, and who named it: the enrolment token, or the user by its words or not. */
const ServerPin = z.object({
  key: PublicKey,
  at: z.number(),
  by: z.enum(['token', 'words', 'first_use']),
})
export type ServerPin = z.infer<typeof ServerPin>

/** Of a server's privacy ledger: its highest head, and how many rounds had each noise multiplier. */
const SeenLedger = z.object({
  number: z.int().min(1),
  hash: Sha256,
  accounts: z.array(
    z.object({
      population: Name,
      purpose: Purpose,
      budget: Budget.pick({ epsilon: true, delta: true }).nullable(),
      charges: z.array(z.tuple([z.number().positive(), z.int().min(1)])),
    }),
  ),
})
export type SeenLedger = z.infer<typeof SeenLedger>

/** The release that this device follows, to be judged beside the one before it. */
const Judging = z.object({ release: Sha256, before: Sha256 })
export type Judging = z.infer<typeof Judging>

const Numbers = z.array(z.number()).readonly()
/** mean, scale: of each input. */
const inputs = { mean: Numbers, scale: Numbers }

/** Answers a yes-or-no question on a text. weights: the intercept last. */
const Gate = z.object({ ...inputs, weights: Numbers })
export type Gate = z.infer<typeof Gate>

/**
 * gate, wishes[w]: weights, the intercept last; kinship[w][v]: how much of what is learned of one
 * preference holds for another.
 */
const RelevanceHead = z.object({
  ...inputs,
  gate: Numbers,
  wishes: z.array(Numbers).readonly(),
  kinship: z.array(Numbers).readonly(),
})
export type RelevanceHead = z.infer<typeof RelevanceHead>

/**
 * Two candidates of a decision that the user may be asked about. information: in nats, expected of
 * the choice. askedAt: null until it is given out.
 */
const QuestionPairs = z.array(
  z.object({
    decisionId: z.string(),
    candidates: z.array(z.int().min(0)).length(2),
    information: z.number(),
    at: z.number(),
    askedAt: z.number().nullable(),
  }),
)

/** Their names are those of the rows, which earlier versions wrote: a name stays. */
export const STATES = {
  profile: Profile,
  /** The head summary. */
  outlook: HeadSummary.nullable(),
  calibration: Calibration,
  people: SeenPeople.catch([]),
  /** Kinds of preference that the user does not want to be asked about again. */
  proposals: z.object({ dismissed: z.array(z.string()) }).catch({ dismissed: [] }),
  /** key: names the model and the seeds that it was fitted on. */
  relevanceHead: z.object({ key: z.string(), head: RelevanceHead }).nullable().catch(null),
  followUps: z.object({ key: z.string(), gate: Gate }).nullable().catch(null),
  /** A record that cannot be read consents to nothing. */
  consent: Consent.nullable().catch(null),
  paused: z.boolean().catch(false),
  releases: Releases.nullable().catch(null),
  serving: ServingState,
  /** Of the server in use. Where it cannot be read, nothing is sent to it. */
  pin: ServerPin.nullable(),
  /** The last entry of the server's log of releases that this device has seen. */
  serverLog: z.object({ number: z.int().min(1), hash: Sha256 }).nullable(),
  /** Where it cannot be read, no private round is taken part in. */
  privacyLedger: SeenLedger.nullable(),
  lastRound: LastRound.nullable().catch(null),
  judging: Judging.nullable().catch(null),
  exit: ChosenExit,
  /** What answers really take. */
  outputs: Usages.catch({}),
  /** When questions were given out, or apps were advised to show two answers. */
  asks: z.array(z.number()).catch([]),
  questionPairs: QuestionPairs.catch([]),
  /** What the user was asked about. */
  questionDimensions: z
    .array(z.object({ dimension: Dimension, askedAt: z.number(), isDismissed: z.boolean() }))
    .catch([]),
  /** When further answers were bought only for a question. */
  pairsBought: z.array(z.number()).catch([]),
  lastTraining: LastTraining.nullable(),
  agent: AgentState.nullable(),
  energy: z.array(EnergyEntry),
  /** The key of keyed hashes, in base64. */
  hashKey: z.string().nullable().catch(null),
  /** due: the file may hold copies of texts in empty places until it is written anew. */
  compaction: z.literal('due').nullable().catch(null),
  /** Written to see whether anything can be. */
  probe: z.number().catch(1),
} satisfies Record<string, ZodType>

export type StateKey = keyof typeof STATES
export type State<K extends StateKey> = z.output<(typeof STATES)[K]>
