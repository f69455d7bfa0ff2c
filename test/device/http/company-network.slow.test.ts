/** Programs as a user starts them, in a network whose only way out is a proxy that opens connections. */
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer } from 'node:https'
import { getRequestListener } from '@hono/node-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Check } from '../../../device/commands/doctor-checks.ts'
import { testServer } from '../../support/federation-fixture.ts'
import { call, type Result } from '../cli-call.ts'
import { resultOf, run as runIn, start } from '../cli-process.ts'
import { temporaryFolder } from '../device-fixture.ts'
import { AUTHORITY, listen, type OpenProxy, openProxy, TLS } from './proxy.ts'

const folder = temporaryFolder()
const federation = testServer({ start: Date.now() })
let proxy: OpenProxy
const opened: { close(): unknown }[] = []

beforeAll(async () => {
  const claude = createServer(TLS, (request, response) => {
    if (request.url?.startsWith('/v1/')) response.setHeader('content-type', 'application/json')
    else response.statusCode = 404
    response.end('{"type":"message","content":[]}')
  })
  const server = createServer(TLS, getRequestListener(federation.app.fetch))
  proxy = await openProxy({
    ports: { 'claude.test:443': await listen(claude), 'federation.test:443': await listen(server) },
  })
  opened.push(claude, server, proxy, federation)
  await call(folder, ['init', '--model', 'tiny', '--claude-url', 'https://claude.test'])
}, 60_000)

afterAll(async () => {
  for (const one of opened) await one.close()
  rmSync(folder, { recursive: true })
})

const SECRET = 'ada:s3cret'
const env = (more: Record<string, string> = {}) => ({
  HTTPS_PROXY: `http://${SECRET}@127.0.0.1:${proxy.port}`,
  NODE_EXTRA_CA_CERTS: AUTHORITY,
  NO_PROXY: '',
  no_proxy: '',
  ...more,
})
const run = async (args: string[], more: Record<string, string> = {}): Promise<Result> => {
  const result = await runIn(folder, args, { env: env(more) })
  expect(result.stdout + result.stderr).not.toContain('s3cret')
  return result
}
/** What was asked of the proxy meanwhile. */
const asking = async <T>(work: Promise<T>): Promise<{ result: T; asked: string[] }> => {
  const before = proxy.asked.length
  return { result: await work, asked: proxy.asked.slice(before) }
}

/** One answer of a served device, and what of it the proxy saw. */
const served = async (more: Record<string, string> = {}) => {
  const child = start(folder, ['serve', '--port', '0'], env(more))
  const ended = resultOf(child)
  try {
    const [line] = await once(child.stdout, 'data')
    const { url } = JSON.parse(String(line)) as { url: string }
    const headers = { 'x-api-key': 'k', 'content-type': 'application/json' }
    const body = '{"model":"claude-sonnet-5","max_tokens":9,"messages":[]}'
    const { result, asked } = await asking(
      fetch(`${url}/v1/messages`, { method: 'POST', headers, body }),
    )
    return { status: result.status, text: await result.text(), asked }
  } finally {
    child.kill('SIGTERM')
    expect((await ended).stderr).not.toContain('s3cret')
  }
}

const doctor = async (more: Record<string, string> = {}) => {
  const { stdout } = await run(['doctor', '--json'], more)
  const { checks } = JSON.parse(stdout) as { checks: Check[] }
  return (name: string) => checks.find((check) => check.name === name)
}

