/**
 * What ranking uses now: a release, perhaps a private adapter over it, and the head fitted under
 * both.
 */

import { rmSync } from 'node:fs'
import { initialPrior } from '../../adapters/aggregate/prior.ts'
import { FedError } from '../../adapters/errors.ts'
import { shownOf } from '../../adapters/formats/choice-log.ts'
import { initAdapter } from '../../adapters/lora/init.ts'
import { type AdapterSpec, MODULES } from '../../adapters/lora/spec.ts'
import { seededRng } from '../../adapters/random.ts'
import { featureCount } from '../../adapters/wire/primitives.ts'
import type { LoraFeed, PooledOptions, TrainProgress, TrainResult } from '../engine/engine.ts'
import {
  type Oldest,
  type PrivateObjective,
  readPrivate,
  savePrivate,
  serveRelease,
  servingState,
} from '../store/private-adapter.ts'
import type { StoreReads } from '../store/tables.ts'
import { unlessForgotten } from '../store/unless-forgotten.ts'
import type { Conversation } from '../text/conversation.ts'
import { encodeAnswers, featurizeChoices } from './choice-features.ts'
import { ownExit } from './exit-layer.ts'
import { rawFeatures } from './feature-space.ts'
import { featureScale } from './head-fit.ts'
import { type PairedGain, pairedGain } from './held-back-accuracy.ts'
import { privateData } from './private-data.ts'
import type { RankingState, ServingDeps } from './ranking-state.ts'
import { type Released, readRelease } from './read-release.ts'
import { type Score, scoreFeatures } from './reward.ts'
import {
  fitServedHead,
  type Hyperparameters,
  isOutgrown,
  type OwnChoice,
  tuneHyperparameters,
  underScale,
} from './served-head.ts'
import type { JudgedSwitch } from './switching.ts'

type PrivateTraining = {
  /** Default: that of the present private adapter, else reward. */
  readonly objective?: PrivateObjective | undefined
  readonly epochs?: number | undefined
  readonly learningRate?: number | undefined
  readonly onPooled?: (done: number, of: number) => void
  readonly onTrain?: (progress: TrainProgress) => void
  readonly signal?: AbortSignal | undefined
}

/** gain: on choices that it has not seen; null if there were too few. */
type PrivateResult = TrainResult & { readonly gain: PairedGain | null }

export type Serving = {
  /** Fitted again when the choices or the release have changed since. */
  current(onPooled?: (done: number, of: number) => void): Promise<RankingState>
  releaseHash(): string | null
  /** The served release's exit layer, else the device's own. */
  exitLayer(): number
  hasPrivate(): boolean
  /**
   * Trains a private adapter over a release (null: over the base) and serves the release from then
   * on; with the adapter, if that proved to be better.
   */
  trainPrivate(release: string | null, options: PrivateTraining): Promise<PrivateResult>
  /** Drops the fit and all cached features. */
  drop(): void
  /** Serves a release whose bytes are in the store, without a private adapter. */
  serve(release: string): void
}

/**
 * Without a release to copy from: the last layers below the exit, as in the design's measurement.
 */
const PRIVATE_LAYERS = 4
const PRIVATE_RANK = 8
/**
 * Training stops earlier if held-back choices stop gaining. At a constant rate: for each of three
 * simulated users of 60 choices the held-back loss fell further than along a cosine, and rose again
 * after one to three epochs.
 */
const PRIVATE_EPOCHS = 3

