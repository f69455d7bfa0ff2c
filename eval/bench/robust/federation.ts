/** A simulated federation on the server's own checks and aggregation, with some devices poisoned. */
import { createRobustFold } from '../../../adapters/aggregate/robust/fold.ts'
import { strategies } from '../../../adapters/aggregate/strategy.ts'
import { partsOf } from '../../../adapters/container/container.ts'
import type { Release } from '../../../adapters/contributions/contribution.ts'
import {
  decodeRelease,
  decodeUpdate,
  encodeRelease,
  encodeUpdate,
} from '../../../adapters/contributions/messages.ts'
import { addendOf, CONTRIBUTIONS, unitsOf } from '../../../adapters/contributions/table.ts'
import { isFedError } from '../../../adapters/errors.ts'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import { JobSpec } from '../../../adapters/wire/jobs.ts'
import { PROTOCOL_VERSION } from '../../../adapters/wire/primitives.ts'
import type { RobustPlan } from '../../../adapters/wire/robust.ts'
import type { PairRow } from '../../../device/reward/head.ts'
import { aggregateInProcess } from '../../../server/releases/aggregate.ts'
import type { AggregationPlan } from '../../../server/releases/aggregation-plan.ts'
import { checkUpdate } from '../../../server/releases/check-update.ts'
import { firstRelease } from '../../../server/releases/release.ts'
import type { Round } from '../../../server/store/records.ts'
import { TRAITS } from '../../answers/answerer.ts'
import type { Attack } from './attacks.ts'
import { PARTS, type PartName } from './parts.ts'
import { SIZE, type World } from './world.ts'

export type Arm = {
  readonly part: PartName
  readonly rule: RobustPlan | undefined
  readonly attack: Attack | undefined
  readonly poisoned: number
  readonly rounds: number
}
/** leftOut: honest devices that the rule left out, a round. */
export type Outcome = { readonly worth: number; readonly leftOut: number }

const jobOf = ({ part, rule, rounds }: Arm, devices: number): JobSpec => {
  const shape = { layers: 1, hidden: SIZE, heads: 1, kvHeads: 1, headDim: SIZE, ffn: 1, vocab: 1 }
  const hash = sha256Hex(new TextEncoder().encode('bench robust'))
  return JobSpec.parse({
    name: 'bench robust',
    base: { name: 'features', weights: hash, tokenizer: hash, shape },
    adapter: { firstLayer: 0, endLayer: 1, modules: ['q'], rank: 4, alpha: 8 },
    exitLayer: 1,
    features: { pooled: 0, named: TRAITS.map((_, j) => `trait_${j}`) },
    contributions: [part],
    rounds,
    cohort: { size: devices + 1, goal: devices, minimum: devices },
    training: { updateNorm: 3 },
    ...(rule && { robust: rule }),
  })
}

/** Release 0 with a scale of ones: features are standardized already. */
const startOf = (spec: JobSpec): Uint8Array => {
  const { header, ...release } = decodeRelease(firstRelease(spec, 0).bytes)
  const { segments: _, ...rest } = header
  const scale = { name: 'statistics.scale', shape: [SIZE], data: new Float64Array(SIZE).fill(1) }
  return encodeRelease(rest, [...partsOf({ header, ...release }), scale])
}

export const runArm = async (arm: Arm, world: World): Promise<Outcome> => {
  const devices = world.devices.length
  const spec = jobOf(arm, devices)
  let bytes = startOf(spec)
  let parent: AggregationPlan['parent'] = { adapterRounds: 0, optimizer: null }
  let leftOut = 0
  for (let at = 0; at < arm.rounds; at++) {
    const release = decodeRelease(bytes)
    const round = roundOf(spec, release, sha256Hex(bytes), arm.part, parent.adapterRounds)
    const { root, ...made } = makeUpdates(arm, spec, world, release, round)
    const updates = made.updates.filter(({ bytes }) => passes(bytes, spec, round))
    // What poison has made of the release leads honest devices out of the server's bounds.
    if (updates.length < 0.6 * devices) break
    const isTrusting = spec.robust?.rule === 'fltrust'
    const all = [...updates.map(({ bytes }) => bytes), ...(isTrusting ? [root] : [])]
    const objects = new Map([bytes, ...all].map((one) => [sha256Hex(one), one]))
    const rooted = isTrusting ? { ...round, root: sha256Hex(root) } : round
    const plan = {
      spec,
      round: rooted,
      parent,
      version: at + 1,
      digests: all.map(sha256Hex).sort(),
    }
    leftOut += honestLeftOut(arm, spec, round, release, updates, root)
    const built = await aggregateInProcess(plan, async (hash) => objects.get(hash)!.slice())
    bytes = built.bytes
    parent = { adapterRounds: built.adapterRounds, optimizer: built.optimizer }
  }
  const worth = PARTS[arm.part].worth(decodeRelease(bytes), spec, world.newcomers)
  return { worth, leftOut: leftOut / arm.rounds }
}

