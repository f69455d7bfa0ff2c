/** Updates and releases of the small job, made of parts, for the tests of single rows. */
import type { Part } from '../../../adapters/container/container.ts'
import { adapterParts } from '../../../adapters/contributions/adapter.ts'
import type { Head, ServerPlan } from '../../../adapters/contributions/contribution.ts'
import {
  decodeRelease,
  decodeUpdate,
  encodeRelease,
  encodeUpdate,
} from '../../../adapters/contributions/messages.ts'
import { initAdapter } from '../../../adapters/lora/init.ts'
import type { UpdateHeader } from '../../../adapters/wire/containers.ts'
import { PROTOCOL_VERSION } from '../../../adapters/wire/primitives.ts'
import { parsedJob } from '../../support/federation-fixture.ts'

export const job = parsedJob({ training: { updateNorm: 2, maxPairs: 8 } })
export const plan: ServerPlan = { ...job, factor: 'B' }
export const flat = initAdapter(job.base.shape, job.adapter, 1)

const { base, adapter, features } = job
const common = { protocol: PROTOCOL_VERSION, base, adapter, features, basisEpoch: 3 }

export const part = (name: string, ...data: number[]): Part => ({
  name,
  shape: [data.length],
  data,
})

export const updateOf = (
  parts: readonly Part[],
  factor: 'A' | 'B' | null = null,
  pairs = 0,
  more: Partial<UpdateHeader> = {},
) => {
  const ids = { jobId: 'job', roundId: 'round', release: 'c'.repeat(64) }
  return decodeUpdate(
    encodeUpdate({ kind: 'update', ...common, ...ids, factor, pairs, ...more }, parts),
  )
}

/** A release of the first adapter and these parts. */
export const headOf = (parts: readonly Part[] = [], numbers = flat): Head => {
  const header = {
    ...{ kind: 'release' as const, ...common, exitLayer: 2, version: 0, parent: null },
    ...{ jobId: null, roundId: null, cohort: 0, inputs: null, createdAt: 0 },
  } as const
  const bytes = encodeRelease(header, [...adapterParts(base.shape, adapter, numbers), ...parts])
  return { release: decodeRelease(bytes), adapterRounds: 0, optimizer: null }
}
