/** One round, from the assignment and the parent release to the bytes of an update. The private adapter has no part in it. */

import type { Part } from '../../adapters/container/container.ts'
import { encodeUpdate } from '../../adapters/contributions/messages.ts'
import { type ErrorCode, FedError, isFedError } from '../../adapters/errors.ts'
import { adapterLayout, segmentOf } from '../../adapters/lora/layout.ts'
import { seededRng } from '../../adapters/random.ts'
import type { Assignment } from '../../adapters/wire/federation.ts'
import type { Contribution } from '../../adapters/wire/jobs.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import type { Engine, TrainProgress } from '../engine/engine.ts'
import type { LocalModel } from '../engine/model/open.ts'
import type { StepNeed } from '../engine/train/memory-plan.ts'
import {
  type AnswerMemo,
  type ChoiceFeatures,
  featurizeChoices,
} from '../reward/choice-features.ts'
import { featureStatistics } from '../reward/feature-space.ts'
import type { HeadFit } from '../reward/head.ts'
import {
  type FittedHead,
  featureScale,
  fitHeadToChoices,
  pooledHead,
  rewardPairs,
} from '../reward/head-fit.ts'
import { checkBase, checkFeatures, type Released, readRelease } from '../reward/read-release.ts'
import type { StoredChoice } from '../store/choices.ts'

export type RoundDeps = {
  readonly model: LocalModel
  readonly engine: Engine
  readonly space: Assignment['features']
  readonly memo: AnswerMemo
  /** File in which training goes on after a crash. */
  readonly checkpoint?: string
  readonly onPooled?: (done: number, of: number) => void
  readonly onTrain?: (progress: TrainProgress) => void
  readonly signal?: AbortSignal | undefined
  /** Fails with E_MEMORY where a training would not fit. */
  readonly checkMemory?: ((need: StepNeed) => void) | undefined
}

export type RoundResult = {
  readonly bytes: Uint8Array
  readonly contributions: Contribution[]
  readonly pairs: number
  readonly losses: readonly number[]
  /** The code of what kept the adapter part out, if anything did. */
  readonly problem: ErrorCode | null
}

/**
 * choices: most recent first. Fails with E_BASE_MODEL, E_FEATURES, E_BASIS or E_SHAPE when the assignment does not fit the
 * device or the release, E_DATA when there is nothing to contribute, E_DIVERGED when only the adapter was asked for and failed.
 */
export const runRound = async (
  deps: RoundDeps,
  assignment: Assignment,
  releaseBytes: Uint8Array,
  choices: readonly StoredChoice[],
): Promise<RoundResult> => {
  checkBase(assignment.base, deps.model.base)
  checkFeatures(assignment.features, deps.space)
  const release = readRelease(releaseBytes, deps.model.base, deps.space)
  release.checkBounds()
  checkRelease(assignment, release)
  const { exitLayer, training, contributions } = assignment
  const featureDeps = {
    engine: deps.engine,
    tokenizer: deps.model.tokenizer,
    space: deps.space,
    exitLayer,
    maxTokens: training.maxTokens,
    memo: deps.memo,
    keepFrom: assignment.adapter.firstLayer,
    signal: deps.signal,
  }
  const lack = contributions.includes('adapter') ? memoryLack(deps, assignment) : null
  if (lack && contributions.length === 1) throw lack
  const features = await featurizeChoices(featureDeps, choices, release.active, deps.onPooled)
  const prior = release.prior(assignment.prior.initialVariance)
  const scale = release.scale ?? featureScale(features, deps.space)
  const headOf = (learned: readonly ChoiceFeatures[]) => fitHeadToChoices(learned, prior, scale)

  const adapter =
    contributions.includes('adapter') && !lack
      ? await adapterPart(deps, assignment, release, features, headOf)
      : { ...NO_ADAPTER, problem: lack?.code ?? null }
  // Without a released scale each device measures in its own, and nobody could use the moments.
  const sendsPrior = contributions.includes('prior') && release.scale !== null
  const parts = [
    ...adapter.parts,
    ...(sendsPrior ? priorParts(headOf(features).fit) : []),
    ...(contributions.includes('statistics') ? statisticsParts(features, deps.space) : []),
  ]
  if (parts.length === 0) throw nothingToSend(adapter.problem, contributions)
  const bytes = encodeUpdate(
    {
      kind: 'update',
      protocol: PROTOCOL_VERSION,
      jobId: assignment.jobId,
      roundId: assignment.roundId,
      release: assignment.release,
      basisEpoch: assignment.basisEpoch,
      base: assignment.base,
      adapter: assignment.adapter,
      features: assignment.features,
      factor: adapter.pairs > 0 ? assignment.factor : null,
      pairs: coarseCount(adapter.pairs),
      ...(contributions.includes('prior') && !sendsPrior && { leftOut: ['prior' as const] }),
    },
    parts,
  )
  const isSent = { adapter: adapter.pairs > 0, prior: sendsPrior, statistics: true }
  const sent = contributions.filter((c) => isSent[c])
  return {
    bytes,
    contributions: sent,
    pairs: adapter.pairs,
    losses: adapter.losses,
    problem: adapter.problem,
  }
}

