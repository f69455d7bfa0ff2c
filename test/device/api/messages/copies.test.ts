/** When further answers are asked for, how long they are waited for, and what is paid for them. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { patienceMs } from '../../../../device/api/messages/copies.ts'
import { type Sleep, timerSleep } from '../../../../device/http/sleep.ts'
import { openTransport } from '../../../../device/http/transport.ts'
import type { SpendOptions } from '../../../../device/spending/plan.ts'
import type { CandidateRequest } from '../../../../device/spending/spend.ts'
import { buildApi, fakeDevice, messageText, planOf } from '../fakes.ts'

const stops: (() => void)[] = []
afterEach(() => {
  vi.useRealTimers()
  for (const stop of stops.splice(0)) stop()
})
const timeIsOurs = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })

const QUESTION = 'Why do the tides rise and fall?'
const MARK = { cache_control: { type: 'ephemeral' } }
const LONG_TEXT = 'The tide tables of the harbour, one line for each day of the year. '.repeat(2500)
const request = (changes: object = {}) => ({
  model: 'claude-sonnet-5-5',
  max_tokens: 2000,
  messages: [{ role: 'user', content: QUESTION }],
  ...changes,
})
const marked = { system: [{ type: 'text', text: LONG_TEXT, ...MARK }] }

/** Told when each thing happens; sleeps until it is told that the time has come. */
const manualSleep = () => {
  let over = () => {}
  const sleep: Sleep = (_ms, signal) =>
    Promise.race([
      new Promise<void>((resolve) => {
        over = resolve
      }),
      timerSleep(60_000, signal),
    ])
  return { sleep, over: () => over() }
}

type Step = { begin(): void; end(): void; fail(status: number): void; aborted(): boolean }

/** A Claude whose answers begin and end when the test says so. */
const steppedClaude = () => {
  const steps: Step[] = []
  const transport = (asked: Request): Promise<Response> =>
    new Promise((resolve, reject) => {
      const n = steps.length + 1
      let isOver = false
      let body!: ReadableStreamDefaultController<Uint8Array>
      const stream = new ReadableStream<Uint8Array>({
        start: (controller) => {
          body = controller
        },
      })
      const bytes = new TextEncoder().encode(messageText(n))
      asked.signal.addEventListener('abort', () => {
        reject(asked.signal.reason)
        try {
          body.error(asked.signal.reason)
        } catch {}
      })
      steps.push({
        begin: () => {
          body.enqueue(bytes.slice(0, 20))
          resolve(new Response(stream, { headers: { 'content-type': 'application/json' } }))
        },
        end: () => {
          isOver = true
          body.enqueue(bytes.slice(20))
          body.close()
        },
        fail: (status) => resolve(new Response('{"type":"error"}', { status })),
        aborted: () => asked.signal.aborted && !isOver,
      })
    })
  return { transport, steps }
}

const settled = async () => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
}

const build = (count = 3, changes: Parameters<typeof buildApi>[0] = {}) => {
  const claude = steppedClaude()
  const clock = manualSleep()
  const paid: { usages: number; options: SpendOptions }[] = []
  const fake = fakeDevice({
    planCandidates: () => planOf(count),
    spend: (_model, usages, options = {}) => void paid.push({ usages: usages.length, options }),
  })
  const api = buildApi({ transport: claude.transport, sleep: clock.sleep, ...changes }, fake)
  return { ...api, ...claude, ...clock, paid }
}

