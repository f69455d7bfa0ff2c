/** Messages between the command line and the owner of a home. None of them goes to a server. */
import { z } from 'zod'
import { MODULES } from '../../../adapters/lora/spec.ts'
import { AdapterSpecSchema, Protocol, Sha256, TimeMs } from '../../../adapters/wire/primitives.ts'
import type { ParticipateReport } from '../../federation/participate.ts'
import type { ImportReport } from '../../feedback/import-choices.ts'
import { SettingsChange } from '../../home/settings.ts'
import type { LeftReport } from '../../owner/operations.ts'
import type { TrainReport } from '../../owner/train.ts'
import { ConditionsStatus, EnergyStatus } from '../../records/agent-reports.ts'
import { Consent } from '../../records/consent.ts'
import { LastRound } from '../../records/last-round.ts'
import { PrivacySpent } from '../../records/privacy-spent.ts'
import { RankingStatus } from '../../records/rerank-decision.ts'
import type { ExitChoice } from '../../reward/choose-exit.ts'
import { StoreHealth } from '../../store/health.ts'
import { PRIVATE_OBJECTIVES } from '../../store/private-adapter.ts'
import { TrainingStatus } from '../../store/training-status.ts'
import { AskedProtocol } from './protocol.ts'

const Count = z.int().min(0).max(1e9)
const Bytes = z.int().min(0).max(1e15)
const Real = z.number().min(-1e12).max(1e12)
const Path = z.string().min(1).max(4096)
const Url = z.url({ protocol: /^https?$/ }).max(2000)
/** A report of type T, of which only the fields of `shape` are checked. */
const report = <T>() => {
  type Versioned = { protocol: z.output<typeof Protocol> } & T
  return <S extends z.ZodRawShape>(shape: S) => {
    const schema = z.looseObject({ protocol: Protocol, ...shape })
    return schema as unknown as z.ZodType<Versioned, z.input<typeof schema>>
  }
}

export const OwnerResponse = z.strictObject({
  protocol: Protocol,
  pid: z.int().min(0),
  command: z.string().max(200),
  version: z.string().max(100),
})

const Sums = z.strictObject({ claude: Bytes, federation: Bytes })

/** Everything that `loreweave status` shows. agent: null if the owner is not an agent. */
export const HomeResponse = z.strictObject({
  protocol: Protocol,
  home: Path,
  model: Path,
  deviceId: z.string().max(64),
  server: Url.nullable(),
  access: z.string().max(300),
  exposed: z.array(z.string().max(2000)).max(2),
  consent: Consent.nullable(),
  agent: z.strictObject({ pid: z.int().min(0), startedAt: z.number().min(0) }).nullable(),
  choices: Count,
  learned: z.array(z.string().max(300)).max(20),
  training: TrainingStatus,
  release: Sha256.nullable(),
  privateAdapter: z.boolean(),
  margin: Real,
  heldBack: Count,
  trainedAt: TimeMs.nullable(),
  ranking: RankingStatus,
  people: Count,
  store: StoreHealth,
  conditions: ConditionsStatus,
  energy: EnergyStatus,
  updates: z.strictObject({ accepted: Count, pending: Count, refused: Count }),
  waiting: z
    .array(
      z.strictObject({
        roundId: z.string().max(100),
        size: Bytes,
        reason: z.string().max(500).nullable(),
      }),
    )
    .max(10_000),
  privacy: PrivacySpent,
  lastRound: LastRound.nullable(),
  sentToday: Sums,
  sent: Sums,
  bytesSent: Bytes,
})

/** Limits for the work that one command starts. */
const Limits = {
  threads: z.int().min(1).max(256).optional(),
  cpuShare: z.number().min(0.1).max(1).optional(),
  memoryLimit: z.int().min(128).max(4_000_000).optional(),
}

const Layer = z.int().min(1).max(256)

