/** Reads a release: the shared adapter, the head's prior and the scale of the features. */
import type { Prior } from '../../adapters/aggregate/prior.ts'
import { findPart } from '../../adapters/container/container.ts'
import { releasedAdapter, releasedResidual } from '../../adapters/contributions/adapter.ts'
import { checkReleaseBounds, decodeRelease } from '../../adapters/contributions/messages.ts'
import { releasedPrior } from '../../adapters/contributions/prior.ts'
import { FedError } from '../../adapters/errors.ts'
import { adapterLayout, type Factor, segmentOf } from '../../adapters/lora/layout.ts'
import { joinRanks, withRank } from '../../adapters/lora/ranks.ts'
import type { ReleaseHeader } from '../../adapters/wire/containers.ts'
import { canCompute, isSameBase, isSameShape } from '../../adapters/wire/lineage.ts'
import type { BaseModel, FeatureSpace } from '../../adapters/wire/primitives.ts'
import type { LoraFeed } from '../engine/engine.ts'

export type Released = {
  readonly header: ReleaseHeader
  /** For a release that has just arrived: fails with checkReleaseBounds' codes. */
  checkBounds(): void
  readonly shared: LoraFeed
  /** What is active beside it in training: the add-on, unless it changes nothing. */
  readonly frozen: readonly LoraFeed[]
  /** Both as one adapter. */
  readonly whole: LoraFeed
  /** The adapters to run with: without those that change nothing (one factor is all zero). */
  readonly active: readonly LoraFeed[]
  /** D factors of the raw features; null before statistics were released. */
  readonly scale: Float64Array | null
  prior(initialVariance: number): Prior
}

/**
 * Fails with decodeRelease's codes, and with E_BASE_MODEL or E_FEATURES if the release is for
 * another model, or a feature space that this device cannot compute. space: the device's own.
 */
export const readRelease = (bytes: Uint8Array, base: BaseModel, space: FeatureSpace): Released => {
  const release = decodeRelease(bytes)
  checkBase(release.header.base, base)
  checkFeatures(release.header.features, space)
  const shared = ownCopy(releasedAdapter(release))
  const addOn = releasedResidual(release)
  const frozen = addOn && !isZeroAdapter(base.shape, addOn) ? [ownCopy(addOn)] : []
  const scale = findPart(release, 'statistics.scale')
  return {
    header: release.header,
    checkBounds: () => checkReleaseBounds(release),
    shared,
    frozen,
    whole: frozen.reduce((one, other) => joinRanks(base.shape, one, other), shared),
    active: [...(isZeroAdapter(base.shape, shared) ? [] : [shared]), ...frozen],
    scale: scale ? Float64Array.from(scale) : null,
    prior: (initialVariance) => releasedPrior(release, initialVariance),
  }
}

export const checkBase = (got: BaseModel, own: BaseModel): void => {
  if (!isSameBase(got, own) || !isSameShape(own, got))
    throw new FedError(
      'E_BASE_MODEL',
      `it is for ${got.name}, whose weights or tokenizer differ from this device's ${own.name}`,
    )
}

export const checkFeatures = (got: FeatureSpace, own: FeatureSpace): void => {
  if (!canCompute(got, own))
    throw new FedError(
      'E_FEATURES',
      `expected ${own.pooled} pooled and ${own.named.length} named features, got ` +
        `${got.pooled} and ${got.named.length}`,
    )
}

/** Without the rank of an add-on, which is a feed of its own. */
const ownCopy = ({ spec, flat }: LoraFeed): LoraFeed => ({
  spec: withRank(spec, spec.rank),
  flat: flat.slice(),
})

/** B·A is zero when either factor is. */
const isZeroAdapter = (shape: BaseModel['shape'], { spec, flat }: LoraFeed): boolean =>
  (['A', 'B'] as const).some((factor: Factor) =>
    adapterLayout(shape, spec)
      .filter((s) => s.factor === factor)
      .every((s) => segmentOf(flat, s).every((v) => v === 0)),
  )
