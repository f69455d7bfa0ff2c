import { describe, expect, test } from 'vitest'
import { encodeContainer, type Part } from '../../../adapters/container/container.ts'
import { sequentialSegments } from '../../../adapters/lora/layout.ts'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import { seededRng } from '../../../adapters/random.ts'
import type { Assignment } from '../../../adapters/wire/federation.ts'
import { MAX_BINARY_BYTES } from '../../../adapters/wire/primitives.ts'
import {
  checkInOf,
  enrolledDevices,
  expectRefusal,
  START,
  scene,
  tinyJob,
  type UpdateChanges,
  updateFor,
  updateHeader,
  updateParts,
} from '../../support/federation-fixture.ts'

const spec = tinyJob()

/** Bytes that encodeUpdate would not make. */
const rawUpdate = (
  assignment: Assignment,
  header: object,
  parts = updateParts(assignment, seededRng('raw')),
) => {
  const payload = Float32Array.from(parts.flatMap((part) => Array.from(part.data)))
  const segments = sequentialSegments(parts)
  return encodeContainer({ ...updateHeader(assignment), segments, ...header }, payload)
}

const changed = (name: string, change: (data: Float32Array) => void): UpdateChanges => ({
  parts: (parts: Part[]) =>
    parts.map((part) => {
      if (part.name !== name) return part
      const data = Float32Array.from(part.data)
      change(data)
      return { ...part, data }
    }),
})
const without = (prefix: string): UpdateChanges => ({
  parts: (parts) => parts.filter((part) => !part.name.startsWith(prefix)),
})

/** With all that the job asks for, whatever of it the first round can use. */
const whole = (assignment: Assignment): Assignment => ({
  ...assignment,
  contributions: [...spec.contributions],
})

