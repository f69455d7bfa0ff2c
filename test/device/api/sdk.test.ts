/**
 * The real SDK through the device: an app sees what it would see of Claude itself, on good days and
 * on bad ones.
 */
import Anthropic from '@anthropic-ai/sdk'
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'
import { afterEach, describe, expect, test } from 'vitest'
import { serveApi } from '../../../device/api/serve.ts'
import { BAD_DAY_NAMES, BAD_DAYS, type BadDayPlan } from '../../../eval/claude/bad-days.ts'
import { startClaude } from '../../../eval/claude/serve.ts'
import { DEVICE_TOKEN, fakeDevice, fakeInspection, planOf, soon } from './fakes.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

const identity = async () => ({
  decisionId: 'd1',
  system: null,
  block: null,
  preferences: [],
  reason: 'none_relevant' as const,
})

const claudeOn = async (badDays: BadDayPlan = {}, sleep: () => Promise<void> = soon) => {
  const running = await startClaude({ seed: 1, badDays, sleep })
  open.push(running)
  return running.url
}

/** A device that adds nothing, before a Claude; sent: what it asked, and the bytes that came. */
const deviceOn = async (badDays: BadDayPlan = {}, candidates = 1, sleep = soon) => {
  const claudeUrl = await claudeOn(badDays, sleep)
  const sent: { path: string; signal: AbortSignal; body: Promise<string> }[] = []
  const { device } = fakeDevice({ rewrite: identity, planCandidates: () => planOf(candidates) })
  const api = await serveApi(
    {
      device,
      inspection: fakeInspection(),
      deviceToken: DEVICE_TOKEN,
      claudeKey: null,
      claudeUrl,
      transport: async (request) => {
        const response = await fetch(request)
        const { pathname, search } = new URL(request.url)
        const copy = response.clone()
        const body = copy.text().catch(() => 'lost')
        sent.push({ path: pathname + search, signal: request.signal, body })
        return response
      },
      clock: () => 1000,
      sleep: soon,
      logOutgoing: () => {},
      report: () => {},
      settings: { retries: 0 },
    },
    0,
  )
  open.push(api)
  return { url: `http://127.0.0.1:${api.port}`, sent }
}

const clientOf = (baseURL: string, defaultHeaders: Record<string, string> = {}) =>
  new Anthropic({ apiKey: 'k', baseURL, maxRetries: 0, logLevel: 'off', defaultHeaders })

const asked = {
  model: 'claude-sonnet-5-5',
  max_tokens: 2000,
  messages: [{ role: 'user' as const, content: 'Why do the tides rise and fall?' }],
}
const thinking = { type: 'adaptive' as const, display: 'summarized' as const }
const weather = {
  name: 'weather',
  description: 'Of a place',
  input_schema: { type: 'object' as const, properties: { place: { type: 'string' as const } } },
}
const askedForTool = { ...asked, messages: [{ role: 'user' as const, content: 'Use the tool.' }] }

const streamed = async (client: Anthropic, body: object) => {
  const stream = client.messages.stream({ ...asked, ...body })
  const events: unknown[] = []
  // The SDK goes on writing into an event's message.
  stream.on('streamEvent', (event) => events.push(structuredClone(event)))
  return { message: await stream.finalMessage(), events }
}

const SCENARIOS: Record<string, (client: Anthropic) => Promise<unknown>> = {
  'a message': (client) => client.messages.create(asked),
  'a message with thinking and its signature': (client) =>
    client.messages.create({ ...asked, thinking }),
  'a stream': (client) => streamed(client, {}),
  'a stream with thinking': (client) => streamed(client, { thinking }),
  'a stream that calls a tool': (client) => streamed(client, { ...askedForTool, tools: [weather] }),
  'raw events': async (client) => {
    const events = []
    for await (const event of await client.messages.create({ ...asked, stream: true }))
      events.push(event)
    return events
  },
  'a tool that must be called': (client) =>
    client.messages.create({
      ...asked,
      tools: [weather],
      tool_choice: { type: 'tool', name: 'weather' },
    }),
  'the tool runner': async (client) => {
    const calls: unknown[] = []
    const { input_schema: inputSchema, ...rest } = weather
    const tool = betaTool({
      ...rest,
      inputSchema,
      run: (input) => {
        calls.push(input)
        return 'Rain.'
      },
    })
    const message = await client.beta.messages.toolRunner({ ...askedForTool, tools: [tool] })
    return { calls, message }
  },
  'the tool runner, streamed': async (client) => {
    const { input_schema: inputSchema, ...rest } = weather
    const tool = betaTool({ ...rest, inputSchema, run: () => 'Rain.' })
    const runner = client.beta.messages.toolRunner({
      ...askedForTool,
      tools: [tool],
      stream: true,
    })
    const messages = []
    for await (const stream of runner) messages.push(await stream.finalMessage())
    return messages
  },
  'counted tokens': (client) =>
    client.messages.countTokens({ model: asked.model, messages: asked.messages }),
  'the list of models': async (client) => (await client.models.list()).data,
  'one model': (client) => client.models.retrieve(asked.model),
  'a path that Claude has not': (client) => client.messages.batches.list(),
  'an unknown model': (client) => client.messages.create({ ...asked, model: 'gpt' }),
  'a bad request': (client) => client.messages.create({ ...asked, messages: [] }),
  'an abort before the answer': (client) => {
    const abort = new AbortController()
    abort.abort()
    return client.messages.create(asked, { signal: abort.signal })
  },
  'an abort in the middle of a stream': async (client) => {
    const stream = client.messages.stream(asked)
    stream.on('streamEvent', () => stream.abort())
    return stream.finalMessage()
  },
}

