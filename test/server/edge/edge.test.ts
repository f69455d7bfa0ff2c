import { describe, expect, test } from 'vitest'
import { decodeRelease } from '../../../adapters/contributions/messages.ts'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import type { JobSpecInput } from '../../../adapters/wire/jobs.ts'
import { contribute, serverWithTime, type TestEdge, testEdge } from '../../support/edge.ts'
import {
  expectRefusal,
  type Fetch,
  type TestDevice,
  type TestServer,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'

const cohort = { size: 6, goal: 6, minimum: 2, deadlineMs: 60_000, edges: true }
const job = tinyJob({ rounds: 3, cohort })

type Server = Pick<TestServer, 'device' | 'operator'>

const enrolled = async (server: Server, names: readonly string[]): Promise<TestDevice[]> => {
  const devices = names.map((name) => server.device(name))
  for (const device of devices)
    expect((await device.enroll(await server.operator.token())).status).toBe(201)
  return devices
}

const NAMES = ['ada', 'ben', 'cleo', 'dora', 'emil', 'fay']

/** Payloads and cohorts of the job's releases, oldest first. */
const releasesOf = async (server: TestServer) => {
  const releases = await server.store.releases()
  return Promise.all(
    releases.map(async ({ summary }) => {
      const bytes = (await server.objects.get(summary.hash))!
      const { payload } = decodeRelease(bytes)
      const { cohort, version, basisEpoch } = summary
      return { version, cohort, basisEpoch, payload: sha256Hex(new Uint8Array(payload.buffer)) }
    }),
  )
}

/** All devices at one server. */
const flat = async (spec: JobSpecInput = job) => {
  const server = serverWithTime()
  await server.operator.createJob(spec)
  const devices = await enrolled(server, NAMES)
  for (let round = 0; round < 3; round++) {
    for (const device of devices) expect((await contribute(device, spec)).status).toBe(202)
    await server.settle()
  }
  return releasesOf(server)
}

const stepAll = async (edges: readonly TestEdge[], server: TestServer) => {
  for (const edge of [...edges, ...edges.toReversed()]) {
    edge.time.now += 2000
    await edge.step()
    await server.settle()
  }
}

/** Three devices at an edge, two at an edge behind it, one at the server itself. */
const tiers = async (around?: (fetch: Fetch) => Fetch) => {
  const server = serverWithTime()
  await server.operator.createJob(job)
  const near = await testEdge(server, 'near', around ? { around } : {})
  const far = await testEdge(near, 'far', { most: 2 })
  const own = await enrolled(server, NAMES.slice(0, 1))
  const atNear = await enrolled(near, NAMES.slice(1, 4))
  const atFar = await enrolled(far, NAMES.slice(4))
  return { server, near, far, own, atNear, atFar, devices: [...own, ...atNear, ...atFar] }
}

describe('an edge', () => {
  test('releases over an edge and an edge behind it are those of one server, to the bit', async () => {
    const { server, near, far, devices } = await tiers()
    for (let round = 0; round < 3; round++) {
      await stepAll([near, far], server)
      for (const device of devices) expect((await contribute(device, job)).status).toBe(202)
      await stepAll([far, near], server)
      await stepAll([far, near], server)
    }
    expect(await releasesOf(server)).toEqual(await flat())
    const view = await server.operator.job((await server.store.jobs())[0]!.id)
    expect(view.rounds.map(({ phase, received }) => [phase, received])).toEqual([
      ['released', 6],
      ['released', 6],
      ['released', 6],
    ])
    const forwarded = (await far.jobs()).map(({ state, released }) => [state, released])
    expect(forwarded).toEqual([
      ['completed', 1],
      ['completed', 1],
      ['completed', 1],
    ])
    // Devices follow what was made two servers away.
    const head = (await server.store.lineages())[0]!.head
    near.time.now += 100_000
    await stepAll([near, far], server)
    const answer = await devices.at(-1)!.checkIn(job)
    expect(answer.head).toBe(head)
    const bytes = new Uint8Array(await (await devices.at(-1)!.release(head)).arrayBuffer())
    expect(sha256Hex(bytes)).toBe(head)
  })

  test('forwards nothing of fewer devices than the least cohort, and gives its places back', async () => {
    const { server, near, atNear } = await tiers()
    await near.step()
    const round = async () => (await server.operator.job((await server.store.jobs())[0]!.id)).rounds
    expect((await round()).at(-1)).toMatchObject({ assigned: 3 + 2, received: 0 })
    expect((await contribute(atNear[0]!, job)).status).toBe(202)
    near.time.now += 49_000
    await near.step()
    expect((await near.jobs())[0]).toMatchObject({ state: 'expired' })
    expect((await round()).at(-1)).toMatchObject({ assigned: 0, received: 0 })
    expect(await near.objects.list()).toHaveLength(1)
  })

  test('is given no place while it has fewer devices than the least cohort', async () => {
    const server = serverWithTime()
    const { id } = await server.operator.createJob(job)
    const edge = await testEdge(server, 'small')
    await enrolled(edge, ['ada'])
    await edge.step()
    expect(await edge.jobs()).toEqual([])
    expect((await server.operator.job(id)).waitingFor).not.toBeNull()
    await server.settle()
    const { waitingFor } = await server.operator.job(id)
    expect(waitingFor).toContain('1 are edges of fewer devices than its minimum')
  })

  test('an edge of another region takes no part', async () => {
    const server = serverWithTime()
    await server.operator.createJob(tinyJob({ cohort, eligibility: { regions: ['us'] } }))
    const edge = await testEdge(server, 'abroad')
    await enrolled(edge, NAMES)
    await edge.step()
    expect(await edge.jobs()).toEqual([])
  })

  test('its own least cohort counts where it is the higher one', async () => {
    const server = serverWithTime()
    await server.operator.createJob(job)
    const edge = await testEdge(server, 'careful', { leastCohort: 5 })
    await enrolled(edge, NAMES)
    await edge.step()
    expect((await edge.jobs())[0]!.spec.cohort).toMatchObject({ size: 6, minimum: 5, goal: 6 })
  })

  test('takes up no more places than its token says, and none for a job without edges', async () => {
    const server = serverWithTime()
    const { id } = await server.operator.createJob(job)
    await server.operator.createJob(tinyJob({ cohort: { ...cohort, edges: false }, exitLayer: 2 }))
    const edge = await testEdge(server, 'bounded', { most: 4 })
    await enrolled(edge, NAMES)
    await edge.step()
    expect((await server.operator.job(id)).rounds[0]).toMatchObject({ assigned: 4 })
    expect(await edge.jobs()).toHaveLength(1)
  })

  test('sends the same bytes again after the answer to them was lost', async () => {
    let lost = 0
    const sent: string[] = []
    const losing =
      (fetch: Fetch): Fetch =>
      async (request) => {
        const isUpdate = request.method === 'PUT'
        if (isUpdate) sent.push(request.headers.get('content-digest') ?? '')
        const response = await fetch(request)
        if (isUpdate && lost++ < 2) throw new TypeError('the connection broke')
        return response
      }
    const { server, near, far, devices } = await tiers(losing)
    await stepAll([near, far], server)
    for (const device of devices) await contribute(device, job)
    await stepAll([far, near], server)
    for (let i = 0; i < 4; i++) {
      near.time.now += 20_000
      await near.step()
    }
    await server.settle()
    expect(sent.length).toBeGreaterThan(2)
    expect(new Set(sent).size).toBe(1)
    expect((await releasesOf(server))[1]).toEqual((await flat())[1])
  })

  test('ends its round when the round of the server has ended without it', async () => {
    const { server, near } = await tiers()
    await near.step()
    const [upstream] = await server.store.jobs()
    await server.act(upstream!, { kind: 'cancel' }, server.now())
    near.time.now += 5000
    await near.step()
    expect((await near.jobs())[0]).toMatchObject({ state: 'cancelled' })
    expect((await near.jobs())[0]!.reason).toContain('is over')
  })

  test('what it forwarded stays; a device that leaves before takes its update along', async () => {
    const { server, near, far, atNear } = await tiers()
    await stepAll([near, far], server)
    for (const device of atNear.slice(0, 2)) await contribute(device, job)
    const gone = await atNear[0]!.sendJson('DELETE', '/v1/device', {})
    expect(gone.status).toBe(200)
    const [own] = (await near.store.alive()).map(({ round }) => round!)
    expect(own).toMatchObject({ received: 1 })
  })

  test('the consent of a device is checked at the edge', async () => {
    const { near, atNear } = await tiers()
    await near.step()
    const consent = {
      purpose: 'personalization' as const,
      contributions: ['prior' as const],
      grantedAt: near.now(),
      expiresAt: null,
    }
    const answer = await atNear[0]!.checkIn(job, { consent })
    expect(answer).toMatchObject({ kind: 'retry', reason: 'not_eligible' })
  })

  test('makes no job and no release of its own', async () => {
    const { near } = await tiers()
    const body = { protocol: 1, job }
    await expectRefusal(
      await near.operator.call('POST', '/v1/operator/jobs', body),
      409,
      'E_CONFLICT',
    )
    const [lineage] = await near.store.lineages()
    await near.step()
    const id = lineage?.id ?? (await near.store.lineages())[0]!.id
    const path = `/v1/operator/lineages/${id}/rollback`
    const answer = await near.operator.call('POST', path, { protocol: 1, version: 0 })
    await expectRefusal(answer, 409, 'E_CONFLICT')
  })

  test('between two rounds a device of an edge hears that there is no place, not that there is no job', async () => {
    const { near, atNear } = await tiers()
    expect(await atNear[0]!.checkIn(job)).toMatchObject({ kind: 'retry', reason: 'cohort_full' })
    await near.step()
    expect((await atNear[0]!.checkIn(job)).kind).toBe('assignment')
  })

  test('a device cannot enrol with the token of an edge, nor an edge with one of a device', async () => {
    const server = serverWithTime()
    const device = server.device()
    await expectRefusal(await device.enroll(await server.operator.token(3)), 403, 'E_ENROLL_TOKEN')
    const body = { protocol: 1, publicKey: device.keys.publicKey, edge: true }
    const token = await server.operator.token()
    const answer = await device.sendJson('POST', '/v1/enroll', { ...body, token })
    await expectRefusal(answer, 403, 'E_ENROLL_TOKEN')
    await device.enroll(await server.operator.token())
    const checkIn = { protocol: 1, region: 'eu', devices: 9, left: [] }
    await expectRefusal(await device.sendJson('POST', '/v1/edges/checkin', checkIn), 403, 'E_ROLE')
  })

  test('a device of an edge cannot send its own update to the server', async () => {
    const { server, near, atNear } = await tiers()
    await near.step()
    const assignment = await atNear[0]!.join(job)
    const outsider = server.device('outsider')
    await outsider.enroll(await server.operator.token())
    const answer = await outsider.upload(assignment, updateFor(assignment, 'x'))
    await expectRefusal(answer, 404, 'E_NO_ROUND')
  })
})
