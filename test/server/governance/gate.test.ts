/** Releases that wait for a verdict, and those that devices promote. */
import { expect, test } from 'vitest'
import type { LineageView } from '../../../adapters/wire/operator.ts'
import {
  enrolledDevices,
  expectRefusal,
  type TestServer,
  testServer,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'

const protocol = 1
const HOUR_MS = 3_600_000

/** A lineage of releases 0 and 1, and a device that makes more. */
const federation = async (staging: object) => {
  const job = tinyJob({ rounds: 20, cohort: { size: 2, goal: 1, minimum: 1 } })
  const server = testServer()
  await server.operator.createJob(job)
  const [maker, other, ...judges] = await enrolledDevices(server, 8)
  const release = async (seed: string) => {
    const assignment = await maker!.join(job)
    await maker!.upload(assignment, updateFor(assignment, seed))
    await server.settle()
    return (await server.store.releases()).at(-1)!.summary.hash
  }
  const first = await release('first')
  const { id } = (await server.store.lineages())[0]!
  await act(server, id, 'stage', staging)
  const followed = async () => (await other!.checkIn(job)).head
  const judge = async (hash: string, difference: number) => {
    for (const device of judges)
      await device.sendJson('POST', `/v1/releases/${hash}/judgement`, { protocol, difference })
  }
  return { server, line: id, release, first, followed, judge }
}

const act = (server: TestServer, line: string, deed: string, body: object = {}) =>
  server.operator.call('POST', `/v1/operator/lineages/${line}/${deed}`, { protocol, ...body })

const verdict = (server: TestServer, hash: string, mean: number) =>
  server.operator.call('POST', `/v1/operator/releases/${hash}/verdict`, {
    ...{ protocol, choices: 100, mean, low: mean - 0.05, high: mean + 0.05 },
    ...{ loss: 0.6, accuracy: 0.7, log: 'a'.repeat(64) },
  })

const lineageOf = async (server: TestServer): Promise<LineageView> => {
  const answer = await server.operator.call('GET', '/v1/operator/lineages')
  return ((await answer.json()) as { lineages: LineageView[] }).lineages[0]!
}

test('nobody follows a release before it has passed the gate', async () => {
  const { server, release, first, followed } = await federation({ share: 1, gateMs: 24 * HOUR_MS })
  const second = await release('second')
  const third = await release('third')
  expect(await followed()).toBe(first)
  expect(await lineageOf(server)).toMatchObject({ head: third, staged: first, promoted: first })
  const answer = await verdict(server, second, 0.02)
  expect(answer.status).toBe(201)
  expect(await answer.json()).toMatchObject({
    release: { hash: second, verdict: { choices: 100, mean: 0.02, by: 'data-folder' } },
  })
  expect(await followed()).toBe(second)
  // An earlier one, judged later, takes nobody back.
  expect((await verdict(server, first, 0.5)).status).toBe(201)
  expect(await followed()).toBe(second)
})

test('a verdict that finds a release worse takes it back', async () => {
  const { server, release, first, followed } = await federation({ share: 0.5, gateMs: HOUR_MS })
  const bad = await release('bad')
  await verdict(server, bad, -0.2)
  expect(await followed()).toBe(first)
  await server.settle()
  const restored = (await server.store.releases()).at(-1)!.summary
  expect(restored).toMatchObject({ restores: 1, version: 3 })
  expect(await followed()).toBe(restored.hash)
  // What was taken back passes no more.
  await verdict(server, bad, 0.5)
  expect(await followed()).toBe(restored.hash)
})

test('with a share of none a verdict alone promotes; without one an alert tells after a while', async () => {
  const staging = { share: 0, gateMs: 2 * HOUR_MS, promotes: true }
  const { server, release, first, followed } = await federation(staging)
  const next = await release('next')
  await server.pass(HOUR_MS)
  const alerts = async () => {
    const answer = await server.operator.call('GET', '/v1/operator/overview')
    return ((await answer.json()) as { alerts: { rule: string; text: string }[] }).alerts
  }
  expect(await alerts()).toEqual([])
  await server.pass(1.5 * HOUR_MS)
  expect(await alerts()).toMatchObject([{ rule: 'gate', text: /has waited 3 h for a verdict/ }])
  expect(await followed()).toBe(first)
  await verdict(server, next, 0)
  await server.settle()
  expect(await followed()).toBe(next)
  expect(await lineageOf(server)).toMatchObject({ promoted: next, promotes: true })
  expect(await alerts()).toEqual([])
})

test('what enough devices find no worse is promoted where the operator asked for it', async () => {
  const { server, release, judge } = await federation({ share: 1, judges: 6, promotes: true })
  const next = await release('next')
  await judge(next, 0.125)
  await server.settle()
  const { promoted, judged } = await lineageOf(server)
  expect(promoted).toBe(next)
  expect(judged).toMatchObject({ devices: 6, mean: 0.125 })
})

test('fewer devices than were asked for neither promote nor halt', async () => {
  const { server, release, first, judge } = await federation({
    share: 1,
    judges: 7,
    promotes: true,
  })
  const next = await release('next')
  await judge(next, -0.5)
  await server.settle()
  expect(await lineageOf(server)).toMatchObject({ promoted: first, head: next })
})

test('a judge may read and give verdicts, and nothing else', async () => {
  const { server, line, release } = await federation({ share: 0.5, gateMs: HOUR_MS })
  const next = await release('next')
  const made = await server.operator.call('POST', '/v1/operator/operators', {
    ...{ protocol, name: 'evaluation machine', role: 'judge' },
  })
  const { token } = (await made.json()) as { token: string }
  const headers = { authorization: `Bearer ${token}` }
  const call = (method: string, path: string, body?: unknown) =>
    server.operator.call(method, path, body, headers)
  expect((await call('GET', `/v1/operator/releases/${next}/bytes`)).status).toBe(200)
  const said = { protocol, choices: 9, mean: 0, low: -0.1, high: 0.1, log: 'b'.repeat(64) }
  expect((await call('POST', `/v1/operator/releases/${next}/verdict`, said)).status).toBe(201)
  const promote = `/v1/operator/lineages/${line}/promote`
  await expectRefusal(await call('POST', promote, { protocol }), 403, 'E_ROLE')
  const unknown = `/v1/operator/releases/${'0'.repeat(64)}/verdict`
  await expectRefusal(await call('POST', unknown, said), 404, 'E_NO_RELEASE')
  const entries = await server.store.auditEntries(0, 100)
  expect(entries.filter(({ action }) => action.endsWith('/verdict'))[0]).toMatchObject({
    target: next,
    outcome: 'asked',
  })
})