export const openServing = (deps: ServingDeps): Serving => {
  let cached: { key: string; served: Promise<RankingState> } | null = null
  // Warm starts of the next fits under the same release, without and with the same adapter.
  const last = new Map<'released' | 'private', WarmStart>()
  // A fit that began before a drop is not kept.
  let drops = 0
  const state = () => servingState(deps.store)
  return {
    releaseHash: () => state().release,
    exitLayer: () => exitUnder(deps, state().release),
    hasPrivate: () => state().private,
    current(onPooled) {
      const now = state()
      const isPrivate = now.private && now.serves === true
      const released = `${now.release ?? ownExit(deps.store, deps.model)}`
      const key = `${released}/${isPrivate && now.revision}/${deps.store.choicesVersion()}`
      if (cached?.key === key) return cached.served
      const begun = drops
      const fitUnder = async (
        which: 'released' | 'private',
        under: string,
        trusted?: RankingState,
      ) => {
        const known = last.get(which)
        const start = known?.under === under ? known : null
        const basis = start?.basis ?? fitBasisOf(deps, now.release, which === 'private')
        const made = await fitServed(deps, basis, start?.served, onPooled, trusted)
        if (begun === drops) last.set(which, { under, basis, served: made })
        return made
      }
      const served = fitUnder('released', released).then((base) =>
        isPrivate ? fitUnder('private', `${released}/${now.revision}`, base) : base,
      )
      cached = { key, served }
      // Failures are not cached: the next request tries again.
      served.catch(() => {
        if (cached?.served === served) cached = null
      })
      return served
    },
    async trainPrivate(release, options) {
      const last = state().private ? readPrivate(deps.store).objective : 'reward'
      const { objective = last } = options
      const { result } = await unlessForgotten(
        deps.store,
        deps.checkpoint,
        () => trainPrivate(deps, release, { ...options, objective }),
        (tx, { feed, oldest, result: { gain } }) =>
          savePrivate(tx, release, feed, objective, oldest, gain?.isBetter === true),
      )
      cached = null
      if (deps.checkpoint) rmSync(deps.checkpoint, { force: true })
      return result
    },
    drop() {
      cached = null
      last.clear()
      drops++
    },
    async serve(release) {
      await deps.store.durably((tx) => serveRelease(tx, release))
      cached = null
    },
  }
}

/** Prefix of the names of release blobs. */
export const RELEASE_BLOBS = 'release/'
/** Blob name of a release. */
export const releaseBlob = (hash: string): string => `${RELEASE_BLOBS}${hash}`

/** Reads a stored release. Fails with E_NO_RELEASE if there is none. */
export const keptRelease = (
  { store, model, space }: Pick<ServingDeps, 'model' | 'space'> & { readonly store: StoreReads },
  hash: string,
): Released => {
  const bytes = store.blob(releaseBlob(hash))
  if (!bytes)
    throw new FedError('E_NO_RELEASE', `release ${hash.slice(0, 12)} is not on this device`)
  return readRelease(bytes, model.base, space)
}

/** The exit layer of a release; null: of the base model. */
const exitUnder = (deps: ServingDeps, release: string | null): number =>
  release === null ? ownExit(deps.store, deps.model) : keptRelease(deps, release).header.exitLayer

/**
 * What a release and a private adapter determine. featuresOf: features read under them, by choice
 * number. added: choices that came since hyperparameters were set.
 */
type FitBasis = Pick<RankingState, 'release' | 'space' | 'exitLayer' | 'adapters' | 'prior'> & {
  readonly releasedScale: Float64Array | null
  readonly featuresOf: Map<number, OwnChoice>
  added: number
}
type WarmStart = { readonly under: string; readonly basis: FitBasis; readonly served: RankingState }

const fitBasisOf = (deps: ServingDeps, hash: string | null, isPrivate: boolean): FitBasis => {
  const release = hash === null ? null : keptRelease(deps, hash)
  const { initialVariance } = deps.settings
  const space = release?.header.features ?? deps.space
  return {
    release: hash,
    space,
    exitLayer: release?.header.exitLayer ?? ownExit(deps.store, deps.model),
    adapters: [...(release?.active ?? []), ...(isPrivate ? [readPrivate(deps.store)] : [])],
    prior: release?.prior(initialVariance) ?? initialPrior(featureCount(space), initialVariance),
    releasedScale: release?.scale ?? null,
    featuresOf: new Map(),
    added: 0,
  }
}

/**
 * last: the state on the same basis. Only choices that are new since then are read. trusted: the
 * state without the private adapter, if the basis has one.
 */
