// Jobs whose devices are assigned all the time, and whose updates may be for earlier releases.
import { describe, expect, test } from 'vitest'
import { findPart } from '../../../adapters/container/container.ts'
import { decodeRelease } from '../../../adapters/contributions/messages.ts'
import { seededRng } from '../../../adapters/random.ts'
import type { Assignment } from '../../../adapters/wire/federation.ts'
import type { JobSpecInput } from '../../../adapters/wire/jobs.ts'
import {
  enrolledDevices,
  expectRefusal,
  type TestDevice,
  testServer,
  tinyJob,
  updateFor,
  updateParts,
} from '../../support/federation-fixture.ts'

const late = (overrides: Partial<JobSpecInput> = {}): JobSpecInput =>
  tinyJob({
    contributions: ['adapter'],
    strategy: 'fedsvd',
    rounds: 9,
    cohort: { size: 3, goal: 2, minimum: 1, deadlineMs: 60_000 },
    async: { maxLag: 2, staleness: 0.5 },
    ...overrides,
  })

type Place = { readonly device: TestDevice; readonly assignment: Assignment }

const open = async (
  spec: JobSpecInput,
  count = 6,
  given: Parameters<typeof testServer>[0] = {},
) => {
  const server = testServer(given)
  const { id } = await server.operator.createJob(spec)
  const devices = await enrolledDevices(server, count)
  const join = async (i: number): Promise<Place> => ({
    device: devices[i]!,
    assignment: await devices[i]!.join(spec),
  })
  const send = async ({ device, assignment }: Place, seed: string) => {
    const answer = await device.upload(assignment, updateFor(assignment, seed))
    await server.settle()
    return answer
  }
  return {
    server,
    id,
    devices,
    join,
    send,
    /** Two quick devices make a release. */
    async fill(seed: string, first = 1) {
      for (const i of [first, first + 1])
        expect((await send(await join(i), `${seed} ${i}`)).status).toBe(202)
    },
    job: () => server.operator.job(id),
    round: async () => (await server.operator.job(id)).rounds.at(-1)!,
  }
}

const change = ({ assignment }: Place, seed: string, name: string) =>
  updateParts(assignment, seededRng(seed)).find((part) => part.name === name)!.data

/** B·A of a module, or of a change of B. */
const product = (bytes: Uint8Array, name: string, b?: ArrayLike<number>): number[] => {
  const release = decodeRelease(bytes)
  const a = findPart(release, `${name}.A`)!
  const left = b ?? findPart(release, `${name}.B`)!
  const [rank, inputs] = [2, a.length / 2]
  return Array.from({ length: (left.length / rank) * inputs }, (_, at) => {
    const [o, i] = [Math.floor(at / inputs), at % inputs]
    return left[o * rank]! * a[i]! + left[o * rank + 1]! * a[inputs + i]!
  })
}

