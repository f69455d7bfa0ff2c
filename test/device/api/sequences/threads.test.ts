/**
 * Message threads: what the service keeps must not be sent again, and a replay is found by what it
 * holds.
 */
import Anthropic from '@anthropic-ai/sdk'
import { afterEach, expect, test } from 'vitest'
import { said, user } from './conversation.ts'
import { BLOCK, MINUTE, openWorld, systemsIn, type World } from './world.ts'

let world: World
afterEach(() => world.close())

const system = 'Du hilfst in einer Bibliothek.'
const FIRST = 'Wie entstehen Ebbe und Flut, und was hat der Mond damit zu tun?'
const SECOND = 'Und warum ist es an manchen Küsten so viel stärker?'
const THIRD = 'Welche Rolle spielt die Sonne dabei?'
const betas = ['message-threads-2026-08-12']
const create = { thread: { type: 'create' } }
const goOn = (id: string | undefined) => ({
  thread: { type: 'continue', previous_message_id: id },
})

test.each([1, 4])(
  'a thread is created, continued twice, expires and is replayed; copies wanted: %i',
  async (copies) => {
    world = await openWorld({ copies: copies > 1 })
    const app = world.app()
    const say = (body: object) => app.request(body, { betas })
    const first = await say({ system, messages: [user(FIRST)], ...create })
    const [begun] = systemsIn(world)
    expect(begun).toContain(BLOCK)
    const created = world.reached.length
    expect(created).toBe(copies)
    const second = await say({ messages: [user(SECOND)], ...goOn(first.reply?.id) })
    const third = await say({ messages: [user(THIRD)], ...goOn(second.reply?.id) })
    expect([first, second, third].map((t) => t.status)).toEqual([200, 200, 200])
    const continued = world.reached.slice(created)
    expect(continued.map((r) => r.body)).toEqual([
      expect.not.objectContaining({ system: expect.anything() }),
      expect.not.objectContaining({ system: expect.anything() }),
    ])
    expect(world.claude.counts()).toMatchObject({ threadsBegun: copies, threadsContinued: 2 })

    world.pass(6 * MINUTE)
    const late = await say({ messages: [user('Und?')], ...goOn(third.reply?.id) })
    expect([late.status, late.text]).toEqual([404, expect.stringContaining('thread_not_found')])
    const turns = [first, second].flatMap((t, i) => [user([FIRST, SECOND][i]!), said(t.reply!)])
    const messages = [...turns, user(THIRD), said(third.reply!), user('Und?')]
    const replay = await say({ system, messages, ...create })
    expect(replay.status).toBe(200)
    const replayed = systemsIn(world).slice(created + 3)
    expect(replayed).toEqual(replayed.map(() => begun))
    expect(replayed.length).toBeGreaterThan(0)
  },
)

test("a continuation's bytes are the app's own, streamed or not", async () => {
  world = await openWorld({ copies: true })
  const app = world.app()
  const first = await app.request({ system, messages: [user(FIRST)], ...create }, { betas })
  const text = `{ "max_tokens": 1e3, "model":"claude-sonnet-5-5",  "stream": true, "messages":[{"role":"user","content":"Und \\u00e4lter?"}], "thread":{"type":"continue","previous_message_id":"${first.reply?.id}"} }`
  const before = world.reached.length
  const response = await world.through('/v1/messages', text, { 'anthropic-beta': betas[0]! })
  expect(response.status).toBe(200)
  await response.text()
  expect(world.reached.slice(before).map((r) => r.text)).toEqual([text])
})

test('a plain conversation that is continued as a thread goes out once, whatever the device wants', async () => {
  world = await openWorld({ copies: true })
  const app = world.app({ system })
  await app.say(FIRST)
  expect(world.reached).toHaveLength(4)
  const thread = await app.request(
    { messages: [...app.messages, user(SECOND)], ...create },
    { betas },
  )
  const before = world.reached.length
  const next = await app.request(
    { system: undefined, messages: [user(THIRD)], ...goOn(thread.reply?.id) },
    { betas },
  )
  expect([thread.status, next.status]).toEqual([200, 200])
  expect(world.reached.slice(before)).toHaveLength(1)
})

test('the thread of the SDK works as it does without the device', async () => {
  world = await openWorld()
  const client = new Anthropic({
    apiKey: 'k',
    maxRetries: 0,
    fetch: async (url, init) => {
      const headers = Object.fromEntries(new Headers(init?.headers as Record<string, string>))
      return world.call(new URL(String(url)).pathname, { ...(init as RequestInit), headers })
    },
  })
  const model = 'claude-sonnet-5-5'
  const thread = client.beta.messages.thread({ model, max_tokens: 1000, system })
  const ask = (content: string) => thread.send([{ role: 'user', content }])
  await ask(FIRST)
  await ask(SECOND)
  world.pass(6 * MINUTE)
  await ask(THIRD)
  expect(world.claude.counts()).toMatchObject({
    threadsBegun: 2,
    threadsContinued: 1,
    refusedPrefixes: 0,
  })
})

test("Claude Code's continuation, with its attribution block alone, is let through", async () => {
  world = await openWorld()
  const app = world.app()
  const attribution = { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.328;' }
  const prompt = {
    type: 'text',
    text: 'Du schreibst Programme.',
    cache_control: { type: 'ephemeral' },
  }
  const first = await app.request(
    { system: [attribution, prompt], messages: [user(FIRST)], ...create },
    { betas },
  )
  const next = { system: [attribution], messages: [user(SECOND)], ...goOn(first.reply?.id) }
  expect((await app.request(next, { betas })).status).toBe(200)
})