const fitServed = async (
  deps: ServingDeps,
  basis: FitBasis,
  last?: RankingState,
  onPooled?: (done: number, of: number) => void,
  trusted?: RankingState,
): Promise<RankingState> => {
  const features = await featuresUnder(deps, basis, onPooled)
  const { release, space, exitLayer, adapters, prior, releasedScale } = basis
  const isPopulation = prior.mean.some((m) => m !== 0)
  const scale = () => releasedScale ?? featureScale(features, space)
  const tuned = trusted
    ? { hyperparameters: readUnder(trusted.hyperparameters, scale, last), fit: last?.head.fit }
    : last && !isOutgrown(last.hyperparameters, features.length, basis.added)
      ? { hyperparameters: last.hyperparameters, fit: last.head.fit }
      : tuneHyperparameters(features, prior, scale(), isPopulation, judgedSwitches(deps.store))
  const { hyperparameters, fit } = tuned
  if (hyperparameters !== last?.hyperparameters) basis.added = 0
  const fitted = fitServedHead(features, hyperparameters, fit && { fit })
  const head = trusted ? { ...fitted, spread: trusted.head.spread } : fitted
  const isInformed = features.length > 0 || isPopulation
  return { release, space, exitLayer, adapters, prior, features, hyperparameters, head, isInformed }
}

/** Of the last state if those that are trusted are still the same. */
const readUnder = (
  trusted: Hyperparameters,
  scale: () => Float64Array,
  last?: RankingState,
): Hyperparameters => {
  const before = last?.hyperparameters
  const isSame = (
    ['prior', 'choices', 'halfLifeDays', 'certainty', 'margin', 'slope'] as const
  ).every((name) => before?.[name] === trusted[name])
  return before && isSame ? before : underScale(trusted, scale())
}

const featuresUnder = async (
  { store, settings, engine, model, memo }: ServingDeps,
  basis: FitBasis,
  onPooled?: (done: number, of: number) => void,
): Promise<OwnChoice[]> => {
  const { space, exitLayer, adapters, featuresOf } = basis
  const numbers = store
    .choiceRows(settings.maxChoices)
    .filter(({ shown }) => shown > 1)
    .map(({ seq }) => seq)
  const features = new Map(numbers.map((seq) => [seq, featuresOf.get(seq)]))
  const unread = numbers.filter((seq) => !features.get(seq))
  const choices = unread.map((seq) => store.choice(seq)!)
  const read = await featurizeChoices(
    {
      engine,
      tokenizer: model.tokenizer,
      space,
      exitLayer,
      maxTokens: settings.maxTokens,
      memo,
      keepFrom: ownSpec(exitLayer).firstLayer,
    },
    choices,
    adapters,
    onPooled,
  )
  basis.added += unread.length
  for (const [i, seq] of unread.entries()) {
    const { id, first } = choices[i]!
    // Features are of the shown answers, by candidate index.
    const place = shownOf(choices[i]!)
      .toSorted((a, b) => a - b)
      .indexOf(first ?? -1)
    const own = { ...read[i]!, id, ...(place >= 0 && { first: place }) }
    features.set(seq, own)
    featuresOf.set(seq, own)
  }
  for (const seq of featuresOf.keys()) if (!features.has(seq)) featuresOf.delete(seq)
  return numbers.map((seq) => features.get(seq)!)
}

/** Decisions with feedback that the margin is calibrated on; the most recent. */
const JUDGED_DECISIONS = 1000

const judgedSwitches = (store: StoreReads): JudgedSwitch[] =>
  store
    .likedDecisions(JUDGED_DECISIONS)
    .flatMap(({ id, lead, served, propensity, liked }) =>
      lead === null || !(lead > 0)
        ? []
        : [{ id, lead, served: served === 0 ? 'first' : 'preferred', propensity, liked }],
    )

