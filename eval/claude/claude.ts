/**
 * Claude's Messages API, offline and deterministic: the k-th identical request gets the k-th
 * variant of the answer.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { type Context, Hono } from 'hono'
import type { z } from 'zod'
import { type Answer, createAnswering, type Prepared } from './answering.ts'
import { type BadDay, type BadDayPlan, badDayAt } from './bad-days.ts'
import { createBatches } from './batches.ts'
import { type Arrived, jsonOf, limitOf, readBytes } from './body-bytes.ts'
import { digest } from './canonical.ts'
import type { Cassette } from './cassette.ts'
import type { ClaudeCounts } from './counts.ts'
import { failure, failureOf, type Problem, problem } from './errors.ts'
import { type Refuses, refusesOnRequest } from './fallbacks.ts'
import { createFiles } from './files.ts'
import { MODELS, modelInfo, modelOf } from './models.ts'
import type { Incoming } from './request-rules.ts'
import type { Account } from './signatures.ts'
import { bodyOf, eventsOf } from './stream.ts'
import { CountTokensBody, firstProblem, MessagesBody } from './wire.ts'

/** What arrived. path: with its query. body: null where it was too large to keep. */
export type ArrivedRequest = {
  readonly method: string
  readonly path: string
  readonly headers: Headers
  readonly body: Uint8Array | null
  readonly size: number
  readonly sha256: string
}

/**
 * account: whether it is from after August 2026, when prefixes began to be checked for all models
 * that can; default 'new'. clock: what threads, caches and credits expire by. refuses: default,
 * what the service refuses for a test. latencyMs: before an answer begins. sleep: what that and a
 * slow day wait with. minCacheTokens: in place of the models' own. cassette: recorded answers in
 * place of composed ones; nothing of the above then matters.
 */
export type ClaudeOptions = {
  readonly seed: number | string
  readonly account?: Account
  readonly clock?: () => number
  readonly refuses?: Refuses
  readonly latencyMs?: number
  readonly minCacheTokens?: number
  readonly badDays?: BadDayPlan
  readonly sleep?: (ms: number) => Promise<unknown>
  readonly cassette?: Cassette
  readonly onRequest?: (request: ArrivedRequest) => void
}

/** The app answers /v1/messages, its count_tokens and batches, /v1/files and /v1/models. */
export type MockClaude = Hono & {
  /** What has been served so far; a failed request counts for nothing but its path. */
  counts(): ClaudeCounts
  /**
   * The hidden traits of an answer that this instance gave, whole and unaltered. For the simulator
   * only.
   */
  traitsOf(text: string): Float64Array | undefined
}

type Env = { Variables: { arrived: Arrived } }

export const createClaude = (options: ClaudeOptions): MockClaude => {
  const { seed, sleep = wait, clock = Date.now, account = 'new' } = options
  const { refuses = refusesOnRequest, latencyMs = 0, cassette, minCacheTokens } = options
  const answering = createAnswering({ seed, account, clock, refuses, minCacheTokens, cassette })
  const files = createFiles(clock)
  const byPath: Record<string, number> = {}
  let arrived = 0

  const app = new Hono<Env>()
  app.use('*', async (c, next) => {
    const { method, path } = c.req
    byPath[path] = (byPath[path] ?? 0) + 1
    const body = await readBytes(c.req.raw)
    const { pathname, search } = new URL(c.req.url)
    const { size, sha256, bytes } = body
    const { headers } = c.req.raw
    options.onRequest?.({ method, path: pathname + search, headers, body: bytes, size, sha256 })
    c.set('arrived', body)
    return next()
  })
  app.use('/v1/*', async (c, next) => {
    const hasCredential =
      c.req.header('x-api-key') || c.req.header('authorization')?.startsWith('Bearer ')
    if (!hasCredential && !cassette) return failure(401, 'x-api-key header is required')
    const refused = headerProblem(c) ?? c.get('arrived').problem
    if (refused) return failureOf(refused)
    c.header('request-id', `req_${digest(`${seed}/${arrived}`).slice(0, 24)}`)
    return next()
  })
  app.post('/v1/messages', async (c) => {
    const day = badDayAt(options.badDays, ++arrived)
    const incoming = readBody(c, MessagesBody, 'messages')
    if (incoming instanceof Response) return incoming
    const isStream = incoming.body.stream === true
    const failed = day?.failure?.(isStream)
    if (failed !== undefined) return failed
    const prepared = answering.prepare(incoming)
    if ('problem' in prepared) return failureOf(prepared.problem)
    const answer = answering.answer(prepared, day ?? PLAIN_DAY)
    if (answer === undefined) return failure(404, NOT_RECORDED)
    await (latencyMs > 0 ? sleep(latencyMs) : soon())
    return send(c, { prepared, answer, day, sleep })
  })
  app.post('/v1/messages/count_tokens', (c) => {
    const incoming = readBody(c, CountTokensBody, 'count_tokens')
    if (incoming instanceof Response) return incoming
    const prepared = answering.prepare(incoming)
    return 'problem' in prepared
      ? failureOf(prepared.problem)
      : c.json({ input_tokens: answering.count(prepared) })
  })
  batchRoutes(app, clock, answering)
  fileRoutes(app, files)
  modelRoutes(app)
  app.notFound(() => failure(404, 'Not found'))
  return Object.assign(app as unknown as Hono, {
    counts: () => ({ ...answering.counts(), byPath: { ...byPath } }),
    traitsOf: answering.traitsOf,
  })
}

