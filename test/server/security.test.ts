// server/SECURITY.md: each promise has its test, and no secret is told.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { seededRng } from '../../adapters/random.ts'
import { createServer } from '../../server/routes/app.ts'
import { openFolder } from '../../server/store/open.ts'
import {
  CREDENTIAL,
  operatorClient,
  START,
  testDevice,
  tinyJob,
  updateFor,
} from '../support/federation-fixture.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const text = read('server/SECURITY.md')
const rows = [
  ...text.matchAll(/^\| (?<promise>[^|]+) \| `(?<file>[^`]+)`: \*(?<name>[^\n]+)\* \|$/gm),
]

test('SECURITY.md has promises against each adversary', () => {
  const parts = text.split('\n## ').slice(1)
  expect(parts).toHaveLength(7)
  for (const part of parts) expect(part).toContain('`test/')
  // Every row of a table is one that the next test looks at.
  expect(rows).toHaveLength(
    text.split('\n').filter((line) => line.includes('`test/') && line.startsWith('|')).length,
  )
})

test.each(rows.map(({ groups }) => [groups!['promise']!, groups!['file']!, groups!['name']!]))(
  '%s',
  (_, file, name) => {
    const source = read(file)
    const quoted = ["'", '"', '`'].some((quote) => source.includes(`${quote}${name}${quote}`))
    expect(quoted, `${file} has no test of this name`).toBe(true)
  },
)

test('no log line and no refusal holds a credential, a token or a key', async () => {
  const lines: string[] = []
  const data = openFolder(':memory:')
  const server = createServer({
    ...data,
    clock: () => START,
    rng: seededRng('server'),
    log: (...entry) => void lines.push(JSON.stringify(entry)),
    config: {
      operatorCredential: CREDENTIAL,
      pace: { soonMs: 1000, laterMs: 60_000 },
      leastCohort: 1,
    },
  })
  const fetch = async (request: Request) => {
    const answer = await server.app.request(request)
    if (!answer.ok) lines.push(await answer.clone().text())
    return answer
  }
  const job = tinyJob({ cohort: { size: 1, goal: 1, minimum: 1 } })
  const operator = operatorClient(fetch)
  await operator.createJob(job)
  const token = await operator.token()
  const device = testDevice(fetch, () => START, 'device')
  await device.enroll(token)
  const assignment = await device.join(job)
  const other = testDevice(fetch, () => START, 'other')
  // What is wrong is told, and not what it was.
  await other.enroll(token)
  await device.upload(assignment, updateFor(assignment, 'a'), 'upload-token-of-another')
  await device.upload(assignment, new Uint8Array(100))
  await operatorClient(fetch, undefined, 'operator-credential-of-nobody').call(
    'POST',
    '/v1/operator/tokens',
  )
  await operator.call('POST', '/v1/operator/server-key')
  await device.upload(assignment, updateFor(assignment, 'a'))
  await server.tick(START)
  const kept = [await data.store.setting('server-key'), await data.store.setting('upload-key')]
  const secrets = [
    CREDENTIAL,
    token.split('.')[0]!,
    assignment.uploadToken,
    'upload-token-of-another',
    'operator-credential-of-nobody',
    device.keys.secretKey,
    JSON.parse(kept[0]!).secretKey as string,
    kept[1]!,
  ]
  expect(lines.length).toBeGreaterThan(6)
  for (const line of lines) for (const secret of secrets) expect(line).not.toContain(secret)
  await server.close()
})
