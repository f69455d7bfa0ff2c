/** Rounds of simulated devices through the server's own checks and aggregation: no model, no network. */
import { strategies } from '../../../adapters/aggregate/strategy.ts'
import { type Part, partsOf } from '../../../adapters/container/container.ts'
import type { Release } from '../../../adapters/contributions/contribution.ts'
import {
  decodeRelease,
  encodeRelease,
  encodeUpdate,
} from '../../../adapters/contributions/messages.ts'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import { JobSpec, type JobSpecInput } from '../../../adapters/wire/jobs.ts'
import { PROTOCOL_VERSION } from '../../../adapters/wire/primitives.ts'
import { aggregateInProcess } from '../../../server/releases/aggregate.ts'
import type { AggregationPlan } from '../../../server/releases/aggregation-plan.ts'
import { firstRelease } from '../../../server/releases/release.ts'
import type { Round } from '../../../server/store/records.ts'

/** A job over so many features, of a model whose one linear has as many inputs. */
export const simulatedJob = (
  features: number,
  job: Pick<JobSpecInput, 'name' | 'contributions' | 'cohort'> & Partial<JobSpecInput>,
): JobSpec => {
  const shape = {
    ...{ layers: 1, hidden: features, heads: 1, kvHeads: 1, headDim: features, ffn: 1, vocab: 1 },
  }
  const hash = sha256Hex(new TextEncoder().encode(`simulated model of ${features}`))
  return JobSpec.parse({
    base: { name: 'features', weights: hash, tokenizer: hash, shape },
    adapter: { firstLayer: 0, endLayer: 1, modules: ['q'], rank: 4, alpha: 8 },
    exitLayer: 1,
    features: { pooled: 0, named: Array.from({ length: features }, (_, j) => `trait_${j}`) },
    ...job,
  })
}

/** Where a simulated federation is: its newest release, and what the server keeps beside it. */
export type At = {
  readonly bytes: Uint8Array
  readonly parent: AggregationPlan['parent']
  /** Of the server's optimizer. */
  readonly moments?: Uint8Array
}

/** Release 0 with a scale of ones, as features are standardized already, and these parts. */
export const simulatedStart = (spec: JobSpec, parts: readonly Part[] = []): At => {
  const { header, ...release } = decodeRelease(firstRelease(spec, 0).bytes)
  const { segments: _, ...rest } = header
  const size = spec.features.named.length
  const scale = { name: 'statistics.scale', shape: [size], data: new Float64Array(size).fill(1) }
  const bytes = encodeRelease(rest, [...partsOf({ header, ...release }), ...parts, scale])
  return { bytes, parent: { adapterRounds: 0, optimizer: null } }
}

/** The round that begins there. */
export const roundAt = (spec: JobSpec, { bytes, parent }: At, release: Release): Round => ({
  ...{ id: 'round', jobId: 'job', index: 0, attempt: 0, phase: 'aggregating' },
  parent: sha256Hex(bytes),
  factor: spec.contributions.includes('adapter')
    ? strategies[spec.strategy].factorOf(parent)
    : null,
  basisEpoch: release.header.basisEpoch,
  ...{ assigned: 0, received: 0, openedAt: 0, startedAt: 0, deadlineAt: 0, closedAt: 0 },
  ...{ reason: null, release: null, leftOut: [], tries: 0, retryAt: null },
})

export const encodeIn = (
  { base, adapter, features, prior }: JobSpec,
  round: Round,
  parts: readonly Part[],
): Uint8Array =>
  encodeUpdate(
    {
      ...{ kind: 'update', protocol: PROTOCOL_VERSION, jobId: round.jobId, roundId: round.id },
      ...{ release: round.parent, basisEpoch: round.basisEpoch, base, adapter, features },
      ...{ factor: round.factor, pairs: round.factor ? 16 : 0 },
      ...(prior.moments === 'directions' && { directions: prior.directions }),
    },
    parts,
  )

/** The release that the updates make. more: of the plan, where the round has it. */
export const aggregated = async (
  spec: JobSpec,
  round: Round,
  { bytes, parent, moments }: At,
  updates: readonly Uint8Array[],
  more: Pick<AggregationPlan, 'noiseKey'> = {},
): Promise<At> => {
  const objects = new Map(
    [bytes, ...(moments ? [moments] : []), ...updates].map((one) => [sha256Hex(one), one]),
  )
  const { version } = decodeRelease(bytes).header
  const digests = updates.map(sha256Hex).sort()
  const plan = { spec, round, parent, version: version + 1, digests, ...more }
  const built = await aggregateInProcess(plan, async (hash) => objects.get(hash)!.slice())
  const { adapterRounds, optimizer } = built
  return {
    bytes: built.bytes,
    parent: { adapterRounds, optimizer },
    ...(built.moments && { moments: built.moments }),
  }
}