type Sending = {
  readonly prepared: Prepared
  readonly answer: Answer
  readonly day: BadDay | undefined
  readonly sleep: (ms: number) => Promise<unknown>
}

/** The answer as a stream or as one body, cut or slowed down as the day has it. */
const send = (c: Context<Env>, { prepared, answer, day, sleep }: Sending): Response => {
  const { message } = answer
  const isStream = prepared.request.body.stream === true
  answer.begin()
  if (!isStream && day?.frames === undefined) {
    answer.end()
    return c.json(message)
  }
  const frames = isStream
    ? eventsOf(message, prepared.request.betas)
    : halves(JSON.stringify(message))
  const type = isStream ? 'text/event-stream' : 'application/json'
  const played = day?.frames?.(frames, isStream) ?? frames
  const body = bodyOf(played, sleep, { sever: severOf(c), onEnd: answer.end })
  return c.body(body, 200, {
    'content-type': `${type}; charset=utf-8`,
    'cache-control': 'no-cache',
  })
}

const modelRoutes = (app: Hono<Env>): void => {
  app.get('/v1/models', (c) => {
    const limit = Number(c.req.query('limit') ?? 20)
    const after = MODELS.findIndex((m) => m.id === c.req.query('after_id')) + 1
    const data = MODELS.slice(after, after + limit).map(modelInfo)
    return c.json({
      data,
      has_more: after + limit < MODELS.length,
      first_id: data[0]?.id ?? null,
      last_id: data.at(-1)?.id ?? null,
    })
  })
  app.get('/v1/models/:id', (c) => {
    const id = c.req.param('id')
    const row = modelOf(id)
    return row && MODELS.includes(row) ? c.json(modelInfo(row)) : failure(404, `model: ${id}`)
  })
}

const batchRoutes = (
  app: Hono<Env>,
  clock: () => number,
  answering: ReturnType<typeof createAnswering>,
): void => {
  const asBatch = (headers: Headers) => (params: object) => {
    const incoming = incomingOf(params, MessagesBody, headers, 'batches')
    if ('problem' in incoming) return incoming
    const prepared = answering.prepare(incoming)
    if ('problem' in prepared) return prepared
    const answer = answering.answer(prepared, PLAIN_DAY)
    if (!answer) return { problem: problem(NOT_RECORDED) }
    answer.begin()
    return answer.message
  }
  let headers = new Headers()
  const batches = createBatches(clock, (params) => asBatch(headers)(params))
  const path = '/v1/messages/batches'
  const originOf = (c: Context) => new URL(c.req.url).origin
  app.post(path, (c) => {
    const read = jsonIn(c)
    if ('problem' in read && read.problem) return failureOf(read.problem)
    headers = c.req.raw.headers
    const created = batches.create(read.json, originOf(c))
    return created.problem ? failureOf(created.problem) : c.json(created.batch)
  })
  app.get(path, (c) => c.json(pageOf(batches.list(originOf(c)))))
  app.get(`${path}/:id`, (c) => {
    const batch = batches.get(c.req.param('id'), originOf(c))
    return batch ? c.json(batch) : failure(404, 'Not found')
  })
  app.post(`${path}/:id/cancel`, (c) => {
    const batch = batches.get(c.req.param('id'), originOf(c))
    return batch ? c.json(batch) : failure(404, 'Not found')
  })
  app.get(`${path}/:id/results`, (c) => {
    const lines = batches.results(c.req.param('id'))
    return lines === undefined
      ? failure(404, 'Not found')
      : c.body(lines, 200, { 'content-type': 'application/x-jsonl' })
  })
  app.delete(`${path}/:id`, (c) => {
    const id = c.req.param('id')
    return batches.delete(id)
      ? c.json({ id, type: 'message_batch_deleted' })
      : failure(404, 'Not found')
  })
}