describe('of answers that are not streamed', () => {
  test('the others are asked for once a while has passed without an error', async () => {
    const { post, steps, over } = build()
    const answering = post('/v1/messages', request())
    await settled()
    expect(steps).toHaveLength(1)
    over()
    await settled()
    expect(steps).toHaveLength(3)
    for (const step of steps) step.begin()
    for (const step of steps) step.end()
    expect(await (await answering).text()).toBe(messageText(3))
  })

  test('or as soon as the first begins', async () => {
    const { post, steps } = build()
    const answering = post('/v1/messages', request())
    await settled()
    steps[0]!.begin()
    await settled()
    expect(steps).toHaveLength(3)
    for (const step of steps.slice(1)) step.begin()
    for (const step of steps) step.end()
    expect((await answering).status).toBe(200)
  })

  test.each([529, 429, 400])('none is asked for where the first is %i', async (status) => {
    const { post, steps, over, paid } = build()
    const answering = post('/v1/messages', request())
    await settled()
    steps[0]!.fail(status)
    expect((await answering).status).toBe(status)
    over()
    await settled()
    expect([steps.length, paid]).toEqual([1, []])
  })

  test('with a mark that is cached, no time without an error is enough: the first has to begin', async () => {
    const { post, steps, over } = build()
    const answering = post('/v1/messages', request(marked))
    await settled()
    over()
    await settled()
    expect(steps).toHaveLength(1)
    steps[0]!.begin()
    await settled()
    expect(steps).toHaveLength(3)
    for (const step of steps.slice(1)) step.begin()
    for (const step of steps) step.end()
    expect((await answering).status).toBe(200)
  })
})

describe('a slow further answer', () => {
  test.each([1, 2])('is cancelled in time, and the rest is ranked: number %i', async (slow) => {
    const { post, steps, answers, paid } = build(3, { settings: { rankDeadlineMs: 500 } })
    const answering = post('/v1/messages', request())
    await settled()
    steps[0]!.begin()
    await settled()
    for (const [i, step] of steps.entries()) {
      if (i === 0 || i === slow) continue
      step.begin()
      step.end()
    }
    steps[0]!.end()
    const response = await answering
    expect(await response.text()).toBe(messageText(slow === 1 ? 3 : 2))
    expect(answers[0]!.answers).toHaveLength(2)
    expect(steps.map((step) => step.aborted())).toEqual([false, slow === 1, slow === 2])
    expect(paid).toMatchObject([{ usages: 1, options: { unread: 1, reservation: { id: 's1' } } }])
  })

  test('that hangs in the middle is cancelled too', async () => {
    const { post, steps } = build(2, { settings: { rankDeadlineMs: 500 } })
    const answering = post('/v1/messages', request())
    await settled()
    steps[0]!.begin()
    await settled()
    steps[1]!.begin()
    steps[0]!.end()
    expect(await (await answering).text()).toBe(messageText(1))
    expect(steps[1]!.aborted()).toBe(true)
  })

  test("is not asked for where the caller's own limit is nearly over", async () => {
    const { post, steps } = build(2)
    const answering = post('/v1/messages', request(), {
      'x-stainless-timeout': 'NOT_GIVEN',
      'x-stainless-read-timeout': '0.001',
    })
    await settled()
    steps[0]!.begin()
    await settled()
    steps[0]!.end()
    expect(await (await answering).text()).toBe(messageText(1))
    expect(steps).toHaveLength(1)
  })

  test.each([
    ['a second at least', 600_000, 100, 1000],
    ['half as long again as the first took', 600_000, 2000, 3000],
    ['the deadline at most', 600_000, 60_000, 5000],
    ["what the caller's limit leaves, less a tenth of it", 20_000, 16_000, 2000],
    ['nothing where that is over', 20_000, 19_000, 0],
  ])('is waited for %s', (_name, limit, took, patience) => {
    expect(patienceMs(5000, limit, took)).toBeCloseTo(patience, 6)
  })
})

describe('a first answer that hangs', () => {
  test.each([false, true])('gives way to a whole one: in its body %s', async (hasBegun) => {
    timeIsOurs()
    const { post, steps, over, paid } = build(3)
    const answering = post('/v1/messages', request())
    await settled()
    if (hasBegun) steps[0]!.begin()
    else over()
    await settled()
    steps[2]!.begin()
    steps[2]!.end()
    await settled()
    expect(steps[0]!.aborted()).toBe(false)
    await vi.advanceTimersByTimeAsync(5000)
    expect(await (await answering).text()).toBe(messageText(3))
    expect(steps.map((step) => step.aborted())).toEqual([true, true, false])
    expect(paid).toMatchObject([{ usages: 0, options: { unread: 1 } }])
  })

  test('is waited for where no other one is whole', async () => {
    timeIsOurs()
    const { post, steps, over } = build(2)
    const answering = post('/v1/messages', request())
    await settled()
    over()
    await settled()
    steps[1]!.fail(529)
    await vi.advanceTimersByTimeAsync(60_000)
    steps[0]!.begin()
    steps[0]!.end()
    expect(await (await answering).text()).toBe(messageText(1))
    expect(steps[0]!.aborted()).toBe(false)
  })
})

