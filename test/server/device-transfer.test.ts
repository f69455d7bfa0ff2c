import { describe, expect, test } from 'vitest'
import type { Part } from '../../adapters/container/container.ts'
import { decodeRelease } from '../../adapters/contributions/messages.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import { seededRng } from '../../adapters/random.ts'
import { federationClient } from '../../device/federation/client.ts'
import { sendFailure, type Transport } from '../../device/federation/signed-transport.ts'
import type { PendingUpload } from '../../device/store/uploads.ts'
import {
  codeOf,
  enrolledDevices,
  type Fetch,
  largeJob,
  scene,
  type TestDevice,
  tinyJob,
  updateFor,
} from '../support/federation-fixture.ts'

const leave = { signal: undefined, check: () => {} }

/** What of a stream comes before its connection breaks. */
const broken = (stream: ReadableStream<Uint8Array>, bytes: number): ReadableStream<Uint8Array> => {
  const reader = stream.getReader()
  let left = bytes
  return new ReadableStream(
    {
      async pull(controller) {
        const { value, done } = await reader.read()
        if (done) return controller.close()
        if (left > 0) controller.enqueue(value.subarray(0, left))
        left -= value.length
        if (left <= 0) controller.error(new TypeError('ECONNRESET'))
      },
    },
    { highWaterMark: 0 },
  )
}

type Sent = {
  readonly method: string
  readonly body: number
  readonly status: number
  readonly headers: Headers
}

/** The client of an enrolled device. onTheWay: what becomes of the n-th request and its answer. */
const clientOf = (
  fetch: Fetch,
  device: TestDevice,
  now: () => number,
  onTheWay: (n: number, request: Request, send: Transport) => Promise<Response>,
  held?: Parameters<typeof federationClient>[0]['held'],
) => {
  const sent: Sent[] = []
  let n = 0
  const client = federationClient({
    serverUrl: 'http://server.test',
    transport: (request) =>
      onTheWay(n++, request, async (passed) => {
        const { method, headers } = passed
        const answer = await fetch(passed)
        const body = Number(headers.get('content-length') ?? 0)
        sent.push({ method, body, status: answer.status, headers })
        return answer
      }),
    key: device.keys,
    clock: now,
    rng: seededRng('client'),
    sleep: async () => {},
    log: () => {},
    ...(held && { held }),
  })
  return { client, sent }
}

const pendingOf = (assignment: { jobId: string; roundId: string; uploadToken: string }) => {
  const bytes = updateFor(assignment as never, 'a')
  const upload: PendingUpload = { ...assignment, digest: sha256Hex(bytes), bytes, at: 1 }
  return upload
}

/** The request arrives in part, and nobody answers. */
const breakRequest = async (request: Request, send: Transport, bytes: number) => {
  const { method, headers, url } = request
  const init = { method, headers, body: broken(request.body!, bytes), duplex: 'half' }
  await send(new Request(url, init as RequestInit))
  throw new TypeError('ECONNRESET')
}

const breakAnswer = async (request: Request, send: Transport, bytes: number) => {
  const { body, status, headers } = await send(request)
  return new Response(broken(body!, bytes), { status, headers })
}