/**
 * What is told of a count: the power of two below it. It is a weight, and how much somebody uses
 * their device is nobody's business.
 */
const coarseCount = (count: number): number => (count < 1 ? 0 : 2 ** Math.floor(Math.log2(count)))

const priorParts = (fit: HeadFit): Part[] => {
  const { first, second } = fit.moments()
  return [
    { name: 'prior.first', shape: [first.length], data: first },
    { name: 'prior.second', shape: [second.length], data: second },
  ]
}

const statisticsParts = (
  features: readonly ChoiceFeatures[],
  space: Assignment['features'],
): Part[] => {
  const size = space.pooled + space.named.length
  const { count, sum, sumSquares } =
    features.length > 0
      ? featureStatistics(features.map((f) => [...f.raw]))
      : { count: 0, sum: new Float64Array(size), sumSquares: new Float64Array(size) }
  const told = coarseCount(count)
  const share = count > 0 ? told / count : 1
  return [
    { name: 'statistics.count', shape: [1], data: [told] },
    { name: 'statistics.sum', shape: [size], data: sum.map((x) => x * share) },
    { name: 'statistics.sumSquares', shape: [size], data: sumSquares.map((x) => x * share) },
  ]
}

type AdapterPart = {
  readonly parts: Part[]
  readonly pairs: number
  readonly losses: readonly number[]
  readonly problem: ErrorCode | null
}
const NO_ADAPTER: AdapterPart = { parts: [], pairs: 0, losses: [], problem: null }

/** E_MEMORY where the round's training would not fit, before anything is computed for it. */
const memoryLack = (
  { checkMemory }: RoundDeps,
  { exitLayer, adapter }: Assignment,
): FedError | null => {
  try {
    checkMemory?.({ kind: 'reward', to: exitLayer, adapters: [adapter], index: 0 })
    return null
  } catch (error) {
    if (isFedError(error) && error.code === 'E_MEMORY') return error
    throw error
  }
}

/** Trains the round's factor through a head and gives its change, no longer than the plan's updateNorm. */
const adapterPart = async (
  deps: RoundDeps,
  assignment: Assignment,
  release: Released,
  features: readonly ChoiceFeatures[],
  headOf: (learned: readonly ChoiceFeatures[]) => FittedHead,
): Promise<AdapterPart> => {
  const { training, factor, exitLayer, features: space } = assignment
  const { learned, trained } = splitForRound(features, assignment.roundId, training.maxPairs)
  const head = headOf(learned)
  const pairs = rewardPairs(trained, space.pooled, head).slice(0, training.maxPairs)
  if (factor === null || pairs.length === 0) return { ...NO_ADAPTER, problem: 'E_DATA' }
  let flat: Float32Array
  let losses: readonly number[]
  try {
    const result = await deps.engine.train(
      {
        objective: { kind: 'reward', exitLayer, head: pooledHead(head, space.pooled), pairs },
        adapters: [release.shared],
        trainable: { index: 0, factors: [factor] },
        epochs: training.epochs,
        learningRate: training.learningRate,
        batch: training.batchPairs,
        maxTokens: training.maxTokens,
        clipNorm: training.clipNorm,
        seed: seededRng(assignment.roundId).int(2 ** 31),
        ...(deps.checkpoint && { checkpoint: deps.checkpoint }),
      },
      deps.onTrain,
      deps.signal,
    )
    flat = result.flat
    losses = result.losses
  } catch (error) {
    if (isFedError(error) && (error.code === 'E_DIVERGED' || error.code === 'E_MEMORY'))
      return { ...NO_ADAPTER, problem: error.code }
    throw error
  }
  const parts = changeOf(release, flat, factor, deps.model.base.shape, training.updateNorm)
  return parts
    ? { parts, pairs: pairs.length, losses, problem: null }
    : { ...NO_ADAPTER, losses, problem: 'E_DIVERGED' }
}