describe('upload', () => {
  test('answers 202, then 200 for the same bytes, also after the round has closed', async () => {
    const { server, device, other, assignment } = await scene()
    const bytes = updateFor(assignment, 'a')
    const taken = await device.upload(assignment, bytes)
    expect([taken.status, await taken.json()]).toEqual([
      202,
      { protocol: 1, accepted: true, duplicate: false, digest: sha256Hex(bytes) },
    ])
    expect(await (await device.upload(assignment, bytes)).json()).toMatchObject({ duplicate: true })
    const second = await other.join(spec)
    await other.upload(second, updateFor(second, 'b'))
    await server.settle()
    expect((await device.upload(assignment, bytes)).status).toBe(200)
    await expectRefusal(await device.upload(assignment, updateFor(assignment, 'c')), 409, 'E_TWICE')
  })

  test.each<[string, UpdateChanges, number, string]>([
    [
      'other weights',
      { header: { base: { ...tinyJob().base, weights: 'c'.repeat(64) } } },
      422,
      'E_BASE_MODEL',
    ],
    [
      'another tokenizer',
      { header: { base: { ...tinyJob().base, tokenizer: 'c'.repeat(64) } } },
      422,
      'E_BASE_MODEL',
    ],
    ['another alpha', { header: { adapter: { ...tinyJob().adapter, alpha: 8 } } }, 422, 'E_SHAPE'],
    [
      'a change that no pairs stand for',
      { header: { factor: null, pairs: 3 }, ...without('layers.') },
      422,
      'E_SHAPE',
    ],
    ['no statistics', without('statistics.'), 422, 'E_SHAPE'],
    [
      'features in another order',
      { header: { features: { pooled: 0, named: ['bold', 'lists', 'length'] } } },
      422,
      'E_FEATURES',
    ],
    ['another basis epoch', { header: { basisEpoch: 1 } }, 409, 'E_BASIS'],
    ['another release', { header: { release: 'f'.repeat(64) } }, 409, 'E_BASIS'],
    ['another round', { header: { roundId: 'round-x' } }, 404, 'E_NO_ROUND'],
    ['too large a change', changed('layers.0.q.B', (x) => x.fill(10)), 422, 'E_NORM'],
    [
      'a second moment below 0',
      changed('prior.second', (x) => {
        x[0] = -1
      }),
      422,
      'E_NORM',
    ],
    [
      'a second moment below the square of the first',
      changed('prior.first', (x) => x.fill(5)),
      422,
      'E_NORM',
    ],
    [
      'a second moment beyond its bound',
      changed('prior.second', (x) => {
        x[0] = 1e9
      }),
      422,
      'E_NORM',
    ],
    [
      'a moment of two features beyond their own',
      changed('prior.second', (x) => {
        x[1] = 100
      }),
      422,
      'E_NORM',
    ],
    ['a count below 0', changed('statistics.count', (x) => x.fill(-1)), 422, 'E_NORM'],
    [
      'sums that their squares do not allow',
      changed('statistics.sum', (x) => x.fill(1e6)),
      422,
      'E_NORM',
    ],
    [
      'squares beyond what a cohort may sum',
      changed('statistics.sumSquares', (x) => x.fill(1e13)),
      422,
      'E_NORM',
    ],
  ])('refuses an update with %s', async (_, changes, status, code) => {
    const { device, assignment } = await scene()
    await expectRefusal(
      await device.upload(assignment, updateFor(whole(assignment), 'a', changes)),
      status,
      code,
    )
  })

  test.each<[string, (assignment: Assignment) => Uint8Array, number, string]>([
    ['of no bytes', () => new Uint8Array(), 400, 'E_CONTAINER'],
    ['cut short', (a) => updateFor(a, 'a').subarray(0, -40), 400, 'E_CONTAINER'],
    [
      'with a byte changed',
      (a) => updateFor(a, 'a').map((x, i) => (i === 200 ? x ^ 1 : x)),
      400,
      'E_CONTAINER',
    ],
    ['of another protocol', (a) => rawUpdate(a, { protocol: 2 }), 400, 'E_PROTOCOL'],
    ['with a field too many', (a) => rawUpdate(a, { more: 1 }), 400, 'E_CONTAINER'],
    ['of another factor', (a) => updateFor({ ...a, factor: 'A' }, 'a'), 422, 'E_SHAPE'],
    [
      'of another rank',
      (a) => updateFor({ ...a, adapter: { ...a.adapter, rank: 1 } }, 'a'),
      422,
      'E_SHAPE',
    ],
    [
      'of other modules',
      (a) => updateFor({ ...a, adapter: { ...a.adapter, modules: ['q', 'k'] } }, 'a'),
      422,
      'E_SHAPE',
    ],
    [
      'of fewer layers',
      (a) => updateFor({ ...a, adapter: { ...a.adapter, endLayer: 1 } }, 'a'),
      422,
      'E_SHAPE',
    ],
    [
      'of a model with another shape',
      (a) => updateFor({ ...a, base: { ...a.base, shape: { ...a.base.shape, vocab: 33 } } }, 'a'),
      422,
      'E_SHAPE',
    ],
    [
      'with a number that is none',
      (a) =>
        rawUpdate(
          a,
          {},
          updateParts(a, seededRng('x')).map((p) => ({
            ...p,
            data: Float32Array.from(p.data).fill(Number.NaN),
          })),
        ),
      422,
      'E_NOT_FINITE',
    ],
    [
      'with an infinite number',
      (a) =>
        rawUpdate(
          a,
          {},
          updateParts(a, seededRng('x')).map((p) => ({
            ...p,
            data: Float32Array.from(p.data).fill(Number.POSITIVE_INFINITY),
          })),
        ),
      422,
      'E_NOT_FINITE',
    ],
    [
      'with segments that overlap',
      (a) =>
        rawUpdate(a, {
          segments: sequentialSegments(updateParts(a, seededRng('x'))).map((s) => ({
            ...s,
            offset: 0,
          })),
        }),
      422,
      'E_SHAPE',
    ],
  ])('refuses an update %s', async (_, bytes, status, code) => {
    const { device, assignment } = await scene()
    await expectRefusal(await device.upload(assignment, bytes(assignment)), status, code)
  })

  test('a device may leave the prior out where it says so, and the round goes on without it', async () => {
    const job = tinyJob({ rounds: 2, cohort: { size: 1, goal: 1, minimum: 1 } })
    const { server, device, jobId, assignment } = await scene(job)
    const leaves = { header: { leftOut: ['prior' as const] } }
    // Nobody asked for it yet, and devices of before still say so.
    expect((await device.upload(assignment, updateFor(assignment, 'a', leaves))).status).toBe(202)
    await server.settle()
    const next = await device.join(job)
    for (const changes of [leaves, without('prior.')])
      await expectRefusal(await device.upload(next, updateFor(next, 'b', changes)), 422, 'E_SHAPE')
    const bytes = updateFor(next, 'c', { ...leaves, ...without('prior.') })
    expect((await device.upload(next, bytes)).status).toBe(202)
    await server.settle()
    const { state, head } = await server.operator.job(jobId)
    expect(state).toBe('completed')
    expect((await server.store.release(head!))?.summary.parts).toEqual(['adapter', 'statistics'])
  })

  test('a refused update leaves the device free to send a good one', async () => {
    const { server, device, assignment } = await scene()
    await device.upload(assignment, updateFor(assignment, 'a', without('statistics.')))
    expect(await server.objects.list()).toEqual([assignment.release])
    expect((await device.upload(assignment, updateFor(assignment, 'a'))).status).toBe(202)
  })

  test('a device without pairs sends the other parts alone', async () => {
    const { device, assignment } = await scene()
    const bytes = updateFor(assignment, 'a', {
      header: { factor: null, pairs: 0 },
      ...without('layers.'),
    })
    expect((await device.upload(assignment, bytes)).status).toBe(202)
  })

  test('of two different updates sent at once by one device, one is taken and one refused with E_TWICE', async () => {
    const { server, device, assignment } = await scene()
    const answers = await Promise.all(
      ['a', 'b'].map((seed) => device.upload(assignment, updateFor(assignment, seed))),
    )
    expect(answers.map((a) => a.status).sort()).toEqual([202, 409])
    expect((await server.store.round(assignment.roundId))?.received).toBe(1)
  })

  test('of three devices sending at once to a goal of two, one is late', async () => {
    const { server, device, other, assignment } = await scene()
    const [third] = await enrolledDevices(server, 1)
    const members = [{ sender: device, own: assignment }]
    for (const sender of [other, third!]) members.push({ sender, own: await sender.join(spec) })
    const answers = await Promise.all(
      members.map(({ sender, own }, i) => sender.upload(own, updateFor(own, `update-${i}`))),
    )
    expect(answers.map((a) => a.status).sort()).toEqual([202, 202, 409])
    await server.settle()
    expect(await server.store.round(assignment.roundId)).toMatchObject({
      received: 2,
      phase: 'released',
    })
  })

  test('the same bytes from two devices count twice', async () => {
    const { server, jobId, device, other, assignment } = await scene()
    const bytes = updateFor(assignment, 'a')
    expect((await device.upload(assignment, bytes)).status).toBe(202)
    expect((await other.upload(await other.join(spec), bytes)).status).toBe(202)
    await server.settle()
    const { head } = await server.operator.job(jobId)
    expect((await server.store.release(head!))?.summary.cohort).toBe(2)
  })

  test('refuses a device outside the cohort, a wrong token, an unknown round and a late update', async () => {
    const { server, device, other, assignment } = await scene()
    const bytes = updateFor(assignment, 'a')
    await expectRefusal(await other.upload(assignment, bytes), 403, 'E_NOT_IN_COHORT')
    await expectRefusal(await device.upload(assignment, bytes, 'x'.repeat(43)), 401, 'E_AUTH')
    await expectRefusal(await device.upload(assignment, bytes, ''), 401, 'E_AUTH')
    const unknown = { ...assignment, roundId: 'round-unknown' }
    await expectRefusal(await device.upload(unknown, bytes), 404, 'E_NO_ROUND')
    const late = await other.join(tinyJob())
    await device.upload(assignment, bytes)
    await server.pass(60_000)
    await expectRefusal(await other.upload(late, bytes), 409, 'E_ROUND_CLOSED')
  })

  test('refuses an update that its consent does not cover, or that comes after it has ended', async () => {
    const { server, device, other, assignment } = await scene()
    const bytes = updateFor(assignment, 'a')
    const until = { ...checkInOf(tinyJob(), START).consent, expiresAt: START + 5000 }
    const answer = await other.checkIn(tinyJob(), { consent: until })
    if (answer.kind !== 'assignment') throw new Error(answer.reason)
    expect((await server.store.member(assignment.roundId, other.id))?.consent).toEqual(until)
    await server.pass(5000)
    await expectRefusal(await other.upload(answer.assignment, bytes), 403, 'E_CONSENT')
    expect((await device.upload(assignment, bytes)).status).toBe(202)
    const sent = await server.store.member(assignment.roundId, device.id)
    expect(sent).toMatchObject({ digest: sha256Hex(bytes), consent: { grantedAt: START - 1000 } })
  })

  test('refuses too many bytes with 413, whatever Content-Length says', async () => {
    const { server, device, assignment } = await scene()
    const path = `/v1/rounds/${assignment.roundId}/update`
    const big = new Uint8Array(MAX_BINARY_BYTES + 1)
    const signing = { headers: { 'upload-token': assignment.uploadToken } }
    const headers = () => device.signed('PUT', path, new Uint8Array(1), signing).headers
    const chunked = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(big.subarray(0, 8 * 1024 * 1024))
      },
    })
    const init = { method: 'PUT', headers: headers(), body: chunked, duplex: 'half' } as RequestInit
    await expectRefusal(
      await server.fetch(new Request(`http://server.test${path}`, init)),
      413,
      'E_TOO_LARGE',
    )
    const told = headers()
    told.set('content-length', String(MAX_BINARY_BYTES + 1))
    const declared = { method: 'PUT', headers: told, body: new Uint8Array(1) }
    await expectRefusal(
      await server.fetch(new Request(`http://server.test${path}`, declared)),
      413,
      'E_TOO_LARGE',
    )
  })
})
