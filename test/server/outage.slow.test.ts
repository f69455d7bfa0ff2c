// The database, and then the bucket, cannot be reached for a while: a server says so, refuses what it
// cannot keep, does not end, and goes on with nothing lost.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import type { Assignment } from '../../adapters/wire/federation.ts'
import { newKeyPair } from '../../adapters/wire/signature.ts'
import {
  CREDENTIAL,
  codeOf,
  type TestDevice,
  testDevice,
  tinyJob,
  updateFor,
} from '../support/federation-fixture.ts'
import { startDyingServer } from '../support/server-process.ts'
import { freshPlaces, postgres, S3_CREDENTIALS, s3 } from '../support/shared-data.ts'

const root = mkdtempSync(join(tmpdir(), 'loreweave-outage-'))
const ends: (() => unknown)[] = []
afterAll(async () => {
  for (const end of ends) await end()
  rmSync(root, { recursive: true, force: true })
})

/** A line to a service, which can be cut: connections end, and new ones are refused. */
const lineTo = async (target: URL) => {
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    return socket.on('error', () => {}).once('close', () => sockets.delete(socket))
  }
  let server: Server
  let port = 0
  const open = async () => {
    server = createServer((near) => {
      const far = keep(connect(Number(target.port), target.hostname))
      keep(near).pipe(far).pipe(near)
    }).listen(port, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  }
  const cut = async () => {
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  }
  await open()
  ends.push(() => server.close())
  return { open, cut, host: `127.0.0.1:${port}` }
}

test.skipIf(!postgres || !s3)(
  'the database is away, then the bucket; the round is released',
  async () => {
    const places = await freshPlaces()
    const lines = {
      database: await lineTo(new URL(postgres!)),
      objects: await lineTo(new URL(s3!)),
    }
    const database = places.database.replace(new URL(postgres!).host, lines.database.host)
    const objects = places.objects.replace(new URL(s3!).host, lines.objects.host)
    const env = { ...S3_CREDENTIALS, LOREWEAVE_OPERATOR_TOKEN: CREDENTIAL }
    const server = await startDyingServer({ data: join(root, 'data'), database, objects }, '', env)
    ends.push(() => server.kill())
    const spec = tinyJob({ cohort: { size: 2, goal: 2, minimum: 2 } })
    const { id } = await server.operator.createJob(spec)
    const at = (name: string) => testDevice(fetch, Date.now, name, server.url, newKeyPair())
    const devices = [at('first'), at('second')]
    const sending: { device: TestDevice; assignment: Assignment }[] = []
    for (const device of devices) {
      await device.enroll(await server.operator.token())
      sending.push({ device, assignment: await device.join(spec) })
    }
    const upload = ({ device, assignment }: (typeof sending)[number]) =>
      device.upload(assignment, updateFor(assignment, device.name))
    for (const [i, what] of (['database', 'objects'] as const).entries()) {
      await lines[what].cut()
      const refused = await upload(sending[i]!)
      expect([refused.status, await codeOf(refused)]).toEqual([503, 'E_UNAVAILABLE'])
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
      const ready = await fetch(`${server.url}/readyz`)
      const { checks } = (await ready.json()) as { checks: Record<string, string> }
      expect([ready.status, checks[what] === 'ok']).toEqual([503, false])
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
      await wait(2000)
      await lines[what].open()
      let status = 0
      for (; status !== 200 && status !== 202; await wait(100))
        status = (await upload(sending[i]!)).status
    }
    for (;;) {
      const job = await server.operator.job(id)
      if (job.state === 'completed') break
      await wait(100)
    }
    expect((await server.operator.job(id)).rounds[0]).toMatchObject({
      received: 2,
      phase: 'released',
    })
    expect(server.hasEnded()).toBe(false)
  },
)
