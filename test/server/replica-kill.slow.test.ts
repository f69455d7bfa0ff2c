// One of two replicas on PostgreSQL and S3 dies by SIGKILL in each round, each time at another point.
// The other goes on, and the rounds release what one undisturbed server releases.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { decodeRelease } from '../../adapters/contributions/messages.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import { newKeyPair } from '../../adapters/wire/signature.ts'
import {
  CREDENTIAL,
  enrolledDevices,
  type OperatorClient,
  type TestDevice,
  testDevice,
  testServer,
  tinyJob,
  updateFor,
} from '../support/federation-fixture.ts'
import { type ServerProcess, startDyingServer } from '../support/server-process.ts'
import { freshPlaces, postgres, S3_CREDENTIALS, s3 } from '../support/shared-data.ts'

/** While the first update is added up; the second comes when the replica is dead. */
const FOLDING = [
  'after lease folding',
  'before put folded',
  'after put folded',
  'before commit of saveFolded',
  'after commit of saveFolded',
]

/** Of each round one. */
const POINTS = [
  'after saveMember place',
  'after commit of saveMember place',
  'before put update',
  'after put update',
  'before commit of saveMember update',
  'after commit of saveMember update',
  'after commit of saveRound aggregating',
  'after lease aggregation',
  'after get',
  'before put release',
  'after put release',
  'after saveRelease',
  'before commit of saveRelease',
  'after commit of saveRelease',
  'after drop',
  ...FOLDING,
]

/** The healthy one may be the first to aggregate: then the other dies in a later round. */
const ROUNDS = POINTS.length + 5

const spec = tinyJob({ rounds: ROUNDS, cohort: { size: 2, goal: 2, minimum: 2 } })
const root = mkdtempSync(join(tmpdir(), 'loreweave-replica-kill-'))
const started = new Set<ServerProcess>()
afterAll(async () => {
  await Promise.all([...started].map((server) => server.kill()))
  rmSync(root, { recursive: true, force: true })
})

const contentsOf = async (operator: OperatorClient, jobId: string) => {
  const job = await operator.job(jobId)
  expect(job.state).toBe('completed')
  const hashes = job.rounds.flatMap(({ release }) => release ?? [])
  return Promise.all(
    hashes.map(async (hash) => {
      const { header, payload } = decodeRelease(await operator.releaseBytes(hash))
      return [header.version, header.cohort, sha256Hex(new Uint8Array(payload.buffer))]
    }),
  )
}

/** One device takes part; again and again, until the server that it reaches has its update. */
const takePart = async (
  deviceAt: (server: ServerProcess) => TestDevice,
  servers: readonly ServerProcess[],
  seed: string,
): Promise<void> => {
  const answer = async <T>(ask: (device: TestDevice) => Promise<T | undefined>): Promise<T> => {
    for (;;) {
      const server = servers.find((one) => !one.hasEnded())!
      const got = await ask(deviceAt(server)).catch(() => undefined)
      if (got !== undefined) return got
      await wait(20)
    }
  }
  const assignment = await answer((device) => device.join(spec))
  const update = updateFor(assignment, seed)
  await answer(async (device) => {
    const { status } = await device.upload(assignment, update)
    return status === 200 || status === 202 ? status : undefined
  })
}

const undisturbed = async () => {
  const server = testServer()
  const { id } = await server.operator.createJob(spec)
  const devices = await enrolledDevices(server, 2)
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, device] of devices.entries()) {
      const assignment = await device.join(spec)
      await device.upload(assignment, updateFor(assignment, `update-${round}-${i}`))
    }
    await server.settle()
  }
  return contentsOf(server.operator, id)
}

test.skipIf(!postgres || !s3)(
  `of two replicas one dies at ${POINTS.length} points, and the rounds release what one server releases`,
  async () => {
    const places = await freshPlaces()
    const env = { ...S3_CREDENTIALS, LOREWEAVE_OPERATOR_TOKEN: CREDENTIAL }
    const replica = async (name: string, point?: string) => {
      const tickMs = point === undefined ? 1000 : 50
      const options = { data: join(root, name), ...places, leaseMs: 1000, tickMs, foldAt: 1 }
      const server = await startDyingServer(options, point, env)
      started.add(server)
      return server
    }
    const healthy = await replica('healthy')
    const { id } = await healthy.operator.createJob(spec)
    const names = ['first', 'second']
    const devices = names.map((name) => {
      const keys = newKeyPair()
      return ({ url }: ServerProcess) => testDevice(fetch, Date.now, name, url, keys)
    })
    for (const device of devices) await device(healthy).enroll(await healthy.operator.token())
    const left = [...POINTS]
    let point = left.shift()
    let doomed = await replica('doomed', point)
    for (let round = 0; round < ROUNDS; round++) {
      if (doomed.hasEnded() && left.length > 0) {
        point = left.shift()
        doomed = await replica('doomed', point)
      }
      const [first, second] = devices.map(
        (device, i) => () => takePart(device, [doomed, healthy], `update-${round}-${i}`),
      )
      const isAlone = FOLDING.includes(point!) && !doomed.hasEnded()
      const sent = first!()
      if (isAlone) await sent
      while (isAlone && !doomed.hasEnded()) await wait(30)
      await Promise.all([sent, second!()])
      for (;;) {
        const { rounds } = await healthy.operator.job(id)
        if (rounds[round]?.phase === 'released') break
        await wait(30)
      }
    }
    expect([left, doomed.hasEnded()]).toEqual([[], true])
    expect(await contentsOf(healthy.operator, id)).toEqual(await undisturbed())
  },
  900_000,
)
