import { describe, expect, test } from 'vitest'
import { decodeRelease } from '../../../adapters/contributions/messages.ts'
import { CheckInResponse } from '../../../adapters/wire/federation.ts'
import { JobResponse } from '../../../adapters/wire/operator.ts'
import {
  codeOf,
  enrolledDevices,
  testServer,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'

describe('the federation server', () => {
  test('a round from the job to the release, as documentation', async () => {
    const server = testServer()
    const spec = tinyJob()
    const job = await server.operator.createJob(spec)
    expect(job.rounds[0]).toMatchObject({ phase: 'collecting', factor: 'B' })

    const [first, second] = await enrolledDevices(server, 2)
    const a = await first!.join(spec)
    const b = await second!.join(spec)
    expect((await first!.release(a.release)).status).toBe(200)
    expect((await first!.upload(a, updateFor(a, 'first'))).status).toBe(202)
    expect((await second!.upload(b, updateFor(b, 'second'))).status).toBe(202)
    await server.settle()

    const ended = await server.operator.job(job.id)
    expect(ended.state).toBe('completed')
    const { header } = decodeRelease(await server.operator.releaseBytes(ended.head!))
    expect(header).toMatchObject({ version: 1, parent: a.release, cohort: 2, basisEpoch: 1 })
    expect(header.segments.map((s) => s.name)).toContain('statistics.scale')
  })

  test('health needs no signature and says the protocol version', async () => {
    const answer = await testServer().app.request('/v1/health')
    expect(await answer.json()).toEqual({ status: 'ok', protocol: 1 })
  })

  test('an unknown route is answered in the envelope with E_NOT_FOUND', async () => {
    const answer = await testServer().app.request('/v1/nothing')
    expect(answer.status).toBe(404)
    expect(await codeOf(answer)).toBe('E_NOT_FOUND')
  })

  test('a failure inside is answered with E_INTERNAL and nothing of its cause', async () => {
    const server = testServer()
    await server.store.close()
    const answer = await server.operator.call('GET', '/v1/operator/jobs')
    expect(answer.status).toBe(500)
    expect(await answer.json()).toEqual({
      error: { code: 'E_INTERNAL', message: 'the server failed; its log says more' },
    })
  })

  test('answers obey the wire schemas', async () => {
    const server = testServer()
    const spec = tinyJob()
    const created = await server.operator.call('POST', '/v1/operator/jobs', {
      protocol: 1,
      job: spec,
    })
    expect(created.status).toBe(201)
    JobResponse.parse(await created.json())
    const [device] = await enrolledDevices(server, 1)
    CheckInResponse.parse(await device!.checkIn(spec))
    CheckInResponse.parse(await device!.checkIn(spec, { choices: '0' }))
  })
})
