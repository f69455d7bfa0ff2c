/** Two edges, one behind the other, as processes. Each is killed at each phase of a round. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { decodeRelease } from '../../../adapters/contributions/messages.ts'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import { type KeyPair, newKeyPair } from '../../../adapters/wire/signature.ts'
import { contribute } from '../../support/edge.ts'
import { type TestDevice, testServer, tinyJob } from '../../support/federation-fixture.ts'
import { jobEnd, type ServerProcess, startEdge, startServer } from '../../support/server-process.ts'

const root = mkdtempSync(join(tmpdir(), 'loreweave-edge-'))
const started = new Set<ServerProcess>()
afterAll(async () => {
  await Promise.all([...started].map((one) => one.kill()))
  rmSync(root, { recursive: true, force: true })
})

const FAST = ['--tick-ms', '20', '--retry-soon-ms', '50', '--retry-later-ms', '100']
const cohort = { size: 5, goal: 5, minimum: 2, deadlineMs: 600_000, edges: true }
const job = tinyJob({ contributions: ['adapter', 'statistics'], cohort })
const NAMES = ['ada', 'ben', 'cleo', 'dora', 'emil']

const payloadOf = (bytes: Uint8Array) => {
  const { payload } = decodeRelease(bytes)
  return sha256Hex(new Uint8Array(payload.slice().buffer))
}

/** The release of the same devices at one server. */
const flat = async () => {
  const server = testServer()
  await server.operator.createJob(job)
  for (const name of NAMES) {
    const device = server.device(name)
    await device.enroll(await server.operator.token())
    expect((await contribute(device, job)).status).toBe(202)
  }
  await server.settle()
  return payloadOf((await server.objects.get((await server.store.lineages())[0]!.head))!)
}

const joins = async (device: TestDevice): Promise<void> => {
  while ((await device.checkIn(job)).kind !== 'assignment')
    await new Promise((resolve) => setTimeout(resolve, 50))
}

test('edges that are killed before, between and after their devices release the bytes of one server', async () => {
  const folder = (name: string) => join(root, name)
  const start = async (starting: Promise<ServerProcess>) => {
    const server = await starting
    started.add(server)
    return server
  }
  const server = await start(startServer(folder('server'), FAST))
  const token = await server.operator.token(5)
  let near = await start(startEdge(folder('near'), server.url, [...FAST, '--token', token]))
  const inner = await near.operator.token(2)
  // A restarted edge has another port: the one behind it finds it by a fixed one.
  const port = new URL(near.url).port
  const again = [...FAST, '--port', port]
  let far = await start(startEdge(folder('far'), near.url, [...FAST, '--token', inner]))
  const keys = new Map<string, KeyPair>(NAMES.map((name) => [name, newKeyPair()]))
  const deviceAt = (at: ServerProcess, name: string) => at.device(name, keys.get(name)!)
  const killBoth = async () => {
    await Promise.all([far.kill(), near.kill()])
    near = await start(startEdge(folder('near'), server.url, again))
    far = await start(startEdge(folder('far'), near.url, FAST))
  }
  const places: readonly [() => ServerProcess, string][] = [
    [() => server, 'ada'],
    [() => near, 'ben'],
    [() => near, 'cleo'],
    [() => far, 'dora'],
    [() => far, 'emil'],
  ]
  for (const [at, name] of places)
    expect((await deviceAt(at(), name).enroll(await at().operator.token())).status).toBe(201)
  // An edge asks for as many places as it has devices then.
  const { id } = await server.operator.createJob(job)
  for (const [at, name] of places) await joins(deviceAt(at(), name))
  await killBoth()
  for (const [at, name] of places) {
    expect((await contribute(deviceAt(at(), name), job)).status).toBe(202)
    if (name === 'cleo') await killBoth()
  }
  await killBoth()
  const ended = await jobEnd(server.operator, id)
  expect(ended.rounds[0]).toMatchObject({ phase: 'released', received: 5 })
  const release = await server.operator.releaseBytes(ended.rounds[0]!.release!)
  expect(payloadOf(release)).toBe(await flat())
  for (const one of [far, near, server]) expect(await one.stop()).toBe(0)
}, 120_000)
