/**
 * An update in a masked round: one vector of the ring, which says nothing of its device but in a sum.
 * Everything is in it: of each row whether the device has it, its weight, and weight times its numbers;
 * then a count by the norm of the adapter's change.
 */
import { encodeContainer, viewContainer } from '../container/container.ts'
import { FedError } from '../errors.ts'
import { norm } from '../math/vector.ts'
import { parseAs } from '../parse.ts'
import type { Rng } from '../random.ts'
import type { Ciphers } from '../secagg/ciphers.ts'
import {
  levelsOf,
  quantizeRotated,
  quantizeWide,
  realOfRotated,
  realOfWide,
  wideSize,
} from '../secagg/quantize.ts'
import { signBytes } from '../secagg/rotation.ts'
import { hashOf } from '../wire/canonical-hash.ts'
import type { Assignment } from '../wire/federation.ts'
import { MaskedUpdateHeader, type RoundMasks } from '../wire/masks.ts'
import { NORM_SHARES } from '../wire/norm-shares.ts'
import { PROTOCOL_VERSION } from '../wire/primitives.ts'
import { adapterRow } from './adapter.ts'
import type { ContributionRow, MaskedSegment, RoundPlan, Total, Update } from './contribution.ts'
import { addendOf, askedRows, vectorOf } from './table.ts'

export type MaskedPlan = RoundPlan & {
  readonly masking: Pick<RoundMasks, 'devices'>
  readonly planDigest: string
}

/** Fewest steps between 0 and the largest number of one device. */
const LEAST_LEVELS = 1024

/**
 * What all devices of a round must have been told alike: the assignment, but for what is of one device
 * or of the hour.
 */
export const maskPlanDigest = ({
  uploadToken: _,
  deadlineAt: __,
  eligibility: ___,
  cohort: ____,
  ...plan
}: Assignment): string => hashOf(plan)

/** Numbers of the ring. Fails with E_NORM where the sums of a round would not fit it. */
export const ringSize = (plan: RoundPlan & Pick<MaskedPlan, 'masking'>): number =>
  placesOf(plan).reduce((size, { end }) => Math.max(size, end), 0) + NORM_SHARES.length

/** The quantized update. rng: cryptographic, since rounding must not be told. */
export const ringOf = (
  update: Update,
  plan: MaskedPlan,
  { ciphers, rng }: { readonly ciphers: Ciphers; readonly rng: Rng },
): Uint32Array => {
  const ring = new Int32Array(ringSize(plan))
  for (const place of placesOf(plan)) {
    const { row, start, levels } = place
    const addend = row.isIn(update.header) ? addendOf(row, update) : null
    const weight = row.weight(update.header, plan)
    if (!addend || weight === 0) continue
    const numbers = Float64Array.from(addend)
    row.masked.shorten?.(numbers, plan)
    ring[start] = 1
    ring[start + 1] = weight
    for (const { segment, from, at, index } of partsOf(place)) {
      const part = numbers.subarray(from, from + segment.size)
      const signs = signsOf(ciphers, plan, row, segment, index)
      const made =
        segment.kind === 'rotated'
          ? quantizeRotated(part, segment, { levels, weight, signs, rng })
          : quantizeWide(part, { levels, weight, rng })
      ring.set(made, at)
    }
  }
  if (adapterRow.isIn(update.header)) {
    const share = norm(vectorOf(adapterRow, update)) / plan.training.updateNorm
    const found = NORM_SHARES.findIndex((most) => share <= most)
    const bucket = found < 0 ? NORM_SHARES.length - 1 : found
    ring[ring.length - NORM_SHARES.length + bucket] = 1
  }
  return new Uint32Array(ring.buffer)
}

/** What the sum of some devices' rings says. */
export const readRing = (
  ring: Uint32Array,
  plan: MaskedPlan,
  ciphers: Ciphers,
): { totalOf(row: ContributionRow): Total | null; readonly norms: readonly number[] } => {
  const signed = new Int32Array(ring.buffer, ring.byteOffset, ring.length)
  const totals = new Map(
    placesOf(plan).map((place) => [place.row.name, totalOf(signed, place, plan, ciphers)]),
  )
  return {
    totalOf: ({ name }) => totals.get(name) ?? null,
    norms: [...ring.subarray(ring.length - NORM_SHARES.length)],
  }
}

