/** An assignment of the tiny model, its release and a device with a fake engine, for tests of a round. */
import { beforeAll } from 'vitest'
import type { Part } from '../../../adapters/container/container.ts'
import { encodeRelease } from '../../../adapters/contributions/messages.ts'
import { initAdapter } from '../../../adapters/lora/init.ts'
import { adapterLayout, segmentOf } from '../../../adapters/lora/layout.ts'
import type { Assignment } from '../../../adapters/wire/federation.ts'
import { JobSpec } from '../../../adapters/wire/jobs.ts'
import { PROTOCOL_VERSION } from '../../../adapters/wire/primitives.ts'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import type { RoundDeps } from '../../../device/federation/round-data.ts'
import { featureSpace } from '../../../device/reward/feature-space.ts'
import { fakeEngine, jobFor, tinyModel } from '../device-fixture.ts'

export let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

export const assignmentFor = (changes: Partial<Assignment> = {}): Assignment => {
  const job = JobSpec.parse(jobFor(model))
  return {
    jobId: 'job',
    roundId: 'round',
    uploadToken: 't'.repeat(16),
    release: 'a'.repeat(64),
    basisEpoch: 0,
    base: job.base,
    adapter: job.adapter,
    exitLayer: job.exitLayer,
    features: job.features,
    contributions: ['adapter', 'prior', 'statistics'],
    factor: 'B',
    training: job.training,
    prior: job.prior,
    purpose: 'personalization',
    deadlineAt: 1,
    ...changes,
  }
}

export const releaseFor = (assignment: Assignment, extra: Part[] = [], flat?: Float32Array) => {
  const { base, adapter } = assignment
  const numbers = flat ?? initAdapter(base.shape, adapter, 1)
  return encodeRelease(
    {
      kind: 'release',
      protocol: PROTOCOL_VERSION,
      base,
      adapter,
      exitLayer: assignment.exitLayer,
      features: assignment.features,
      basisEpoch: assignment.basisEpoch,
      version: 0,
      parent: null,
      jobId: null,
      roundId: null,
      cohort: 0,
      inputs: null,
      createdAt: 0,
    },
    [
      ...adapterLayout(base.shape, adapter).map((s) => ({
        name: s.name,
        shape: s.shape,
        data: segmentOf(numbers, s),
      })),
      ...extra,
    ],
  )
}

export const build = (changes: Partial<RoundDeps> = {}) => {
  const { engine, calls } = fakeEngine(model)
  const deps: RoundDeps = {
    model,
    engine,
    space: featureSpace(model.base.shape.hidden),
    memo: new Map(),
    ...changes,
  }
  return { deps, calls, engine }
}
