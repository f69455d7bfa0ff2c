/**
 * What a round says of itself beside its release: sums and counts over all its devices, and how far
 * the release moved from its parent. Not in the release's bytes, so it changes none.
 */

import { findPart } from '../../adapters/container/container.ts'
import { adapterRow, wholeAdapter } from '../../adapters/contributions/adapter.ts'
import type { Release, Update } from '../../adapters/contributions/contribution.ts'
import { vectorOf } from '../../adapters/contributions/table.ts'
import { productChange } from '../../adapters/lora/product-change.ts'
import { norm } from '../../adapters/math/vector.ts'
import type { ReleaseMetrics } from '../../adapters/wire/containers.ts'
import { NORM_SHARES } from '../../adapters/wire/norm-shares.ts'

/** Counts updates by the norm of their change of the adapter, as a share of the largest allowed. */
export const countNorms = (updateNorm: number) => {
  const counts = NORM_SHARES.map(() => 0)
  return {
    add(update: Update): void {
      if (!adapterRow.isIn(update.header)) return
      const share = norm(vectorOf(adapterRow, update)) / updateNorm
      const at = NORM_SHARES.findIndex((most) => share <= most)
      counts[at < 0 ? counts.length - 1 : at]! += 1
    },
    merge(others: readonly number[]): void {
      for (const [i, count] of others.entries()) counts[i]! += count
    },
    counts: (): number[] => [...counts],
  }
}

export const metricsOf = (
  parent: Release,
  release: Release,
  updateNorms: readonly number[],
): ReleaseMetrics => {
  const { spec, flat } = wholeAdapter(release)
  const moved = productChange(release.header.base.shape, spec, wholeAdapter(parent).flat, flat)
  return {
    adapterNorm: moved.norm,
    adapterChange: moved.change,
    priorChange: distance(findPart(parent, 'prior.mean'), findPart(release, 'prior.mean')),
    updateNorms: [...updateNorms],
  }
}

/** From nothing where there was none; null where there is none. */
const distance = (
  before: Float32Array | undefined,
  after: Float32Array | undefined,
): number | null => {
  if (!after) return null
  return norm(Float64Array.from(after, (x, i) => x - (before?.[i] ?? 0)))
}
