import { expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import { createServer } from '../../../server/routes/app.ts'
import { openFolder } from '../../../server/store/open.ts'
import { jsonLog } from '../../../server/telemetry/log.ts'
import {
  CREDENTIAL,
  operatorClient,
  START,
  testDevice,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'

test('a line is one JSON object with time, level and event; lesser levels are left out', () => {
  const lines: string[] = []
  const log = jsonLog(
    (line) => lines.push(line),
    () => 0,
    'warn',
  )
  log('info', 'quiet')
  log('error', 'loud', { count: 2 })
  expect(lines).toEqual([
    '{"at":"1970-01-01T00:00:00.000Z","level":"error","event":"loud","count":2}',
  ])
})

test('a whole round, refusals included, logs no credential, token, key or body', async () => {
  const lines: string[] = []
  const server = createServer({
    ...openFolder(':memory:'),
    clock: () => START,
    rng: seededRng('log'),
    log: jsonLog(
      (line) => lines.push(line),
      () => START,
      'debug',
    ),
    config: { operatorCredential: CREDENTIAL, pace: { soonMs: 1, laterMs: 1 }, leastCohort: 1 },
  })
  const fetch = async (request: Request) => server.app.request(request)
  const operator = operatorClient(fetch)
  const spec = tinyJob({ cohort: { size: 1, goal: 1, minimum: 1 } })
  await operator.createJob(spec)
  const device = testDevice(fetch, () => START, 'logged')
  const token = await operator.token()
  await device.enroll(token)
  const assignment = await device.join(spec)
  await device.upload(assignment, new Uint8Array(10))
  await device.upload(assignment, updateFor(assignment, 'a'), 'wrong-upload-token')
  await device.upload(assignment, updateFor(assignment, 'a'))
  await operatorClient(fetch, undefined, 'wrong-credential').call('GET', '/v1/operator/jobs')
  await server.tick(START)
  const text = lines.join('\n')
  expect(text).toContain('round_released')
  expect(text).toContain('E_CONTAINER')
  const { publicKey, secretKey } = device.keys
  for (const secret of [CREDENTIAL, token, assignment.uploadToken, publicKey, secretKey])
    expect(text).not.toContain(secret)
  expect(text).not.toMatch(/wrong-(?:upload-token|credential)|layers\.|length/)
})
