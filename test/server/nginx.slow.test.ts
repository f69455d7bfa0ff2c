import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import { seededRng } from '../../adapters/random.ts'
import type { JobSpecInput } from '../../adapters/wire/jobs.ts'
import { newKeyPair } from '../../adapters/wire/signature.ts'
import { federationClient } from '../../device/federation/client.ts'
import { openTransport } from '../../device/http/transport.ts'
import { credentialFile, serve } from '../../server/commands/serve.ts'
import { checkInOf, largeJob, operatorClient, updateFor } from '../support/federation-fixture.ts'

const hasNginx = spawnSync('nginx', ['-v']).status === 0
if (!hasNginx) console.error('skipped: there is no nginx here')

const ends: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })

const ended = (child: ChildProcess) =>
  new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(0)))

/** A server, and nginx before it with these lines for its place. */
const behindNginx = async (lines: string) => {
  const folder = mkdtempSync(join(tmpdir(), 'loreweave-nginx-'))
  ends.push(() => rmSync(folder, { recursive: true, force: true }))
  const data = join(folder, 'data')
  const pace = { soonMs: 10, laterMs: 10, perSecond: 1000 }
  const server = await serve({
    leastCohort: 1,
    data,
    host: '127.0.0.1',
    port: 0,
    tickMs: 50,
    logLevel: 'error',
    pace,
  })
  ends.push(() => server.close())
  const port = await freePort()
  const conf = join(folder, 'nginx.conf')
  for (const name of ['body', 'proxy']) mkdirSync(join(folder, name))
  writeFileSync(
    conf,
    `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events {}
     http { access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
       fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
       server { listen 127.0.0.1:${port}; location / { proxy_pass ${server.url}; ${lines} } } }`,
  )
  const user = process.getuid?.() === 0 ? ['-g', 'user root;'] : []
  const nginx = spawn('nginx', ['-p', folder, '-c', conf, ...user], { stdio: 'ignore' })
  ends.push(() => {
    nginx.kill('SIGTERM')
    return ended(nginx)
  })
  const url = `http://127.0.0.1:${port}`
  await vi.waitFor(async () => expect((await fetch(`${url}/v1/health`)).status).toBe(200), 10_000)
  const credential = readFileSync(credentialFile(data), 'utf8').trim()
  const operator = operatorClient((request) => fetch(request), server.url, credential)
  const sent: { method: string; bytes: number; status: number }[] = []
  const send = openTransport({}, { insecureHttp: true })
  const client = federationClient({
    serverUrl: url,
    transport: async (request) => {
      const answer = await send(request)
      const bytes = Number(request.headers.get('content-length') ?? 0)
      sent.push({ method: request.method, bytes, status: answer.status })
      return answer
    },
    key: newKeyPair(),
    clock: Date.now,
    rng: seededRng('nginx'),
    sleep: async () => {},
    log: () => {},
  })
  return { operator, client, sent }
}

const leave = { signal: undefined, check: () => {} }

/** Its update has more than nginx takes at once by default. */
const oneDeviceJob = (): JobSpecInput =>
  largeJob({
    contributions: ['adapter'],
    cohort: { size: 1, goal: 1, minimum: 1 },
    rounds: 1,
  })

/** Enrols, takes part, and follows the release. Returns what was sent. */
const wholeRound = async ({ operator, client, sent }: Awaited<ReturnType<typeof behindNginx>>) => {
  const spec = oneDeviceJob()
  const { id } = await operator.createJob(spec)
  await client.enroll(await operator.token())
  const { protocol: _, ...checkIn } = checkInOf(spec, Date.now())
  const answer = await client.checkIn(checkIn, leave)
  if (answer.kind !== 'assignment') throw new Error(answer.reason)
  const { assignment } = answer
  expect(sha256Hex(await client.download(assignment.release, leave))).toBe(assignment.release)
  const bytes = updateFor(assignment, 'a', {
    parts: (parts) =>
      parts.map((part) => ({ ...part, data: Float32Array.from(part.data).map((x) => x / 1000) })),
  })
  expect(bytes.length).toBeGreaterThan(1_048_576)
  await client.upload({ ...assignment, digest: sha256Hex(bytes), bytes, at: 1 }, leave)
  await vi.waitFor(async () => expect((await operator.job(id)).state).toBe('completed'), 30_000)
  const { head } = await operator.job(id)
  expect(sha256Hex(await client.download(head!, leave))).toBe(head)
  return sent
}

const HOST = 'proxy_set_header Host $http_host;'

describe.skipIf(!hasNginx)('behind nginx', () => {
  test('with the documented lines a whole round passes, each update at once', async () => {
    const sent = await wholeRound(await behindNginx(`${HOST} client_max_body_size 64m;`))
    expect(sent.filter(({ bytes }) => bytes > 1_048_576)).toEqual([
      { method: 'PUT', bytes: expect.any(Number), status: 202 },
    ])
  })

  test('with its own limit a whole round passes in pieces', async () => {
    const sent = await wholeRound(await behindNginx(HOST))
    expect(sent.filter(({ status }) => status >= 400)).toEqual([
      { method: 'PUT', bytes: expect.any(Number), status: 413 },
    ])
    expect(sent.filter(({ method }) => method === 'PATCH').length).toBeGreaterThan(1)
  })

  test('with a limit below a piece the device names the line that helps, and checks in as before', async () => {
    const { operator, client } = await behindNginx(`${HOST} client_max_body_size 100k;`)
    const spec = oneDeviceJob()
    await operator.createJob(spec)
    await client.enroll(await operator.token())
    const { protocol: _, ...checkIn } = checkInOf(spec, Date.now())
    const answer = await client.checkIn(checkIn, leave)
    if (answer.kind !== 'assignment') throw new Error(answer.reason)
    const bytes = updateFor(answer.assignment, 'a')
    const upload = { ...answer.assignment, digest: sha256Hex(bytes), bytes, at: 1 }
    await expect(client.upload(upload, leave)).rejects.toMatchObject({
      code: 'E_UNAVAILABLE',
      message: expect.stringContaining('client_max_body_size 64m'),
    })
    expect((await client.checkIn(checkIn, leave)).kind).toBe('assignment')
  })

  test('without the Host header the refusal names it', async () => {
    const { operator, client } = await behindNginx('')
    const enrolling = client.enroll(await operator.token())
    await expect(enrolling).rejects.toMatchObject({
      code: 'E_SIGNATURE',
      message: expect.stringContaining('Host'),
    })
  })
})
