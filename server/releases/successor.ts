/**
 * Releases that come from no round: the next version of a lineage with parts that it had before.
 * Devices never go back to a lower version, so a rollback is a new one, in a new basis epoch: no
 * update for another release can be taken for one of this. What had been spent of a privacy budget by the
 * release before it, has been by then as well.
 */
import { partsOf } from '../../adapters/container/container.ts'
import { encodedAgain } from '../../adapters/contributions/compress.ts'
import { decodeRelease, encodeRelease } from '../../adapters/contributions/messages.ts'
import type { ReleaseSummary } from '../../adapters/wire/containers.ts'
import type { Release } from '../store/records.ts'
import { type BuiltRelease, releaseOf } from './release.ts'

/** What a release is made from. head: the newest of the lineage. */
export type Succession = {
  readonly head: Release
  /** The release whose parts come again, and its bytes. */
  readonly source: Release
  readonly bytes: Uint8Array
  readonly now: number
}

/**
 * All parts of the source. The strategy goes on where it was then; its server optimizer begins anew,
 * for its moments are kept of the newest release alone.
 */
export const restoringRelease = (from: Succession): BuiltRelease => {
  const { optimizer, adapterRounds, summary } = from.source
  const kept = optimizer && { strategy: optimizer.strategy, state: optimizer.state }
  return releaseOf(
    { adapterRounds, optimizer: kept },
    successor(from, () => true),
    { restores: summary.version, ...privacyOf(from.head, from.source) },
  )
}

/**
 * The adapter of the head without prior and scale, so that the next statistics set a scale anew: a
 * prior means nothing in another scale, and starts again with it.
 */
export const unscaledRelease = (from: Omit<Succession, 'source'>): BuiltRelease =>
  releaseOf(
    from.head,
    successor(from, (name) => ['layers.', 'residual.'].some((of) => name.startsWith(of))),
    privacyOf(from.head),
  )

/** Of the newest release that says something. */
const privacyOf = (...releases: readonly Release[]): Pick<ReleaseSummary, 'privacy'> => {
  const privacy = releases.find(({ summary }) => summary.privacy)?.summary.privacy
  return privacy ? { privacy } : {}
}

const successor = (
  { head, bytes, now }: Omit<Succession, 'source'>,
  isKept: (part: string) => boolean,
): Uint8Array => {
  const old = decodeRelease(bytes)
  const { segments: _, ...header } = old.header
  return encodeRelease(
    {
      ...header,
      basisEpoch: head.summary.basisEpoch + 1,
      version: head.summary.version + 1,
      parent: head.summary.hash,
      jobId: null,
      roundId: null,
      createdAt: now,
    },
    encodedAgain(
      partsOf(old).filter(({ name }) => isKept(name)),
      old.header.segments,
    ),
  )
}
