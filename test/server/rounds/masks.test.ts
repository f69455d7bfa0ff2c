import { describe, expect, test } from 'vitest'
import { readRing } from '../../../adapters/contributions/masked.ts'
import { decodeRelease } from '../../../adapters/contributions/messages.ts'
import { CONTRIBUTIONS } from '../../../adapters/contributions/table.ts'
import { nativeCiphers } from '../../../adapters/node/ciphers.ts'
import { addTo } from '../../../adapters/secagg/ring.ts'
import { finishRelease, startOf } from '../../../server/releases/finish.ts'
import { openFolder } from '../../../server/store/open.ts'
import type { Store } from '../../../server/store/store.ts'
import {
  enrolledDevices,
  expectRefusal,
  START,
  testServer,
  tinyJob,
} from '../../support/federation-fixture.ts'
import { type MaskedDevice, maskedDevice } from '../../support/masked-device.ts'

const PHASE_MS = 60_000

const maskedScene = async (
  count: number,
  minimum = 2,
  given: Parameters<typeof testServer>[0] = {},
) => {
  const server = testServer(given)
  const job = tinyJob({
    cohort: { size: count, goal: count, minimum, deadlineMs: 600_000 },
    masks: { phaseMs: PHASE_MS },
  })
  const { id: jobId } = await server.operator.createJob(job)
  const enrolled = await enrolledDevices(server, count)
  const devices: MaskedDevice[] = []
  for (const [i, device] of enrolled.entries())
    devices.push(maskedDevice(device, await device.join(job), `update-${i}`))
  const view = () => server.operator.job(jobId)
  return {
    server,
    job,
    devices,
    view,
    roundId: (await view()).rounds[0]!.id,
  }
}
type Scene = Awaited<ReturnType<typeof maskedScene>>

const STEPS = ['keys', 'shares', 'vector', 'survivors', 'unmask'] as const
type Gone = Partial<Record<(typeof STEPS)[number], readonly number[]>>

/** All steps; who is gone in one does nothing from then on. */
const runScene = async ({ server, devices, view }: Scene, gone: Gone = {}) => {
  let left = devices.map((_, i) => i)
  for (const step of STEPS) {
    left = left.filter((i) => !gone[step]?.includes(i))
    for (const i of left) {
      if (step === 'keys') expect((await devices[i]!.send()).status).toBe(200)
      else await devices[i]!.step()
    }
    if (gone[step] || (step === 'unmask' && gone.survivors))
      await server.pass(step === 'keys' ? 600_000 : PHASE_MS)
  }
  await server.settle()
  const [round] = (await view()).rounds
  return round!
}

/** The parts of the release that the plain quantized sum makes. */
const plainParts = async ({ server, devices }: Scene, who: readonly number[], parent: string) => {
  const sum = new Uint32Array(devices[0]!.ring.length)
  for (const i of who) addTo(sum, devices[i]!.ring)
  const { plan } = devices[0]!
  const bytes = await server.operator.releaseBytes(parent)
  const record = (await server.store.release(parent))!
  const all = await server.store.jobs()
  const spec = all[0]!.spec
  const done = (await server.store.rounds(all[0]!.id))[0]!
  const digests = await server.store.digests(done.id)
  const aggregation = {
    spec,
    round: done,
    parent: { adapterRounds: record.adapterRounds, optimizer: record.optimizer },
    version: record.summary.version + 1,
    digests,
  }
  const read = readRing(sum, plan, nativeCiphers)
  return finishRelease(aggregation, startOf(aggregation, { bytes }), {
    rows: CONTRIBUTIONS,
    devices: who.length,
    norms: read.norms,
    gatheredOf: read.totalOf,
  })
}

/** Of the first device, in the roster. */
const placeOf = async ([first]: readonly MaskedDevice[]) => {
  const { request } = await first!.ask()
  if (request?.kind !== 'roster') throw new Error('expected the roster')
  const { publicKey } = first!.device.keys
  return { place: request.members.findIndex(({ identity }) => identity === publicKey) }
}

