import { expect, test } from 'vitest'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import { seededRng } from '../../adapters/random.ts'
import { newKeyPair } from '../../adapters/wire/signature.ts'
import { federationClient } from '../../device/federation/client.ts'
import { checkInOf, testServer, tinyJob, updateFor } from '../support/federation-fixture.ts'

const now = { signal: undefined, check: () => {} }

test("the device agent's own client enrols, joins, downloads, uploads and hears refusals by code", async () => {
  const server = testServer()
  const spec = tinyJob({ cohort: { size: 1, goal: 1, minimum: 1 } })
  const job = await server.operator.createJob(spec)
  const client = federationClient({
    serverUrl: 'http://server.test',
    transport: server.fetch,
    key: newKeyPair(),
    clock: server.now,
    rng: seededRng('client'),
    sleep: async () => {},
    log: () => {},
  })
  await client.enroll(await server.operator.token())
  const { protocol: _, ...checkIn } = checkInOf(spec, server.now())
  const answer = await client.checkIn(checkIn, now)
  if (answer.kind !== 'assignment') throw new Error(`no assignment but ${answer.reason}`)
  const { assignment } = answer
  expect(sha256Hex(await client.download(assignment.release, now))).toBe(job.head)

  const { roundId, uploadToken } = assignment
  const bytes = updateFor(assignment, 'a')
  const pending = { jobId: assignment.jobId, roundId, uploadToken, bytes } as Parameters<
    typeof client.upload
  >[0]
  const refused = client.upload({ ...pending, bytes: bytes.subarray(0, -1) }, now)
  await expect(refused).rejects.toMatchObject({ code: 'E_CONTAINER' })
  expect(await client.upload(pending, now)).toMatchObject({ duplicate: false })
  await server.settle()
  expect(await client.upload(pending, now)).toMatchObject({ duplicate: true })
  expect(await client.checkIn(checkIn, now)).toMatchObject({ kind: 'retry', reason: 'no_job' })
  const other = client.upload({ ...pending, bytes: updateFor(assignment, 'b') }, now)
  await expect(other).rejects.toMatchObject({ code: 'E_TWICE' })
})
