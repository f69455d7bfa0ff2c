/**
 * One simulated federation under differential privacy: its devices' contributions through the server's own
 * clipping, sums, noise and M-step. What comes before it is public: simulated people give directions and clip.
 */
import { initialPrior, type Prior, priorMStep } from '../../../adapters/aggregate/prior.ts'
import { adapterRow, releasedAdapter } from '../../../adapters/contributions/adapter.ts'
import type { Release } from '../../../adapters/contributions/contribution.ts'
import { decodeRelease, decodeUpdate } from '../../../adapters/contributions/messages.ts'
import { encodePrior, priorRow, releasedPrior } from '../../../adapters/contributions/prior.ts'
import { withNoiseMultiplier } from '../../../adapters/contributions/privacy-forecast.ts'
import { vectorOf } from '../../../adapters/contributions/table.ts'
import type { Factor } from '../../../adapters/lora/layout.ts'
import { norm } from '../../../adapters/math/vector.ts'
import { seededRng } from '../../../adapters/random.ts'
import type { JobSpec, JobSpecInput } from '../../../adapters/wire/jobs.ts'
import { fitHead, type HeadFit, type PairRow } from '../../../device/reward/head.ts'
import type { Round } from '../../../server/store/records.ts'
import { medianOf } from '../../measure/metrics.ts'
import { descent } from '../robust/parts.ts'
import { aggregated, encodeIn, roundAt, simulatedJob, simulatedStart } from '../robust/rounds.ts'
import type { World } from '../robust/world.ts'

export type Devices = World['devices']

/** epsilon: null without noise. */
export type Arm = {
  readonly epsilon: number | null
  readonly delta: number
  readonly rounds: number
}

/** What is learned of: how a device contributes, and from where the federation begins. */
export type Part = {
  readonly job: Pick<JobSpecInput, 'contributions'> & Partial<JobSpecInput>
  readonly features: number
  readonly start: Prior | null
  encode(rows: readonly PairRow[], spec: JobSpec, round: Round, release: Release): Uint8Array
}

/** Heads at the start, which are the same for each part that begins there. */
export type FirstFits = WeakMap<readonly PairRow[], HeadFit>

/** directions: whether moments in those of the start are sent, or full ones. clip: prior.clip. */
export const priorPart = (
  start: Prior,
  directions: boolean,
  clip: number | null,
  first: FirstFits,
): Part => ({
  job: {
    contributions: ['prior'],
    prior: {
      directions: start.variances.length,
      ...(directions && { moments: 'directions' }),
      ...(directions && clip !== null && { clip }),
    },
  },
  features: start.mean.length,
  start,
  encode: (rows, spec, round, release) => {
    const isFirst = release.header.version === 0
    const known = isFirst ? first.get(rows) : undefined
    const fit = known ?? fitHead(rows, releasedPrior(release, spec.prior.initialVariance))
    if (isFirst) first.set(rows, fit)
    const made = directions ? fit.within() : fit.moments()
    return encodeIn(spec, round, priorRow.make(made, { ...spec, factor: null })!)
  },
})

/** Gradients of a low-rank adapter of one linear, by turns of its factors. clip: training.updateNorm. */
export const adapterPart = (features: number, clip: number): Part => ({
  job: {
    contributions: ['adapter'],
    training: { method: 'gradient', updateNorm: clip },
    optimizer: { name: 'adam', learningRate: LEARNING_RATE },
  },
  features,
  start: null,
  encode: (rows, spec, round, release) => {
    const factor = round.factor as Factor
    const vector = descent(releasedAdapter(release).flat, rows, factor, spec)
    return encodeIn(
      spec,
      round,
      adapterRow.make({ spec: spec.adapter, vector }, { ...spec, factor })!,
    )
  },
})

const LEARNING_RATE = 0.01

const jobOf = ({ job, features }: Part, cohort: number, { epsilon, delta, rounds }: Arm): JobSpec =>
  withNoiseMultiplier(
    simulatedJob(features, {
      name: 'bench privacy',
      ...job,
      rounds,
      cohort: { size: cohort, goal: cohort, minimum: cohort },
      ...(epsilon !== null && { privacy: { epsilon, delta, acceptNoise: true } }),
    }),
  )

/** The release after all rounds. memo: updates of first rounds, which are those of every arm of the part. */
export const federate = async (
  part: Part,
  devices: Devices,
  arm: Arm,
  { seed, memo }: { readonly seed: string; readonly memo: Uint8Array[] },
): Promise<Release> => {
  const spec = jobOf(part, devices.length, arm)
  let at = simulatedStart(spec, part.start ? encodePrior(part.start) : [])
  for (let done = 0; done < arm.rounds; done++) {
    const release = decodeRelease(at.bytes)
    const round = roundAt(spec, at, release)
    const updates = devices.map((rows, i) => {
      const known = done === 0 ? memo[i] : undefined
      const made = known ?? part.encode(rows, spec, round, release)
      if (done === 0) memo[i] = made
      return made
    })
    const noiseKey = spec.privacy && randomKey(`${seed}/${done}`)
    at = await aggregated(spec, round, at, updates, noiseKey && { noiseKey })
  }
  return decodeRelease(at.bytes)
}

const randomKey = (seed: string): Uint8Array => {
  const rng = seededRng(seed)
  return Uint8Array.from({ length: 32 }, () => rng.int(256))
}

/** EM over public people with full moments, as no federation but a simulation can. */
export const publicPrior = (
  people: Devices,
  features: number,
  k: number,
  rounds: number,
): Prior => {
  const plan = simulatedJob(features, {
    name: 'public',
    contributions: ['prior'],
    cohort: { size: 1, goal: 1, minimum: 1 },
    prior: { directions: k },
  }).prior
  let prior = initialPrior(features, plan.initialVariance)
  for (let done = 0; done < rounds; done++) {
    const moments = people.map((rows) => fitHead(rows, prior).moments())
    const sum = (of: 'first' | 'second') =>
      moments.reduce(
        (total, one) => total.map((x, i) => x + one[of][i]!),
        new Float64Array(moments[0]![of].length),
      )
    const sums = { first: sum('first'), second: sum('second'), devices: people.length }
    prior = priorMStep(prior, sums, plan)
  }
  return prior
}

/** prior.clip at which half of these people's heads would be shortened. */
export const publicHeadClip = (people: Devices, start: Prior): number =>
  Math.SQRT2 * medianOf(people.map((rows) => norm(fitHead(rows, start).within().v)))

/** training.updateNorm at which half of the changes are shortened, in the round that has the longest. */
export const publicUpdateNorm = async (
  people: Devices,
  features: number,
  rounds: number,
): Promise<number> => {
  const lengths: number[][] = []
  const part = adapterPart(features, UNBOUNDED)
  const watched: Part = {
    ...part,
    encode: (rows, spec, round, release) => {
      const bytes = part.encode(rows, spec, round, release)
      const at = release.header.version
      lengths[at] = [...(lengths[at] ?? []), norm(vectorOf(adapterRow, decodeUpdate(bytes)))]
      return bytes
    },
  }
  await federate(watched, people, { epsilon: null, delta: 1, rounds }, { seed: '', memo: [] })
  return Math.max(...lengths.flatMap((of) => (of ? [medianOf(of)] : [])))
}

const UNBOUNDED = 1000
