import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { encodeContainer, type Part } from '../../../adapters/container/container.ts'
import { decodeRelease } from '../../../adapters/contributions/messages.ts'
import { sequentialSegments } from '../../../adapters/lora/layout.ts'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import { seededRng } from '../../../adapters/random.ts'
import { credentialFile, serve } from '../../../server/commands/serve.ts'
import {
  codeOf,
  operatorClient,
  testDevice,
  tinyJob,
  updateFor,
  updateParts,
} from '../../support/federation-fixture.ts'
import { jobEnd } from '../../support/server-process.ts'

const root = mkdtempSync(join(tmpdir(), 'loreweave-serve-'))
let folders = 0
afterAll(() => rmSync(root, { recursive: true, force: true }))

const serving = async () => {
  const data = join(root, `data-${folders++}`)
  const options = { data, host: '127.0.0.1', port: 0, tickMs: 50, logLevel: 'error' as const }
  const server = await serve({ ...options, pace: { soonMs: 10, laterMs: 10 }, leastCohort: 1 })
  const credential = readFileSync(credentialFile(data), 'utf8').trim()
  const send = (request: Request) => fetch(request)
  return {
    ...server,
    data,
    operator: operatorClient(send, server.url, credential),
    device: (name: string) => testDevice(send, Date.now, name, server.url),
  }
}

/** Multiples of 1/1024: their sums are exact in any order, so an independent mean has the same bits. */
const coarse = (parts: Part[]): Part[] =>
  parts.map((part) => ({
    ...part,
    data: Float32Array.from(part.data, (x) => Math.round(x * 1024) / 1024),
  }))

describe('serving over HTTP', () => {
  test('the bytes of a round are those of a slow computation by hand', async () => {
    const server = await serving()
    const spec = tinyJob({
      strategy: 'ffa',
      contributions: ['adapter', 'statistics'],
      cohort: { size: 2, goal: 2, minimum: 2 },
    })
    const { id } = await server.operator.createJob(spec)
    const sent: { pairs: number; bytes: Uint8Array; find: (part: string) => ArrayLike<number> }[] =
      []
    for (const [name, pairs] of [
      ['first', 3],
      ['second', 9],
    ] as const) {
      const device = server.device(name)
      await device.enroll(await server.operator.token())
      const assignment = await device.join(spec)
      const bytes = updateFor(assignment, name, { header: { pairs }, parts: coarse })
      expect((await device.upload(assignment, bytes)).status).toBe(202)
      const parts = coarse(updateParts(assignment, seededRng(name)))
      sent.push({ pairs, bytes, find: (part: string) => parts.find((p) => p.name === part)!.data })
    }
    const job = await jobEnd(server.operator, id)
    const released = await server.operator.releaseBytes(job.head!)
    const made = decodeRelease(released).header
    const first = decodeRelease(await server.operator.releaseBytes(made.parent!))

    const parts: Part[] = first.header.segments.map(({ name, shape, offset, size }) => {
      const old = first.payload.subarray(offset, offset + size)
      if (name.endsWith('.A')) return { name, shape, data: old }
      const mean = old.map(
        (_, i) => (3 * sent[0]!.find(name)[i]! + 9 * sent[1]!.find(name)[i]!) / 12,
      )
      return { name, shape, data: mean }
    })
    const total = (part: string, i: number) => sent[0]!.find(part)[i]! + sent[1]!.find(part)[i]!
    const count = total('statistics.count', 0)
    const scale = Float32Array.from({ length: 3 }, (_, i) => {
      const mean = total('statistics.sum', i) / count
      return 1 / (Math.sqrt(total('statistics.sumSquares', i) / count - mean * mean) * Math.sqrt(3))
    })
    parts.push({ name: 'statistics.scale', shape: [3], data: scale })
    const digests = sent.map((s) => sha256Hex(s.bytes)).sort()
    const expected = encodeContainer(
      {
        ...first.header,
        basisEpoch: 1,
        version: 1,
        parent: made.parent,
        jobId: id,
        roundId: job.rounds[0]!.id,
        cohort: 2,
        inputs: sha256Hex(new TextEncoder().encode(digests.join('\n'))),
        createdAt: made.createdAt,
        segments: sequentialSegments(parts),
      },
      Float32Array.from(parts.flatMap((part) => Array.from(part.data))),
    )
    expect(sha256Hex(released)).toBe(sha256Hex(expected))
    await server.close()
  })

  test('the credential is for the owner alone and stays the same', async () => {
    const server = await serving()
    const path = credentialFile(server.data)
    const before = readFileSync(path, 'utf8')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(before.trim().length).toBeGreaterThanOrEqual(43)
    await server.close()
    const again = await serve({
      data: server.data,
      host: '127.0.0.1',
      port: 0,
      tickMs: 1000,
      logLevel: 'error',
      pace: { soonMs: 1, laterMs: 1 },
    })
    expect(readFileSync(path, 'utf8')).toBe(before)
    await again.close()
  })

  test('a taken port is refused with E_UNAVAILABLE, and the folder is free again', async () => {
    const server = await serving()
    const options = {
      data: join(root, 'second'),
      host: '127.0.0.1',
      tickMs: 1000,
      logLevel: 'error' as const,
      pace: { soonMs: 1, laterMs: 1 },
    }
    const port = Number(new URL(server.url).port)
    await expect(serve({ ...options, port })).rejects.toMatchObject({ code: 'E_UNAVAILABLE' })
    await (await serve({ ...options, port: 0 })).close()
    await server.close()
  })

  test('a chunked body that does not end is cut off with E_TOO_LARGE', async () => {
    const server = await serving()
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    socket.on('error', () => {})
    const signed = server.device('any').signed('POST', '/v1/enroll', new Uint8Array(1)).headers
    const lines = [...signed].map(([name, value]) => `${name}: ${value}\r\n`).join('')
    socket.write(
      `POST /v1/enroll HTTP/1.1\r\nhost: x\r\n${lines}transfer-encoding: chunked\r\nconnection: close\r\n\r\n`,
    )
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    for (let i = 0; i < 20; i++) socket.write(chunk)
    const answer = await new Promise<string>((resolve) => {
      let text = ''
      socket.on('data', (data) => {
        text += data
        if (text.includes('E_TOO_LARGE')) resolve(text)
      })
      socket.once('close', () => resolve(text))
    })
    socket.destroy()
    expect(answer).toContain('HTTP/1.1 413')
    expect(answer).toContain('E_TOO_LARGE')
    const after = await fetch(`${server.url}/v1/nothing`)
    expect(await codeOf(after)).toBe('E_NOT_FOUND')
    await server.close()
  })
})
