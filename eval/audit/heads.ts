/**
 * What two releases in a row say of one person's head. Whoever reads them knows the M-step, and so the mean
 * of the heads of the cohort: that of one person where the cohort is one.
 */
import { initialPrior, type Prior, priorMStep } from '../../adapters/aggregate/prior.ts'
import { triangleSize } from '../../adapters/math/matrix.ts'
import { dot, norm } from '../../adapters/math/vector.ts'
import { type Rng, seededRng } from '../../adapters/random.ts'
import { PriorPlan } from '../../adapters/wire/jobs.ts'
import { fitHead, pairRows } from '../../device/reward/head.ts'

export type HeadAttack = {
  readonly cohort: number
  /** Cosine between the recovered head and that of a person of the cohort, less the last prior's mean. */
  readonly member: readonly number[]
  /** The same of a person who took no part: what chance gives. */
  readonly other: readonly number[]
  /** Share of attacks in which the person is the nearest of the candidates. */
  readonly named: number
}

const SIZE = 24
const CHOICES = 30
const SHOWN = 4
/** Among whom the attacker looks for whom a release tells of. */
const CANDIDATES = 20
const PLAN = PriorPlan.parse({ initialVariance: 2 })

/** A person's head as a device fits it to choices by hidden weights, under the last prior. */
const fittedHead = (prior: Prior, rng: Rng) => {
  const hidden = Float64Array.from({ length: SIZE }, () => rng.normal())
  const rows = Array.from({ length: CHOICES }, () => {
    const raw = Array.from({ length: SHOWN }, () =>
      Float64Array.from({ length: SIZE }, () => rng.normal()),
    )
    const rewards = raw.map((x) => dot(x, hidden) - Math.log(-Math.log(rng.uniform())))
    const chosen = rewards.indexOf(Math.max(...rewards))
    return pairRows(raw, { shown: raw.map((_, i) => i), chosen }, 1)
  })
  return fitHead(rows.flat(), prior)
}

/** trials: cohorts drawn anew, of each one person attacked. */
export const attackHeads = (cohort: number, trials: number): HeadAttack => {
  const [member, other]: [number[], number[]] = [[], []]
  let named = 0
  for (let trial = 0; trial < trials; trial++) {
    const rng = seededRng(`heads/${cohort}/${trial}`)
    const last = initialPrior(SIZE, PLAN.initialVariance)
    const people = Array.from({ length: cohort }, () => fittedHead(last, rng))
    const next = priorMStep(last, sumsOf(people.map((fit) => fit.moments())), PLAN)
    const recovered = meanOfHeads(last, next, cohort)
    const target = people[0]!.w
    const others = Array.from({ length: CANDIDATES - 1 }, () => fittedHead(last, rng).w)
    const [own, ...rest] = [target, ...others].map((w) => cosine(recovered, less(w, last.mean)))
    member.push(own!)
    other.push(rest[0]!)
    if (own! > Math.max(...rest)) named++
  }
  return { cohort, member, other, named: named / trials }
}

/** Σ E[w]/n − μ, from what was released: μ′ = (Σ E[w] + νμ)/(n + ν). */
const meanOfHeads = (last: Prior, next: Prior, cohort: number): Float64Array =>
  next.mean.map((m, i) => ((m - last.mean[i]!) * (cohort + PLAN.shrinkage)) / cohort)

const sumsOf = (moments: readonly { first: Float64Array; second: Float64Array }[]) => {
  const first = new Float64Array(SIZE)
  const second = new Float64Array(triangleSize(SIZE))
  for (const one of moments) {
    for (let i = 0; i < first.length; i++) first[i]! += one.first[i]!
    for (let i = 0; i < second.length; i++) second[i]! += one.second[i]!
  }
  return { first, second, devices: moments.length }
}

const less = (a: Float64Array, b: Float64Array): Float64Array => a.map((x, i) => x - b[i]!)

const cosine = (a: Float64Array, b: Float64Array): number =>
  dot(a, b) / Math.max(1e-12, norm(a) * norm(b))
