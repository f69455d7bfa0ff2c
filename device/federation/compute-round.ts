/**
 * Computes one round, from the assignment and the parent release to the bytes of an update. The
 * private adapter has no part in it.
 */
import { joinParts, type Part } from '../../adapters/container/container.ts'
import { clippedParts } from '../../adapters/contributions/clipped.ts'
import { compressUpdate } from '../../adapters/contributions/compress.ts'
import { encodeUpdate, updateHeaderOf } from '../../adapters/contributions/messages.ts'
import { canUseMoments, isWithin, priorRow } from '../../adapters/contributions/prior.ts'
import { statisticsRow } from '../../adapters/contributions/statistics.ts'
import { askedRows } from '../../adapters/contributions/table.ts'
import { type ErrorCode, FedError } from '../../adapters/errors.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import { type Rng, seededRng } from '../../adapters/random.ts'
import type { Assignment } from '../../adapters/wire/federation.ts'
import type { Contribution } from '../../adapters/wire/jobs.ts'
import { isSameAdapter } from '../../adapters/wire/lineage.ts'
import { featureCount } from '../../adapters/wire/primitives.ts'
import { featurizeChoices } from '../reward/choice-features.ts'
import { featureStatistics } from '../reward/feature-space.ts'
import { featureScale } from '../reward/head-fit.ts'
import { checkBase, checkFeatures, type Released, readRelease } from '../reward/read-release.ts'
import type { StoredChoice } from '../store/choices.ts'
import {
  headOf,
  type Made,
  type RoundData,
  type RoundDeps,
  type TrainingReport,
} from './round-data.ts'
import { choicesFor } from './split-choices.ts'
import { fitOf, makeAdapterPart } from './train-factor.ts'

export type RoundResult = TrainingReport & {
  readonly bytes: Uint8Array
  readonly contributions: Contribution[]
}

/**
 * choices: most recent first. Fails with E_BASE_MODEL, E_FEATURES, E_BASIS or E_SHAPE if the
 * assignment does not fit the device or the release, E_DATA if there is nothing to contribute,
 * E_DIVERGED if only the adapter was requested and failed.
 */
export const runRound = async (
  deps: RoundDeps,
  assignment: Assignment,
  releaseBytes: Uint8Array,
  choices: readonly StoredChoice[],
): Promise<RoundResult> => {
  const round = await readRound(deps, assignment, releaseBytes, choices)
  const made: MadeBy[] = []
  for (const { name } of askedRows(assignment)) {
    const part = await MAKERS[name](round)
    made.push({ name, part: { ...part, parts: clippedParts(name, part.parts, assignment) } })
  }
  return encodeRound(assignment, made)
}

type MadeBy = { readonly name: Contribution; readonly part: Made }

const FITS = { rank: undefined, lack: null }

/** What the contributions are made from. Fails as runRound. */
export const readRound = async (
  deps: RoundDeps,
  assignment: Assignment,
  releaseBytes: Uint8Array,
  choices: readonly StoredChoice[],
): Promise<RoundData> => {
  const release = readParent(deps, assignment, releaseBytes)
  const { contributions } = assignment
  const fit = contributions.includes('adapter') ? fitOf(deps, assignment) : FITS
  if (fit.lack && contributions.length === 1) throw fit.lack
  const features = await readChoices(deps, assignment, release, choicesFor(assignment, choices))
  const prior = release.prior(assignment.prior.initialVariance)
  const scale = release.scale ?? featureScale(features, assignment.features)
  return { deps, assignment, release, features, prior, scale, fit }
}

