/** Claude's Messages API, offline and deterministic: the k-th identical request gets the k-th variant of the answer. */
import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { type Context, Hono } from 'hono'
import type { z } from 'zod'
import { type BadDay, type BadDayPlan, badDayAt } from './bad-days.ts'
import type { Cassette } from './cassette.ts'
import { failure } from './claude-errors.ts'
import { type Message, textMessage, toolMessage } from './claude-message.ts'
import { bodyOf, eventsOf } from './claude-stream.ts'
import { toolResultText } from './claude-tools.ts'
import { CountTokensBody, firstProblem, MessagesBody, textOf } from './claude-wire.ts'
import { countInput, createPromptCache, requestProblem } from './prompt-cache.ts'
import { replyTo } from './reply.ts'

/** sleep: what a slow day waits with. cassette: recorded answers in place of composed ones; seed is then without effect. */
export type ClaudeOptions = {
  readonly seed: number | string
  readonly minCacheTokens?: number
  readonly badDays?: BadDayPlan
  readonly sleep?: (ms: number) => Promise<unknown>
  readonly cassette?: Cassette
}

export type ClaudeCounts = {
  readonly requests: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cacheReadTokens: number
  readonly cacheCreationTokens: number
}

/** The app answers /v1/messages, /v1/messages/count_tokens and /v1/models. */
export type MockClaude = Hono & {
  /** What has been served so far; a failed request counts for nothing. */
  counts(): ClaudeCounts
  /** The hidden traits of an answer that this instance gave, whole and unaltered. For the simulator only. */
  traitsOf(text: string): Float64Array | undefined
}

/** Of the models that the SDK names. Any other id that begins with "claude-" is served as well. */
const MODELS: readonly (readonly [string, string])[] = [
  ['claude-sonnet-5-5', 'Claude Sonnet 5.5'],
  ['claude-opus-5-5', 'Claude Opus 5.5'],
  ['claude-haiku-5-5', 'Claude Haiku 5.5'],
]
/** The service's own stand-in for an unknown date of release. */
const RELEASED = '1970-01-01T00:00:00Z'

