import { describe, expect, test } from 'vitest'
import { decodeRelease } from '../../adapters/contributions/messages.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import { seededRng } from '../../adapters/random.ts'
import { CheckInResponse } from '../../adapters/wire/federation.ts'
import { aggregateInProcess } from '../../server/releases/aggregate.ts'
import type { Aggregate } from '../../server/releases/aggregation-plan.ts'
import { createServer } from '../../server/routes/app.ts'
import { silentLog } from '../../server/telemetry/log.ts'
import {
  CREDENTIAL,
  enrolledDevices,
  type Fetch,
  operatorClient,
  START,
  type TestServer,
  testDevice,
  testServer,
  tinyJob,
  updateFor,
} from '../support/federation-fixture.ts'
import { freshPlaces, openShared, postgres, type SharedPlaces, s3 } from '../support/shared-data.ts'

const LEASE_MS = 600

/** One of several servers on the same data. */
const replica = async (
  places: SharedPlaces,
  { seed = 'server', aggregate = aggregateInProcess, now = START } = {},
) => {
  const data = await openShared(places)
  const server = createServer({
    ...data,
    clock: () => now,
    rng: seededRng(seed),
    log: silentLog,
    config: {
      operatorCredential: CREDENTIAL,
      pace: { soonMs: 1000, laterMs: 60_000 },
      leastCohort: 1,
    },
    aggregate: aggregate as Aggregate,
    leaseMs: LEASE_MS,
  })
  const fetch: Fetch = async (request) => server.app.request(request)
  return {
    ...server,
    ...data,
    fetch,
    now: () => now,
    tick: () => server.tick(now),
    operator: operatorClient(fetch),
    device: (name = 'device') => testDevice(fetch, () => now, name),
  }
}
type Replica = Awaited<ReturnType<typeof replica>>

const spec = tinyJob({ rounds: 3, cohort: { size: 4, goal: 4, minimum: 4 } })

/** Devices take part in one round, each at the next of the servers. */
const playRound = async (
  servers: readonly Pick<Replica, 'fetch'>[],
  devices: readonly ReturnType<typeof testDevice>[],
  round: number,
) => {
  const at = (i: number) => servers[i % servers.length]!
  await Promise.all(
    devices.map(async (device, i) => {
      const asked = device.signed('POST', '/v1/checkin', checkInBody(), { nonce: nonceOf() })
      const said = await at(i).fetch(asked)
      if (!said.ok) throw new Error(`check-in: ${said.status} ${await said.text()}`)
      const answer = CheckInResponse.parse(await said.json())
      if (answer.kind !== 'assignment') throw new Error(`no assignment but ${answer.reason}`)
      const { assignment } = answer
      const path = `/v1/rounds/${assignment.roundId}/update`
      const headers = { 'upload-token': assignment.uploadToken }
      const update = updateFor(assignment, `update-${round}-${i}`)
      // Twice, at two servers at once: it counts once.
      const answers = await Promise.all(
        [at(i + 1), at(i + 2)].map((server) =>
          server.fetch(device.signed('PUT', path, update, { headers, nonce: nonceOf() })),
        ),
      )
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 202])
    }),
  )
}

let nonces = 0
const nonceOf = () => `nonce-of-the-replicas-${nonces++}`

const checkInBody = () =>
  new TextEncoder().encode(
    JSON.stringify({
      protocol: 1,
      base: spec.base,
      features: spec.features,
      consent: {
        purpose: 'personalization',
        contributions: ['adapter', 'prior', 'statistics'],
        grantedAt: START - 1000,
        expiresAt: null,
      },
      choices: '300+',
    }),
  )

/** What is in a release but for ids, which other servers draw otherwise. */
const contentsOf = async (server: Pick<TestServer, 'operator'>, jobId: string) => {
  const job = await server.operator.job(jobId)
  expect(job).toMatchObject({ state: 'completed' })
  return Promise.all(
    job.rounds.map(async ({ release }) => {
      const { header, payload } = decodeRelease(await server.operator.releaseBytes(release!))
      return [header.version, header.cohort, sha256Hex(new Uint8Array(payload.buffer))]
    }),
  )
}