/** The bytes of an update. Fails as runRound. */
export const encodeRound = (assignment: Assignment, made: readonly MadeBy[]): RoundResult => {
  const { contributions } = assignment
  const training = made.find(({ part }) => part.training)?.part.training ?? NO_TRAINING
  const parts = made.flatMap(({ part }) => part.parts)
  if (parts.length === 0) throw nothingToSend(training.problem, contributions)
  const bytes = encodeUpdate(
    {
      ...updateHeaderOf(assignment),
      ...Object.assign({}, ...made.map(({ part }) => part.header)),
    },
    compressUpdate(parts, assignment, () => roundingOf(assignment, parts)),
  )
  const sent = new Set(made.flatMap(({ name, part }) => (part.parts.length > 0 ? [name] : [])))
  return { bytes, contributions: contributions.filter((name) => sent.has(name)), ...training }
}

/** A device's own, and the same whenever it makes the same update again. */
const roundingOf = ({ roundId }: Assignment, parts: readonly Part[]): Rng => {
  const { payload } = joinParts(parts)
  return seededRng(`rounding/${roundId}/${sha256Hex(new Uint8Array(payload.buffer))}`)
}

const NO_TRAINING: TrainingReport = { pairs: 0, losses: [], problem: null }

/** The device's half of each contribution, up to its row's `make`. */
const MAKERS: Readonly<Record<Contribution, (round: RoundData) => Made | Promise<Made>>> = {
  adapter: makeAdapterPart,
  prior: (round) => {
    const { release, assignment, features, prior } = round
    if (!canUseMoments(release, assignment.prior))
      return { parts: [], header: { leftOut: ['prior'] } }
    const { fit } = headOf(round, features)
    return isWithin(assignment.prior)
      ? {
          parts: priorRow.make(fit.within(), assignment) ?? [],
          header: { directions: prior.variances.length },
        }
      : { parts: priorRow.make(fit.moments(), assignment) ?? [] }
  },
  statistics: ({ features, assignment }) => {
    const zero = new Float64Array(featureCount(assignment.features))
    const statistics =
      features.length > 0
        ? featureStatistics(features.map((f) => [...f.raw]))
        : { count: 0, sum: zero, sumSquares: zero }
    return { parts: statisticsRow.make(statistics, assignment) ?? [] }
  },
}

const readParent = (
  { model, space }: RoundDeps,
  assignment: Assignment,
  bytes: Uint8Array,
): Released => {
  checkBase(assignment.base, model.base)
  checkFeatures(assignment.features, space)
  const release = readRelease(bytes, model.base, space)
  release.checkBounds()
  const { header } = release
  if (header.basisEpoch !== assignment.basisEpoch)
    throw new FedError(
      'E_BASIS',
      `expected a release of basis epoch ${assignment.basisEpoch}, got ${header.basisEpoch}`,
    )
  if (
    header.exitLayer !== assignment.exitLayer ||
    !isSameAdapter(header.adapter, assignment.adapter)
  )
    throw new FedError('E_SHAPE', "the release's adapter or exit layer is not the assignment's")
  return release
}

const readChoices = (
  deps: RoundDeps,
  assignment: Assignment,
  release: Released,
  choices: readonly StoredChoice[],
) =>
  featurizeChoices(
    {
      engine: deps.engine,
      tokenizer: deps.model.tokenizer,
      space: assignment.features,
      exitLayer: assignment.exitLayer,
      maxTokens: assignment.training.maxTokens,
      memo: deps.memo,
      keepFrom: assignment.adapter.firstLayer,
      packed: true,
      signal: deps.signal,
    },
    choices,
    release.active,
    deps.onPooled,
  )

const nothingToSend = (problem: ErrorCode | null, asked: Assignment['contributions']): FedError => {
  if (asked.includes('prior'))
    return new FedError(
      'E_DATA',
      'the release has no scale yet, which the statistics of a first round make, or not as many ' +
        "directions as the job's prior: moments of this device would have no unit",
    )
  return problem === 'E_DIVERGED' || problem === 'E_MEMORY'
    ? new FedError(
        problem,
        'training ' +
          `${problem === 'E_MEMORY' ? 'needs more memory than there is' : 'diverged'}, and ` +
          'only its result was requested',
      )
    : new FedError('E_DATA', 'there are no choices among two or more answers to learn from')
}