const passes = (bytes: Uint8Array, spec: JobSpec, round: Round): boolean => {
  try {
    return checkUpdate(bytes, spec, round).length > 0
  } catch (error) {
    if (isFedError(error) && error.code === 'E_NORM') return false
    throw error
  }
}

const roundOf = (
  spec: JobSpec,
  release: Release,
  parent: string,
  part: PartName,
  adapterRounds: number,
): Round => ({
  ...{ id: 'round', jobId: 'job', index: 0, attempt: 0, phase: 'aggregating', parent },
  factor: part === 'adapter' ? strategies[spec.strategy].factorOf({ adapterRounds }) : null,
  basisEpoch: release.header.basisEpoch,
  ...{ assigned: 0, received: 0, openedAt: 0, startedAt: 0, deadlineAt: 0, closedAt: 0 },
  ...{ reason: null, release: null, leftOut: [], tries: 0, retryAt: null },
})

/** The poisoned ones first. */
const makeUpdates = (
  { part, attack, poisoned }: Arm,
  spec: JobSpec,
  { devices, root }: World,
  release: Release,
  round: Round,
) => {
  const { compute, attacked, whole, parts } = PARTS[part]
  const setting = { release, plan: { ...spec, factor: round.factor }, spec }
  const honest = devices.slice(poisoned).map((rows) => compute(rows, setting))
  const known = honest.map(attacked)
  const bad = devices.slice(0, poisoned).map((rows) => {
    const own = compute(attack?.flipsLabels ? rows.map(turned) : rows, setting)
    if (!attack || attack.flipsLabels) return own
    const made = attack.make({ honest: known, own: attacked(own), all: devices.length })
    return whole(made, honest, setting)
  })
  const { base, adapter, features } = spec
  const encode = (vector: Float64Array) =>
    encodeUpdate(
      {
        ...{ kind: 'update', protocol: PROTOCOL_VERSION, jobId: round.jobId, roundId: round.id },
        ...{ release: round.parent, basisEpoch: round.basisEpoch, base, adapter, features },
        ...{ factor: round.factor, pairs: round.factor ? 16 : 0 },
      },
      parts(vector, setting),
    )
  return {
    updates: [...bad, ...honest].map((one, at) => ({
      bytes: encode(one),
      isHonest: at >= poisoned,
    })),
    root: encode(compute(root, setting)),
  }
}

const turned = ({ difference, weight }: PairRow): PairRow => ({
  difference: difference.map((x) => -x),
  weight,
})

/** Below this share of the mean one, as in the release's metrics. */
const LEAST_SHARE = 0.1

/** The server counts those that were left out and tells of none; so the rule is asked again here. */
const honestLeftOut = (
  { rule, part }: Arm,
  spec: JobSpec,
  round: Round,
  release: Release,
  updates: readonly { readonly bytes: Uint8Array; readonly isHonest: boolean }[],
  root: Uint8Array,
): number => {
  if (!rule) return 0
  const row = CONTRIBUTIONS.find(({ name }) => name === part)!
  const asked = { ...spec, factor: round.factor }
  const fold = createRobustFold({
    ...{ rule, units: unitsOf(row, asked), room: 1e8 },
    reference: row.reference?.(asked, { release, adapterRounds: 0, optimizer: null }),
    root: addendOf(row, decodeUpdate(root))!,
  })
  const sorted = updates
    .map((update) => ({ ...update, digest: sha256Hex(update.bytes) }))
    .sort((a, b) => (a.digest < b.digest ? -1 : 1))
  do
    for (const [at, { bytes }] of sorted.entries())
      fold.add(at, addendOf(row, decodeUpdate(bytes))!)
  while (fold.endPass())
  return [...fold.shares()].filter(([at, share]) => sorted[at]!.isHonest && share < LEAST_SHARE)
    .length
}