const totalOf = (
  signed: Int32Array,
  place: RowPlace,
  plan: MaskedPlan,
  ciphers: Ciphers,
): Total => {
  const { row, start, levels } = place
  const [count, weight] = [signed[start]!, signed[start + 1]!]
  const parts = partsOf(place)
  const values = new Float64Array(parts.reduce((size, { segment }) => size + segment.size, 0))
  for (const { segment, from, at, length, index } of parts) {
    const sum = signed.subarray(at, at + length)
    const signs = signsOf(ciphers, plan, row, segment, index)
    const real =
      segment.kind === 'rotated'
        ? realOfRotated(sum, segment, { levels, signs })
        : realOfWide(sum, segment, { levels })
    values.set(real, from)
  }
  return {
    sum: () => values.slice(),
    mean: () => values.map((x) => x / weight),
    weight: () => weight,
    count: () => count,
  }
}

/** A row in the ring: at start whether it is there, then its weight, then its segments. */
type RowPlace = {
  readonly row: ContributionRow
  readonly start: number
  readonly end: number
  readonly levels: number
  readonly segments: readonly MaskedSegment[]
}

const placesOf = (plan: RoundPlan & Pick<MaskedPlan, 'masking'>): RowPlace[] => {
  let at = 0
  return askedRows(plan).map((row) => {
    const levels = levelsOf(plan.masking.devices, row.masked.largestWeight(plan))
    if (levels < LEAST_LEVELS)
      throw new FedError(
        'E_NORM',
        `masks: ${row.name} has ${levels} levels, of at least ${LEAST_LEVELS}: fewer devices, or ` +
          'a smaller training.maxPairs',
      )
    const segments = row.masked.segments(plan)
    const start = at
    at += 2 + segments.reduce((size, segment) => size + lengthOf(segment, levels), 0)
    return { row, start, end: at, levels, segments }
  })
}

/** from: in the addend; at, length: in the ring. */
const partsOf = ({ start, segments, levels }: RowPlace) => {
  let [from, at] = [0, start + 2]
  return segments.map((segment, index) => {
    const part = { segment, from, at, length: lengthOf(segment, levels), index }
    from += segment.size
    at += part.length
    return part
  })
}

const lengthOf = (segment: MaskedSegment, levels: number): number =>
  segment.kind === 'rotated' ? segment.size : wideSize(segment, levels)

const utf8 = new TextEncoder()

/** The same at all devices of a round, and at the server. */
const signsOf = (
  { derive, keystream }: Ciphers,
  { planDigest }: MaskedPlan,
  { name }: ContributionRow,
  { size }: MaskedSegment,
  index: number,
): Uint8Array => {
  const info = utf8.encode(`loreweave rotation ${name} ${index}`)
  return keystream(derive(utf8.encode(planDigest), new Uint8Array(), info, 32), signBytes(size))
}

export const encodeMaskedUpdate = (
  header: Pick<MaskedUpdateHeader, 'roundId' | 'planDigest'>,
  masked: Uint32Array,
): Uint8Array => {
  const whole = { kind: 'masked-update', protocol: PROTOCOL_VERSION, ...header }
  return encodeContainer(
    MaskedUpdateHeader.parse(whole),
    new Float32Array(masked.buffer, masked.byteOffset, masked.length),
  )
}

/** Fails with E_CONTAINER. The vector may be a view of the bytes. */
export const decodeMaskedUpdate = (
  bytes: Uint8Array,
): { readonly header: MaskedUpdateHeader; readonly masked: Uint32Array } => {
  const { header, payload } = viewContainer(bytes)
  return {
    header: parseAs(MaskedUpdateHeader, header, 'E_CONTAINER', 'container: header ', 'object'),
    masked: new Uint32Array(payload.buffer, payload.byteOffset, payload.length),
  }
}