test('a caller who goes away takes all of them along, and what was held back for them is settled', async () => {
  const { app, steps, paid } = build(3)
  const abort = new AbortController()
  const asked = new Request('http://127.0.0.1:4141/v1/messages', {
    method: 'POST',
    headers: { 'x-api-key': 'k', 'content-type': 'application/json' },
    body: JSON.stringify(request()),
    signal: abort.signal,
  })
  const answering = Promise.resolve(app.request(asked))
  await settled()
  steps[0]!.begin()
  await settled()
  abort.abort()
  await answering.catch(() => undefined)
  await settled()
  expect(asked.signal.aborted).toBe(true)
  expect(steps.map((step) => step.aborted())).toEqual([true, true, true])
  expect(paid).toMatchObject([{ options: { unread: 2, reservation: { further: 2 } } }])
})

test('only as many are asked for as the budget has room for at that moment', async () => {
  const asked: [CandidateRequest, number][] = []
  const reserved = (further: number) =>
    fakeDevice({
      planCandidates: () => planOf(4),
      reserve: (size, wanted) => {
        asked.push([size, wanted])
        return further === 0 ? null : { id: 's1', further, likely: { tokens: 0, usd: 0 } }
      },
    })
  for (const further of [0, 2]) {
    const api = buildApi({}, reserved(further))
    expect((await api.post('/v1/messages', request())).status).toBe(200)
    expect(api.claude.seen).toHaveLength(1 + further)
  }
  expect(asked[0]).toMatchObject([{ model: 'claude-sonnet-5-5', maxTokens: 2000 }, 3])
})

test('a budget that cannot be read costs the further answers, not the first', async () => {
  const fails = () => {
    throw new Error('disk full')
  }
  const api = buildApi({}, fakeDevice({ reserve: fails, noteUsage: fails }))
  expect(await (await api.post('/v1/messages', request())).text()).toBe(messageText(1))
  expect(api.reports.map(({ what }) => what)).toEqual(['reserve', 'usage'])
})

test.each([1, 2])(
  'a stream that is compared returns the other where number %i hangs',
  async (hangs) => {
    let arrived = 0
    const closed: number[] = []
    const ended: number[] = []
    const events = [
      { type: 'message_start', message: { id: 'msg_1', usage: {} } },
      { type: 'content_block_delta', delta: { type: 'text_delta', text: 'Twice a day.' } },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' } },
      { type: 'message_stop' },
    ]
    const server = createServer((asked, response) => {
      asked.resume()
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`data: ${JSON.stringify(events[0])}\n\n`)
      const number = ++arrived
      response.on('close', () => void (response.writableEnded || closed.push(number)))
      if (number === hangs) return
      for (const event of events.slice(1)) response.write(`data: ${JSON.stringify(event)}\n\n`)
      response.end(() => ended.push(number))
    }).listen(0, '127.0.0.1')
    stops.push(() => {
      server.closeAllConnections()
      server.close()
    })
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const api = buildApi({
      claudeUrl: `http://127.0.0.1:${port}`,
      transport: openTransport({}),
      settings: { rankDeadlineMs: 500 },
    })
    timeIsOurs()
    const response = await api.post('/v1/messages', request({ stream: true }), {
      'loreweave-stream': 'compare',
    })
    const text = response.text()
    while (ended.length === 0) await settled()
    await settled()
    await vi.advanceTimersByTimeAsync(6000)
    expect(await text).toContain('Twice a day.')
    expect(arrived).toBe(2)
    while (closed.length === 0) await settled()
    expect(closed).toEqual([hangs])
  },
)
