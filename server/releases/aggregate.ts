/**
 * From the updates of a round to the bytes of its release. Same updates, same parent: same bytes,
 * whatever came first.
 */
import {
  createExactSum,
  type ExactSum,
  type PartialSum,
} from '../../adapters/aggregate/exact-sum.ts'
import {
  collectSingles,
  type PartialSingles,
  type Singles,
} from '../../adapters/aggregate/singles.ts'
import { kindOf } from '../../adapters/container/container.ts'
import type {
  ContributionRow,
  ServerPlan,
  Update,
} from '../../adapters/contributions/contribution.ts'
import { asOfNow, latenessOf } from '../../adapters/contributions/late.ts'
import { decodeRelease, decodeUpdate } from '../../adapters/contributions/messages.ts'
import {
  decodePartialUpdate,
  encodePartialUpdate,
  PARTIAL_UPDATE,
} from '../../adapters/contributions/partial-update.ts'
import { askedRows, rowsOf, summedOf, summedSize } from '../../adapters/contributions/table.ts'
import { FedError } from '../../adapters/errors.ts'
import { type Part, type Told, WHOLE } from '../../adapters/secagg/unmask.ts'
import { jobDigest } from '../../adapters/wire/job-digest.ts'
import type { JobSpec } from '../../adapters/wire/jobs.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import type { Round } from '../store/records.ts'
import { startMasked } from './aggregate-masked.ts'
import {
  type Aggregate,
  type AggregationPlan,
  type BuiltPartial,
  type EdgePlan,
  type LateBytes,
  type Outcome,
  type ParentBytes,
  readLate,
  readParent,
  type SumPlan,
} from './aggregation-plan.ts'
import { addAll } from './bad-updates.ts'
import { finishRelease, startOf } from './finish.ts'
import { onlySums, type PartialAggregation, readFolded, splitFolded } from './folded.ts'
import { countNorms } from './metrics.ts'
import type { BuiltRelease } from './release.ts'
import { robustInProcess } from './robust.ts'

/**
 * One update in memory at a time. Runs in this thread: the M-step of 600 features holds it for a
 * second or two.
 */
export const aggregateInProcess: Aggregate = async (plan, read) => {
  if (plan.spec.robust) return (await robustInProcess(plan, read)) as Outcome<typeof plan>
  const aggregation = startAggregation(plan, await readLate(plan, read))
  const { usable, left } = splitFolded(plan.digests, plan.folded ?? [])
  for (const one of usable) aggregation.merge(readFolded(one, await read(one.hash)))
  await addAll(left, read, [(update) => aggregation.add(update)])
  if (plan.masked) aggregation.unmask!(plan.masked, WHOLE)
  return outcomeOf(plan, aggregation, await readParent(plan, read))
}

/** At an edge the sums, else the release that they make. */
export const outcomeOf = <Plan extends AggregationPlan>(
  plan: Plan | EdgePlan,
  aggregation: Aggregation,
  parent: ParentBytes,
): Outcome<Plan> =>
  ('upstream' in plan
    ? partialOf(plan, aggregation)
    : aggregation.finish(plan, parent)) as Outcome<Plan>

const partialOf = ({ upstream, spec, round }: EdgePlan, aggregation: Aggregation): BuiltPartial => {
  const { sums, norms, devices } = aggregation.partial()
  const summed = onlySums(sums)
  const rows = askedRows(spec)
  const { jobId, roundId, job } = upstream
  const partial = encodePartialUpdate(
    {
      protocol: PROTOCOL_VERSION,
      ...{ jobId, roundId, release: round.parent, basisEpoch: round.basisEpoch },
      ...{ factor: round.factor, job: jobDigest(job), devices, norms: [...norms] },
    },
    rows.map(({ name }, i) => ({ name, sum: summed[i]! })),
  )
  return { partial, devices }
}

export type Aggregation = {
  add(update: Uint8Array): void
  /** A copy of what was added. */
  partial(): PartialAggregation
  /** Adds what another aggregation of the same plan was given. */
  merge(partial: PartialAggregation): void
  /** Of a masked round, once each: takes a part of the masks out of the sum. Fails with E_SHARES. */
  unmask?(told: Told, part: Part): void
  /** plan: the one it was started with. */
  finish(plan: AggregationPlan, parent: ParentBytes): BuiltRelease
}

/** rows: the table, or the table with its rows wrapped. */
export const startAggregation = (
  { spec, round, masked }: SumPlan,
  late: LateBytes,
  rows = rowsOf(spec),
): Aggregation => {
  if (masked) return startMasked({ spec, round }, masked)
  const asToday = todayOf(spec, round, late)
  const asked: ServerPlan = { ...spec, factor: round.factor }
  const sums = new Map(askedRows(asked, rows).map((row) => [row, gather(row, asked)]))
  const norms = countNorms(spec.training.updateNorm)
  let devices = 0
  const merge = (partial: PartialAggregation) => {
    for (const [i, sum] of [...sums.values()].entries()) sum.merge(partial.sums[i]!)
    norms.merge(partial.norms)
    devices += partial.devices
  }
  return {
    add(bytes) {
      if (kindOf(bytes) === PARTIAL_UPDATE) {
        const { sums, header } = decodePartialUpdate(bytes, asked)
        return merge({ sums, norms: header.norms, devices: header.devices })
      }
      const update = asToday(decodeUpdate(bytes))
      norms.add(update)
      for (const [row, sum] of sums) {
        const addend = row.isIn(update.header) ? summedOf(row, update, asked) : null
        if (addend) sum.add(addend, row.weight(update.header, spec))
      }
      devices += 1
    },
    partial: () => ({
      sums: [...sums.values()].map((sum) => sum.partial()),
      norms: norms.counts(),
      devices,
    }),
    merge,
    finish: (plan, parent) =>
      finishRelease(plan, startOf(plan, parent), {
        ...{ rows, devices, norms: norms.counts() },
        gatheredOf: (row) => sums.get(row) ?? null,
      }),
  }
}

/** Of a row, as the loop over updates sees it: a sum, or the single updates. */
type Gathered = {
  add(vector: Float32Array, weight: number): void
  merge(partial: PartialSum | PartialSingles): void
  partial(): PartialSum | PartialSingles
}

const gather = (row: ContributionRow, asked: ServerPlan): Gathered & (ExactSum | Singles) =>
  (row.needsSingles?.(asked)
    ? collectSingles()
    : createExactSum(summedSize(row, asked))) as Gathered & (ExactSum | Singles)

/** What an update comes to as one for the round's parent. Fails with E_BASIS. */
const todayOf = (
  { async: plan }: JobSpec,
  { parent }: Round,
  late: LateBytes,
): ((update: Update) => Update) => {
  if (!late || !plan) return (update) => update
  const newest = decodeRelease(late.newest)
  const known = new Map(
    late.earlier.map(({ release, lag, bytes }) => [
      release,
      latenessOf(decodeRelease(bytes), newest, lag, plan),
    ]),
  )
  return (update) => {
    const { release } = update.header
    if (release === parent) return update
    const lateness = known.get(release)
    if (!lateness) throw new FedError('E_BASIS', `trained from ${release}, which is too old`)
    return asOfNow(update, lateness)
  }
}
