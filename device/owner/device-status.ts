/** The state of a device, for `GET /v1/status`. */
import { z } from 'zod'
import { Name, Sha256, TimeMs } from '../../adapters/wire/primitives.ts'
import { LastRound } from '../records/last-round.ts'
import { PrivacySpent } from '../records/privacy-spent.ts'
import { Points, RankingStatus } from '../records/rerank-decision.ts'
import { StoreHealth } from '../store/health.ts'
import { TrainingStatus } from '../store/training-status.ts'

/** margin: the lead, in log-odds, below which Claude's first answer stays first. */
export const DeviceStatus = z.strictObject({
  model: Name,
  exitLayer: z.int().min(1).max(256),
  release: Sha256.nullable(),
  enrolled: z.boolean(),
  activity: z.enum(['idle', 'scoring', 'training', 'round', 'paused']),
  choices: z.int().min(0).max(1_000_000),
  heldBack: z.int().min(0).max(1_000_000),
  margin: Points.min(0),
  trainedAt: TimeMs.nullable(),
  training: TrainingStatus.optional(),
  ranking: RankingStatus.optional(),
  people: z
    .int()
    .min(0)
    .max(100)
    .optional()
    .describe(
      'Users that requests to Claude have named in 30 days. Where there are several, their ' +
        'preferences are mixed.',
    ),
  store: StoreHealth.optional(),
  privacy: PrivacySpent.optional(),
  lastRound: LastRound.nullable().optional(),
})
export type DeviceStatus = z.infer<typeof DeviceStatus>
