/**
 * Contributions under differential privacy, as devices make them and as they are summed: each is clipped as
 * a whole, and counts once. The noise on the sums is that of noised-total.ts.
 */
import type { Part } from '../container/container.ts'
import type { Contribution } from '../wire/jobs.ts'
import type { ContributionRow, MaskedSegment, RoundPlan } from './contribution.ts'

export type Clipping = Pick<RoundPlan, 'training' | 'prior' | 'privacy'>

/** Largest L2 norm of what a device adds; Infinity where the job names none. */
export const clipOf = (name: Contribution, { training, prior }: Clipping): number => {
  if (name === 'adapter') return training.updateNorm
  return (name === 'prior' ? prior.clip : undefined) ?? Number.POSITIVE_INFINITY
}

/** The row as a private round has it. */
export const privateRow = (row: ContributionRow, plan: Clipping): ContributionRow => {
  const most = clipOf(row.name, plan)
  return {
    ...row,
    addend: (vector) => {
      const addend = row.addend ? row.addend(vector) : vector
      return addend && clipped(addend, most)
    },
    weight: () => 1,
    masked: {
      ...row.masked,
      largestWeight: () => 1,
      segments: (of) => row.masked.segments(of).map((segment) => withinNorm(segment, most)),
    },
  }
}

/** A masked segment that holds nothing longer. */
export const withinNorm = (segment: MaskedSegment, most: number): MaskedSegment =>
  segment.kind === 'rotated' ? { ...segment, norm: Math.min(segment.norm, most) } : segment

/** On the device: what a contribution's parts are together is at most as long as its clip. */
export const clippedParts = (
  name: Contribution,
  parts: readonly Part[],
  plan: Clipping,
): readonly Part[] => {
  if (!plan.privacy) return parts
  const length = lengthOf(parts.map(({ data }) => data))
  const most = clipOf(name, plan)
  if (length <= most) return parts
  return parts.map((part) => ({
    ...part,
    data: Float64Array.from(part.data, (x) => (x * most) / length),
  }))
}

const clipped = (vector: Float32Array, most: number): Float32Array => {
  const length = lengthOf([vector])
  return length <= most ? vector : vector.map((x) => (x * most) / length)
}

const lengthOf = (vectors: readonly ArrayLike<number>[]): number => {
  let squares = 0
  for (const vector of vectors) for (let i = 0; i < vector.length; i++) squares += vector[i]! ** 2
  return Math.sqrt(squares)
}
