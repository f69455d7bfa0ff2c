import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import { openLocalServer } from '../../../eval/population/local-server.ts'
import { tinyJob } from '../../support/federation-fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'loreweave-local-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the ids of jobs and rounds follow the stream of the caller, credentials do not', async () => {
  const [a, b] = [await openLocalServer(':memory:', 1000), await openLocalServer(':memory:', 1000)]
  const jobOf = (server: typeof a) => server.createJob(tinyJob(), 'key', seededRng('s'))
  const [first, second] = [await jobOf(a), await jobOf(b)]
  expect(second).toEqual(first)
  expect(await a.tokens(2)).not.toEqual(await b.tokens(2))
  expect(await a.createJob(tinyJob(), 'key', seededRng('other'))).toEqual(first)
  await a.close()
  await b.close()
})

test('what the server refuses is thrown with its code', async () => {
  const server = await openLocalServer(':memory:', 1000)
  await expect(server.job('job-unknown')).rejects.toMatchObject({ code: 'E_NO_JOB' })
  await expect(server.release('0'.repeat(64))).rejects.toMatchObject({ code: 'E_NO_RELEASE' })
  await server.close()
})

test('a folder is one server at a time', async () => {
  const server = await openLocalServer(join(folder, 'one'), 1000)
  await expect(openLocalServer(join(folder, 'one'), 1000)).rejects.toMatchObject({
    code: 'E_CONFLICT',
  })
  await server.close()
})
