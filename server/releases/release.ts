/** A release as the server keeps it: bytes, what lists print of it, and what the next round needs to know. */
import { type LineState, strategies } from '../../adapters/aggregate/strategy.ts'
import { decodeRelease, encodeRelease } from '../../adapters/container/container.ts'
import { sha256Hex } from '../../adapters/digest.ts'
import { initAdapter } from '../../adapters/lora/init.ts'
import { adapterLayout } from '../../adapters/lora/layout.ts'
import type { ReleaseHeader, ReleaseSummary } from '../../adapters/wire/containers.ts'
import type { JobSpec } from '../../adapters/wire/jobs.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import type { Release } from '../store/records.ts'

/** A release before it belongs to a line. */
export type BuiltRelease = Omit<Release, 'lineId'> & { readonly bytes: Uint8Array }

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
  const parts = adapterLayout(base.shape, adapter).map(({ name, shape, offset, size }) => ({
    name,
    shape,
    data: flat.subarray(offset, offset + size),
  }))
  const state = { shape: base.shape, spec: adapter, flat, basisEpoch: 0, adapterRounds: 0 }
  return releaseOf(state, encodeRelease(header, parts))
}

/** bytes: of the release whose adapter `state` holds. */
export const releaseOf = (state: LineState, bytes: Uint8Array): BuiltRelease => ({
  bytes,
  summary: summaryOf(bytes),
  adapterRounds: state.adapterRounds,
  nextFactor: {
    alternating: strategies.alternating.factorOf(state),
    fedavg: strategies.fedavg.factorOf(state),
  },
})

/** What `release list` prints of these bytes. */
export const summaryOf = (bytes: Uint8Array): ReleaseSummary => {
  const { kind: _, protocol: __, segments, ...header } = decodeRelease(bytes).header
  const has = (prefix: string) => segments.some((s) => s.name.startsWith(prefix))
  return {
    ...header,
    hash: sha256Hex(bytes),
    bytes: bytes.length,
    parts: [
      'adapter',
      ...(has('prior.') ? ['prior' as const] : []),
      ...(has('statistics.') ? ['statistics' as const] : []),
    ],
  }
}
