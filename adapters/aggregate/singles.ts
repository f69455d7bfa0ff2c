/**
 * The updates of a round by themselves, for what a sum of them cannot tell. They are put in an order of
 * their own, so that what is made of them does not depend on which came first.
 */
import { FedError } from '../errors.ts'

export type Single = { readonly vector: Float32Array; readonly weight: number }

/** Plain data. */
export type PartialSingles = { readonly singles: readonly Single[] }

export type Singles = {
  /** A copy. Fails with E_NOT_FINITE; RangeError for a bad weight. */
  add(vector: Float32Array, weight: number): void
  merge(partial: PartialSingles): void
  partial(): PartialSingles
  weight(): number
  /** In an order that follows from the numbers alone. */
  all(): readonly Single[]
}

export const collectSingles = (): Singles => {
  const singles: Single[] = []
  return {
    add(vector, weight) {
      if (!(weight >= 0)) throw new RangeError(`weights must be at least 0, got ${weight}`)
      const at = vector.findIndex((x) => !Number.isFinite(x))
      if (at >= 0) throw new FedError('E_NOT_FINITE', `number ${at} is not finite`)
      singles.push({ vector: vector.slice(), weight })
    },
    merge: (partial) => void singles.push(...partial.singles),
    partial: () => ({ singles: [...singles] }),
    weight: () => singles.reduce((sum, { weight }) => sum + weight, 0),
    all: () => [...singles].sort(compare),
  }
}

const compare = (one: Single, other: Single): number =>
  one.vector.length - other.vector.length ||
  one.weight - other.weight ||
  compareNumbers(one.vector, other.vector)

const compareNumbers = (one: Float32Array, other: Float32Array): number => {
  for (let i = 0; i < one.length; i++) {
    const difference = one[i]! - other[i]!
    if (difference !== 0) return difference
  }
  return 0
}
