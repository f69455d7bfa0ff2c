/** What poisoned devices send instead of an honest vector. */
import { normalCdf } from '../../../adapters/math/logistic.ts'
import { norm } from '../../../adapters/math/vector.ts'

/**
 * honest: vectors of the others, which the attackers know. own: what this one would send, if it were
 * honest. all: devices of the round.
 */
type Knowledge = {
  readonly honest: readonly Float64Array[]
  readonly own: Float64Array
  readonly all: number
}
export type Attack = {
  /** Whether its choices are turned around before it computes what it would send. */
  readonly flipsLabels?: boolean
  make(known: Knowledge): Float64Array
}

/** How many times an update is scaled. */
const SCALE = 10

export const ATTACKS = {
  sign_flip: { make: ({ own }) => own.map((x) => -x) },
  scaling: { make: ({ own }) => own.map((x) => -SCALE * x) },
  label_flip: { flipsLabels: true, make: ({ own }) => own },
  alie: { make: ({ honest, all }) => alie(honest, all) },
  min_max: { make: ({ honest }) => minMax(honest) },
} satisfies Record<string, Attack>

/**
 * "A little is enough" (Baruch et al. 2019, algorithm 3): mean − z·deviation, with the largest z with
 * which enough honest ones lie further out for the attackers to be a majority with them.
 */
const alie = (honest: readonly Float64Array[], all: number): Float64Array => {
  const attackers = all - honest.length
  const supporters = Math.floor(all / 2 + 1) - attackers
  const z = normalQuantile((honest.length - supporters) / honest.length)
  const mean = meanOf(honest)
  const deviation = deviationOf(honest, mean)
  return mean.map((m, j) => m - z * deviation[j]!)
}

/**
 * Min-max (Shejwalkar & Houmansadr 2021, equation 9), along the inverse unit vector: as far from the mean
 * as no further from any honest one than two of those are from each other.
 */
const minMax = (honest: readonly Float64Array[]): Float64Array => {
  const mean = meanOf(honest)
  const length = norm(mean) || 1
  const furthest = Math.max(...honest.flatMap((a) => honest.map((b) => distance(a, b))))
  const at = (by: number) => mean.map((m) => m - (by * m) / length)
  let [low, high] = [0, 2 * furthest + length]
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    const isNear = honest.every((x) => distance(at(middle), x) <= furthest)
    if (isNear) low = middle
    else high = middle
  }
  return at(low)
}

export const meanOf = (vectors: readonly Float64Array[]): Float64Array =>
  Float64Array.from(
    vectors[0]!,
    (_, j) => vectors.reduce((sum, vector) => sum + vector[j]!, 0) / vectors.length,
  )

const deviationOf = (vectors: readonly Float64Array[], mean: Float64Array): Float64Array =>
  mean.map((m, j) =>
    Math.sqrt(vectors.reduce((sum, vector) => sum + (vector[j]! - m) ** 2, 0) / vectors.length),
  )

const distance = (a: Float64Array, b: Float64Array): number => norm(a.map((x, j) => x - b[j]!))

/** Φ⁻¹ by bisection. */
const normalQuantile = (p: number): number => {
  let [low, high] = [-8, 8]
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (normalCdf(middle) < p) low = middle
    else high = middle
  }
  return low
}