describe('a masked round on the server', () => {
  test.each([2, 3, 5])(
    'of %i devices makes the release of their plain quantized sum',
    async (count) => {
      const scene = await maskedScene(count)
      const round = await runScene(scene)
      expect(round.phase).toBe('released')
      const bytes = await scene.server.operator.releaseBytes(round.release!)
      const { header } = decodeRelease(bytes)
      expect(header.cohort).toBe(count)
      const expected = await plainParts(
        scene,
        scene.devices.map((_, i) => i),
        header.parent!,
      )
      expect(Buffer.from(bytes).equals(Buffer.from(expected.bytes))).toBe(true)
    },
  )

  test.each(STEPS)(
    'of 5 devices of which one is gone before its %s makes that of the others',
    async (step) => {
      const scene = await maskedScene(5)
      const round = await runScene(scene, { [step]: [2] })
      expect(round.phase).toBe('released')
      const survivors = [0, 1, 2, 3, 4].filter((i) => i !== 2 || STEPS.indexOf(step) > 2)
      const bytes = await scene.server.operator.releaseBytes(round.release!)
      const { header } = decodeRelease(bytes)
      expect(header.cohort).toBe(survivors.length)
      const expected = await plainParts(scene, survivors, header.parent!)
      expect(Buffer.from(bytes).equals(Buffer.from(expected.bytes))).toBe(true)
    },
  )

  test.each<[string, Gone, RegExp]>([
    ['share', { shares: [0, 1, 2] }, /2 devices shared their secrets, of at least 3/],
    ['send', { vector: [0, 1, 2] }, /2 devices sent a masked update, of at least 3/],
    ['agree', { survivors: [0, 1, 2] }, /2 devices agreed on who is left, of at least 3/],
    ['reveal', { unmask: [0, 1, 2] }, /2 devices revealed their shares, of at least 3/],
  ])('ends with its cause where too few %s, and another opens', async (_, gone, cause) => {
    const scene = await maskedScene(5, 3)
    await runScene(scene, gone)
    const { rounds, state } = await scene.view()
    expect(rounds[0]).toMatchObject({ phase: 'abandoned', reason: expect.stringMatching(cause) })
    expect(state).toBe('running')
    expect(rounds[1]!.phase).toBe('collecting')
    expect(await scene.server.store.maskMessages(rounds[0]!.id, 'keys')).toEqual([])
  })

  test('outlives a device of its roster that is erased, and forgets its roster', async () => {
    const scene = await maskedScene(5)
    const { server, devices, roundId } = scene
    for (const device of devices) await device.send()
    for (const device of devices) await device.step()
    await devices[2]!.device.sendJson('DELETE', '/v1/device', {})
    const left = devices.filter((_, i) => i !== 2)
    for (let i = 0; i < 3; i++) {
      for (const device of left) expect(await device.step()).toBe(true)
      if (i === 0) await server.pass(PHASE_MS)
    }
    await server.settle()
    const round = (await scene.view()).rounds[0]!
    expect(round).toMatchObject({ phase: 'released', received: 4 })
    const bytes = await server.operator.releaseBytes(round.release!)
    const { parent } = decodeRelease(bytes).header
    const expected = await plainParts(scene, [0, 1, 3, 4], parent!)
    expect(Buffer.from(bytes).equals(Buffer.from(expected.bytes))).toBe(true)
    expect(JSON.stringify(await server.store.round(roundId))).not.toContain(devices[2]!.device.id)
  })

  test('is given up when a device is erased whose update is in the sum, and leaves nothing', async () => {
    const { server, devices, roundId, view } = await maskedScene(3)
    for (const device of devices) await device.send()
    for (let i = 0; i < 2; i++) for (const device of devices) await device.step()
    await devices[2]!.device.sendJson('DELETE', '/v1/device', {})
    const { rounds } = await view()
    expect(rounds[0]).toMatchObject({
      phase: 'abandoned',
      reason: expect.stringMatching(/has left/),
    })
    expect(rounds[1]!.phase).toBe('collecting')
    expect(await server.store.maskMessages(roundId, 'keys')).toEqual([])
    expect(JSON.stringify(await server.store.round(roundId))).not.toContain(devices[2]!.device.id)
    for (const digest of await server.store.digests(roundId))
      expect(await server.objects.has(digest)).toBe(false)
  })

  test('has nothing added up while it collects, and makes the same release', async () => {
    const scene = await maskedScene(5, 2, { foldAt: 1 })
    const { server, devices, roundId } = scene
    for (const step of STEPS) {
      for (const device of devices) {
        if (step === 'keys') await device.send()
        else await device.step()
        await server.settle()
        expect(await server.store.folded(roundId)).toEqual([])
      }
    }
    const round = (await scene.view()).rounds[0]!
    expect(round).toMatchObject({ phase: 'released', received: 5 })
    const bytes = await server.operator.releaseBytes(round.release!)
    const { parent } = decodeRelease(bytes).header
    const expected = await plainParts(scene, [0, 1, 2, 3, 4], parent!)
    expect(Buffer.from(bytes).equals(Buffer.from(expected.bytes))).toBe(true)
  })

  test('holds no update of a device: not its bytes, nor its numbers, in no message and no object', async () => {
    const scene = await maskedScene(3)
    const { server, devices, roundId } = scene
    for (const device of devices) await device.send()
    for (let i = 0; i < 2; i++) for (const device of devices) await device.step()
    const kept: Uint8Array[] = []
    for (const hash of await server.objects.list()) kept.push((await server.objects.get(hash))!)
    for (const kind of ['keys', 'shares', 'survivors', 'unmask'])
      for (const { body } of await server.store.maskMessages(roundId!, kind))
        kept.push(Buffer.from(body))
    const all = Buffer.concat(kept)
    for (const { ring, masked } of devices) {
      const plain = Buffer.from(ring.buffer, ring.byteOffset, ring.byteLength)
      expect(all.includes(Buffer.from(masked()!))).toBe(true)
      // No run of four numbers that are not all small.
      for (let at = 0; at + 16 <= plain.length; at += 4) {
        const run = plain.subarray(at, at + 16)
        if (run.every((byte) => byte !== 0)) expect(all.includes(run)).toBe(false)
      }
    }
  })

  test('reads nothing that others have said when a device asks, and but its own shares', async () => {
    const data = openFolder(':memory:')
    const reads: string[] = []
    const store = new Proxy(data.store, {
      get(target, name: keyof Store) {
        if (['maskMessages', 'maskPlaces', 'maskRequest', 'sealedSharesFor'].includes(name))
          reads.push(name)
        return target[name]
      },
    })
    const { devices } = await maskedScene(3, 2, { data: { ...data, store } })
    for (const device of devices) await device.send()
    for (const step of STEPS.slice(1))
      for (const device of devices) {
        reads.length = 0
        await device.ask()
        const own = step === 'vector' ? ['sealedSharesFor'] : []
        expect(reads).toEqual(['maskRequest', ...own])
        await device.step()
        reads.length = 0
        if (device !== devices[2]) await device.ask()
        expect(reads).toEqual([])
      }
  })

  test('takes no shares but for as many others as a device draws, and no signature of another list', async () => {
    const { devices, roundId } = await maskedScene(3)
    for (const device of devices) await device.send()
    const { device } = devices[0]!
    const path = `/v1/rounds/${roundId}/masks`
    const { place } = await placeOf(devices)
    const one = { sealed: 'A'.repeat(110) }
    const others = [0, 1, 2].filter((to) => to !== place).map((to) => ({ ...one, to }))
    const shares = { kind: 'shares', protocol: 1, seedDigest: '0'.repeat(64) }
    for (const wrong of [
      [],
      others.slice(1),
      [others[0]!, others[0]!],
      [others[0]!, { ...one, to: place }],
      [others[0]!, { ...one, to: 3 }],
      [...others, { ...one, to: 4 }],
    ])
      await expectRefusal(
        await device.sendJson('POST', path, { ...shares, shares: wrong }),
        409,
        'E_SHARES',
      )
    for (let i = 0; i < 2; i++) for (const each of devices) await each.step()
    const signed = { kind: 'survivors', protocol: 1, signature: 'A'.repeat(86) }
    await expectRefusal(await device.sendJson('POST', path, signed), 409, 'E_SURVIVORS')
    for (let i = 0; i < 2; i++) for (const each of devices) expect(await each.step()).toBe(true)
  })

  test('has a device wait that asks after the deadline and before the server has looked', async () => {
    const time = { now: START }
    const { server, devices } = await maskedScene(3, 2, { time })
    for (const device of devices.slice(1)) await device.send()
    time.now += 600_000
    expect(await devices[1]!.ask()).toMatchObject({ isOver: false, request: null })
    await server.settle()
    expect(await devices[1]!.ask()).toMatchObject({ isOver: false, request: { kind: 'roster' } })
  })

  test('takes the same again, and refuses what is another, too early or too late', async () => {
    const { devices, server, roundId } = await maskedScene(3)
    const [first, second, third] = devices
    expect((await first!.send()).status).toBe(200)
    expect((await first!.send()).status).toBe(200)
    const path = `/v1/rounds/${roundId}/masks`
    const keys = { kind: 'keys', protocol: 1, planDigest: first!.plan.planDigest }
    const other = {
      ...keys,
      maskKey: 'A'.repeat(43),
      sealKey: 'A'.repeat(43),
      signature: 'A'.repeat(86),
    }
    await expectRefusal(await first!.device.sendJson('POST', path, other), 409, 'E_TWICE')
    await expectRefusal(await second!.device.sendJson('POST', path, other), 409, 'E_ROSTER')
    const wrong = { ...other, planDigest: '0'.repeat(64) }
    await expectRefusal(await second!.device.sendJson('POST', path, wrong), 409, 'E_PLAN')
    const early = { kind: 'survivors', protocol: 1, signature: 'A'.repeat(86) }
    await expectRefusal(await first!.device.sendJson('POST', path, early), 409, 'E_ROUND_CLOSED')
    const outsider = server.device('outsider')
    await outsider.enroll(await server.operator.token())
    await expectRefusal(await outsider.sendJson('POST', path, other), 403, 'E_NOT_IN_COHORT')
    for (const device of [second!, third!]) await device.send()
    await expectRefusal(await first!.device.sendJson('POST', path, early), 409, 'E_ROUND_CLOSED')
    const nowhere = await first!.device.get('/v1/rounds/none/masks')
    await expectRefusal(nowhere, 404, 'E_NO_ROUND')
  })
})
