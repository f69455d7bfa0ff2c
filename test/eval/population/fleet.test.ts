import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findPart } from '../../../adapters/container/container.ts'
import { decodeRelease } from '../../../adapters/contributions/messages.ts'
import type { JobSpecInput } from '../../../adapters/wire/jobs.ts'
import type { Engine } from '../../../device/engine/engine.ts'
import { type LocalModel, openModel } from '../../../device/engine/model/open.ts'
import { openEngine } from '../../../device/engine/process/client.ts'
import { featureSpace } from '../../../device/reward/feature-space.ts'
import { REQUESTS } from '../../../eval/answers/requests.ts'
import { logsByUser } from '../../../eval/inputs/user-log.ts'
import { type Fleet, inTurn, openFleet, sumTraffic } from '../../../eval/population/fleet.ts'
import { rememberPooled } from '../../../eval/population/shared-engine.ts'
import { makeChoiceLog, samplePopulation } from '../../../eval/population/users.ts'
import { testServer } from '../../support/federation-fixture.ts'

const DEVICES = 3
const folder = mkdtempSync(join(tmpdir(), 'loreweave-fleet-'))
const choices = makeChoiceLog({
  users: samplePopulation({ count: DEVICES, seed: 1, split: 'fleet' }),
  requests: REQUESTS.slice(0, 8),
  choicesPerUser: 6,
  seed: 1,
  variants: 3,
  testPerUser: 2,
})

let model: LocalModel
let engine: Engine
let fleet: Fleet
// Signed requests carry the time: the server's clock stands still at the moment the test begins.
const server = testServer({ start: Date.now() })

beforeAll(async () => {
  model = await openModel({ cacheFolder: folder, name: 'tiny' })
  engine = openEngine({ folder: model.folder, threads: 1, oneChild: true })
  const tokens: string[] = []
  for (let i = 0; i < DEVICES; i++) tokens.push(await server.operator.token())
  fleet = await openFleet({
    logs: logsByUser(choices).map(({ train }) => train),
    tokens,
    serverUrl: 'http://server.test',
    model,
    engine: rememberPooled(engine, model.base.weights),
    memo: new Map(),
    seed: 1,
    transport: server.fetch,
  })
})
afterAll(async () => {
  await fleet.close()
  await engine.close()
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

const job = (contributions: JobSpecInput['contributions'], rounds = 1): JobSpecInput => ({
  name: contributions.join(),
  base: model.base,
  adapter: { firstLayer: 0, endLayer: 1, modules: ['q', 'v'], rank: 2, alpha: 4 },
  exitLayer: 1,
  features: featureSpace(model.base.shape.hidden),
  contributions,
  rounds,
  cohort: { size: DEVICES, goal: DEVICES, minimum: 1, deadlineMs: 60_000 },
})

test('devices of one process take a model from statistics to a prior and an adapter', async () => {
  let head = ''
  for (const [contributions, rounds] of [
    [['statistics'], 1],
    [['prior'], 1],
    [['adapter'], 2],
  ] as const) {
    const created = await server.operator.createJob(job([...contributions], rounds))
    let done = 0
    const reports = await fleet.participate(rounds, DEVICES, (count) => {
      done = count
    })
    await server.settle()
    expect(done).toBe(rounds * DEVICES)
    expect(reports.every((r) => r.rounds.every((round) => round.problem === null))).toBe(true)
    const ended = await server.operator.job(created.id)
    expect(ended.state).toBe('completed')
    head = ended.head!
  }
  const bytes = await server.operator.releaseBytes(head)
  const release = decodeRelease(bytes)
  expect(release.header).toMatchObject({ version: 4, cohort: DEVICES, basisEpoch: 2 })
  expect(findPart(release, 'prior.mean')!.some((v) => v !== 0)).toBe(true)
  expect(findPart(release, 'layers.0.q.B')!.some((v) => v !== 0)).toBe(true)
  expect(fleet.traffic().up).toBeGreaterThan(10_000)
})

test('work in turn keeps to its width, and the first failure ends it', async () => {
  let atWork = 0
  let most = 0
  await inTurn([1, 2, 3, 4, 5], 2, async () => {
    most = Math.max(most, ++atWork)
    await new Promise(setImmediate)
    atWork--
  })
  expect(most).toBe(2)
  const begun: number[] = []
  const failing = inTurn([1, 2, 3], 1, async (item) => {
    begun.push(item)
    if (item === 2) throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  expect(begun).toEqual([1, 2])
})

test('bytes are summed over devices', () => {
  expect(
    sumTraffic([
      { up: 1, down: 2 },
      { up: 10, down: 20 },
    ]),
  ).toEqual({ up: 11, down: 22 })
})
