import { expect, test } from 'vitest'
import {
  EMPTY_LOG,
  follows,
  type LogEntry,
  type LogHead,
  LogResponse,
} from '../../../adapters/wire/release-log.ts'
import {
  enrolledDevices,
  scene,
  type TestDevice,
  testServer,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'

const job = tinyJob({ rounds: 4, cohort: { size: 1, goal: 1, minimum: 1 } })

const get = async (server: ReturnType<typeof testServer>, device: TestDevice, after = 0) => {
  const answer = await server.fetch(device.signed('GET', `/v1/log?after=${after}`))
  return LogResponse.parse(await answer.json())
}

const expectChain = (entries: readonly LogEntry[], from: LogHead = EMPTY_LOG) => {
  let head = from
  for (const entry of entries) {
    expect(follows(entry, head)).toBe(true)
    head = entry
  }
}

test('has every release in its order, and goes on from any entry', async () => {
  const { server, device, assignment } = await scene(job)
  const first = await get(server, device)
  expect(first.entries).toMatchObject([{ version: 0, release: assignment.release, cohort: 0 }])
  expect((await device.upload(assignment, updateFor(assignment, 'a'))).status).toBe(202)
  await server.settle()
  const { head } = await server.operator.job(assignment.jobId)
  const all = await get(server, device)
  expect(all).toMatchObject({
    size: 2,
    entries: [first.entries[0]!, { version: 1, release: head }],
  })
  expectChain(all.entries)
  const rest = await get(server, device, 1)
  expect(rest.entries).toEqual(all.entries.slice(1))
  expectChain(rest.entries, first.entries[0]!)
})

test('a rollback is a further entry: the log says what happened', async () => {
  const { server, device, assignment } = await scene(job)
  await device.upload(assignment, updateFor(assignment, 'a'))
  await server.settle()
  const [lineage] = await server.store.lineages()
  const path = `/v1/operator/lineages/${lineage!.id}/rollback`
  await server.operator.call('POST', path, { protocol: 1, version: 0 })
  const { entries } = await get(server, device)
  expect(entries.map(({ version }) => version)).toEqual([0, 1, 2])
  expectChain(entries)
})

test('two servers on one store write one log, also when they are asked at once', async () => {
  const { server, device, assignment } = await scene(job)
  await device.upload(assignment, updateFor(assignment, 'a'))
  await server.settle()
  const second = testServer({ data: server.data, seed: 'second' })
  const logs = await Promise.all([get(server, device), get(second, device), get(server, device)])
  expect(logs[1]).toEqual(logs[0])
  expect(logs[2]).toEqual(logs[0])
})

test('after a new key earlier entries stay as they are, and later ones are signed by it', async () => {
  const { server, device, assignment } = await scene(job)
  const before = await get(server, device)
  await server.operator.call('POST', '/v1/operator/server-key')
  await device.upload(assignment, updateFor(assignment, 'a'))
  await server.settle()
  const { entries } = await get(server, device)
  expect(entries[0]).toEqual(before.entries[0])
  expect(entries[1]!.key).not.toBe(entries[0]!.key)
  expectChain(entries)
})

test('releases of several lineages share one log', async () => {
  const server = testServer()
  await server.operator.createJob(job)
  await server.operator.createJob(tinyJob({ adapter: { ...job.adapter, rank: 1 } }))
  const [device] = await enrolledDevices(server, 1)
  const { entries } = await get(server, device!)
  expect(new Set(entries.map(({ lineage }) => lineage)).size).toBe(2)
  expectChain(entries)
})
