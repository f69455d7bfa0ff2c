/** Claude's Messages API, offline and deterministic: the k-th identical request gets the k-th variant of the answer. */
import { createHash } from 'node:crypto'
import { type Context, Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { z } from 'zod'
import { toolInput, toolResultText, toolToCall } from './claude-tools.ts'
import { CountTokensBody, firstProblem, MessagesBody, textOf } from './claude-wire.ts'
import { countInput, createPromptCache, type InputUsage } from './prompt-cache.ts'
import { replyTo } from './reply.ts'
import { countTokens } from './wording.ts'

/** failWith: HTTP status for the n-th request (from 1), to rehearse overload and rate limits. */
export type ClaudeOptions = {
  readonly seed: number | string
  readonly minCacheTokens?: number
  readonly failWith?: (request: number) => number | undefined
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

type TextBlock = { readonly type: 'text'; readonly text: string }
type ToolUseBlock = {
  readonly type: 'tool_use'
  readonly id: string
  readonly name: string
  readonly input: Record<string, unknown>
}
type Usage = InputUsage & { readonly output_tokens: number }
type Message = {
  readonly id: string
  readonly type: 'message'
  readonly role: 'assistant'
  readonly model: string
  readonly content: readonly [TextBlock | ToolUseBlock]
  readonly stop_reason: 'end_turn' | 'max_tokens' | 'stop_sequence' | 'tool_use'
  readonly stop_sequence: string | null
  readonly usage: Usage
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
  const { seed, minCacheTokens = 1024 } = options
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

  const answer = (body: MessagesBody): Message => {
    const key = digest(
      JSON.stringify([body.model, body.system, body.messages, body.tools, body.tool_choice]),
    )
    const variant = served.get(key) ?? 0
    served.set(key, variant + 1)
    const usage = cache.read(body)
    const id = digest(`${seed}/${key}/${variant}`).slice(0, 24)
    const message =
      toolCall(body, id, usage) ?? textMessage(body, id, usage, compose(body, variant))
    counts.requests++
    counts.inputTokens += usage.input_tokens
    counts.cacheReadTokens += usage.cache_read_input_tokens
    counts.cacheCreationTokens += usage.cache_creation_input_tokens
    counts.outputTokens += message.usage.output_tokens
    return message
  }

  const compose = (body: MessagesBody, variant: number): string => {
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
    if (!hasCredential) return failure(c, 401, 'x-api-key header is required')
    if (!c.req.header('anthropic-version'))
      return failure(c, 400, 'anthropic-version: header is required')
    c.header('request-id', `req_${digest(`${seed}/${arrived}`).slice(0, 24)}`)
    return next()
  })
  app.post('/v1/messages', async (c) => {
    const status = options.failWith?.(++arrived)
    if (status !== undefined) return failure(c, status, 'the mock was told to fail')
    const parsed = await readBody(c, MessagesBody)
    if (parsed instanceof Response) return parsed
    const message = answer(parsed)
    return parsed.stream === true ? streamMessage(c, message) : c.json(message)
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
      ? failure(c, 404, `model: ${c.req.param('id')}`)
      : c.json(modelInfo(model))
  })
  app.notFound((c) => failure(c, 404, 'Not found'))
  return Object.assign(app, {
    counts: () => ({ ...counts }),
    traitsOf: (text: string) => traits.get(text),
  })
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
    return failure(c, 400, 'The request body is not valid JSON')
  }
  const parsed = schema.safeParse(json)
  if (!parsed.success) return failure(c, 400, firstProblem(parsed.error))
  if (!parsed.data.model.startsWith('claude-'))
    return failure(c, 404, `model: ${parsed.data.model}`)
  return parsed.data
}

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}

const failure = (c: Context, status: number, message: string): Response => {
  const type = ERROR_TYPES[status] ?? 'api_error'
  const requestId = `req_${digest(`${status}/${message}`).slice(0, 24)}`
  return c.json({ type: 'error', error: { type, message }, request_id: requestId }, status as 400, {
    'request-id': requestId,
  })
}

const toolCall = (body: MessagesBody, id: string, usage: InputUsage): Message | undefined => {
  const tool = toolToCall(body)
  if (tool === undefined || toolResultText(body) !== undefined) return undefined
  const input = toolInput(tool, textOf(body.messages.at(-1)?.content))
  return {
    ...shell(body, id),
    content: [{ type: 'tool_use', id: `toolu_${id}`, name: tool.name, input }],
    stop_reason: 'tool_use',
    stop_sequence: null,
    usage: { ...usage, output_tokens: countTokens(JSON.stringify(input)) + 10 },
  }
}

const textMessage = (body: MessagesBody, id: string, usage: InputUsage, whole: string): Message => {
  const stops = (body.stop_sequences ?? [])
    .map((stop) => ({ stop, at: whole.indexOf(stop) }))
    .filter((s) => s.at >= 0)
    .sort((a, b) => a.at - b.at)
  const stop = stops[0]
  const cut = stop === undefined ? whole : whole.slice(0, stop.at)
  const text = firstTokens(cut, body.max_tokens)
  const isCut = text.length < cut.length
  return {
    ...shell(body, id),
    content: [{ type: 'text', text }],
    stop_reason: isCut ? 'max_tokens' : stop === undefined ? 'end_turn' : 'stop_sequence',
    stop_sequence: isCut || stop === undefined ? null : stop.stop,
    usage: { ...usage, output_tokens: countTokens(text) },
  }
}

const shell = (body: MessagesBody, id: string) =>
  ({ id: `msg_${id}`, type: 'message', role: 'assistant', model: body.model }) as const

const firstTokens = (text: string, most: number): string => {
  if (countTokens(text) <= most) return text
  let kept = ''
  for (const piece of text.match(/\s*\S+/g) ?? []) {
    if (countTokens(kept + piece) > most) break
    kept += piece
  }
  return kept
}

/** Server-sent events in the service's order; text comes in pieces of a few words. */
const streamMessage = (c: Context, message: Message): Response =>
  streamSSE(c, async (stream) => {
    const send = (type: string, data: object) =>
      stream.writeSSE({ event: type, data: JSON.stringify({ type, ...data }) })
    const block = message.content[0]
    const start = block.type === 'text' ? { type: 'text', text: '' } : { ...block, input: {} }
    await send('message_start', {
      message: {
        ...message,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { ...message.usage, output_tokens: 1 },
      },
    })
    await send('content_block_start', { index: 0, content_block: start })
    await send('ping', {})
    for (const delta of deltasOf(block)) await send('content_block_delta', { index: 0, delta })
    await send('content_block_stop', { index: 0 })
    await send('message_delta', {
      delta: { stop_reason: message.stop_reason, stop_sequence: message.stop_sequence },
      usage: { output_tokens: message.usage.output_tokens },
    })
    await send('message_stop', {})
  })

const deltasOf = (block: TextBlock | ToolUseBlock): object[] => {
  if (block.type === 'text')
    return (block.text.match(/(\s*\S+){1,4}\s*/g) ?? []).map((text) => ({
      type: 'text_delta',
      text,
    }))
  const json = JSON.stringify(block.input)
  const middle = Math.ceil(json.length / 2)
  return [json.slice(0, middle), json.slice(middle)].map((part) => ({
    type: 'input_json_delta',
    partial_json: part,
  }))
}
