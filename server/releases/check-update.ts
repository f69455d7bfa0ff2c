/** The checks at the door: an update is refused before it is stored, and the refusal's code goes back to the device. */
import { type Container, decodeUpdate, findPart } from '../../adapters/container/container.ts'
import { FedError } from '../../adapters/errors.ts'
import { adapterLayout, layoutSize } from '../../adapters/lora/layout.ts'
import type { UpdateHeader } from '../../adapters/wire/containers.ts'
import type { JobSpec } from '../../adapters/wire/jobs.ts'
import { isSameAdapter } from '../../adapters/wire/lineage.ts'
import type { Round } from '../store/records.ts'
import { isSameBase, isSameFeatures, LARGEST_SUM, MOMENT_FACTOR } from './line.ts'

/** Float32 rounding of a device that scaled its change down to the limit. */
const NORM_TOLERANCE = 1e-3
const MAX_COUNT = 10_000_000

/**
 * Fails with E_CONTAINER, E_PROTOCOL, E_NOT_FINITE (bytes); E_NO_ROUND, E_BASE_MODEL, E_SHAPE, E_FEATURES, E_BASIS
 * (not what the round asked for); E_NORM (norm or moments out of bounds).
 */
export const checkUpdate = (bytes: Uint8Array, spec: JobSpec, round: Round): void => {
  const update = decodeUpdate(bytes)
  checkHeader(update.header, spec, round)
  checkParts(update.header, spec, round)
  checkNorm(update, spec, round)
  checkPrior(update, spec)
  checkStatistics(update, spec)
}

const checkHeader = (header: UpdateHeader, spec: JobSpec, round: Round): void => {
  if (header.jobId !== round.jobId || header.roundId !== round.id)
    throw new FedError('E_NO_ROUND', `expected an update for round ${round.id}, got another`)
  if (!isSameBase(header.base, spec.base))
    throw new FedError('E_BASE_MODEL', 'the update was trained on other weights or tokenizer')
  if (JSON.stringify(shapeKey(header)) !== JSON.stringify(shapeKey(spec)))
    throw new FedError('E_SHAPE', "the model's shape is not the job's")
  if (!isSameAdapter(header.adapter, spec.adapter))
    throw new FedError('E_SHAPE', "modules, layers, rank or alpha are not the job's")
  if (!isSameFeatures(header.features, spec.features))
    throw new FedError('E_FEATURES', "the feature space is not the job's")
  if (header.basisEpoch !== round.basisEpoch)
    throw new FedError(
      'E_BASIS',
      `expected basis epoch ${round.basisEpoch}, got ${header.basisEpoch}`,
    )
  if (header.release !== round.parent)
    throw new FedError('E_BASIS', 'the update was trained from another release')
}

const shapeKey = ({ base: { shape } }: Pick<UpdateHeader, 'base'>) => [
  shape.layers,
  shape.hidden,
  shape.heads,
  shape.kvHeads,
  shape.headDim,
  shape.ffn,
  shape.vocab,
]

/** decodeUpdate knows which segments belong together; here they must also be those of the round. */
const checkParts = (header: UpdateHeader, spec: JobSpec, round: Round): void => {
  const has = (name: string) => header.segments.some((s) => s.name === name)
  const wants = (part: 'prior' | 'statistics') => spec.contributions.includes(part)
  // A device without pairs has no change to send, and may still send the other parts.
  const isLeftOut = header.factor === null && header.pairs === 0
  if (header.factor !== round.factor && !isLeftOut)
    throw new FedError(
      'E_SHAPE',
      `expected a change of ${round.factor ?? 'no factor'}, got ${header.factor ?? 'none'}`,
    )
  if (header.factor === null && header.pairs > 0)
    throw new FedError('E_SHAPE', `expected 0 pairs without a factor, got ${header.pairs}`)
  for (const [part, name] of [
    ['prior', 'prior.first'],
    ['statistics', 'statistics.count'],
  ] as const)
    if (has(name) !== (wants(part) && !header.leftOut?.some((left) => left === part)))
      throw new FedError('E_SHAPE', `${part} is ${wants(part) ? 'missing' : 'not asked for'}`)
}

/** In a B-round ‖ΔW‖ = (α/r)·‖ΔB‖, and likewise for A, so this bounds the change of the weights. */
const checkNorm = ({ header, payload }: Container<UpdateHeader>, spec: JobSpec, round: Round) => {
  if (header.factor === null || round.factor === null) return
  const size = layoutSize(adapterLayout(spec.base.shape, spec.adapter, [round.factor]))
  let squares = 0
  for (const x of payload.subarray(0, size)) squares += x * x
  const limit = spec.training.updateNorm
  if (Math.sqrt(squares) > limit * (1 + NORM_TOLERANCE))
    throw new FedError('E_NORM', `the change has norm ${Math.sqrt(squares)}, at most ${limit}`)
}

/** E[wwᵀ] of anybody has a diagonal of at least E[w]², and no entry above what its diagonal allows. */
const checkPrior = (update: Container<UpdateHeader>, spec: JobSpec): void => {
  const first = findPart(update, 'prior.first')
  const second = findPart(update, 'prior.second')
  if (!first || !second) return
  const d = first.length
  const limit = MOMENT_FACTOR * spec.prior.initialVariance
  const diagonal = Float64Array.from(first, (_, i) => second[rowStart(i, d)]!)
  for (let i = 0; i < d; i++) {
    const square = diagonal[i]!
    if (square < 0 || square > limit || first[i]! ** 2 > square * (1 + 1e-3) + 1e-6)
      throw new FedError('E_NORM', `prior: moments of feature ${i} are out of bounds`)
  }
  for (let i = 0, at = 0; i < d; i++)
    for (let j = i; j < d; j++, at++)
      if (second[at]! ** 2 > diagonal[i]! * diagonal[j]! * (1 + 1e-3) + 1e-6)
        throw new FedError('E_NORM', `prior: the moment of features ${i} and ${j} is out of bounds`)
}

/** Where row i of an upper triangle starts: its diagonal element. */
const rowStart = (i: number, d: number): number => i * d - (i * (i - 1)) / 2

const checkStatistics = (update: Container<UpdateHeader>, spec: JobSpec): void => {
  const count = findPart(update, 'statistics.count')?.[0]
  const sum = findPart(update, 'statistics.sum')
  const squares = findPart(update, 'statistics.sumSquares')
  if (count === undefined || !sum || !squares) return
  // A whole cohort of such updates must fit the exact sum, or one device could make every round fail.
  const limit = LARGEST_SUM / spec.cohort.size
  if (count < 0 || count > MAX_COUNT)
    throw new FedError('E_NORM', `statistics: count must be 0 to ${MAX_COUNT}`)
  // Cauchy-Schwarz: (Σx)² ≤ n·Σx².
  const wrong = squares.findIndex(
    (s, i) => s < 0 || s > limit || sum[i]! ** 2 > count * s * (1 + 1e-3) + 1e-6,
  )
  if (wrong >= 0)
    throw new FedError('E_NORM', `statistics: sums of feature ${wrong} are out of bounds`)
}
