/**
 * Adopts a release, unless it is older than what this device has had of its lineage, or no head can
 * be fitted under it.
 */

import type { Prior } from '../../adapters/aggregate/prior.ts'
import { FedError } from '../../adapters/errors.ts'
import { dot } from '../../adapters/math/vector.ts'
import { lineIdOf } from '../../adapters/wire/lineage.ts'
import { inSpace } from '../reward/choice-features.ts'
import { applyCovariance } from '../reward/dual.ts'
import { standardize } from '../reward/feature-space.ts'
import { pairRows } from '../reward/head.ts'
import { featureScale } from '../reward/head-fit.ts'
import type { RankingState, ServingDeps } from '../reward/ranking-state.ts'
import { type Released, readRelease } from '../reward/read-release.ts'
import { fitServedHead, tuneHyperparameters } from '../reward/served-head.ts'
import { keptRelease, releaseBlob, type Serving } from '../reward/serving.ts'
import type { Judging, Releases } from '../store/states.ts'
import type { StoreReads } from '../store/tables.ts'
import { reportTraining } from '../store/training.ts'
import { judgementRefusal } from './judge.ts'
import type { ParticipateOptions } from './participate.ts'

/** The newest release of a lineage that this device has served. */
type Newest = Releases['lines'][string]

export type AdoptDeps = Pick<ServingDeps, 'store' | 'model' | 'space' | 'settings' | 'clock'> & {
  readonly serving: Serving
  readonly serverUrl: string | null
  /** Fits the head and the profile under what is served now. */
  readonly refresh: () => Promise<void>
}

/**
 * download: fetches the release's bytes if the store has none. Serving does not change before all
 * checks have passed. Fails with the codes of readRelease and checkReleaseBounds, with E_CONFLICT
 * if the version is not above the newest of its lineage, and with E_NORM if no head can be fitted
 * under it.
 */
export const adoptRelease = async (
  deps: AdoptDeps,
  hash: string,
  download: () => Promise<Uint8Array>,
  { signal, onProgress }: Pick<ParticipateOptions, 'signal' | 'onProgress'> = {},
): Promise<void> => {
  const { store, model, space, serving, refresh } = deps
  const last = serving.releaseHash()
  if (hash === last) return
  const kept = store.blob(releaseBlob(hash))
  const bytes = kept ?? (await download())
  const release = readRelease(bytes, model.base, space)
  release.checkBounds()
  checkVersion(deps, release, hash, last)
  await tryFit(deps, release)
  if (!kept) await store.durably((tx) => tx.saveBlob(releaseBlob(hash), bytes))
  // The old pair serves until the new one is trained, so serving changes in one step.
  if (serving.hasPrivate()) {
    const { onTrain, end } = reportTraining(store, onProgress)
    await serving.trainPrivate(hash, { signal, onTrain }).finally(end)
  } else await serving.serve(hash)
  const judging = toJudge(deps, release, hash, last)
  await store.durably((tx) => {
    tx.set('releases', withNewest({ ...deps, store: tx }, release, hash))
    const unused = [last, tx.get('judging')?.before ?? null]
    tx.set('judging', judging)
    for (const old of unused)
      if (old !== null && old !== hash && old !== judging?.before) tx.removeBlob(releaseBlob(old))
  })
  await refresh()
}

/** The release before it stays until the new one is judged; null where it is not to be. */
const toJudge = (
  deps: AdoptDeps,
  { header }: Released,
  hash: string,
  last: string | null,
): Judging | null => {
  if (last === null || judgementRefusal(deps)) return null
  try {
    const isSameLine = lineIdOf(keptRelease(deps, last).header) === lineIdOf(header)
    return isSameLine ? { release: hash, before: last } : null
  } catch {
    // It would not be adopted today.
    return null
  }
}

/** The key is the server, wherever it is; without one its address is. */
type Kept = Pick<AdoptDeps, 'serverUrl'> & { readonly store: Pick<StoreReads, 'get'> }

const checkVersion = (
  deps: AdoptDeps,
  { header }: Released,
  hash: string,
  last: string | null,
): void => {
  const line = lineIdOf(header)
  const newest = newestOf(deps)[line] ?? servedOf(deps, last, line)
  if (!newest || newest.hash === hash || header.version > newest.version) return
  throw new FedError(
    'E_CONFLICT',
    `the server names release ${hash.slice(0, 12)}, version ${header.version} of its ` +
      `lineage, and this device has had version ${newest.version}: versions never decrease. It ` +
      `is followed again from version ${newest.version + 1} on`,
  )
}

const newestOf = ({ store, serverUrl }: Kept): Readonly<Record<string, Newest>> => {
  const known = store.get('releases')
  return known && (store.get('pin') || known.server === serverUrl) ? known.lines : {}
}

/** For a home that served a release before versions were stored. */
const servedOf = (
  deps: Pick<ServingDeps, 'store' | 'model' | 'space'>,
  last: string | null,
  line: string,
): Newest | undefined => {
  if (last === null || deps.store.get('releases')) return undefined
  try {
    const { header } = keptRelease(deps, last)
    return lineIdOf(header) === line ? { version: header.version, hash: last } : undefined
  } catch {
    // It would not be adopted today.
    return undefined
  }
}

const withNewest = (
  deps: Kept,
  { header: { version, ...header } }: Released,
  hash: string,
): Releases => ({
  server: deps.serverUrl,
  lines: { ...newestOf(deps), [lineIdOf(header)]: { version, hash } },
})

/**
 * Fits a head to the choices, as read under the current release, with the new release's prior and
 * scale.
 */
const tryFit = async ({ serving, settings }: AdoptDeps, release: Released): Promise<void> => {
  const space = release.header.features
  const features = (await servedFeatures(serving)).map((choice) => inSpace(choice, space))
  const prior = release.prior(settings.initialVariance)
  const isPopulation = prior.mean.some((m) => m !== 0)
  const scale = release.scale ?? featureScale(features, space)
  // Also protects later fits: few choices may still fit where many would fail.
  if (!(mostVariance(features, prior, scale) <= MAX_VARIANCE)) throw unfit()
  let numbers: number[]
  try {
    const { hyperparameters, fit } = tuneHyperparameters(features, prior, scale, isPopulation)
    const head = fitServedHead(features, hyperparameters, { fit })
    numbers = [head.certainty(), head.spread(), hyperparameters.margin, ...head.fit.w]
  } catch (cause) {
    throw unfit(cause)
  }
  if (!numbers.every(Number.isFinite)) throw unfit()
}

/**
 * At this variance the log-odds between two answers are about a thousand before anything is
 * learned. Cholesky factors fail at about 1e10.
 */
const MAX_VARIANCE = 1e6

/** The largest prior second moment of the log-odds between two answers of a choice. */
const mostVariance = (
  features: RankingState['features'],
  prior: Prior,
  scale: Float64Array,
): number => {
  let most = 0
  for (const choice of features)
    for (const { difference: x } of pairRows(
      choice.raw.map((raw) => standardize(raw, scale)),
      choice,
    ))
      most = Math.max(most, dot(x, applyCovariance(prior, x)) + dot(x, prior.mean) ** 2)
  return most
}

/** Empty if no head can be fitted under the current release. */
const servedFeatures = async (serving: AdoptDeps['serving']): Promise<RankingState['features']> => {
  try {
    return (await serving.current()).features
  } catch {
    return []
  }
}

const unfit = (cause?: unknown): FedError =>
  new FedError(
    'E_NORM',
    'no head can be fitted under the release: its prior or scale is out of bounds',
    {
      cause,
    },
  )