export const createClaude = (options: ClaudeOptions): MockClaude => {
  const { seed, minCacheTokens = 1024, sleep = wait } = options
  const cache = createPromptCache(minCacheTokens)
  const served = new Map<string, number>()
  const traits = new Map<string, Float64Array>()
  const counts = {
    requests: 0,
    inputTokens: 0,
    outputTokens: 0,
    cacheReadTokens: 0,
    cacheCreationTokens: 0,
  }
  let arrived = 0

  /** undefined where the cassette does not hold the request. */
  const answer = (body: MessagesBody, day: BadDay = PLAIN_DAY): Message | undefined => {
    const plain = options.cassette ? options.cassette.next(body) : compose(body, day)
    if (plain === undefined) return undefined
    const message = day.message?.(plain) ?? plain
    counts.requests++
    counts.inputTokens += message.usage.input_tokens
    counts.cacheReadTokens += message.usage.cache_read_input_tokens
    counts.cacheCreationTokens += message.usage.cache_creation_input_tokens
    counts.outputTokens += message.usage.output_tokens
    return message
  }

  const compose = (body: MessagesBody, day: BadDay): Message => {
    const key = digest(
      JSON.stringify([body.model, body.system, body.messages, body.tools, body.tool_choice]),
    )
    const variant = served.get(key) ?? 0
    served.set(key, variant + 1)
    const usage = cache.read(body)
    const id = digest(`${seed}/${key}/${variant}`).slice(0, 24)
    const called = toolMessage(body, id, usage)
    if (called !== undefined) return called
    const text = composeText(body, variant)
    return textMessage(body, id, usage, day.text?.(text) ?? text)
  }

  const composeText = (body: MessagesBody, variant: number): string => {
    const result = toolResultText(body)
    if (result !== undefined) return `Here is what the tool returned: ${result}`
    const messages = body.messages.map((m) => ({ role: m.role, text: textOf(m.content) }))
    const reply = replyTo(seed, { system: textOf(body.system), messages }, variant)
    traits.set(reply.text, reply.traits)
    return reply.text
  }

  const app = new Hono()
  app.use('/v1/*', async (c, next) => {
    const hasCredential =
      c.req.header('x-api-key') || c.req.header('authorization')?.startsWith('Bearer ')
    if (!hasCredential && !options.cassette) return failure(401, 'x-api-key header is required')
    if (!c.req.header('anthropic-version'))
      return failure(400, 'anthropic-version: header is required')
    c.header('request-id', `req_${digest(`${seed}/${arrived}`).slice(0, 24)}`)
    return next()
  })
  app.post('/v1/messages', async (c) => {
    const day = badDayAt(options.badDays, ++arrived)
    const parsed = await readBody(c, MessagesBody)
    if (parsed instanceof Response) return parsed
    const isStream = parsed.stream === true
    const failed = day?.failure?.(isStream)
    if (failed !== undefined) return failed
    const message = answer(parsed, day)
    if (message === undefined) return failure(404, NOT_RECORDED)
    if (!isStream && day?.frames === undefined) return c.json(message)
    const frames = isStream ? eventsOf(message) : halves(JSON.stringify(message))
    const type = isStream ? 'text/event-stream' : 'application/json'
    const body = bodyOf(day?.frames?.(frames, isStream) ?? frames, sleep, severOf(c))
    return c.body(body, 200, {
      'content-type': `${type}; charset=utf-8`,
      'cache-control': 'no-cache',
    })
  })
  app.post('/v1/messages/count_tokens', async (c) => {
    const parsed = await readBody(c, CountTokensBody)
    return parsed instanceof Response ? parsed : c.json({ input_tokens: countInput(parsed) })
  })
  app.get('/v1/models', (c) =>
    c.json({
      data: MODELS.map(modelInfo),
      has_more: false,
      first_id: MODELS[0]![0],
      last_id: MODELS.at(-1)![0],
    }),
  )
  app.get('/v1/models/:id', (c) => {
    const model = MODELS.find(([id]) => id === c.req.param('id'))
    return model === undefined
      ? failure(404, `model: ${c.req.param('id')}`)
      : c.json(modelInfo(model))
  })
  app.notFound(() => failure(404, 'Not found'))
  return Object.assign(app, {
    counts: () => ({ ...counts }),
    traitsOf: (text: string) => traits.get(text),
  })
}

const NOT_RECORDED =
  'this request is not on the cassette: model, system, messages, tools and thinking must be as recorded (a preference block changes system: switch rewriting off on the device, or record with it). Record it with: loreweave-eval record --requests FILE --out CASSETTE'

const PLAIN_DAY: BadDay = { about: 'nothing goes wrong' }

/** Closes the socket of a request that came over one. */
const severOf = (c: Context): (() => void) | undefined => {
  const { outgoing } = (c.env ?? {}) as { outgoing?: { destroy(): void } }
  return outgoing && (() => outgoing.destroy())
}

const halves = (text: string): string[] => {
  const middle = Math.ceil(text.length / 2)
  return [text.slice(0, middle), text.slice(middle)]
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

const modelInfo = ([id, name]: readonly [string, string]) => ({
  type: 'model',
  id,
  display_name: name,
  created_at: RELEASED,
})

/** The body, or the error response that the service would give for it. */
const readBody = async <T extends CountTokensBody>(
  c: Context,
  schema: z.ZodType<T>,
): Promise<T | Response> => {
  let json: unknown
  try {
    json = await c.req.json()
  } catch {
    return failure(400, 'The request body is not valid JSON')
  }
  const parsed = schema.safeParse(json)
  if (!parsed.success) return failure(400, firstProblem(parsed.error))
  if (!parsed.data.model.startsWith('claude-')) return failure(404, `model: ${parsed.data.model}`)
  const problem = requestProblem(parsed.data)
  return problem === undefined ? parsed.data : failure(400, problem)
}