/** Fewer choices than this train the adapter through the head that they were fitted to. */
const LEAST_SPLIT = 8

/**
 * The choices that the adapter is trained on, drawn anew for each round, and those that its head is fitted to. They are apart: on what
 * a head was fitted to it leaves little to explain, and the adapter would learn its noise. At most half of the choices are trained on.
 */
export const splitForRound = <T extends Pick<ChoiceFeatures, 'shown'>>(
  choices: readonly T[],
  roundId: string,
  maxPairs: number,
): { learned: readonly T[]; trained: readonly T[] } => {
  if (choices.length < LEAST_SPLIT) return { learned: choices, trained: choices }
  const drawn = seededRng(`split/${roundId}`).shuffle(choices)
  let count = 0
  for (let pairs = 0; pairs < maxPairs && count < choices.length >> 1; count++)
    pairs += drawn[count]!.shown.length - 1
  return { learned: drawn.slice(count), trained: drawn.slice(0, count) }
}

/** after − before of one factor as parts of an update, scaled down to the norm; null where it is not finite. */
const changeOf = (
  release: Released,
  after: Float32Array,
  factor: 'A' | 'B',
  shape: LocalModel['base']['shape'],
  updateNorm: number,
): Part[] | null => {
  const { spec, flat: before } = release.shared
  const segments = adapterLayout(shape, spec).filter((s) => s.factor === factor)
  let squares = 0
  const changes = segments.map((segment) => {
    const [a, b] = [segmentOf(after, segment), segmentOf(before, segment)]
    const change = Float64Array.from(a, (v, i) => v - b[i]!)
    for (const v of change) squares += v * v
    return { ...segment, change }
  })
  const norm = Math.sqrt(squares)
  if (!Number.isFinite(norm)) return null
  const factorDown = norm > updateNorm ? updateNorm / norm : 1
  return changes.map(({ name, shape: dims, change }) => ({
    name,
    shape: dims,
    data: change.map((v) => v * factorDown),
  }))
}

const checkRelease = (assignment: Assignment, { header }: Released): void => {
  if (header.basisEpoch !== assignment.basisEpoch)
    throw new FedError(
      'E_BASIS',
      `expected a release of basis epoch ${assignment.basisEpoch}, got ${header.basisEpoch}`,
    )
  const key = (a: Pick<Assignment, 'adapter' | 'exitLayer'>) =>
    [
      a.exitLayer,
      a.adapter.firstLayer,
      a.adapter.endLayer,
      a.adapter.rank,
      a.adapter.alpha,
      ...[...a.adapter.modules].sort(),
    ].join()
  if (key(header) !== key(assignment))
    throw new FedError('E_SHAPE', "the release's adapter or exit layer is not the assignment's")
}

const nothingToSend = (problem: ErrorCode | null, asked: Assignment['contributions']): FedError => {
  if (asked.includes('prior'))
    return new FedError(
      'E_DATA',
      'the release has no scale yet: a first round asks for statistics, which the scale is made of',
    )
  return problem === 'E_DIVERGED' || problem === 'E_MEMORY'
    ? new FedError(
        problem,
        `training ${problem === 'E_MEMORY' ? 'needs more memory than there is' : 'diverged'}, and nothing but its result was asked for`,
      )
    : new FedError('E_DATA', 'there are no choices among two or more answers to learn from')
}