describe('an asynchronous job', () => {
  test.each([
    ['alternating', 0],
    ['fedsvd', 3],
  ] as const)(
    'without lag releases what a synchronous one does, bit for bit (%s, maxLag %i)',
    async (strategy, maxLag) => {
      const heads = []
      for (const async of [undefined, { maxLag, concurrency: 2 }]) {
        const cohort = { size: 2, goal: 2, minimum: 2 }
        const spec = late({ strategy, cohort, rounds: 3, ...(async ? { async } : {}) })
        if (!async) delete (spec as { async?: unknown }).async
        const { fill, job } = await open(spec)
        for (const round of ['a', 'b', 'c']) await fill(round)
        expect((await job()).state).toBe('completed')
        heads.push((await job()).rounds.map(({ release }) => release))
      }
      expect(heads[0]).toHaveLength(3)
      expect(heads[1]).toEqual(heads[0])
    },
  )

  test('counts a late update once, at its share and in the newest basis', async () => {
    const scene = await open(late())
    const slow = await scene.join(0)
    await scene.fill('a')
    const parent = (await scene.round()).id
    const path = `/v1/rounds/${slow.assignment.roundId}`
    const status = await scene.server.fetch(slow.device.signed('GET', path))
    expect(await status.json()).toMatchObject({ isOpen: true })
    const head = (await scene.job()).head!
    const before = await scene.server.operator.releaseBytes(head)
    const old = await scene.server.operator.releaseBytes(slow.assignment.release)
    expect((await scene.send(slow, 'slow')).status).toBe(202)
    expect((await scene.send(slow, 'slow')).status).toBe(200)
    expect(await scene.round()).toMatchObject({ id: parent, received: 1 })
    const quick = await scene.join(1)
    expect((await scene.send(quick, 'quick')).status).toBe(202)
    const after = await scene.server.operator.releaseBytes((await scene.job()).head!)
    expect(decodeRelease(after).header.cohort).toBe(2)
    const name = 'layers.0.q'
    const [was, is] = [product(before, name), product(after, name)]
    const own = product(before, name, change(quick, 'quick', `${name}.B`))
    const turned = product(old, name, change(slow, 'slow', `${name}.B`))
    for (const [i, x] of is.entries())
      expect(x - was[i]!).toBeCloseTo((own[i]! + turned[i]! / Math.SQRT2) / 2, 5)
  })

  test('comes to the same bytes when its updates are added up as they come', async () => {
    const heads = []
    for (const foldAt of [1, 1000]) {
      const spec = late({ cohort: { size: 5, goal: 3, minimum: 1 } })
      const scene = await open(spec, 6, { foldAt })
      const slow = [await scene.join(0), await scene.join(5)]
      for (const i of [1, 2, 3]) await scene.send(await scene.join(i), `a ${i}`)
      for (const [i, one] of slow.entries()) await scene.send(one, `slow ${i}`)
      await scene.send(await scene.join(1), 'b')
      heads.push((await scene.job()).rounds.map(({ release }) => release))
    }
    expect(heads[0]!.filter(Boolean)).toHaveLength(2)
    expect(heads[0]).toEqual(heads[1])
  })

  test('refuses what lies too far behind, with E_BASIS, and what a rollback came between', async () => {
    const scene = await open(late({ async: { maxLag: 1 } }))
    const slow = await scene.join(0)
    for (const round of ['a', 'b']) await scene.fill(round)
    await expectRefusal(await scene.send(slow, 'slow'), 409, 'E_BASIS')
    const other = await scene.join(3)
    const { lineage } = (await scene.server.store.release((await scene.job()).head!))!.summary
    const path = `/v1/operator/lineages/${lineage}/rollback`
    const answer = await scene.server.operator.call('POST', path, { protocol: 1, version: 1 })
    expect(answer.status).toBeLessThan(300)
    await expectRefusal(await scene.send(other, 'other'), 409, 'E_BASIS')
  })

  test('tells a late device to come again while a release is being made', async () => {
    const scene = await open(late())
    const slow = await scene.join(0)
    const quick = [await scene.join(1), await scene.join(2)]
    await scene.server.operator.call('POST', `/v1/operator/jobs/${scene.id}/pause`, { protocol: 1 })
    for (const [i, one] of quick.entries()) await scene.send(one, `a ${i}`)
    expect((await scene.round()).phase).toBe('aggregating')
    await expectRefusal(await scene.send(slow, 'slow'), 503, 'E_UNAVAILABLE')
    await scene.server.operator.call('POST', `/v1/operator/jobs/${scene.id}/resume`, {
      protocol: 1,
    })
    await scene.server.settle()
    expect((await scene.send(slow, 'slow')).status).toBe(202)
  })

  test('has places for so many devices at work, those of earlier rounds included', async () => {
    const scene = await open(late({ async: { maxLag: 2, concurrency: 2 } }))
    const slow = await scene.join(0)
    const spec = late()
    for (const seed of ['a', 'b']) {
      await scene.send(await scene.join(seed === 'a' ? 1 : 2), seed)
    }
    expect(await scene.round()).toMatchObject({ index: 1, assigned: 1, received: 0 })
    expect((await scene.job()).waitingFor).toContain('0 of 2 have taken part')
    expect((await scene.job()).waitingFor).toContain('1 at work')
    await scene.join(3)
    expect(await scene.devices[4]!.checkIn(spec)).toMatchObject({ reason: 'cohort_full' })
    // A device of an earlier round gives its place on, or loses it in time.
    const { roundId } = slow.assignment
    await slow.device.sendJson('POST', `/v1/rounds/${roundId}/abandon`, {
      protocol: 1,
      reason: 'memory',
    })
    await scene.join(4)
    await scene.server.pass(61_000)
    expect(await scene.round()).toMatchObject({ assigned: 0 })
  })

  test('closes a round that devices of earlier ones began at its deadline', async () => {
    const scene = await open(late({ cohort: { size: 4, goal: 2, minimum: 1, deadlineMs: 60_000 } }))
    const slow = await scene.join(0)
    await scene.fill('a')
    await scene.send(slow, 'slow')
    await scene.server.pass(60_001)
    expect((await scene.job()).released).toBe(2)
  })

  test('forgets a late update with its device', async () => {
    const scene = await open(late(), 6, { foldAt: 1 })
    const slow = await scene.join(0)
    await scene.fill('a')
    await scene.send(slow, 'slow')
    expect(await scene.round()).toMatchObject({ received: 1 })
    await slow.device.sendJson('DELETE', '/v1/device', {})
    expect(await scene.round()).toMatchObject({ received: 0, assigned: 0 })
    // Two releases and nothing else.
    expect(await scene.server.objects.list()).toHaveLength(2)
  })

  test.each<[string, Partial<JobSpecInput>]>([
    ['async.maxLag', { strategy: 'alternating' }],
    ['async.maxLag', { strategy: 'fedavg' }],
    ['async.maxLag', { contributions: ['prior', 'statistics'] }],
    ['cohort.edges', { cohort: { size: 2, goal: 2, minimum: 1, edges: true } }],
    [
      'robust',
      {
        cohort: { size: 9, goal: 9, minimum: 9 },
        robust: { rule: 'median' },
        async: { maxLag: 0 },
      },
    ],
    ['cohort.assignmentMs', { cohort: { size: 2, goal: 2, minimum: 1, assignmentMs: 1000 } }],
  ])('that could not do what it says is refused, naming %s (%o)', async (field, overrides) => {
    const server = testServer()
    const body = { protocol: 1, job: late(overrides) }
    const answer = await server.operator.call('POST', '/v1/operator/jobs', body)
    expect(answer.status).toBe(400)
    expect(JSON.stringify(await answer.json())).toContain(field)
  })
})