const trainPrivate = async (
  deps: ServingDeps,
  release: string | null,
  options: PrivateTraining & { readonly objective: PrivateObjective },
): Promise<{ feed: LoraFeed; oldest: Oldest; result: PrivateResult }> => {
  const { model, engine, settings } = deps
  const kept = release === null ? null : keptRelease(deps, release)
  const spec = kept?.shared.spec ?? ownSpec(ownExit(deps.store, model))
  const below = kept?.active.map((feed) => feed.spec) ?? []
  deps.checkMemory?.({
    kind: options.objective,
    to: options.objective === 'reward' ? exitUnder(deps, release) : model.base.shape.layers,
    adapters: [...below, spec],
    index: below.length,
  })
  const basis = fitBasisOf(deps, release, false)
  const base = await fitServed(deps, basis, undefined, options.onPooled)
  const { objective, heldBack, judging, oldest } = privateData(deps, base, options.objective)
  // A retry has the same seed, so that it can resume from the checkpoint.
  const seed = seededRng(`private/${release}`).int(2 ** 31)
  const feed = { spec, flat: initAdapter(model.base.shape, spec, seed) }
  const result = await engine.train(
    {
      objective,
      adapters: [...base.adapters, feed],
      trainable: { index: base.adapters.length, factors: ['A', 'B'] },
      epochs: options.epochs ?? PRIVATE_EPOCHS,
      learningRate: options.learningRate ?? 1e-3,
      batch: 4,
      maxTokens: settings.maxTokens,
      clipNorm: 1,
      seed,
      ...(heldBack && { validation: { objective: heldBack, patience: 1 } }),
      ...(deps.checkpoint && { checkpoint: deps.checkpoint }),
    },
    options.onTrain,
    options.signal,
  )
  const trained = { spec, flat: result.flat }
  const gain = await gainOf(deps, basis, base, trained, judging, options.onPooled)
  return { feed: trained, oldest, result: { ...result, gain } }
}

/** Heads under both readings have the width that was found without the adapter. */
const gainOf = async (
  deps: ServingDeps,
  basis: FitBasis,
  { features, head: { scale }, hyperparameters: { prior } }: RankingState,
  trained: LoraFeed,
  judging: number,
  onPooled?: (done: number, of: number) => void,
): Promise<PairedGain | null> => {
  if (judging === 0) return null
  const adapters = [...basis.adapters, trained]
  const under = await featuresUnder(deps, { ...basis, adapters, featuresOf: new Map() }, onPooled)
  // A choice that came during the training is in one reading only.
  const ids = new Set(features.map(({ id }) => id))
  const same = under.filter(({ id }) => ids.has(id))
  if (same.length !== features.length) return null
  return pairedGain(
    { features, scale },
    { features: same, scale: basis.releasedScale ?? featureScale(same, basis.space) },
    prior,
    judging,
  )
}

const ownSpec = (exitLayer: number): AdapterSpec => ({
  firstLayer: Math.max(0, exitLayer - PRIVATE_LAYERS),
  endLayer: exitLayer,
  modules: [...MODULES],
  rank: PRIVATE_RANK,
  alpha: 2 * PRIVATE_RANK,
})

/**
 * Scores of the answers to one request, Claude's first answer first; all zero if there is nothing
 * to rank by.
 */
export const scoreAnswers = async (
  deps: ServingDeps,
  { head, space, adapters, exitLayer, isInformed }: RankingState,
  conversation: Conversation,
  texts: readonly string[],
  options: Pick<PooledOptions, 'keep' | 'signal'> = {},
): Promise<Score[]> => {
  const { engine } = deps
  const encoded = encodeAnswers(
    { tokenizer: deps.model.tokenizer, maxTokens: deps.settings.maxTokens, memo: deps.memo },
    conversation,
    texts,
  )
  const states =
    space.pooled === 0 || !isInformed
      ? texts.map(() => new Float32Array(space.pooled))
      : await engine.pooled(
          encoded.map((a) => a.input),
          { ...options, exitLayer, adapters },
        )
  const raw = encoded.map((answer, i) => rawFeatures(space, states[i]!, answer))
  return scoreFeatures(raw, head.scale, head.fit.w)
}
