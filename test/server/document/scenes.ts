/** What has happened before the requests of the walk through the document. */
import { expect } from 'vitest'
import type { Assignment } from '../../../adapters/wire/federation.ts'
import type { JobSpecInput } from '../../../adapters/wire/jobs.ts'
import {
  enrolledDevices,
  scene,
  type TestDevice,
  type TestServer,
  testServer,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'

/** A round that collects: `device` has a place in it, `other` has none. */
export type Collecting = {
  readonly server: TestServer
  readonly jobId: string
  readonly device: TestDevice
  readonly other: TestDevice
  readonly assignment: Assignment
}
export const collecting = (given: Parameters<typeof scene>[1] = {}): Promise<Collecting> =>
  scene(tinyJob(), given)

/** A lineage with versions 0 and 1. */
type Released = {
  readonly server: TestServer
  readonly device: TestDevice
  readonly lineage: { readonly id: string; readonly head: string; readonly version: number }
  readonly first: string
  readonly job: JobSpecInput
}
export const released = async (): Promise<Released> => {
  const server = testServer()
  const job = tinyJob({ rounds: 10, cohort: { size: 1, goal: 1, minimum: 1 } })
  await server.operator.createJob(job)
  const [device] = await enrolledDevices(server, 1)
  const first = (await lineageOf(server)).head
  const assignment = await device!.join(job)
  expect((await device!.upload(assignment, updateFor(assignment, 'a'))).status).toBe(202)
  await server.settle()
  return { server, device: device!, lineage: await lineageOf(server), first, job }
}

export const lineageOf = async (server: TestServer) => {
  const answer = await server.operator.call('GET', '/v1/operator/lineages')
  const { lineages } = (await answer.json()) as { lineages: Released['lineage'][] }
  return lineages[0]!
}
