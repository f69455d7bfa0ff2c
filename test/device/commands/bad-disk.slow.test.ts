/**
 * `loreweave serve` while its home is locked by another program, full or read-only, on real disks:
 * 200 requests and a stream go on, status and doctor say what is wrong, and nothing that was to be
 * kept is lost.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { StatusResponse } from '../../../device/api/schemas/personalization.ts'
import { call } from '../cli-call.ts'
import { run, start } from '../cli-process.ts'
import { temporaryFolder } from '../device-fixture.ts'

const REQUESTS = 200
const EVERY_MS = 20
const STREAMED = 400

/** Claude: an answer at once, or a stream of a word every 20 ms. */
const event = (data: { readonly type: string; readonly [name: string]: unknown }) =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
const message = (n: number) => ({
  id: `msg_${n}`,
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-5',
  content: [{ type: 'text', text: `Answer ${n}.` }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 10, output_tokens: 5 },
})
const stream = async (response: ServerResponse, n: number): Promise<void> => {
  response.setHeader('content-type', 'text/event-stream')
  response.write(event({ type: 'message_start', message: { ...message(n), content: [] } }))
  const delta = { type: 'text_delta', text: 'word ' }
  for (let i = 0; i < STREAMED; i++) {
    response.write(event({ type: 'content_block_delta', index: 0, delta }))
    await wait(EVERY_MS)
  }
  response.end(event({ type: 'message_stop' }))
}

let claude: Server
let claudeUrl = ''
beforeAll(async () => {
  let n = 0
  claude = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    if (JSON.parse(text).stream) return stream(response, ++n)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(message(++n)))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => claude.once('listening', resolve))
  claudeUrl = `http://127.0.0.1:${(claude.address() as AddressInfo).port}`
})
afterAll(() => claude.close())

let folder = ''
let home = ''
const ends: (() => unknown)[] = []
beforeEach(async () => {
  folder = temporaryFolder()
  home = join(folder, 'home')
  mkdirSync(home, { mode: 0o700 })
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  rmSync(folder, { recursive: true })
})

const init = async () => {
  await call(folder, ['init', '--model', 'tiny', '--threads', '1'])
  await call(folder, ['profile', 'set', 'emoji', 'less'])
}

const serve = async () => {
  const child = start(folder, ['serve', '--port', '0', '--threads', '1', '--claude-url', claudeUrl])
  ends.push(() => end(child))
  let log = ''
  child.stderr.on('data', (data) => {
    log += data
  })
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (data) => resolve(JSON.parse(String(data).split('\n')[0]!).url))
    child.on('close', () => reject(new Error(log)))
  })
  const token = readFileSync(join(home, 'device-token'), 'utf8').trim()
  const post = (path: string, body: object, headers: Record<string, string>) =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  const own = { authorization: `Bearer ${token}` }
  return {
    child,
    changes: () => log.split('\n').filter((line) => line.includes('"event":"store"')),
    ask: (n: number, more: object = {}) => {
      const content = `Wie entsteht Ebbe Nummer ${n}, und was hat der Mond damit zu tun?`
      const messages = [{ role: 'user', content }]
      return post(
        '/v1/messages',
        { model: 'claude-sonnet-5', max_tokens: 50, messages, ...more },
        { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' },
      )
    },
    thumb: (decisionId: string) =>
      post('/v1/feedback', { protocol: 1, event: { kind: 'thumbs', decisionId, value: 1 } }, own),
    store: async () => {
      const response = await fetch(`${url}/v1/status`, { headers: own })
      return ((await response.json()) as StatusResponse).store!
    },
  }
}
const end = async (child: ChildProcess) => {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await new Promise((resolve) => child.once('close', resolve))
}

/** The largest gap of a stream, in milliseconds. */
const gapOf = async (response: Response): Promise<number> => {
  let last = performance.now()
  let gap = 0
  for await (const _ of response.body as unknown as AsyncIterable<Uint8Array>) {
    gap = Math.max(gap, performance.now() - last)
    last = performance.now()
  }
  return gap
}

const LOCK = `
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)
db.execute('BEGIN EXCLUSIVE')
print('locked', flush=True)
time.sleep(600)
`
type Trouble = { readonly begin: () => Promise<void> | void; readonly mend: () => void }