describe('an upload of the device', () => {
  test('goes on where its connection broke', async () => {
    const { server, device, assignment } = await scene()
    const upload = pendingOf(assignment)
    const { client, sent } = clientOf(server.fetch, device, server.now, (n, request, send) =>
      n === 0 ? breakRequest(request, send, 600) : send(request),
    )
    expect(await client.upload(upload, leave)).toMatchObject({ duplicate: false })
    expect(sent.map(({ method, body }) => [method, body])).toEqual([
      ['PUT', upload.bytes.length],
      ['GET', 0],
      ['PATCH', upload.bytes.length - 600],
    ])
    expect(await server.objects.get(upload.digest)).toEqual(upload.bytes)
  })

  test('asks first what has come of one that an earlier process sent', async () => {
    const { server, device, assignment } = await scene()
    const upload = pendingOf(assignment)
    const first = clientOf(server.fetch, device, server.now, (n, request, send) =>
      n === 0 ? breakRequest(request, send, 600) : Promise.reject(new TypeError('no network')),
    )
    await expect(first.client.upload(upload, leave)).rejects.toMatchObject({
      code: 'E_UNAVAILABLE',
    })
    const { client, sent } = clientOf(server.fetch, device, server.now, (_, r, send) => send(r))
    await client.upload({ ...upload, isSent: true }, leave)
    expect(sent.map(({ method, body }) => [method, body])).toEqual([
      ['GET', 0],
      ['PATCH', upload.bytes.length - 600],
    ])
  })

  test('is sent whole again to a server that keeps no parts', async () => {
    const { server, device, assignment } = await scene()
    const upload = pendingOf(assignment)
    const { client, sent } = clientOf(server.fetch, device, server.now, (n, request, send) => {
      if (n === 0) return Promise.reject(new TypeError('ECONNRESET'))
      if (request.method === 'PUT') return send(request)
      const error = { code: 'E_NOT_FOUND', message: 'no such route' }
      return Promise.resolve(Response.json({ error }, { status: 404 }))
    })
    expect(await client.upload(upload, leave)).toMatchObject({ duplicate: false })
    expect(sent.map(({ method }) => method)).toEqual(['PUT'])
  })

  test('is sent whole where the parts are gone when the rest comes', async () => {
    const { server, device, assignment } = await scene()
    const upload = pendingOf(assignment)
    const other = { ...upload, bytes: updateFor(assignment, 'b') }
    const { client, sent } = clientOf(
      server.fetch,
      device,
      server.now,
      async (n, request, send) => {
        if (n === 0) return breakRequest(request, send, 600)
        const answer = await send(request)
        // Another update of the device takes the place of the first.
        if (n === 1) {
          const second = { ...other, digest: sha256Hex(other.bytes) }
          await first.client.upload(second, leave).catch(() => {})
        }
        return answer
      },
    )
    const first = clientOf(server.fetch, device, server.now, (_, request, send) =>
      request.method === 'PUT'
        ? breakRequest(request, send, 100)
        : Promise.reject(new TypeError('ECONNRESET')),
    )
    expect(await client.upload(upload, leave)).toMatchObject({ duplicate: false })
    expect(sent.map(({ method, status }) => [method, status])).toEqual([
      ['PUT', 503],
      ['GET', 204],
      ['PATCH', 409],
      ['PUT', 202],
    ])
  })

  /** As nginx answers. */
  const tooLarge = (most: number, request: Request, send: Transport) =>
    Number(request.headers.get('content-length')) > most
      ? Promise.resolve(
          new Response('<html>413 Request Entity Too Large</html>', {
            status: 413,
            headers: { 'content-type': 'text/html' },
          }),
        )
      : send(request)
  /** An update of more than a megabyte. */
  const large = async () => {
    const made = await scene(largeJob())
    const parts = (all: Part[]) =>
      all.map((part) =>
        part.name === 'statistics.count'
          ? part
          : { ...part, data: Float32Array.from(part.data).map((x) => x / 1000) },
      )
    const small = updateFor(made.assignment, 'a', { parts })
    const upload = { ...pendingOf(made.assignment), bytes: small, digest: sha256Hex(small) }
    return { ...made, upload }
  }

  test('comes in pieces through a proxy that takes a megabyte, and so do the next ones', async () => {
    const { server, device, upload } = await large()
    expect(upload.bytes.length).toBeGreaterThan(1_048_576)
    const { client, sent } = clientOf(server.fetch, device, server.now, (_, request, send) =>
      tooLarge(1_048_576, request, send),
    )
    expect(await client.upload(upload, leave)).toMatchObject({ duplicate: false })
    expect(sent.every(({ method, body }) => method === 'PATCH' && body <= 524_288)).toBe(true)
    expect(await server.objects.get(upload.digest)).toEqual(upload.bytes)
    sent.length = 0
    expect(await client.upload(upload, leave)).toMatchObject({ duplicate: true })
    expect(sent[0]?.method).toBe('PATCH')
  })

  test("refused by the server in pieces ends with the server's own code", async () => {
    const { server, device, assignment, upload } = await large()
    const bytes = updateFor(assignment, 'a')
    const { client } = clientOf(server.fetch, device, server.now, (_, request, send) =>
      tooLarge(1_048_576, request, send),
    )
    const sending = client.upload({ ...upload, bytes, digest: sha256Hex(bytes) }, leave)
    await expect(sending).rejects.toMatchObject({ code: 'E_NORM' })
  })

  test.each<[string, (request: Request, send: Transport) => Promise<Response>]>([
    ['a proxy that takes no piece either', (request, send) => tooLarge(1000, request, send)],
    [
      'a server of before, behind such a proxy',
      (request, send) =>
        request.method === 'PATCH'
          ? Promise.resolve(
              Response.json({ error: { code: 'E_NOT_FOUND', message: 'x' } }, { status: 404 }),
            )
          : tooLarge(1_048_576, request, send),
    ],
  ])('says what %s needs', async (_, proxy) => {
    const { server, device, upload } = await large()
    const { client } = clientOf(server.fetch, device, server.now, (_n, r, send) => proxy(r, send))
    const error = await client.upload(upload, leave).catch((thrown: Error) => thrown)
    expect(error).toMatchObject({
      code: 'E_UNAVAILABLE',
      message: expect.stringContaining('client_max_body_size 64m'),
    })
    expect(sendFailure(error)).toMatchObject({ status: 413, isRefusal: false })
  })
})

