/** Which addresses of servers the commands take, and what they say of the others. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { encryption } from '../../../device/commands/doctor-network.ts'
import { openHome, saveConfig } from '../../../device/home/home.ts'
import { testServer } from '../../support/federation-fixture.ts'
import { call } from '../cli-call.ts'
import { temporaryFolder } from '../device-fixture.ts'
import { listen, openProxy } from '../http/proxy.ts'

const root = temporaryFolder()
afterAll(() => rmSync(root, { recursive: true }))
const opened: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})

let folder = ''
let count = 0
beforeEach(async () => {
  folder = join(root, String(count++))
  mkdirSync(folder)
  await call(folder, ['init', '--model', 'tiny'])
})

const home = () => openHome(join(folder, 'home'))
const config = () => readFileSync(join(folder, 'home', 'config.json'), 'utf8')

const plainServer = async (listener: RequestListener) => {
  const server = createServer(listener)
  const port = await listen(server)
  opened.push({
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  })
  return port
}
const federation = () => {
  const server = testServer({ start: Date.now() })
  opened.push(server)
  return server
}
const TOKEN = 'one-time-token-of-an-operator'
const enroll = (
  server: string,
  { token = TOKEN, ...env }: Record<string, string> = {},
  more: string[] = [],
) =>
  call(folder, ['enroll', '--server', server, ...more], {
    env: { LOREWEAVE_ENROLL_TOKEN: token, ...env },
  })

test.each(['http://10.0.0.5:8787', 'http://federation.test', 'http://host.docker.internal:8787'])(
  'enrolling at %s is refused, with what to do, and nothing is sent',
  async (server) => {
    const proxy = await openProxy()
    opened.push(proxy)
    const before = config()
    const result = await enroll(server, { HTTP_PROXY: `http://127.0.0.1:${proxy.port}` })
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(result.stderr).toMatch(/E_INSECURE: .*not encrypted.*https.*enroll --insecure-http/)
    expect(proxy.asked).toEqual([])
    expect(config()).toBe(before)
    expect((await call(folder, ['log'])).stdout).toContain('nothing has left')
  },
)

test('with --insecure-http it enrols, keeps that this is meant, and warns while it is so', async () => {
  const server = federation()
  const port = await plainServer(getRequestListener(server.app.fetch))
  const proxy = await openProxy({ ports: { 'federation.test:80': port } })
  opened.push(proxy)
  expect(encryption(home()).state).toBe('ok')
  const token = await server.operator.token()
  const env = { token, HTTP_PROXY: `http://127.0.0.1:${proxy.port}` }
  const result = await enroll('http://federation.test', env, ['--insecure-http'])
  expect(result.code).toBe(0)
  expect(home().config).toMatchObject({
    server: 'http://federation.test',
    settings: { insecureHttp: true },
  })
  expect((await call(folder, ['status'])).stdout).toMatch(
    /WARNING {3}http:\/\/federation\.test is not encrypted/,
  )
  expect(encryption(home())).toMatchObject({
    state: 'warn',
    what: expect.stringContaining('http://federation.test'),
  })
})

test('on this computer, or over https, nothing need be said and nothing is kept', async () => {
  const server = federation()
  const port = await plainServer(getRequestListener(server.app.fetch))
  for (const host of ['127.0.0.1', 'localhost']) {
    const token = await server.operator.token()
    expect(await enroll(`http://${host}:${port}`, { token }, ['--insecure-http'])).toMatchObject({
      code: 0,
    })
  }
  expect(home().config.settings.insecureHttp).toBe(false)
  expect((await call(folder, ['status'])).stdout).not.toContain('WARNING')
})

test('a home of before with such an address is refused until it says so, and the doctor fails', async () => {
  const before = home()
  saveConfig(before.folder, { ...before.config, server: 'http://federation.test', enrolledAt: 5 })
  await call(folder, ['consent', 'grant'])
  const result = await call(folder, ['participate'])
  expect(result).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/E_INSECURE: http:\/\/federation\.test .*insecureHttp/),
  })
  expect(encryption(home())).toMatchObject({
    state: 'fail',
    mend: expect.stringContaining('loreweave init --insecure-http'),
  })
  await call(folder, ['init', '--insecure-http'])
  expect(home().config.settings.insecureHttp).toBe(true)
  expect(encryption(home()).state).toBe('warn')
})

test('the same rules apply to Claude’s address', async () => {
  const url = 'http://gateway.test:9999'
  const refused = { code: 1, stderr: expect.stringContaining('E_INSECURE') }
  expect(await call(folder, ['init', '--claude-url', url])).toMatchObject(refused)
  expect(await call(folder, ['serve', '--port', '0', '--claude-url', url])).toMatchObject(refused)
  expect(home().config.settings.claudeUrl).toBe('https://api.anthropic.com')
  const meant = await call(folder, ['init', '--claude-url', url, '--insecure-http'])
  expect(meant.code).toBe(0)
  expect(home().config.settings).toMatchObject({ claudeUrl: url, insecureHttp: true })
  expect(await call(folder, ['init', '--claude-url', 'http://other.test'])).toMatchObject({
    code: 0,
  })
})

test.each([
  ['https://ada:secret@federation.test', 'without a user'],
  ['https://federation.test/?a=secret', 'without a user, ? or #'],
  ['https://federation.test/#secret', 'without a user, ? or #'],
  ['ftp://federation.test', 'http or https'],
])('the address %s is refused', async (server, words) => {
  const { code, stderr } = await enroll(server)
  expect(code).toBe(2)
  expect(stderr).toContain(words)
  expect(stderr).not.toContain('secret')
})

test('a server below a path is enrolled with, where its proxy takes the path off', async () => {
  const server = federation()
  const listener = getRequestListener(server.app.fetch)
  const seen: string[] = []
  const port = await plainServer((request, response) => {
    seen.push(request.url ?? '')
    request.url = request.url?.replace(/^\/lore\/weave/, '') ?? ''
    void listener(request, response)
  })
  const token = await server.operator.token()
  const result = await enroll(`http://127.0.0.1:${port}/lore/weave/`, { token })
  expect(result).toMatchObject({ code: 0, stderr: '' })
  expect(seen).toEqual(['/lore/weave/v1/server/key', '/lore/weave/v1/enroll'])
  expect(home().config.server).toBe(`http://127.0.0.1:${port}/lore/weave`)
})

test.each<[string, RequestListener, RegExp]>([
  [
    'that has moved to https',
    (request, response) =>
      response.writeHead(301, { location: `https://federation.test${request.url}` }).end(),
    /E_UPSTREAM: .* has moved to https:\/\/federation\.test: enrol with --server https:\/\/federation\.test,/,
  ],
  [
    'in whose place a network shows its sign-in page',
    (_, response) => response.setHeader('content-type', 'text/html').end('<html>secret'),
    /E_UNAVAILABLE: enroll: a proxy or gateway answered 200 .*sign-in/,
  ],
  [
    'that a firewall forbids',
    (_, response) => response.writeHead(403, { 'content-type': 'text/html' }).end('<html>secret'),
    /E_UNAVAILABLE: enroll: a proxy or gateway answered 403/,
  ],
])('a server %s is reported as such', async (_, listener, words) => {
  const port = await plainServer(listener)
  const { code, stderr } = await enroll(`http://127.0.0.1:${port}`)
  expect(code).toBe(1)
  expect(stderr).toMatch(words)
  expect(stderr).not.toContain('secret')
})
