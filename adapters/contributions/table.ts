/**
 * The table of contributions, in the order in which their segments stand in an update and in a
 * release.
 */

import { layoutSize, sequentialSegments } from '../lora/layout.ts'
import type { Contribution } from '../wire/jobs.ts'
import { adapterRow } from './adapter.ts'
import { type Clipping, privateRow } from './clipped.ts'
import type { ContributionRow, Frame, RoundPlan, ServerPlan, Update } from './contribution.ts'
import { priorRow } from './prior.ts'
import { statisticsRow } from './statistics.ts'

export const CONTRIBUTIONS: readonly ContributionRow[] = [adapterRow, priorRow, statisticsRow]

/** The table as a round has it: with privacy each contribution is clipped as a whole and counts once. */
export const rowsOf = (plan: Clipping): readonly ContributionRow[] =>
  plan.privacy ? CONTRIBUTIONS.map((row) => privateRow(row, plan)) : CONTRIBUTIONS

/** The rows that a round asks for. */
export const askedRows = (
  plan: Pick<RoundPlan, 'contributions'> & Clipping,
  rows = rowsOf(plan),
): ContributionRow[] => rows.filter(({ name }) => plan.contributions.includes(name))

/**
 * What a round asks for and could not use: moments while the release has no scale, in which they would
 * have a common unit; statistics once a prior has fixed the scale. parts: of the release that devices
 * train from. None where nothing else is asked for.
 */
export const unusedContributions = (
  asked: readonly Contribution[],
  parts: readonly Contribution[],
): Contribution[] => {
  const hasScale = parts.includes('statistics')
  const isUnused = (name: Contribution) =>
    (name === 'prior' && !hasScale) ||
    (name === 'statistics' && hasScale && parts.includes('prior'))
  const unused = asked.filter(isUnused)
  return unused.length < asked.length ? unused : []
}

/** How many numbers a row's vector has. */
export const vectorSize = (row: Pick<ContributionRow, 'segments'>, frame: Frame): number =>
  layoutSize(sequentialSegments(row.segments(frame)))

/** What an update that has a row's segments adds to its sum; null: nothing. */
export const addendOf = (row: ContributionRow, update: Update): Float32Array | null => {
  const vector = vectorOf(row, update)
  return row.addend ? row.addend(vector) : vector
}

/** Sizes of a row's units, as in ContributionRow. */
export const unitsOf = (row: ContributionRow, frame: Frame): number[] =>
  row.units?.(frame) ?? [vectorSize(row, frame)]

/** How many numbers the server sums of an update: a row's vector and what is derived of it. */
export const summedSize = (row: ContributionRow, plan: ServerPlan): number =>
  vectorSize(row, plan) + (row.derived?.size(plan) ?? 0)

/** Those numbers; null: the update adds nothing. */
export const summedOf = (
  row: ContributionRow,
  update: Update,
  plan: ServerPlan,
): Float32Array | null => {
  const vector = addendOf(row, update)
  if (!vector || !row.derived || row.derived.size(plan) === 0) return vector
  const all = new Float32Array(summedSize(row, plan))
  all.set(vector)
  all.set(row.derived.of(vector, plan), vector.length)
  return all
}

/** A row's segments in an update that has them, as one view. */
export const vectorOf = (row: ContributionRow, { header, payload }: Update): Float32Array => {
  const [first] = row.segments(header)
  const { offset = 0 } = header.segments.find(({ name }) => name === first?.name) ?? {}
  return payload.subarray(offset, offset + vectorSize(row, header))
}
