import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import type { Assignment } from '../../../adapters/wire/federation.ts'
import { contentDigest } from '../../../adapters/wire/signature.ts'
import type { TransferLimits } from '../../../server/transfer/transfer.ts'
import {
  codeOf,
  enrolledDevices,
  expectRefusal,
  scene,
  type TestDevice,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'
import { ask, bodyOf, patch, pathOf, type Sending, streamed } from '../../support/uploading.ts'

const folders: string[] = []
afterEach(() => {
  vi.useRealTimers()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** A scene whose broken uploads can be seen. */
const uploads = async (limits: Partial<TransferLimits> = {}, job = tinyJob()) => {
  const folder = mkdtempSync(join(tmpdir(), 'loreweave-test-'))
  folders.push(folder)
  const made = await scene(job, { traffic: { folder, limits } })
  return { ...made, parts: () => readdirSync(folder) }
}

describe('before a byte is read', () => {
  test.each<
    [
      string,
      (s: Awaited<ReturnType<typeof uploads>>) => Promise<[TestDevice, Assignment, Sending?]>,
      number,
      string | undefined,
    ]
  >([
    ['the device', async (s) => [s.other, s.assignment], 403, 'E_NOT_IN_COHORT'],
    [
      'the token',
      async (s) => [s.device, { ...s.assignment, uploadToken: 'x'.repeat(43) }],
      401,
      'E_AUTH',
    ],
    ['the round', async (s) => [s.device, { ...s.assignment, roundId: 'r' }], 404, 'E_NO_ROUND'],
    [
      'the phase',
      async (s) => {
        await s.server.operator.call('POST', `/v1/operator/jobs/${s.jobId}/cancel`)
        return [s.device, s.assignment]
      },
      409,
      'E_ROUND_CLOSED',
    ],
    [
      'the size that an update of the job can have',
      async (s) => [s.device, s.assignment, { headers: { 'content-length': '2000000' } }],
      413,
      'E_TOO_LARGE',
    ],
    [
      'that the update is there already',
      async (s) => {
        const bytes = updateFor(s.assignment, 'a')
        await s.device.upload(s.assignment, bytes)
        return [s.device, s.assignment, { signed: bytes }]
      },
      200,
      undefined,
    ],
  ])('%s is looked at', async (_, prepare, status, code) => {
    const made = await uploads()
    const [device, assignment, sending = {}] = await prepare(made)
    const { seen, stream } = bodyOf(new Uint8Array(10))
    const answer = await made.server.fetch(streamed(device, assignment, stream, sending))
    expect([answer.status, await codeOf(answer)]).toEqual([status, code])
    expect(seen.reads).toBe(0)
  })
})

describe('an update that is not taken', () => {
  test('leaves no object and no part', async () => {
    const { server, device, assignment, parts } = await uploads()
    const other = updateFor({ ...assignment, roundId: 'round-x' }, 'a')
    await expectRefusal(await device.upload(assignment, other), 404, 'E_NO_ROUND')
    expect(parts()).toEqual([])
    expect(await server.objects.list()).toEqual([assignment.release])
  })

  test.each(['ENOSPC', 'SQLITE_FULL'])(
    'because of a full disk (%s) is to come again, as a device does',
    async (code) => {
      const { server, device, assignment, parts } = await uploads()
      const bytes = updateFor(assignment, 'a')
      const failure = Object.assign(new Error('no space'), { code })
      vi.spyOn(server.objects, 'put').mockRejectedValueOnce(failure)
      const answer = await device.upload(assignment, bytes)
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
      await expectRefusal(answer, 503, 'E_UNAVAILABLE')
      expect(parts()).toEqual([])
      expect(await server.objects.list()).toEqual([assignment.release])
      expect((await device.upload(assignment, bytes)).status).toBe(202)
    },
  )

  test('because the store fails is told so, leaves nothing, and is taken later', async () => {
    const { server, device, assignment, parts } = await uploads()
    const bytes = updateFor(assignment, 'a')
    const full = vi.spyOn(server.objects, 'put').mockRejectedValueOnce(new Error('ENOSPC'))
    expect((await device.upload(assignment, bytes)).status).toBe(500)
    expect(full).toHaveBeenCalled()
    expect(parts()).toEqual([])
    expect(await server.objects.list()).toEqual([assignment.release])
    expect((await device.upload(assignment, bytes)).status).toBe(202)
  })

  test('since another of the device was taken meanwhile leaves one object', async () => {
    const { server, device, assignment, parts } = await uploads()
    const both = ['a', 'b', 'c', 'd'].map((seed) => updateFor(assignment, seed))
    const answers = await Promise.all(both.map((bytes) => device.upload(assignment, bytes)))
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409, 409])
    const taken = both[answers.findIndex(({ status }) => status === 202)]!
    expect((await server.objects.list()).sort()).toEqual(
      [assignment.release, sha256Hex(taken)].sort(),
    )
    expect(parts()).toEqual([])
  })

  test('since the round closed while it was stored leaves no object', async () => {
    const { server, device, assignment, jobId } = await uploads()
    const put = server.objects.put
    vi.spyOn(server.objects, 'put').mockImplementationOnce(async (...given) => {
      await put(...given)
      await server.operator.call('POST', `/v1/operator/jobs/${jobId}/cancel`)
    })
    const answer = await device.upload(assignment, updateFor(assignment, 'a'))
    await expectRefusal(answer, 409, 'E_ROUND_CLOSED')
    expect(await server.objects.list()).toEqual([assignment.release])
  })
})

describe('an upload that breaks off', () => {
  test.each(['GET', 'HEAD'])('goes on where it was, as %s says', async (method) => {
    const { server, device, assignment, parts } = await uploads()
    const bytes = updateFor(assignment, 'a')
    const { stream } = bodyOf(bytes.subarray(0, 100), 'breaks')
    const broken = await server.fetch(streamed(device, assignment, stream, { signed: bytes }))
    await expectRefusal(broken, 503, 'E_UNAVAILABLE')
    const asked = await server.fetch(ask(device, assignment, bytes, method))
    expect([asked.status, asked.headers.get('upload-offset')]).toEqual([204, '100'])
    expect(asked.headers.get('upload-complete')).toBe('?0')
    const answer = await server.fetch(patch(device, assignment, bytes, [100, bytes.length]))
    expect(await answer.json()).toMatchObject({ accepted: true, digest: sha256Hex(bytes) })
    expect(await server.objects.get(sha256Hex(bytes))).toEqual(bytes)
    expect(parts()).toEqual([])
    const after = await server.fetch(ask(device, assignment, bytes, method))
    expect(after.headers.get('upload-complete')).toBe('?1')
  })

  test('can come in pieces, each answered with how much there is', async () => {
    const { server, device, assignment } = await uploads()
    const bytes = updateFor(assignment, 'a')
    for (const from of [0, 200, 400]) {
      const piece = await server.fetch(patch(device, assignment, bytes, [from, from + 200], false))
      expect([piece.status, piece.headers.get('upload-offset')]).toEqual([204, String(from + 200)])
    }
    const last = await server.fetch(patch(device, assignment, bytes, [600, bytes.length]))
    expect(last.status).toBe(202)
  })

  test('may be sent whole again instead', async () => {
    const { server, device, assignment } = await uploads()
    const bytes = updateFor(assignment, 'a')
    await server.fetch(patch(device, assignment, bytes, [0, 300], false))
    expect((await device.upload(assignment, bytes)).status).toBe(202)
  })

  test('is given up for a new request of the device, though its connection still stands', async () => {
    const { server, device, assignment } = await uploads()
    const bytes = updateFor(assignment, 'a')
    const { seen, stream } = bodyOf(bytes.subarray(0, 100), 'stops')
    const old = server.fetch(streamed(device, assignment, stream, { signed: bytes }))
    await vi.waitFor(() => expect(seen.reads).toBe(2))
    expect((await device.upload(assignment, bytes)).status).toBe(202)
    await expectRefusal(await old, 503, 'E_UNAVAILABLE')
  })

  test('has one place a device: another update of it drops the first', async () => {
    const { server, device, assignment, parts } = await uploads()
    for (const seed of ['a', 'b']) {
      const bytes = updateFor(assignment, seed)
      await server.fetch(patch(device, assignment, bytes, [0, 100], false))
      expect(parts()).toEqual([`${assignment.roundId}.${device.id}.${sha256Hex(bytes)}`])
    }
  })

  test('is forgotten after an hour', async () => {
    const { server, device, assignment, parts } = await uploads()
    await server.fetch(patch(device, assignment, updateFor(assignment, 'a'), [0, 100], false))
    await server.settle()
    expect(parts()).toHaveLength(1)
    await server.pass(Date.now() - server.now() + 3_700_000)
    expect(parts()).toEqual([])
  })

  test.each<
    [string, (s: Awaited<ReturnType<typeof uploads>>, bytes: Uint8Array) => Request, number, string]
  >([
    [
      'a piece that leaves a gap',
      (s, bytes) => patch(s.device, s.assignment, bytes, [200, 300]),
      409,
      'E_CONFLICT',
    ],
    [
      'a piece that is not the one that was signed',
      (s, bytes) => {
        const { headers, url } = patch(s.device, s.assignment, bytes, [100, 200])
        return new Request(url, { method: 'PATCH', headers, body: 'other bytes' })
      },
      401,
      'E_SIGNATURE',
    ],
    [
      'pieces that are not those of the digest',
      (s, bytes) =>
        s.device.signed('PATCH', pathOf(s.assignment), bytes.subarray(0, 50), {
          headers: {
            'upload-token': s.assignment.uploadToken,
            'upload-offset': '100',
            'upload-complete': '?1',
            'repr-digest': contentDigest(bytes),
          },
        }),
      401,
      'E_SIGNATURE',
    ],
    [
      'a piece beyond what an update can have',
      (s, bytes) => {
        const { headers, url } = patch(s.device, s.assignment, bytes, [100, 200])
        headers.set('content-length', '2000000')
        return new Request(url, { method: 'PATCH', headers, body: 'x' })
      },
      413,
      'E_TOO_LARGE',
    ],
    [
      'no place',
      (s, bytes) =>
        s.device.signed('PATCH', pathOf(s.assignment), bytes, {
          headers: { 'upload-token': s.assignment.uploadToken },
        }),
      400,
      'E_BODY',
    ],
    [
      'a place that is not signed',
      (s, bytes) => {
        const request = patch(s.device, s.assignment, bytes, [100, 200])
        request.headers.set('upload-offset', '0')
        return request
      },
      401,
      'E_SIGNATURE',
    ],
  ])('refuses %s', async (_, make, status, code) => {
    const made = await uploads()
    const bytes = updateFor(made.assignment, 'a')
    await made.server.fetch(patch(made.device, made.assignment, bytes, [0, 100], false))
    await expectRefusal(await made.server.fetch(make(made, bytes)), status, code)
    // The upload goes on, from where it is now.
    const asked = await made.server.fetch(ask(made.device, made.assignment, bytes))
    const offset = Number(asked.headers.get('upload-offset'))
    const rest = patch(made.device, made.assignment, bytes, [offset, bytes.length])
    expect((await made.server.fetch(rest)).status).toBe(202)
  })
})

describe('how much at once', () => {
  test('a sender that is too slow is cut off with E_TOO_SLOW, and goes on later', async () => {
    const { server, device, assignment } = await uploads({ pace: { bytes: 1000, withinMs: 20 } })
    const bytes = updateFor(assignment, 'a')
    const { stream } = bodyOf(bytes.subarray(0, 100), 'stops')
    const slow = await server.fetch(streamed(device, assignment, stream, { signed: bytes }))
    await expectRefusal(slow, 408, 'E_TOO_SLOW')
    const asked = await server.fetch(ask(device, assignment, bytes))
    expect(asked.headers.get('upload-offset')).toBe('100')
  })

  test('so is one of a check-in', async () => {
    const { server, device } = await uploads({ pace: { bytes: 1000, withinMs: 20 } })
    const { headers, url } = device.signed('POST', '/v1/checkin', new Uint8Array(2))
    const { stream } = bodyOf(new Uint8Array(1), 'stops')
    const init = { method: 'POST', headers, body: stream, duplex: 'half' } as RequestInit
    await expectRefusal(await server.fetch(new Request(url, init)), 408, 'E_TOO_SLOW')
  })

  test('others wait unread for the uploads that arrive, and the rest is told to come back', async () => {
    const { server, device, other, assignment } = await uploads({
      bodies: { atOnce: 1, waiting: 1 },
      pace: { bytes: 1000, withinMs: 500 },
    })
    const [third] = await enrolledDevices(server, 1)
    const own = [assignment, await other.join(tinyJob()), await third!.join(tinyJob())]
    const bytes = own.map((one, i) => updateFor(one, `update-${i}`))
    const first = bodyOf(bytes[0]!.subarray(0, 100), 'stops')
    const arriving = server.fetch(streamed(device, own[0]!, first.stream, { signed: bytes[0]! }))
    await vi.waitFor(() => expect(first.seen.reads).toBe(2))
    const second = bodyOf(bytes[1]!)
    const waiting = server.fetch(streamed(other, own[1]!, second.stream, { signed: bytes[1]! }))
    await vi.waitFor(async () => {
      const turned = await third!.upload(own[2]!, bytes[2]!)
      await expectRefusal(turned.clone(), 503, 'E_UNAVAILABLE')
      expect(Number(turned.headers.get('retry-after'))).toBeGreaterThan(1)
    })
    expect(second.seen.reads).toBe(0)
    // The first is too slow, which lets the next one in.
    await expectRefusal(await arriving, 408, 'E_TOO_SLOW')
    expect((await waiting).status).toBe(202)
  })
})
