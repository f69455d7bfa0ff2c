/** The reward model: standardized pooled states and named features times the user's head. */
import { FedError } from '../../adapters/errors.ts'
import { FEATURE_NAMES, NAMED_FEATURES } from '../text/named-features.ts'
import { centred, standardize } from './feature-space.ts'

type Contribution = { readonly name: string; readonly contribution: number }

/**
 * One candidate. features: [D], standardized and centred on the request; reward = w·features, in
 * log-odds, is the sum of pooledContribution and the named contributions, and has mean 0 over the
 * candidates.
 */
export type Score = {
  readonly reward: number
  readonly named: readonly Contribution[]
  readonly pooledContribution: number
  readonly features: Float64Array
}

/**
 * raw: [D] of each candidate of one request; scale, w: [D]. Fails with E_SHAPE where sizes do not
 * fit.
 */
export const scoreFeatures = (
  raw: readonly Float64Array[],
  scale: Float64Array,
  w: Float64Array,
): Score[] =>
  centred(raw.map((r) => standardize(r, scale))).map((features) => {
    if (w.length !== features.length)
      throw new FedError(
        'E_SHAPE',
        `a head of ${w.length} numbers does not fit ${features.length} features`,
      )
    const parts = features.map((v, j) => v * w[j]!)
    const pooledSize = parts.length - FEATURE_NAMES.length
    const named = FEATURE_NAMES.map((name, j) => ({ name, contribution: parts[pooledSize + j]! }))
    const pooledContribution = parts.subarray(0, pooledSize).reduce((a, b) => a + b, 0)
    const reward = named.reduce((sum, c) => sum + c.contribution, pooledContribution)
    return { reward, named, pooledContribution, features }
  })

/**
 * Where answers are read by the local model, there is no word for what it sees but that the user's
 * choices had it.
 */
const WORDING = {
  more: 'wording more like answers you picked',
  less: 'wording less like answers you picked',
}
/** Log-odds below which a difference is not worth a word, and how many are. */
const TRACE = 0.05
const MAX_REASONS = 4

/**
 * Why one answer suits the user better or worse than another of the same request, in words: what
 * speaks for it, then what speaks against it. "shorter, fewer lists; wording more like answers you
 * picked, though more hedging".
 */
export const compare = (answer: Score, other: Score): string => {
  const pooledSize = answer.features.length - NAMED_FEATURES.length
  const reasons = NAMED_FEATURES.map(({ less, more }, j) => {
    const isMore = answer.features[pooledSize + j]! > other.features[pooledSize + j]!
    const by = answer.named[j]!.contribution - other.named[j]!.contribution
    return { by, words: isMore ? more : less }
  })
  const pooledBy = answer.pooledContribution - other.pooledContribution
  const all = reasons
    .concat({ by: pooledBy, words: pooledBy > 0 ? WORDING.more : WORDING.less })
    .filter(({ by }) => Math.abs(by) >= TRACE)
    .sort((a, b) => Math.abs(b.by) - Math.abs(a.by))
    .slice(0, MAX_REASONS)
  const sayAll = (sign: number): string => {
    const words = all.filter(({ by }) => by * sign > 0).map((r) => r.words)
    const isWording = (w: string) => w === WORDING.more || w === WORDING.less
    return [words.filter((w) => !isWording(w)).join(', '), words.find(isWording)]
      .filter(Boolean)
      .join('; ')
  }
  const [better, worse] = [sayAll(1), sayAll(-1)]
  if (better === '' && worse === '') return 'hardly any difference that matters to you'
  if (worse === '') return better
  return better === '' ? `against it: ${worse}` : `${better}, though ${worse}`
}

/** A probability in words. */
export const likelihoodWords = (probability: number): string =>
  probability >= 0.9
    ? 'very likely'
    : probability >= 0.75
      ? 'likely'
      : probability >= 0.6
        ? 'somewhat more likely than not'
        : 'about even'
