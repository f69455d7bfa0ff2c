/** A Claude and a device of a few lines each, for tests of the local API. */

import { Hono } from 'hono'
import { answerOf, schemaOf } from '../../../adapters/api-reference/route.ts'
import { FedError } from '../../../adapters/errors.ts'
import { type ApiDeps, createApi } from '../../../device/api/app.ts'
import { ApiError } from '../../../device/api/envelope/errors.ts'
import { type Inspection, openInspection } from '../../../device/api/inspection/inspection.ts'
import { OWN_ROUTES } from '../../../device/api/routes/own.ts'
import { DeviceSettings } from '../../../device/home/settings.ts'
import type { Personalizer } from '../../../device/owner/personalizer.ts'
import { appendBlock } from '../../../device/preferences/block.ts'
import { openSuffixes } from '../../../device/preferences/suffixes.ts'
import type { FeedbackEvent } from '../../../device/records/feedback-event.ts'
import { sumOf, tokensOf } from '../../../device/spending/prices.ts'
import type { CandidatePlan } from '../../../device/spending/spend.ts'
import type { OutboxEntry } from '../../../device/store/outbox.ts'
import { type DeviceStore, openStore } from '../../../device/store/store.ts'
import type { Answer } from '../../../device/text/conversation.ts'

export const DEVICE_TOKEN = 'lw-device-token-for-tests'
export const OWN_KEY = 'sk-own-key-of-the-device'

type Seen = { path: string; headers: Headers; text: string }

const EVENTS = [
  'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_stream"}}\n\n',
  'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Grüße "}}\n\n',
  ': a comment, kept\nevent: content_block_delta\r\ndata: {"type":"content_block_delta","delta":{"type":"text_delta","text":"you"}}\r\n\r\n',
  'event: message_stop\ndata: {"type":"message_stop"}\n\n',
]
export const STREAM_TEXT = EVENTS.join('')

/** Answers the n-th request with message msg_n, whose JSON has spaces that only untouched bytes keep. */
export const fakeClaude = () => {
  const seen: Seen[] = []
  const app = new Hono<{ Variables: { n: number } }>()
  app.use('*', async (c, next) => {
    const record = { path: c.req.path, headers: new Headers(c.req.raw.headers), text: '' }
    c.set('n', seen.push(record))
    record.text = await c.req.text()
    await next()
  })
  app.post('/v1/messages', async (c) => {
    const body = JSON.parse(await c.req.text())
    if (body.model === 'overloaded')
      return c.body('{"type":"error","error":{"type":"overloaded_error"}}', 529 as 503, {
        'retry-after': '7',
        'request-id': 'req_1',
        'content-type': 'application/json',
      })
    if (body.stream) {
      // Split inside a two-byte letter, to catch a proxy that decodes.
      const bytes = new TextEncoder().encode(STREAM_TEXT)
      return c.body(streamOf([bytes.slice(0, 181), bytes.slice(181, 200), bytes.slice(200)]), 200, {
        'content-type': 'text/event-stream',
      })
    }
    const n = c.get('n')
    return c.body(messageText(n), 200, {
      'content-type': 'application/json',
      'request-id': `req_${n}`,
    })
  })
  app.all('*', (c) => c.json({ input_tokens: 3 }, 200, { 'x-from': 'claude' }))
  return { app, seen }
}

/** stop, text: of an answer that is not as usual. */
export const messageText = (n: number, stop = 'end_turn', text = `answer ${n}`): string =>
  `{ "id": "msg_${n}",  "type": "message", "content": [ {"type": "text", "text": "${text}"} ], "stop_reason": "${stop}", "usage": {"input_tokens": 10, "output_tokens": ${n}}, "huge": 12345678901234567890 }`

export const planOf = (count: number): CandidatePlan => ({
  count,
  reason: 'as told',
  expectedGain: 0,
  costUsd: 0,
  costTokens: 0,
})

