import { describe, expect, test } from 'vitest'
import { norm } from '../../../../adapters/math/vector.ts'
import { seededRng } from '../../../../adapters/random.ts'
import { ATTACKS } from '../../../../eval/bench/robust/attacks.ts'

const rng = seededRng('attacks')
const honest = Array.from({ length: 20 }, () =>
  Float64Array.from({ length: 12 }, () => 1 + rng.normal()),
)
const own = honest[0]!
const known = { honest, own, all: 25 }
const mean = own.map((_, j) => honest.reduce((sum, x) => sum + x[j]!, 0) / honest.length)
const deviation = own.map((_, j) =>
  Math.sqrt(honest.reduce((sum, x) => sum + (x[j]! - mean[j]!) ** 2, 0) / honest.length),
)
const distance = (a: Float64Array, b: Float64Array) => norm(a.map((x, j) => x - b[j]!))

describe('an attack', () => {
  test('turns an update around, or turns and stretches it', () => {
    expect(ATTACKS.sign_flip.make(known)).toEqual(own.map((x) => -x))
    expect(ATTACKS.scaling.make(known)).toEqual(own.map((x) => -10 * x))
    expect(ATTACKS.label_flip.make(known)).toBe(own)
  })

  test('by ALIE lies z deviations from the mean, z of the published table (tolerance 1e-2)', () => {
    // Of 25 devices with 5 attackers: s = 13 - 5 = 8, Φ⁻¹(12/20) = 0.2533.
    const made = ATTACKS.alie.make(known)
    for (const [j, x] of made.entries())
      expect((mean[j]! - x) / deviation[j]!).toBeCloseTo(0.2533, 3)
  })

  test('by min-max goes as far as two honest ones are from each other, and no further (tolerance 1e-6)', () => {
    const made = ATTACKS.min_max.make(known)
    const furthest = Math.max(...honest.flatMap((a) => honest.map((b) => distance(a, b))))
    expect(Math.max(...honest.map((x) => distance(made, x)))).toBeCloseTo(furthest, 6)
    // Against the mean's direction.
    const away = made.map((x, j) => x - mean[j]!)
    const cosine = away.reduce((sum, x, j) => sum + x * mean[j]!, 0) / norm(away) / norm(mean)
    expect(cosine).toBeCloseTo(-1, 9)
  })
})
