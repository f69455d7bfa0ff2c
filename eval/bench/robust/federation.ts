/** A simulated federation on the server's own checks and aggregation, with some devices poisoned. */
import { createRobustFold } from '../../../adapters/aggregate/robust/fold.ts'
import type { Release } from '../../../adapters/contributions/contribution.ts'
import { decodeRelease, decodeUpdate } from '../../../adapters/contributions/messages.ts'
import { addendOf, CONTRIBUTIONS, unitsOf } from '../../../adapters/contributions/table.ts'
import { isFedError } from '../../../adapters/errors.ts'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import type { JobSpec } from '../../../adapters/wire/jobs.ts'
import type { RobustPlan } from '../../../adapters/wire/robust.ts'
import type { PairRow } from '../../../device/reward/head.ts'
import { checkUpdate } from '../../../server/releases/check-update.ts'
import type { Round } from '../../../server/store/records.ts'
import type { Attack } from './attacks.ts'
import { PARTS, type PartName } from './parts.ts'
import { aggregated, encodeIn, roundAt, simulatedJob, simulatedStart } from './rounds.ts'
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

const jobOf = ({ part, rule, rounds }: Arm, devices: number): JobSpec =>
  simulatedJob(SIZE, {
    name: 'bench robust',
    contributions: [part],
    rounds,
    cohort: { size: devices + 1, goal: devices, minimum: devices },
    training: { updateNorm: 3 },
    ...(rule && { robust: rule }),
  })

export const runArm = async (arm: Arm, world: World): Promise<Outcome> => {
  const devices = world.devices.length
  const spec = jobOf(arm, devices)
  let at = simulatedStart(spec)
  let leftOut = 0
  for (let done = 0; done < arm.rounds; done++) {
    const release = decodeRelease(at.bytes)
    const round = roundAt(spec, at, release)
    const { root, ...made } = makeUpdates(arm, spec, world, release, round)
    const updates = made.updates.filter(({ bytes }) => passes(bytes, spec, round))
    // What poison has made of the release leads honest devices out of the server's bounds.
    if (updates.length < 0.6 * devices) break
    const isTrusting = spec.robust?.rule === 'fltrust'
    const all = [...updates.map(({ bytes }) => bytes), ...(isTrusting ? [root] : [])]
    leftOut += honestLeftOut(arm, spec, round, release, updates, root)
    at = await aggregated(spec, isTrusting ? { ...round, root: sha256Hex(root) } : round, at, all)
  }
  const worth = PARTS[arm.part].worth(decodeRelease(at.bytes), spec, world.newcomers)
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
  const encode = (vector: Float64Array) => encodeIn(spec, round, parts(vector, setting))
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