const HEAD_BYTES = 2000

const fileRoutes = (app: Hono<Env>, files: ReturnType<typeof createFiles>): void => {
  app.post('/v1/files', (c) => {
    const body = c.get('arrived')
    const head = new TextDecoder().decode(body.bytes?.subarray(0, HEAD_BYTES))
    return c.json(files.add(body, head))
  })
  app.get('/v1/files', (c) => c.json(pageOf(files.list() as { id: string }[])))
  app.get('/v1/files/:id', (c) => {
    const file = files.get(c.req.param('id'))
    return file ? c.json(file) : failure(404, 'Not found')
  })
  app.delete('/v1/files/:id', (c) => {
    const id = c.req.param('id')
    return files.delete(id) ? c.json({ id, type: 'file_deleted' }) : failure(404, 'Not found')
  })
}

const pageOf = (data: readonly { readonly id: string }[]) => ({
  data,
  has_more: false,
  first_id: data[0]?.id ?? null,
  last_id: data.at(-1)?.id ?? null,
})

const NOT_RECORDED =
  'this request is not on the cassette: model, system, messages, tools and thinking must be ' +
  'as recorded (a preference block changes system: switch rewriting off on the device, or ' +
  'record with it). Record it with: loreweave-eval record --requests FILE --out CASSETTE'

const PLAIN_DAY: BadDay = { about: 'nothing goes wrong' }

/** What arrived at the same time has been read by then. */
const soon = (): Promise<void> => new Promise((done) => setImmediate(done))

/** Closes the socket of a request that came over one. */
const severOf = (c: Context): (() => void) | undefined => {
  const { outgoing } = (c.env ?? {}) as { outgoing?: { destroy(): void } }
  return outgoing && (() => outgoing.destroy())
}

const halves = (text: string): string[] => {
  const middle = Math.ceil(text.length / 2)
  return [text.slice(0, middle), text.slice(middle)]
}

const VERSIONS = ['2023-01-01', '2023-06-01', '2026-10-21']
/** The mock knows not all of them: what looks like one is taken. */
const BETA = /^[a-z0-9-]+-20\d{2}-?\d{2}-?\d{2}$/

const betasOf = (headers: Headers): string[] =>
  (headers.get('anthropic-beta') ?? '')
    .split(',')
    .map((beta) => beta.trim())
    .filter((beta) => beta !== '')

const headerProblem = (c: Context): Problem | undefined => {
  const version = c.req.header('anthropic-version')
  if (!version) return problem('anthropic-version: header is required')
  if (!VERSIONS.includes(version))
    return problem(`anthropic-version: "${version}" is not a valid version.`)
  const odd = betasOf(c.req.raw.headers).find((beta) => !BETA.test(beta))
  return odd === undefined
    ? undefined
    : problem(`Unexpected value(s) \`${odd}\` for the \`anthropic-beta\` header.`)
}

const jsonIn = (c: Context<Env>) =>
  jsonOf(
    c.get('arrived').bytes ?? new Uint8Array(),
    c.req.header('content-encoding') ?? 'identity',
    limitOf(c.req.path),
  )

/** The request, or the error response that the service would give for it. */
const readBody = <T extends CountTokensBody>(
  c: Context<Env>,
  schema: z.ZodType<T>,
  path: Incoming['path'],
): Incoming | Response => {
  const read = jsonIn(c)
  if (read.problem) return failureOf(read.problem)
  const incoming = incomingOf(read.json, schema, c.req.raw.headers, path)
  return 'problem' in incoming ? failureOf(incoming.problem) : incoming
}

const incomingOf = <T extends CountTokensBody>(
  json: unknown,
  schema: z.ZodType<T>,
  headers: Headers,
  path: Incoming['path'],
): Incoming | { readonly problem: Problem } => {
  const parsed = schema.safeParse(json)
  if (!parsed.success) return { problem: problem(firstProblem(parsed.error)) }
  const row = modelOf(parsed.data.model)
  if (!row) return { problem: { status: 404, message: `model: ${parsed.data.model}` } }
  return {
    body: parsed.data as unknown as MessagesBody,
    row,
    betas: new Set(betasOf(headers)),
    version: headers.get('anthropic-version') ?? '',
    path,
  }
}
