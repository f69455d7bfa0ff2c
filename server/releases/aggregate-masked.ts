/** A masked round: its updates are added in the ring, and what takes the masks away makes a sum of them. */
import {
  decodeMaskedUpdate,
  type MaskedPlan,
  readRing,
  ringSize,
} from '../../adapters/contributions/masked.ts'
import { CONTRIBUTIONS } from '../../adapters/contributions/table.ts'
import { FedError } from '../../adapters/errors.ts'
import { nativeCiphers } from '../../adapters/node/ciphers.ts'
import { addTo } from '../../adapters/secagg/ring.ts'
import { type Told, unmask } from '../../adapters/secagg/unmask.ts'
import type { JobSpec } from '../../adapters/wire/jobs.ts'
import type { AggregationPlan, ParentBytes, SumPlan } from './aggregation-plan.ts'
import { finishRelease, startOf } from './finish.ts'
import type { PartialAggregation } from './folded.ts'
import type { BuiltRelease } from './release.ts'

/** An Aggregation. */
export const startMasked = (
  { spec, round }: SumPlan,
  told: Told & Pick<JobSpec, 'contributions'>,
) => {
  const masked: MaskedPlan = {
    ...spec,
    contributions: told.contributions,
    factor: round.factor,
    masking: { devices: spec.cohort.size },
    planDigest: told.planDigest,
  }
  const sum = new Uint32Array(ringSize(masked))
  let devices = 0
  return {
    add(bytes: Uint8Array): void {
      addTo(sum, decodeMaskedUpdate(bytes).masked)
      devices += 1
    },
    partial: (): PartialAggregation => ({ sums: [], norms: [], devices, ring: sum.slice() }),
    merge(partial: PartialAggregation): void {
      addTo(sum, partial.ring!)
      devices += partial.devices
    },
    finish(plan: AggregationPlan, parent: ParentBytes): BuiltRelease {
      if (devices !== told.survivors.length)
        throw new FedError(
          'E_SURVIVORS',
          `expected the masked updates of ${told.survivors.length} devices, got ${devices}`,
        )
      unmask(nativeCiphers, told, sum)
      const { totalOf, norms } = readRing(sum, masked, nativeCiphers)
      const came = { rows: CONTRIBUTIONS, devices, gatheredOf: totalOf, norms }
      return finishRelease(plan, startOf(plan, parent), came)
    },
  }
}