test('Claude, the federation, model files and the doctor go through the proxy, and its authority is trusted', async () => {
  const claude = await served()
  expect(claude).toMatchObject({ status: 200, asked: ['claude.test:443'] })
  expect(claude.text).toContain('"message"')

  const token = await federation.operator.token()
  const enrolled = await asking(
    run(['enroll', '--server', 'https://federation.test'], { LOREWEAVE_ENROLL_TOKEN: token }),
  )
  expect(enrolled).toMatchObject({ result: { code: 0 }, asked: ['federation.test:443'] })
  await run(['consent', 'grant'])
  const round = await asking(run(['participate', '--json']))
  expect(round).toMatchObject({ result: { code: 0 }, asked: ['federation.test:443'] })
  expect(JSON.parse(round.result.stdout)).toMatchObject({ ended: 'no_job' })

  const model = await asking(
    run(['model', 'pull', '--source', 'hub'], { HF_ENDPOINT: 'https://claude.test' }),
  )
  expect(model.asked).toEqual(['claude.test:443'])
  expect(model.result.stderr).toContain('hub: answered 404')

  const { result: check, asked } = await asking(doctor())
  expect(asked.sort()).toEqual(['claude.test:443', 'federation.test:443'])
  const way = `through the proxy http://127.0.0.1:${proxy.port} (HTTPS_PROXY)`
  for (const name of ['claude', 'server'])
    expect(check(name)).toMatchObject({ state: 'ok', what: expect.stringContaining(way) })
  expect(check('authorities')).toMatchObject({
    state: 'ok',
    what: expect.stringContaining('1 from'),
  })
  expect(check('encryption')?.state).toBe('ok')
  expect(new Set(proxy.credentials)).toEqual(
    new Set([`Basic ${Buffer.from(SECRET).toString('base64')}`]),
  )
}, 120_000)

test('an unknown certificate authority is named in the app’s answer and by doctor', async () => {
  const unknown = { NODE_EXTRA_CA_CERTS: '' }
  const claude = await served(unknown)
  expect(claude.status).toBe(502)
  expect(JSON.parse(claude.text).error).toMatchObject({
    code: 'E_UPSTREAM',
    message: expect.stringMatching(/^no answer from claude\.test: .*NODE_EXTRA_CA_CERTS/),
  })
  const check = await doctor(unknown)
  expect(check('claude')).toMatchObject({
    state: 'fail',
    what: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    mend: expect.stringContaining('export NODE_EXTRA_CA_CERTS='),
  })
  const missing = await doctor({ NODE_EXTRA_CA_CERTS: '/nowhere/ca.pem' })
  expect(missing('authorities')).toMatchObject({
    state: 'fail',
    what: expect.stringContaining('/nowhere/ca.pem'),
  })
}, 120_000)

test('a proxy that is reached over TLS serves as well', async () => {
  const secure = await openProxy({ isSecure: true })
  opened.push(secure)
  const more = { HTTPS_PROXY: `https://localhost:${secure.port}` }
  const { status, text } = await served(more)
  expect(secure.asked).toEqual(['claude.test:443'])
  expect(status).toBe(502)
  expect(text).toContain(`the proxy https://localhost:${secure.port} answered 403`)
}, 60_000)

test('where there is no proxy the doctor says so, and advises the way that it went', async () => {
  const { stdout } = await call(folder, ['doctor', '--json'], { env: { HTTPS_PROXY: '' } })
  const claude = (JSON.parse(stdout) as { checks: Check[] }).checks.find(
    ({ name }) => name === 'claude',
  )
  expect(claude).toMatchObject({
    state: 'fail',
    what: expect.stringContaining('without a proxy: none is set'),
    mend: "curl -I --noproxy '*' https://claude.test",
  })
}, 60_000)

test('a proxy’s refusal is explained, with what to do', async () => {
  const strict = await openProxy({ answer: 'HTTP/1.1 407 No\r\n\r\n' })
  opened.push(strict)
  const address = `http://127.0.0.1:${strict.port}`
  const refusing = { env: { HTTPS_PROXY: address, LOREWEAVE_ENROLL_TOKEN: 'x'.repeat(20) } }
  const { stdout } = await call(folder, ['doctor', '--json'], refusing)
  const { checks } = JSON.parse(stdout) as { checks: Check[] }
  expect(checks.find(({ name }) => name === 'claude')).toMatchObject({
    state: 'fail',
    what: expect.stringContaining('it requires a user and a password'),
    mend: expect.stringContaining(
      `export HTTPS_PROXY=http://USER:PASSWORD@127.0.0.1:${strict.port}`,
    ),
  })
  const before = strict.asked.length
  const enrolled = await call(folder, ['enroll', '--server', 'https://other.test'], refusing)
  expect(enrolled).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/E_UNAVAILABLE.*answered 407: it requires a user/),
  })
  expect(strict.asked.slice(before)).toEqual(['other.test:443'])
}, 60_000)
