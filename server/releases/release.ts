/**
 * A release as the server keeps it: bytes, what lists print of it, and what the next round needs to
 * know.
 */
import { adapterParts } from '../../adapters/contributions/adapter.ts'
import { compressRelease } from '../../adapters/contributions/compress.ts'
import type { LineageState } from '../../adapters/contributions/contribution.ts'
import { decodeRelease, encodeRelease } from '../../adapters/contributions/messages.ts'
import { CONTRIBUTIONS } from '../../adapters/contributions/table.ts'
import { initAdapter } from '../../adapters/lora/init.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import { seededRng } from '../../adapters/random.ts'
import type { ReleaseHeader, ReleaseSummary } from '../../adapters/wire/containers.ts'
import type { JobSpec } from '../../adapters/wire/jobs.ts'
import { lineIdOf } from '../../adapters/wire/lineage.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import type { Release } from '../store/records.ts'

/** A release before it belongs to a line. moments: the object that its optimizer names. */
export type BuiltRelease = Omit<Release, 'lineId'> & {
  readonly bytes: Uint8Array
  readonly moments?: Uint8Array
}

/** Release 0 of a line: the seeded adapter, no prior, no scale. It comes from no round. */
export const firstRelease = (spec: JobSpec, now: number): BuiltRelease => {
  const { base, adapter, exitLayer, features } = spec
  const flat = initAdapter(base.shape, adapter, spec.seed)
  const header: Omit<ReleaseHeader, 'segments'> = {
    kind: 'release',
    protocol: PROTOCOL_VERSION,
    base,
    adapter,
    exitLayer,
    features,
    basisEpoch: 0,
    version: 0,
    parent: null,
    jobId: null,
    roundId: null,
    cohort: 0,
    inputs: null,
    createdAt: now,
  }
  const parts = compressRelease(adapterParts(base.shape, adapter, flat), spec, () =>
    seededRng(`release/${spec.seed}`),
  )
  const bytes = encodeRelease(header, parts)
  return releaseOf({ adapterRounds: 0, optimizer: null }, bytes)
}

/** more: what its bytes do not say. */
export const releaseOf = (
  { adapterRounds, optimizer }: LineageState,
  bytes: Uint8Array,
  more: Pick<ReleaseSummary, 'metrics' | 'restores' | 'privacy'> = {},
): BuiltRelease => ({
  bytes,
  summary: { ...summaryOf(bytes), ...more },
  adapterRounds,
  optimizer,
})

const summaryOf = (bytes: Uint8Array): ReleaseSummary => {
  const { header } = decodeRelease(bytes)
  const { kind: _, protocol: __, segments: ___, ...kept } = header
  return {
    ...kept,
    hash: sha256Hex(bytes),
    lineage: lineIdOf(header),
    bytes: bytes.length,
    parts: CONTRIBUTIONS.filter((row) => row.releasedSegments(header).length > 0).map(
      ({ name }) => name,
    ),
  }
}
