/**
 * A masked round: its updates are added in the ring, one in memory at a time, and what takes the masks
 * away makes a sum of them. The masks may be taken away in parts, by threads of their own.
 */
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
import { type Part, type Told, unmask } from '../../adapters/secagg/unmask.ts'
import type { AggregationPlan, MaskedSum, ParentBytes, SumPlan } from './aggregation-plan.ts'
import { finishRelease, startOf } from './finish.ts'
import type { PartialAggregation } from './folded.ts'
import type { BuiltRelease } from './release.ts'

/** An Aggregation. */
export const startMasked = ({ spec, round }: SumPlan, { contributions, planDigest }: MaskedSum) => {
  const masked: MaskedPlan = {
    ...spec,
    contributions,
    factor: round.factor,
    masking: { devices: spec.cohort.size },
    planDigest,
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
    unmask: (told: Told, part: Part): void => unmask(nativeCiphers, told, sum, part),
    finish(plan: AggregationPlan, parent: ParentBytes): BuiltRelease {
      const expected = plan.masked!.survivors.length
      if (devices !== expected)
        throw new FedError(
          'E_SURVIVORS',
          `expected the masked updates of ${expected} devices, got ${devices}`,
        )
      const { totalOf, norms } = readRing(sum, masked, nativeCiphers)
      const came = { rows: CONTRIBUTIONS, devices, gatheredOf: totalOf, norms }
      return finishRelease(plan, startOf(plan, parent), came)
    },
  }
}
