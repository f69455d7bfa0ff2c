/**
 * Updates of a round that were added up before it closed, as an object of the store. The updates stay
 * until the round has ended, so such a sum can be dropped at any time, and its updates added again.
 */
import { z } from 'zod'
import type { PartialSum } from '../../adapters/aggregate/exact-sum.ts'
import { joinPartials, splitPartials } from '../../adapters/aggregate/partial-sum.ts'
import type { PartialSingles } from '../../adapters/aggregate/singles.ts'
import { encodeContainer, viewContainer } from '../../adapters/container/container.ts'
import { FedError } from '../../adapters/errors.ts'
import { parseAs } from '../../adapters/parse.ts'
import { NORM_SHARES } from '../../adapters/wire/norm-shares.ts'
import type { FoldedRecord } from '../store/records.ts'

export type Folded = Omit<FoldedRecord, 'roundId'>

/** What some of a round's updates come to; plain data. */
export type PartialAggregation = {
  /** Of the rows that the round asks for, in their order; single updates where a sum is not enough. */
  readonly sums: readonly (PartialSum | PartialSingles)[]
  readonly norms: readonly number[]
  /** Whose updates are in it. */
  readonly devices: number
  /** Of a masked round, which has no other sums. */
  readonly ring?: Uint32Array
}

/** sizes: of each sum, in bytes. */
const Header = z.strictObject({
  kind: z.literal('folded'),
  roundId: z.string(),
  digests: z.array(z.string()),
  norms: z.array(z.int().min(0)).length(NORM_SHARES.length),
  devices: z.int().min(0),
  sizes: z.array(z.int().min(0)),
})

export const encodeFolded = (
  roundId: string,
  digests: readonly string[],
  { sums, norms, devices }: PartialAggregation,
): Uint8Array => {
  const { payload, sizes } = joinPartials(onlySums(sums))
  const kept = [...digests].sort()
  return encodeContainer({ kind: 'folded', roundId, digests: kept, norms, devices, sizes }, payload)
}

/** For rounds of which a sum is enough: only those are folded, or given to edges. */
export const onlySums = (sums: PartialAggregation['sums']): readonly PartialSum[] =>
  sums.map((sum) => {
    if ('singles' in sum) throw new TypeError('expected sums, got single updates')
    return sum
  })

/** Fails with E_CONTAINER or E_SHAPE where the bytes are not those of the sum. */
export const readFolded = ({ hash, digests }: Folded, bytes: Uint8Array): PartialAggregation => {
  const { header, payload } = viewContainer(bytes)
  const held = parseAs(Header, header, 'E_CONTAINER', 'folded: ', 'object')
  if (held.digests.join() !== digests.join())
    throw new FedError('E_CONTAINER', `object ${hash} holds other updates than its record says`)
  return { sums: splitPartials(payload, held.sizes), norms: held.norms, devices: held.devices }
}

/**
 * Which sums hold nothing but these updates, each of them once, and which updates are in none of
 * those. A sum with an update that has left the round is of no use.
 */
export const splitFolded = <Sum extends Pick<Folded, 'digests'>>(
  digests: readonly string[],
  folded: readonly Sum[],
): { readonly usable: readonly Sum[]; readonly left: readonly string[] } => {
  const counts = new Map<string, number>()
  const count = (digest: string, by: 1 | -1): number => {
    const next = (counts.get(digest) ?? 0) + by
    counts.set(digest, next)
    return next
  }
  for (const digest of digests) count(digest, 1)
  const usable = folded.filter((sum) => {
    if (sum.digests.map((digest) => count(digest, -1)).every((rest) => rest >= 0)) return true
    for (const digest of sum.digests) count(digest, 1)
    return false
  })
  const left = digests.filter((digest) => {
    if ((counts.get(digest) ?? 0) <= 0) return false
    count(digest, -1)
    return true
  })
  return { usable, left }
}
