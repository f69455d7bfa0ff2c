import { expect, test } from 'vitest'
import type { JobChange } from '../../../adapters/wire/jobs.ts'
import { jobChanges } from '../../../server/governance/job-changes.ts'
import { expectRefusal, scene, testServer, updateFor } from '../../support/federation-fixture.ts'

test('the stream begins with the jobs that run, and ends when the server does', async () => {
  const { server, jobId } = await scene()
  const answer = await server.operator.call('GET', '/v1/operator/events')
  expect(answer.headers.get('content-type')).toContain('text/event-stream')
  const reader = answer.body!.getReader()
  const first = new TextDecoder().decode((await reader.read()).value)
  expect(first).toMatch(/^event: job\ndata: /)
  expect(JSON.parse(first.split('data: ')[1]!)).toMatchObject({
    id: jobId,
    state: 'running',
    round: { phase: 'collecting', assigned: 1, received: 0 },
  })
  server.drain()
  while (!(await reader.read()).done);
})

test('needs an operator', async () => {
  const server = testServer()
  await expectRefusal(
    await server.app.request('http://server.test/v1/operator/events'),
    401,
    'E_AUTH',
  )
})

test('each change is told once, and the end of a job too', async () => {
  const { server, jobId, device, assignment } = await scene()
  const over = new AbortController()
  const seen: JobChange[] = []
  const deeds = [
    () => device.upload(assignment, updateFor(assignment, 'a')),
    async () => {},
    () => server.operator.call('POST', `/v1/operator/jobs/${jobId}/cancel`),
    async () => over.abort(),
  ]
  const wait = async () => void (await deeds.shift()!())
  for await (const change of jobChanges(server.store, wait, over.signal))
    if (change) seen.push(change)
  expect(seen.map(({ state, round }) => [state, round?.phase, round?.received])).toEqual([
    ['running', 'collecting', 0],
    ['running', 'collecting', 1],
    ['cancelled', 'abandoned', 1],
  ])
})