describe('a download of the device', () => {
  test('goes on where its connection broke, more than once', async () => {
    const { server, device, assignment } = await scene()
    const { client, sent } = clientOf(server.fetch, device, server.now, (n, request, send) =>
      n === 2 ? send(request) : breakAnswer(request, send, 500),
    )
    const bytes = await client.download(assignment.release, leave)
    expect(sha256Hex(bytes)).toBe(assignment.release)
    expect(sent.map(({ status, headers }) => [status, headers.get('range')])).toEqual([
      [200, null],
      [206, 'bytes=500-'],
      [206, 'bytes=1000-'],
    ])
    expect(client.traffic().down).toBeLessThanOrEqual(bytes.length)
  })

  test('of what a failing proxy says nothing is kept', async () => {
    const { server, device, assignment } = await scene()
    const { client } = clientOf(server.fetch, device, server.now, async (n, request, send) => {
      if (n === 1) return new Response('bad gateway', { status: 502 })
      return n === 0 ? breakAnswer(request, send, 500) : send(request)
    })
    expect(sha256Hex(await client.download(assignment.release, leave))).toBe(assignment.release)
  })

  /** Two releases of a lineage of which a round has moved the prior alone. */
  const twoReleases = async (more: Parameters<typeof tinyJob>[0] = {}) => {
    const job = tinyJob({
      ...more,
      contributions: ['prior', 'statistics'],
      cohort: { size: 1, goal: 1, minimum: 1 },
    })
    const { server, device, assignment, jobId } = await scene(job)
    await device.upload(assignment, updateFor(assignment, 'a'))
    await server.settle()
    const { head } = await server.operator.job(jobId)
    const parent = await server.operator.releaseBytes(assignment.release)
    return { server, device, head: head!, held: { hash: assignment.release, bytes: parent } }
  }

  test('brings only the segments that differ from the release that it holds', async () => {
    const { server, device, head, held } = await twoReleases()
    const { client, sent } = clientOf(
      server.fetch,
      device,
      server.now,
      (_, request, send) => send(request),
      () => held,
    )
    const bytes = await client.download(head, leave)
    expect(sha256Hex(bytes)).toBe(head)
    expect(sent.map(({ status }) => status)).toEqual([226])
    const { header } = decodeRelease(bytes)
    const adapter = header.segments.filter(({ name }) => name.startsWith('layers.'))
    const same = 4 * adapter.reduce((sum, { size }) => sum + size, 0)
    expect(client.traffic().down).toBeLessThan(bytes.length - same + 200)
  })

  test('in int8 is a quarter as long from the first one on; what a round keeps does not travel', async () => {
    const { base, adapter } = largeJob()
    const large: Parameters<typeof tinyJob>[0] = {
      base,
      adapter: { ...adapter, modules: ['q'], rank: 16 },
    }
    const whole = await twoReleases(large)
    const { server, device, head, held } = await twoReleases({
      ...large,
      compression: { releases: 'int8' },
    })
    expect(held.bytes.length).toBeLessThan(0.28 * whole.held.bytes.length)
    const { client, sent } = clientOf(
      server.fetch,
      device,
      server.now,
      (_, request, send) => send(request),
      () => held,
    )
    expect(sha256Hex(await client.download(head, leave))).toBe(head)
    expect(sent.map(({ status }) => status)).toEqual([226])
    expect(client.traffic().down).toBeLessThan(0.1 * held.bytes.length)
  })

  test.each<[string, (held: { hash: string; bytes: Uint8Array }) => typeof held]>([
    ['are other bytes', (held) => ({ ...held, bytes: held.bytes.map((x) => x ^ 1) })],
    ['are cut short', (held) => ({ ...held, bytes: held.bytes.subarray(0, 100) })],
    ['the server does not know', (held) => ({ ...held, hash: 'f'.repeat(64) })],
  ])('is whole where the held bytes %s', async (_, spoil) => {
    const { server, device, head, held } = await twoReleases()
    const { client } = clientOf(
      server.fetch,
      device,
      server.now,
      (_n, request, send) => send(request),
      () => spoil(held),
    )
    expect(sha256Hex(await client.download(head, leave))).toBe(head)
  })
})

