/** The verdict of a choice log on a server's newest release, from the log to what devices follow. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAdaptorServer } from '@hono/node-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openModel } from '../../../device/engine/model/open.ts'
import { openEngine } from '../../../device/engine/process/client.ts'
import { featureSpace } from '../../../device/reward/feature-space.ts'
import { logsByUser } from '../../../eval/inputs/user-log.ts'
import { FederationPlan, federate } from '../../../eval/population/federate.ts'
import { verdictOn } from '../../../eval/run/release-verdict.ts'
import { callEval } from '../../support/call-eval.ts'
import {
  CREDENTIAL,
  enrolledDevices,
  testServer,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'
import { choice, people } from '../run/rerank-runs.ts'

const root = mkdtempSync(join(tmpdir(), 'loreweave-judge-'))
const server = testServer()
const http = createAdaptorServer({ fetch: (request) => server.app.fetch(request) })
const credential = join(root, 'credential')
const data = join(root, 'log.jsonl')
let url: string

const write = (path: string, lines: readonly object[]): string => {
  writeFileSync(path, lines.map((line) => JSON.stringify(line)).join('\n'))
  return path
}

beforeAll(async () => {
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  writeFileSync(credential, CREDENTIAL)
  write(data, people('new', 3))
})
afterAll(() => {
  http.close()
  rmSync(root, { recursive: true, force: true })
})

const judge = (...args: string[]) => {
  const usual = ['--model', 'tiny', '--cache', root, '--out', join(root, 'out'), '--threads', '1']
  const where = ['--server', url, '--credential-file', credential]
  return callEval('judge', '--data', data, ...usual, ...where, ...args)
}

const tinyModel = () => openModel({ cacheFolder: root, name: 'tiny' })

const options = () => ({
  data,
  model: 'tiny',
  cache: root,
  out: join(root, 'out'),
  threads: 1,
  log: () => {},
})

test('of strangers, a prior of people with their preference is found better, and the other way round worse', async () => {
  const model = await tinyModel()
  const others = logsByUser(people('old', 4) as never).map(({ train }) => train)
  const engine = openEngine({ folder: model.folder, oneChild: true, threads: 1 })
  const plan = FederationPlan.parse({
    adapter: { layers: 1, rank: 2, alpha: 4 },
    steps: [{ kind: 'statistics' }, { kind: 'prior', rounds: 2 }],
  })
  const made = { model, engine, memo: new Map(), maxTokens: 64, seed: 1, plan, log: () => {} }
  const { rounds } = await federate({ ...made, logs: others, folder: join(root, 'federation') })
  await engine.close()
  const [before, after] = [rounds[0]!.release, rounds.at(-1)!.release]
  const tests = people('new', 3).filter((line) => line.split === 'test')
  const strangers = { ...options(), data: write(join(root, 'strangers.jsonl'), tests) }
  const better = await verdictOn({ ...strangers, followed: before, release: after })
  expect(better).toMatchObject({ people: 3, choices: 9 })
  expect(better.low).toBeGreaterThan(0)
  const worse = await verdictOn({ ...strangers, followed: after, release: before })
  expect(worse.mean).toBeCloseTo(-better.mean, 12)
  expect(worse.loss).toBeCloseTo(Math.LN2, 6)
})

test('a gated release is followed after its verdict, and nothing is judged twice', async () => {
  const { base, suggestedExit: exitLayer } = await tinyModel()
  const job = tinyJob({
    base,
    exitLayer,
    adapter: { firstLayer: 0, endLayer: 1, modules: ['q'], rank: 2, alpha: 4 },
    features: featureSpace(base.shape.hidden),
    contributions: ['adapter'],
    rounds: 10,
    cohort: { size: 1, goal: 1, minimum: 1 },
  })
  await server.operator.createJob(job)
  const [device] = await enrolledDevices(server, 1)
  expect(await judge()).toMatchObject({ code: 0, stdout: '\n' })
  const { id } = (await server.store.lineages())[0]!
  const staging = { protocol: 1, share: 0, gateMs: 3_600_000, promotes: true }
  await server.operator.call('POST', `/v1/operator/lineages/${id}/stage`, staging)
  const assignment = await device!.join(job)
  await device!.upload(assignment, updateFor(assignment, 'one'))
  await server.settle()
  const dry = await judge('--dry-run', '--json')
  expect(dry).toMatchObject({ code: 0 })
  const newest = async () => (await server.store.releases()).at(-1)!
  expect((await newest()).verdict).toBeUndefined()
  const judged = await judge('--json', '--lineage', id.slice(0, 6))
  expect(judged).toMatchObject({ code: 0, stdout: dry.stdout })
  expect((await newest()).verdict).toMatchObject({ choices: 9 })
})

test('a log without test lines, a missing credential and an unknown lineage are refused', async () => {
  const bare = write(join(root, 'bare.jsonl'), [choice('one', 1)])
  const bytes = new Uint8Array()
  await expect(
    verdictOn({ ...options(), data: bare, followed: bytes, release: bytes }),
  ).rejects.toMatchObject({ code: 'E_DATA' })
  const missing = await judge('--credential-file', join(root, 'none'))
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('E_AUTH')])
  const unknown = await judge('--lineage', 'zzzz')
  expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('E_NO_RELEASE')])
})
