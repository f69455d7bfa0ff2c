import { expect, test } from 'vitest'
import { releasedResidual, wholeAdapter } from '../../../adapters/contributions/adapter.ts'
import { decodeRelease, encodeUpdate } from '../../../adapters/contributions/messages.ts'
import { withRank } from '../../../adapters/lora/ranks.ts'
import { seededRng } from '../../../adapters/random.ts'
import type { Assignment } from '../../../adapters/wire/federation.ts'
import type { JobSpecInput } from '../../../adapters/wire/jobs.ts'
import {
  scene,
  tinyJob,
  updateFor,
  updateHeader,
  updateParts,
} from '../../support/federation-fixture.ts'

const jobOf = (overrides: Partial<JobSpecInput>) =>
  tinyJob({ contributions: ['adapter'], ...overrides })

/** An update of the leading directions alone. */
const ofRank = (assignment: Assignment, seed: string, rank: number): Uint8Array => {
  const { modules, ...spec } = withRank(assignment.adapter, rank)
  const adapter = { ...spec, modules: [...modules] }
  const parts = updateParts({ ...assignment, adapter }, seededRng(seed))
  return encodeUpdate({ ...updateHeader(assignment), rank }, parts)
}

test('a round of flex takes devices of several ranks, and says what each rank leaves out', async () => {
  const { server, jobId, device, other, assignment } = await scene(jobOf({ strategy: 'flex' }))
  expect(assignment).toMatchObject({ factor: 'AB', ranks: [1, 2] })
  const theirs = await other.join(jobOf({ strategy: 'flex' }))
  const whole = await device.upload(assignment, updateFor(assignment, 'no rank'))
  expect(whole.status).toBe(422)
  expect((await device.upload(assignment, ofRank(assignment, 'a', 1))).status).toBe(202)
  expect((await other.upload(theirs, ofRank(theirs, 'b', 2))).status).toBe(202)
  await server.settle()
  const { head, rounds } = await server.operator.job(jobId)
  expect(rounds[0]).toMatchObject({ phase: 'released', factor: 'AB' })
  const { metrics } = (await server.store.release(head!))!.summary
  expect(metrics!.discarded!.map(({ rank }) => rank)).toEqual([1, 2])
  const [most, least] = metrics!.discarded!.map(({ share }) => share)
  expect(most).toBeGreaterThan(least!)
  expect(least).toBeGreaterThan(0)
})

test('a round of fedex keeps what the means miss in an add-on, of which devices that cannot read it hear nothing', async () => {
  const { adapter } = tinyJob()
  const job = jobOf({ strategy: 'fedex', adapter: { ...adapter, residual: 4 } })
  const { server, jobId, device, other, assignment } = await scene(job)
  const theirs = await other.join(job)
  await device.upload(assignment, updateFor(assignment, 'a'))
  await other.upload(theirs, updateFor(theirs, 'b'))
  await server.settle()
  const { head } = await server.operator.job(jobId)
  const release = decodeRelease((await server.objects.get(head!))!)
  expect(release.header.segments.filter(({ name }) => name.startsWith('residual.'))).toHaveLength(8)
  expect(wholeAdapter(release).spec).toMatchObject({ rank: 6, alpha: 12 })
  expect(releasedResidual(release)!.flat.some((x) => x !== 0)).toBe(true)
  const { metrics } = (await server.store.release(head!))!.summary
  expect(metrics!.discarded).toEqual([{ rank: 4, share: expect.any(Number) }])
  // Two devices differ in one direction of rank two: all of it is kept.
  expect(metrics!.discarded![0]!.share).toBeLessThan(1e-6)
  expect(await other.checkIn(job)).toMatchObject({ head })
  expect(await other.checkIn(job, { abilities: ['both-factors'] })).toMatchObject({ head: null })
})
