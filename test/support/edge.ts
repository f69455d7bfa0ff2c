/** An edge in this process: a test server whose jobs come from another one, with the same clock. */

import { seededRng } from '../../adapters/random.ts'
import type { JobSpecInput } from '../../adapters/wire/jobs.ts'
import { type KeyPair, keyPairOf } from '../../adapters/wire/signature.ts'
import { openEdge } from '../../server/edge/edge.ts'
import type { EdgeLimits } from '../../server/edge/mirror.ts'
import { type UpstreamClient, upstreamClient } from '../../server/edge/upstream.ts'
import { aggregateInProcess } from '../../server/releases/aggregate.ts'
import { foldInProcess } from '../../server/releases/fold.ts'
import { type Data, openFolder } from '../../server/store/open.ts'
import { silentLog } from '../../server/telemetry/log.ts'
import {
  type Fetch,
  type TestDevice,
  type TestServer,
  testServer,
  updateFor,
} from './federation-fixture.ts'

export const UPSTREAM = 'http://server.test'

/** most: devices that it may stand for. isDown: whether its requests find nobody. */
export const testEdge = async (
  before: Pick<TestServer, 'operator' | 'fetch'> & { readonly time: { now: number } },
  name: string,
  given: {
    most?: number
    limits?: Partial<Omit<EdgeLimits, 'minimum'>>
    leastCohort?: number
    data?: Data
    keys?: KeyPair
    around?: (fetch: Fetch) => Fetch
  } = {},
) => {
  const { time } = before
  const rng = seededRng(`edge ${name}`)
  const keys = given.keys ?? keyPairOf(Uint8Array.from({ length: 32 }, () => rng.int(256)))
  const fetch = given.around?.(before.fetch) ?? before.fetch
  const client: UpstreamClient = upstreamClient({
    ...{ url: UPSTREAM, key: keys, fetch, clock: () => time.now, rng },
  })
  const data = given.data ?? openFolder(':memory:')
  const server = testServer({
    ...{ data, time, seed: name, forward: client.forward, upstream: UPSTREAM },
  })
  if (!given.data) await client.enroll(await before.operator.token(given.most ?? 100))
  const edge = openEdge(
    {
      ...{ ...data, client, rng, log: silentLog, act: server.act, clock: () => time.now },
      ...{
        aggregate: aggregateInProcess,
        fold: foldInProcess,
        limits: { region: 'eu', ...given.limits },
        config: { leastCohort: given.leastCohort ?? 1 },
      },
    },
    name,
  )
  return {
    ...server,
    ...{ time, keys, name },
    /** What a tick of the program does. */
    async step() {
      await server.tick(time.now)
      await edge.step(time.now)
      await server.tick(time.now)
    },
    jobs: () => data.store.jobs(),
  }
}
export type TestEdge = Awaited<ReturnType<typeof testEdge>>

/** A server whose clock an edge can share. */
export const serverWithTime = (given: Parameters<typeof testServer>[0] = {}) => {
  const time = { now: 1_700_000_000_000 }
  return { ...testServer({ ...given, time }), time }
}

/** The update of a device is a function of its name, whichever server it goes through. */
export const contribute = async (device: TestDevice, job: JobSpecInput): Promise<Response> => {
  const assignment = await device.join(job)
  const pairs = 1 + (device.name.length % 3) + (assignment.factor ? 8 : 0)
  const header = assignment.factor ? { header: { pairs } } : {}
  return device.upload(assignment, updateFor(assignment, device.name, header))
}
