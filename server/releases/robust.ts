/**
 * The aggregation of a round whose job has a robust rule: updates are read in several passes, one at a
 * time, and each contribution is combined by itself (adapters/aggregate/robust). Beside one update,
 * the parent and the release, MOST_HELD numbers are in memory, whatever the cohort, and the norms of each
 * update; by distances also those of each pair.
 */
import { createRobustFold, type RobustFold } from '../../adapters/aggregate/robust/fold.ts'
import type { ContributionRow, Total, Update } from '../../adapters/contributions/contribution.ts'
import { decodeUpdate } from '../../adapters/contributions/messages.ts'
import {
  addendOf,
  askedRows,
  CONTRIBUTIONS,
  unitsOf,
  vectorSize,
} from '../../adapters/contributions/table.ts'
import { FedError } from '../../adapters/errors.ts'
import type { RobustPlan } from '../../adapters/wire/robust.ts'
import { type AggregationPlan, type ParentBytes, readParent } from './aggregation-plan.ts'
import { addAll } from './bad-updates.ts'
import { finishRelease, type RoundStart, startOf } from './finish.ts'
import { countNorms } from './metrics.ts'
import type { BuiltRelease } from './release.ts'

/** Numbers of all updates that are held together: 256 MiB of float32. */
export const MOST_HELD = 64 * 1024 * 1024

/** What passes over the updates come to. */
type RobustAggregation = {
  /** at: its place among the updates, which rises within a pass. */
  add(update: Uint8Array, at: number): void
  /** Whether all have to be added again. */
  endPass(): boolean
  finish(): BuiltRelease
}

type Read = (hash: string) => Promise<Uint8Array>

/** In this thread. */
export const robustInProcess = async (plan: AggregationPlan, read: Read): Promise<BuiltRelease> => {
  const aggregation = startRobust(plan, await readParent(plan, read))
  await inPasses(plan, read, aggregation)
  return aggregation.finish()
}

/** Gives all updates but the root's, in the order of their digests, again and again. Fails with BadUpdates. */
export const inPasses = async (
  { digests, round }: AggregationPlan,
  read: Read,
  to: {
    add(update: Uint8Array, at: number): unknown
    endPass(): boolean | Promise<boolean>
  },
): Promise<void> => {
  const judged = digests.filter((digest) => digest !== round.root)
  do await addAll(judged, read, [(update, at) => to.add(update, at)])
  while (await to.endPass())
}

/** Of a job with a robust rule. room: for tests. */
export const startRobust = (
  plan: AggregationPlan,
  parent: ParentBytes,
  room = MOST_HELD,
): RobustAggregation => {
  const rule = plan.spec.robust
  if (!rule || 'upstream' in plan)
    throw new FedError('E_SHAPE', 'a robust rule needs single updates, an edge sends sums')
  const start = startOf(plan, parent)
  const folds = foldsOf(rule, start, parent.root && decodeUpdate(parent.root), room)
  const norms = countNorms(plan.spec.training.updateNorm)
  let devices = 0
  let isFirst = true
  return {
    add(bytes, at) {
      const update = decodeUpdate(bytes)
      for (const [row, fold] of folds) {
        const addend = row.isIn(update.header) ? addendOf(row, update) : null
        if (addend) fold.add(at, addend)
      }
      if (!isFirst) return
      norms.add(update)
      devices += 1
    },
    endPass() {
      isFirst = false
      const more = [...folds.values()].map((fold) => fold.endPass())
      return more.includes(true)
    },
    finish: () =>
      finishRelease(plan, start, {
        ...{ rows: CONTRIBUTIONS, devices, norms: norms.counts() },
        gatheredOf: (row) => totalOf(folds.get(row)),
        metrics: {
          robust: Object.fromEntries([...folds].map(([row, fold]) => [row.name, fold.metrics()])),
        },
      }),
  }
}

/** What the root has not sent cannot be judged by it: it stays as it was. */
const foldsOf = (
  rule: RobustPlan,
  { asked, head }: RoundStart,
  root: Update | undefined,
  room: number,
): ReadonlyMap<ContributionRow, RobustFold> => {
  const rows = askedRows(asked)
  const size = rows.reduce((sum, row) => sum + vectorSize(row, asked), 0)
  const folds = new Map<ContributionRow, RobustFold>()
  for (const row of rows) {
    const own = root && row.isIn(root.header) ? addendOf(row, root) : null
    if (rule.rule === 'fltrust' && !own) continue
    const fold = createRobustFold({
      ...{ rule, units: unitsOf(row, asked), reference: row.reference?.(asked, head) },
      root: own ?? undefined,
      room: Math.floor((room * vectorSize(row, asked)) / size),
    })
    folds.set(row, fold)
  }
  return folds
}

/** As the sum of as many equal updates would be; null: none, or too few for the rule. */
const totalOf = (fold: RobustFold | undefined): Total | null => {
  const mean = fold?.estimate()
  if (!fold || !mean) return null
  const { updates } = fold.metrics()
  return {
    mean: () => mean,
    sum: () => mean.map((x) => x * updates),
    weight: () => updates,
    count: () => updates,
  }
}