const locked = (): Trouble => {
  let other: ChildProcess
  return {
    begin: async () => {
      other = spawn('python3', ['-c', LOCK, join(home, 'loreweave.db')], { stdio: 'pipe' })
      ends.push(() => other.kill('SIGKILL'))
      await new Promise((resolve) => other.stdout?.once('data', resolve))
    },
    mend: () => void other.kill('SIGKILL'),
  }
}

const canMount = process.platform === 'linux' && process.getuid?.() === 0
const sh = (...args: [string, ...string[]]) =>
  execFileSync(args[0], args.slice(1), { stdio: 'ignore' })
const onTmpfs = () => {
  sh('mount', '-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', home)
  ends.push(() => sh('umount', '-l', home))
  sh('chmod', '700', home)
}

const full = (): Trouble => ({
  begin: () => {
    const file = openSync(join(home, 'filler'), 'w')
    for (const size of [65_536, 4096, 1])
      try {
        for (;;) writeSync(file, Buffer.alloc(size, 1))
      } catch {
        // No room for so much.
      }
    closeSync(file)
  },
  mend: () => rmSync(join(home, 'filler')),
})

const readOnly = (): Trouble => ({
  begin: () => {
    sh('mount', '--bind', home, home)
    ends.push(() => sh('umount', '-l', home))
    sh('mount', '-o', 'remount,ro,bind', home)
  },
  mend: () => sh('mount', '-o', 'remount,rw,bind', home),
})

const goesOn = async (
  trouble: Trouble,
  { cause, isFromTheStart }: { cause: string; isFromTheStart: boolean },
) => {
  if (isFromTheStart) await trouble.begin()
  const server = await serve()
  await (await server.ask(-1)).text()
  if (!isFromTheStart) await trouble.begin()
  const streaming = server.ask(-2, { stream: true }).then(gapOf)
  const ids: string[] = []
  for (let n = 0; n < REQUESTS; n++) {
    const response = await server.ask(n)
    expect([response.status, await response.text()]).toEqual([
      200,
      expect.stringContaining('Answer'),
    ])
    ids.push(response.headers.get('loreweave-decision') ?? '')
  }
  expect(ids.every((id) => id.startsWith('d_'))).toBe(true)
  await vi.waitFor(async () => expect(await server.store()).toMatchObject({ cause }), 10_000)
  const refused = await server.thumb(ids[0]!)
  expect([refused.status, await refused.text()]).toEqual([503, expect.stringContaining('E_STORE')])
  const { what } = await server.store()
  expect((await run(folder, ['status'])).stdout).toContain(`WARNING   nothing is stored: ${what}`)
  const doctor = await run(folder, ['doctor', '--offline', '--json'])
  const checks = JSON.parse(doctor.stdout).checks as { name: string; state: string; what: string }[]
  expect(checks.find(({ name }) => name === 'store')).toMatchObject({
    state: 'fail',
    what: expect.stringContaining(what!),
  })
  // Others measure in milliseconds; a wait for a lock or a disk would take seconds.
  expect(await streaming).toBeLessThan(4000)
  trouble.mend()
  await vi.waitFor(async () => expect(await server.store()).toMatchObject(WELL), 20_000)
  expect((await server.thumb(ids[0]!)).status).toBe(200)
  const states = server.changes().map((line) => JSON.parse(line).state)
  expect(states).toEqual(['waiting', 'ok'])
  await end(server.child)
  const log = JSON.parse((await run(folder, ['log', '--json', '--limit', '1000'])).stdout)
  expect(log.entries).toHaveLength(REQUESTS + 2)
}
const WELL = { state: 'ok', queued: 0, dropped: 0 }

describe.each([
  [false, 'while apps are served'],
  [true, 'from the beginning'],
])('', (isFromTheStart, when) => {
  test(`a home that another program has locked ${when}`, async () => {
    await init()
    await goesOn(locked(), { cause: 'locked', isFromTheStart })
  }, 120_000)

  test.runIf(canMount)(
    `a home that is full ${when}`,
    async () => {
      onTmpfs()
      await init()
      await goesOn(full(), { cause: 'full', isFromTheStart })
    },
    120_000,
  )
})

test.runIf(canMount)(
  'a home that is read-only from the beginning',
  async () => {
    await init()
    await goesOn(readOnly(), { cause: 'read_only', isFromTheStart: true })
  },
  120_000,
)