describe('releases for other clients', () => {
  test.each<[string, Record<string, string>, number, string | null]>([
    ['from a byte on', { range: 'bytes=100-' }, 206, 'bytes 100-'],
    [
      'from a byte on, of these bytes',
      { range: 'bytes=100-', 'if-range': 'OWN' },
      206,
      'bytes 100-',
    ],
    ['from a byte on, of others', { range: 'bytes=100-', 'if-range': '"x"' }, 200, null],
    ['from behind their end', { range: 'bytes=999999-' }, 200, null],
    ['in a range that is none', { range: 'lines=1-2' }, 200, null],
    ['to whom has them', { range: 'bytes=100-', 'if-none-match': 'OWN' }, 304, null],
    [
      'to whom has nothing that is known',
      { 'a-im': 'segments', 'if-none-match': '"x"' },
      200,
      null,
    ],
  ])('are sent %s', async (_, given, status, range) => {
    const { server, device, assignment } = await scene()
    const own = (value: string) => value.replace('OWN', `"${assignment.release}"`)
    const headers = Object.fromEntries(Object.entries(given).map(([k, v]) => [k, own(v)]))
    const answer = await device.release(assignment.release, headers)
    const whole = await server.operator.releaseBytes(assignment.release)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-range')?.split('-')[0] ?? null).toBe(
      range?.slice(0, -1) ?? null,
    )
    const body = new Uint8Array(await answer.arrayBuffer())
    if (status !== 304) expect(body).toEqual(whole.subarray(status === 206 ? 100 : 0))
  })

  test('are refused with E_DATA where their bytes are gone', async () => {
    const { server, assignment } = await scene()
    const [device] = await enrolledDevices(server, 1)
    await server.objects.drop(assignment.release)
    const answer = await device!.release(assignment.release)
    expect([answer.status, await codeOf(answer)]).toEqual([500, 'E_DATA'])
  })
})