export const TrainRequest = z.strictObject({
  protocol: AskedProtocol,
  ...Limits,
  adapter: z.boolean().default(false),
  objective: z.enum(PRIVATE_OBJECTIVES).optional(),
  epochs: z.int().min(1).max(100).optional(),
  learningRate: z.number().positive().max(1).optional(),
  exit: z.union([Layer, z.literal('auto')]).optional(),
})
export const TrainResponse = report<TrainReport>()({
  choices: Count,
  pairs: Count,
  logLikelihood: Real,
  margin: Real,
  heldBack: Count,
})

export const ParticipateRequest = z.strictObject({
  protocol: AskedProtocol,
  ...Limits,
  rounds: z.int().min(1).max(10_000).default(1),
  wait: z.boolean().default(false),
})
export const ParticipateResponse = report<ParticipateReport>()({
  rounds: z.array(z.looseObject({ roundId: z.string().max(100) })).max(10_000),
  ended: z.string().max(100),
  retryAfterMs: z.number().min(0).max(1e12),
})

export const ExitRequest = z.strictObject({ protocol: AskedProtocol, ...Limits })
export const ExitResponse = report<ExitChoice>()({
  layer: Layer,
  choices: Count,
  scores: z.array(z.looseObject({ layer: Layer })).max(256),
})

export const PrepareRequest = z.strictObject({ protocol: AskedProtocol })
export const PrepareResponse = z.strictObject({ protocol: Protocol, prepared: z.literal(true) })

export const ImportResponse = report<ImportReport>()({
  added: Count,
  replaced: Count,
  known: Count,
  test: Count,
})

export const AdapterQuery = z.strictObject({ which: z.enum(['private', 'shared']).optional() })
/**
 * Header of the container (adapters/container/container.ts) whose payload is an adapter's numbers.
 * weights: SHA-256 of the model.
 */
export const AdapterHeader = z.strictObject({
  protocol: Protocol,
  which: z.enum(['private', 'shared']),
  weights: Sha256,
  spec: AdapterSpecSchema,
})
export const AdapterTakenResponse = z.strictObject({
  protocol: Protocol,
  choices: Count.nullable().describe('Choices that the head was fitted to; null: none'),
})

const Words = z.string().min(5).max(200).describe('Of the key of the server')

export const EnrollHere = z.strictObject({
  protocol: AskedProtocol,
  server: Url,
  token: z.string().min(1).max(10_000),
  insecureHttp: z
    .boolean()
    .default(false)
    .describe('Allows plain http to another computer from now on'),
  words: Words.optional(),
})
/** key: words of the pinned one; by: who named it; log: its last entry that this device has seen. */
export const TrustResponse = z.strictObject({
  protocol: Protocol,
  server: Url.nullable(),
  key: Words.nullable(),
  by: z.enum(['token', 'words', 'first_use']).nullable(),
  log: z.strictObject({ number: z.int().min(1), words: Words }).nullable(),
})
export const PinRequest = z.strictObject({
  protocol: AskedProtocol,
  words: Words.nullable().describe('null: whatever key the server shows now'),
})
/** What `loreweave server show` prints on another device. */
export const CompareRequest = z.strictObject({
  protocol: AskedProtocol,
  number: z.int().min(1),
  words: Words,
})
export const CompareResponse = z.strictObject({
  protocol: Protocol,
  verdict: z.enum(['same', 'different', 'unknown']),
})

export const EnrolledResponse = z.strictObject({
  protocol: Protocol,
  deviceId: z.string().max(64),
  server: Url,
  serverKey: Words.nullable().optional(),
})
export const LeftResponse = report<LeftReport>()({ server: Url.nullable(), accepted: Count })

/** claudeKey: stored in the home. */
export const ConfigChange = z.strictObject({
  protocol: AskedProtocol,
  model: Path.optional(),
  threads: z.int().min(1).max(256).nullable().optional(),
  settings: SettingsChange.optional(),
  claudeKey: z.string().min(1).max(1000).optional(),
})
/** later: settings that take effect when the owner restarts. */
export const ConfigResponse = z.strictObject({
  protocol: Protocol,
  later: z.array(z.string().max(100)).max(100),
})

export const EXAMPLE_SPEC = {
  firstLayer: 8,
  endLayer: 12,
  modules: [...MODULES],
  rank: 8,
  alpha: 16,
}
