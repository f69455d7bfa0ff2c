/** Bodies that the device does not read are passed on as they are and while they come. */
import { createHash } from 'node:crypto'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import type { ArrivedRequest } from '../../../../eval/claude/claude.ts'
import { type Block, readTold, said, type Turn, user } from './conversation.ts'
import { BLOCK, openWorld, systemsIn, type World } from './world.ts'

let world: World
afterEach(() => world.close())

const MIB = 2 ** 20
const FIRST = 'Wie entstehen Ebbe und Flut, und was hat der Mond damit zu tun?'

/** So many pieces of a MiB, made as they are asked for. made: how many were. */
const pieces = (all: number, piece: Uint8Array) => {
  const hash = createHash('sha256')
  const state = { made: 0 }
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (state.made === all) return controller.close()
        state.made++
        hash.update(piece)
        controller.enqueue(piece)
      },
    },
    { highWaterMark: 0 },
  )
  return { body, state, sha256: () => hash.digest('hex') }
}

test.each([
  ['/v1/files', 'application/octet-stream'],
  ['/v1/messages/batches', 'application/json'],
])('100 MiB to %s are passed on while they come', async (path, type) => {
  const arrived: ArrivedRequest[] = []
  let atSend = -1
  const piece = new Uint8Array(MIB).fill(32)
  const source = pieces(100, piece)
  world = await openWorld({
    claude: { onRequest: (request) => arrived.push(request) },
    onSend: () => {
      atSend = source.state.made
    },
  })
  const init = { body: source.body, duplex: 'half', headers: { 'content-type': type } }
  const response = await world.call(path, init as RequestInit)
  // A hundred MiB of spaces are no batch, as Claude itself says.
  expect(response.status).toBe(path === '/v1/files' ? 200 : 400)
  expect(arrived.map((a) => [a.path, a.size, a.sha256])).toEqual([
    [path, 100 * MIB, source.sha256()],
  ])
  expect(atSend).toBeGreaterThanOrEqual(0)
  expect(atSend).toBeLessThan(20)
})

test('a compressed request for a stream is passed on as it is, and its answer while it comes', async () => {
  let waits = 0
  // After a few events Claude says nothing more.
  const sleep = () => (++waits > 4 ? new Promise<void>(() => {}) : Promise.resolve())
  const arrived: ArrivedRequest[] = []
  world = await openWorld({
    claude: { badDays: { 1: 'slow' }, sleep, onRequest: (request) => arrived.push(request) },
  })
  const body = gzipSync(
    JSON.stringify({
      model: 'claude-sonnet-5-5',
      max_tokens: 1000,
      stream: true,
      messages: [user(FIRST)],
    }),
  )
  const response = await Promise.race([
    world.call('/v1/messages', { body, headers: { 'content-encoding': 'gzip' } }),
    new Promise<null>((done) => setTimeout(() => done(null), 2000)),
  ])
  expect(response?.status).toBe(200)
  const reader = response!.body!.getReader()
  const first = await reader.read()
  expect(new TextDecoder().decode(first.value)).toContain('message_start')
  await reader.cancel()
  expect(Buffer.from(arrived[0]!.body!).equals(body)).toBe(true)
})

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
] as const)(
  'a conversation of which only long requests are compressed keeps its block: %s',
  async (coding, compress) => {
    world = await openWorld()
    const app = world.app()
    await app.say(FIRST)
    const begun = world.reached.length
    const ask = (content: string, isStream: boolean) => {
      const messages = [...app.messages, user(content)]
      const fields = { model: 'claude-sonnet-5-5', max_tokens: 1000, stream: isStream, messages }
      return world
        .call('/v1/messages', {
          body: compress(JSON.stringify(fields)),
          headers: { 'content-encoding': coding },
        })
        .then(readTold)
    }
    const second = await ask('Und im Winter?', true)
    expect([second.status, second.reply ? '' : second.text]).toEqual([200, ''])
    app.messages.push(user('Und im Winter?'), said(second.reply!))
    // Its own thinking alone names the conversation by then.
    const [question, { content }, ...rest] = app.messages as [Turn, Turn, ...Turn[]]
    const words = (content as Block[]).filter((block) => block.type === 'text')
    app.messages.splice(
      0,
      app.messages.length,
      question,
      { role: 'assistant', content: words },
      ...rest,
    )
    expect((await ask('Und bei Sturm?', false)).status).toBe(200)
    expect((await app.say('Und bei Nacht?')).status).toBe(200)
    expect(world.reached).toHaveLength(begun + 3)
    expect(world.claude.counts()).toMatchObject({ refusedPrefixes: 0, droppedThinking: 0 })
  },
)

test('a Python client that waits 20 seconds in all gets a retry-after of 30 at once', async () => {
  const waits: number[] = []
  world = await openWorld({
    claude: { badDays: () => 'overloaded-long' },
    retries: 2,
    sleep: async (ms) => void waits.push(ms),
  })
  const headers = {
    'x-stainless-lang': 'python',
    'x-stainless-retry-count': '0',
    'x-stainless-timeout': 'NOT_GIVEN',
    'x-stainless-read-timeout': '20',
  }
  const { status, headers: told } = await world.app().say(FIRST, { headers })
  expect([status, told.get('retry-after')]).toEqual([529, '30'])
  expect(waits).toEqual([])
  expect(world.reached).toHaveLength(1)
})

const attribution = {
  type: 'text',
  text: 'x-anthropic-billing-header: cc_version=2.1.328; cc_entrypoint=cli;',
}
const marked = (text: string) => ({ type: 'text', text, cache_control: { type: 'ephemeral' } })

test.each([
  ['a request without tools', [attribution, marked('Du schreibst Programme.')]],
  ['a side request', [attribution, { type: 'text', text: 'Gib der Unterhaltung einen Titel.' }]],
])('%s of Claude Code arrives byte for byte', async (_, system) => {
  world = await openWorld({ copies: true })
  const body = { model: 'claude-sonnet-5-5', max_tokens: 1000, system, messages: [user(FIRST)] }
  const text = JSON.stringify(body, null, 1)
  const response = await world.through('/v1/messages?beta=true', text)
  expect(response.status).toBe(200)
  expect(world.reached.map((r) => [r.path, r.text])).toEqual([['/v1/messages?beta=true', text]])
  await world.app().say(FIRST)
  expect(systemsIn(world).at(-1)).toContain(BLOCK)
})