const single = async () => {
  const server = testServer()
  const { id } = await server.operator.createJob(spec)
  const devices = await enrolledDevices(server, 4)
  for (let round = 0; round < 3; round++) {
    await playRound([server], devices, round)
    await server.settle()
  }
  const first = (await server.operator.job(id)).rounds[0]!.release
  return { first, contents: await contentsOf(server, id) }
}

const eventually = async (isSo: () => Promise<boolean>) => {
  for (let tries = 0; tries < 200; tries++) {
    if (await isSo()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('it did not come to be')
}

describe.skipIf(!postgres || !s3)('three servers on one PostgreSQL and one bucket', () => {
  test('release what one server releases, though one of them dies in the middle of each aggregation', async () => {
    const expected = await single()
    const places = await freshPlaces()
    let taken = 0
    const dying: Aggregate = async (_, read) => {
      taken++
      await read('0'.repeat(64)).catch(() => {})
      return new Promise(() => {})
    }
    const healthy = [
      await replica(places),
      // Its clock is ten minutes ahead.
      await replica(places, { seed: 'other', now: START + 600_000 }),
    ]
    const [first] = healthy
    const { id } = await first!.operator.createJob(spec)
    const devices = await enrolledDevices(first as never, 4)
    for (let round = 0; round < 3; round++) {
      const doomed = await replica(places, { seed: `doomed-${round}`, aggregate: dying })
      await playRound([doomed], devices, round)
      // The goal was met at the one that dies, which has taken the round by now.
      await eventually(async () => taken === round + 1)
      await Promise.all(healthy.map((server) => server.tick()))
      expect((await first!.operator.job(id)).rounds[round]).toMatchObject({ phase: 'aggregating' })
      await eventually(async () => {
        await Promise.all(healthy.map((server) => server.tick()))
        return (await first!.operator.job(id)).rounds[round]!.phase === 'released'
      })
      await doomed.store.close()
    }
    const job = await first!.operator.job(id)
    expect(job.rounds.map(({ received }) => received)).toEqual([4, 4, 4])
    // The first round's ids were drawn as the single server draws them.
    expect(job.rounds[0]!.release).toBe(expected.first)
    expect(await contentsOf(first!, id)).toEqual(expected.contents)
    await Promise.all(healthy.map((server) => server.close()))
  })

  test('take check-ins and uploads for one round at once, each counted once, and one of them aggregates', async () => {
    const expected = await single()
    const places = await freshPlaces()
    let aggregations = 0
    const counted: Aggregate = (plan, read) => {
      aggregations++
      return aggregateInProcess(plan, read)
    }
    const seeds = ['server', 'b', 'c']
    const servers = await Promise.all(
      seeds.map((seed) => replica(places, { seed, aggregate: counted })),
    )
    const { id } = await servers[0]!.operator.createJob(spec)
    const devices = await enrolledDevices(servers[0] as never, 4)
    for (let round = 0; round < 3; round++) {
      await playRound(servers, devices, round)
      await eventually(async () => {
        await Promise.all(servers.map((server) => server.tick()))
        return (await servers[0]!.operator.job(id)).rounds[round]!.phase === 'released'
      })
    }
    const job = await servers[1]!.operator.job(id)
    expect(job.rounds.map(({ assigned, received }) => [assigned, received])).toEqual(
      Array.from({ length: 3 }, () => [4, 4]),
    )
    expect(await contentsOf(servers[2]!, id)).toEqual(expected.contents)
    expect(aggregations).toBe(3)
    // What is left are the four releases.
    expect(await servers[0]!.objects.list()).toHaveLength(4)
    await Promise.all(servers.map((server) => server.close()))
  })

  test('make one key for upload tokens, and one job of two requests with the same idempotency key', async () => {
    const places = await freshPlaces()
    const servers = await Promise.all(['a', 'b'].map((seed) => replica(places, { seed })))
    const body = { protocol: 1, job: spec }
    const key = { 'idempotency-key': 'once' }
    const answers = await Promise.all(
      servers.map((one) => one.operator.call('POST', '/v1/operator/jobs', body, key)),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 201])
    expect(await servers[0]!.store.jobs()).toHaveLength(1)
    const devices = await enrolledDevices(servers[0] as never, 4)
    await playRound(servers, devices, 0)
    await Promise.all(servers.map((server) => server.close()))
  })
})