/** What an app sees: a result, or an error's class and status. */
const outcomeOf = async (work: Promise<unknown>) => {
  try {
    return { result: JSON.parse(JSON.stringify(await work)) }
  } catch (error) {
    const { status } = error as { status?: number }
    return { error: (error as Error).constructor.name, status }
  }
}

test.each(Object.entries(SCENARIOS))(
  '%s is the same with and without the device',
  async (_, run) => {
    const direct = await outcomeOf(run(clientOf(await claudeOn())))
    const through = await outcomeOf(run(clientOf((await deviceOn()).url)))
    expect(through).toEqual(direct)
  },
)

test('paths and queries arrive as the SDK sent them', async () => {
  const { url, sent } = await deviceOn()
  const client = clientOf(url)
  await outcomeOf(client.messages.batches.list({ limit: 3 }))
  await outcomeOf(client.messages.create(asked, { query: { beta: 'true' } }))
  await outcomeOf(client.messages.batches.delete('b_1'))
  expect(sent.map((s) => s.path)).toEqual([
    '/v1/messages/batches?limit=3',
    '/v1/messages?beta=true',
    '/v1/messages/batches/b_1',
  ])
})

test("the events of a stream are the upstream's own, in their order", async () => {
  const { url, sent } = await deviceOn()
  const { events } = await streamed(clientOf(url), { thinking })
  const upstream = (await sent[0]!.body).match(/^data: .*$/gm)!.map((l) => JSON.parse(l.slice(6)))
  expect(events).toEqual(upstream.filter((e) => e.type !== 'ping'))
})

describe.each(BAD_DAY_NAMES)('on the day "%s"', (day) => {
  const isRefused = BAD_DAYS[day].failure?.(true) !== undefined
  test.each([
    ['a message', SCENARIOS['a message']!],
    ['a stream', SCENARIOS['a stream']!],
  ])('%s ends as it would without the device', async (_name, run) => {
    const direct = await outcomeOf(run(clientOf(await claudeOn(() => day))))
    expect(await outcomeOf(run(clientOf((await deviceOn(() => day)).url)))).toEqual(direct)
  })

  test('a compared stream ends as a stream would without the device', async () => {
    const run = async (client: Anthropic) => {
      const { message, events } = await streamed(client, {})
      const types = new Set(events.map((e) => (e as { type: string }).type))
      return { stop: message.stop_reason, types: [...types] }
    }
    const direct = await outcomeOf(run(clientOf(await claudeOn(() => day))))
    const { url, sent } = await deviceOn(() => day, 2)
    const client = clientOf(url, { 'loreweave-stream': 'compare' })
    expect(await outcomeOf(run(client))).toEqual(direct)
    expect(sent).toHaveLength(isRefused ? 1 : 2)
  })

  test('of one of two compared streams, the other one is played, unless Claude refused the first', async () => {
    const { url, sent } = await deviceOn({ 1: day }, 2)
    const client = clientOf(url, { 'loreweave-stream': 'compare' })
    if (isRefused) {
      await expect(streamed(client, {})).rejects.toThrow(Anthropic.APIError)
      expect(sent).toHaveLength(1)
      return
    }
    const { message } = await streamed(client, {})
    const stands = day.startsWith('refusal') ? 'refusal' : 'end_turn'
    expect(message.stop_reason).toBe(stands)
  })
})

describe('a compared stream', () => {
  const post = (url: string, signal?: AbortSignal) =>
    fetch(`${url}/v1/messages`, {
      method: 'POST',
      headers: {
        'x-api-key': 'k',
        'anthropic-version': '2023-06-01',
        'loreweave-stream': 'compare',
      },
      body: JSON.stringify({ ...asked, thinking, stream: true }),
      ...(signal && { signal }),
    })

  test("is kept alive, then is the winner's own bytes, then says what all did cost", async () => {
    const { url, sent } = await deviceOn({}, 2)
    const response = await post(url)
    const text = await response.text()
    const [last] = text.match(/: loreweave-usage .*\n\n$/)!
    const [first] = text.match(/^(: keep-alive\n\n)*/)!
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(text.slice(first.length, -last.length)).toBe(await sent[1]!.body)
    expect(text).toContain('"signature_delta"')
    const usage = JSON.parse(last.slice(': loreweave-usage '.length))
    const outputs = await Promise.all(
      sent.map(async ({ body }) =>
        Number(/"message_delta".*"output_tokens":(\d+)/.exec(await body)?.[1]),
      ),
    )
    expect(usage).toMatchObject({ candidates: 2, output_tokens: outputs[0]! + outputs[1]! })
    expect(usage.usd).toBeGreaterThan(0)
  })

  test('sends comments while nothing has come', async () => {
    const { url } = await deviceOn({ 1: 'slow', 2: 'slow' }, 2)
    expect(await (await post(url)).text()).toMatch(/^: keep-alive\n\n/)
  })

  test('that nobody reads any more takes all its requests to Claude with it', async () => {
    let waits = 0
    // The first answer begins, and then nothing comes of any.
    const forever = () => (++waits === 1 ? soon() : new Promise<void>(() => {}))
    const { url, sent } = await deviceOn({ 1: 'slow', 2: 'slow' }, 2, forever)
    const abort = new AbortController()
    const response = await post(url, abort.signal)
    await response.body!.getReader().read()
    await expect.poll(() => waits, { timeout: 3000 }).toBe(3)
    abort.abort()
    await expect
      .poll(() => sent.map((s) => s.signal.aborted), { timeout: 3000 })
      .toEqual([true, true])
  })

  test('without the header has one candidate', async () => {
    const { url, sent } = await deviceOn({}, 2)
    await streamed(clientOf(url), {})
    expect(sent).toHaveLength(1)
  })
})
