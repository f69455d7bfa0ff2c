// A round of updates that are added up as they come, beside one that adds them all at its close.
import { describe, expect, test } from 'vitest'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import type { Assignment } from '../../../adapters/wire/federation.ts'
import { type Fold, foldInProcess } from '../../../server/releases/fold.ts'
import {
  enrolledDevices,
  type TestDevice,
  type TestServer,
  testServer,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'

const spec = tinyJob({ cohort: { size: 6, goal: 5, minimum: 1 } })
const NONE = 1000

type Given = NonNullable<Parameters<typeof testServer>[0]>
type Member = { readonly device: TestDevice; readonly assignment: Assignment }

/** A round of six devices with their places. */
const roundOf = async (given: Given) => {
  const server = testServer(given)
  const { id } = await server.operator.createJob(spec)
  const members: Member[] = []
  for (const device of await enrolledDevices(server, 6))
    members.push({ device, assignment: await device.join(spec) })
  const { roundId } = members[0]!.assignment
  return {
    server,
    members,
    roundId,
    async send(...which: readonly number[]) {
      for (const i of which)
        expect((await members[i]!.device.upload(...updateOf(members[i]!, i))).status).toBe(202)
      await server.settle()
    },
    sums: async () => (await server.store.folded(roundId)).map(({ digests }) => digests.length),
    head: async () => (await server.operator.job(id)).head!,
    round: async () => (await server.operator.job(id)).rounds[0]!,
  }
}

const updateOf = ({ assignment }: Member, i: number) =>
  [assignment, updateFor(assignment, `update ${i}`)] as const

/** The release of the same updates where nothing is added before the close. */
const atOnce = async (...which: readonly number[]): Promise<string> => {
  const round = await roundOf({ foldAt: NONE })
  await round.send(...which)
  return round.head()
}

const damage = async ({ objects }: TestServer, hash: string) => {
  const stream = new Blob([new Uint8Array(9)]).stream() as ReadableStream<Uint8Array>
  await objects.drop(hash)
  // As a disk would: other bytes under the name.
  await objects.put(hash, new Uint8Array(await new Response(stream).arrayBuffer()))
}

describe('updates that are added up while their round collects', () => {
  test('come to the same release, and leave nothing behind', async () => {
    const round = await roundOf({ foldAt: 2 })
    await round.send(0)
    expect(await round.sums()).toEqual([])
    await round.send(1)
    expect(await round.sums()).toEqual([2])
    await round.send(2, 3)
    expect(await round.sums()).toEqual([4])
    const [sum] = await round.server.store.folded(round.roundId)
    expect(await round.server.objects.has(sum!.hash)).toBe(true)
    await round.send(4)
    expect(await round.head()).toBe(await atOnce(0, 1, 2, 3, 4))
    expect(await round.sums()).toEqual([])
    expect(await round.server.objects.list()).toHaveLength(2)
  })

  test('are counted once when two devices sent the same bytes', async () => {
    const server = testServer({ foldAt: 2 })
    const job = tinyJob({ cohort: { size: 4, goal: 4, minimum: 1 } })
    const { id } = await server.operator.createJob(job)
    for (const [i, device] of (await enrolledDevices(server, 4)).entries()) {
      const assignment = await device.join(job)
      await device.upload(assignment, updateFor(assignment, i < 2 ? 'same' : `own ${i}`))
      await server.settle()
    }
    const plain = testServer({ foldAt: NONE })
    const other = await plain.operator.createJob(job)
    for (const [i, device] of (await enrolledDevices(plain, 4)).entries()) {
      const assignment = await device.join(job)
      await device.upload(assignment, updateFor(assignment, i < 2 ? 'same' : `own ${i}`))
    }
    await plain.settle()
    const head = (await server.operator.job(id)).head
    expect(head).toBe((await plain.operator.job(other.id)).head)
  })

  test.each(['erased', 'leaves'] as const)(
    'lose the sum that holds the update of a device that is %s, and the release is that of the others',
    async (how) => {
      const round = await roundOf({ foldAt: 2 })
      await round.send(0, 1, 2)
      const [before] = await round.server.store.folded(round.roundId)
      const { device } = round.members[1]!
      if (how === 'leaves') await device.sendJson('DELETE', '/v1/device', {})
      else await round.server.operator.call('DELETE', `/v1/operator/devices/${device.id}`)
      expect(await round.sums()).toEqual([])
      expect(await round.server.objects.has(before!.hash)).toBe(false)
      await round.send(3, 4, 5)
      expect(await round.head()).toBe(await atOnce(0, 2, 3, 4, 5))
    },
  )

  test('are added again where their sum is gone or damaged', async () => {
    for (const spoil of [damage, (server: TestServer, hash: string) => server.objects.drop(hash)]) {
      const round = await roundOf({ foldAt: 2 })
      await round.send(0, 1)
      const [sum] = await round.server.store.folded(round.roundId)
      await spoil(round.server, sum!.hash)
      await round.send(2, 3, 4)
      expect(await round.head()).toBe(await atOnce(0, 1, 2, 3, 4))
    }
  })

  test('leave a bad one out by its digest, and another device gets its place', async () => {
    const round = await roundOf({ foldAt: 2 })
    await round.send(0)
    const bad = sha256Hex(updateOf(round.members[0]!, 0)[1])
    await damage(round.server, bad)
    await round.send(1)
    expect(await round.round()).toMatchObject({
      phase: 'collecting',
      leftOut: [bad],
      received: 1,
      assigned: 5,
    })
    await round.send(2, 3, 4, 5)
    expect(await round.head()).toBe(await atOnce(1, 2, 3, 4, 5))
  })

  test('count once where the round closes, or a device leaves, before their sum is recorded', async () => {
    for (const leaves of [true, false]) {
      let meanwhile: () => Promise<unknown> = async () => {}
      const fold: Fold = async (plan, read) => {
        const made = await foldInProcess(plan, read)
        await meanwhile()
        meanwhile = async () => {}
        return made
      }
      const round = await roundOf({ foldAt: 2, fold })
      meanwhile = leaves
        ? () => round.members[0]!.device.sendJson('DELETE', '/v1/device', {})
        : async () => {
            for (const i of [2, 3, 4])
              await round.members[i]!.device.upload(...updateOf(round.members[i]!, i))
          }
      await round.send(0, 1)
      if (leaves) await round.send(2, 3, 4, 5)
      await round.server.settle()
      expect(await round.head()).toBe(
        await (leaves ? atOnce(1, 2, 3, 4, 5) : atOnce(0, 1, 2, 3, 4)),
      )
      expect(await round.server.objects.list()).toHaveLength(2)
    }
  })

  test('are folded by one of two servers at a time; the other goes on from its sum', async () => {
    const round = await roundOf({ foldAt: 2 })
    const other = testServer({ data: round.server.data, foldAt: 2 })
    for (const i of [0, 1, 2])
      await round.members[i]!.device.upload(...updateOf(round.members[i]!, i))
    await Promise.all([round.server.settle(), other.settle()])
    const held = (await round.sums()).reduce((all, count) => all + count, 0)
    expect([2, 3]).toContain(held)
    await round.members[3]!.device.upload(...updateOf(round.members[3]!, 3))
    await other.settle()
    await round.members[4]!.device.upload(...updateOf(round.members[4]!, 4))
    await other.settle()
    expect(await round.head()).toBe(await atOnce(0, 1, 2, 3, 4))
  })
})