/** Prefers the last candidate; remembers what it was told. */
export const fakeDevice = (changes: Partial<Personalizer> = {}) => {
  const answers: { decisionId: string; answers: readonly Answer[] }[] = []
  const events: FeedbackEvent[] = []
  const spent: number[] = []
  let decisions = 0
  const device: Personalizer = {
    rewrite: async (conversation, options) => {
      const { system = null } = conversation
      const barrier = options?.barrier
      const isDecision = (options?.keeps ?? 'decision') === 'decision'
      return {
        decisionId: isDecision ? `d${++decisions}` : null,
        system: barrier ? system : appendBlock(conversation.system, '[block]'),
        block: barrier ? null : '[block]',
        preferences: [],
        reason: barrier ?? 'applied',
      }
    },
    suffixes: openSuffixes(openStore(':memory:'), () => 1000),
    rerank: async (_conversation, candidates, options) => {
      const id = options?.decisionId ?? `d${++decisions}`
      answers.push({ decisionId: id, answers: candidates })
      const order = candidates.map((_, i) => candidates.length - 1 - i)
      return {
        decisionId: id,
        order,
        winner: candidates.length - 1,
        keptFirst: false,
        probability: 0.9,
        reason: 'leads',
        candidates: candidates.map(() => ({ reward: 0, pooled: 0, named: [], explanation: '' })),
        propensity: 1,
        explored: false,
      }
    },
    questions: () => [],
    dismissQuestion: () => {},
    recordAnswer: (decisionId, answer) => void answers.push({ decisionId, answers: [answer] }),
    planCandidates: () => planOf(2),
    reserve: (_request, further) => ({ id: 's1', further, likely: { tokens: 0, usd: 0 } }),
    noteUsage: () => {},
    spend: (_model, usages) => void spent.push(usages.reduce((n, u) => n + tokensOf(sumOf(u)), 0)),
    feedback: async (event) => {
      const id = event.decisionId ?? event.messageId
      const isKnown = answers.some(
        (a) => a.decisionId === id || a.answers.some((x) => x.messageId === id),
      )
      if (!isKnown) throw new FedError('E_NO_DECISION', 'no such decision')
      events.push(event)
      return { recorded: true, choices: events.length }
    },
    forget: async () => ({
      decisions: 1,
      choices: 0,
      feedback: 0,
      privateAdapter: 'none',
      updatesSentSince: 0,
    }),
    proposals: () => [],
    settleProposal: async () => ({ profile: { preferences: [] }, sentences: [] }),
    settled: async () => undefined,
    profile: () => ({ profile: { preferences: [] }, sentences: [] }),
    editProfile: async () => ({ profile: { preferences: [] }, sentences: ['edited'] }),
    status: () => ({
      model: 'tiny',
      exitLayer: 1,
      release: null,
      enrolled: false,
      activity: 'idle',
      choices: 0,
      heldBack: 0,
      margin: 0,
      trainedAt: null,
    }),
    pauseTraining: async (paused) => ({
      state: paused ? 'paused' : 'idle',
      step: null,
      steps: null,
      tokensPerSecond: null,
      secondsLeft: null,
    }),
    ...changes,
  }
  return { device, answers, events, spent }
}

/** Nobody waits in a test, but others get their turn. */
export const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Over a store of its own, unless one is given. */
export const fakeInspection = (store: DeviceStore = openStore(':memory:')): Inspection =>
  openInspection({
    store,
    clock: () => 1000,
    settings: DeviceSettings.parse({}),
    base: () => ({ name: 'tiny', exitLayer: 1 }),
  })

export const buildApi = (changes: Partial<ApiDeps> = {}, fake = fakeDevice()) => {
  const claude = fakeClaude()
  const outgoing: OutboxEntry[] = []
  const reports: { what: string; code: string }[] = []
  const app = createApi({
    device: fake.device,
    inspection: fakeInspection(),
    deviceToken: DEVICE_TOKEN,
    claudeKey: OWN_KEY,
    claudeUrl: 'https://claude.test/base/',
    transport: async (request) => {
      const url = new URL(request.url)
      return claude.app.request(
        new Request(`https://claude.test${url.pathname.replace('/base', '')}`, request),
      )
    },
    clock: () => 1000,
    logOutgoing: (entry) => void outgoing.push(entry),
    port: () => 4141,
    report: (event) => void reports.push(event),
    sleep: soon,
    ...changes,
  })
  const call = async (path: string, init: RequestInit = {}) => {
    const response = await app.request(
      new Request(`http://127.0.0.1:4141${path}`, {
        ...init,
        headers: {
          authorization: `Bearer ${DEVICE_TOKEN}`,
          ...(init.body && { 'content-type': 'application/json' }),
          ...(init.headers as Record<string, string>),
        },
      }),
    )
    await checkAnswer(init.method ?? 'GET', path, response)
    return response
  }
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    call(path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    })
  return { app, call, post, claude, outgoing, reports, ...fake }
}

/** Whatever the device's own routes answer must be what their schemas say. */
const checkAnswer = async (method: string, path: string, response: Response): Promise<void> => {
  const { pathname } = new URL(path, 'http://127.0.0.1')
  const route = Object.values(OWN_ROUTES).find(
    (r) =>
      r.method === method.toLowerCase() &&
      new RegExp(`^${r.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(pathname),
  )
  const schema = response.ok ? schemaOf(route && answerOf(route)) : route && ApiError
  schema?.parse(await response.clone().json())
}

const streamOf = (chunks: Uint8Array[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })
