/** The local API as a value: what tests call and serve.ts listens with. Its routes are the table of openapi.ts. */
import type { HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { z } from 'zod'
import { decodeContainer, encodeContainer } from '../../adapters/container/container.ts'
import { FedError, isFedError } from '../../adapters/errors.ts'
import { MAX_JSON_BYTES, PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import {
  refuseSessions,
  requireHost,
  requireToken,
  requireType,
  requireUser,
} from './access/guard.ts'
import { openSessions } from './access/sessions.ts'
import { errorResponse, refusalOf } from './envelope/errors.ts'
import { answerInLines, LINES_TYPE, type LongWork, readBodyLines } from './envelope/lines.ts'
import { MAX_MESSAGES_BYTES } from './messages/body.ts'
import type { EndpointOptions, MessagesDeps } from './messages/deps.ts'
import { answerMessages, countTokens } from './messages/endpoint.ts'
import { type HandlerDeps, openHandlers } from './routes/handlers.ts'
import { OWN_ROUTES } from './routes/openapi.ts'
import { pageRoutes } from './routes/page.ts'
import type { OwnRoute } from './routes/route.ts'
import { claudePath } from './upstream/claude-path.ts'
import { openUpstream, passOn, type UpstreamDeps } from './upstream/forward.ts'

/** What the device's own routes need. */
export type ControlDeps = Omit<HandlerDeps, 'sessions'> & {
  readonly clock: () => number
  /** The port that is listened on. */
  readonly port: () => number
  /** Names beside those of loopback that callers may use, as the setting `hosts` has them. */
  readonly hosts?: readonly string[]
  /** Told what failed and with which code; never what was said. */
  readonly report: (event: { what: string; code: string; requestId?: string }) => void
  /** Throws where a route is not for others now. */
  readonly admit?: ((route: OwnRoute) => void) | undefined
  /** Resolves once what requests have left behind can be read, where it can be written. */
  readonly drained?: (() => Promise<unknown>) | undefined
  /** Told of a failure without a code, for whoever calls in the same process. */
  readonly failed?: ((error: unknown) => void) | undefined
}

export type ApiDeps = UpstreamDeps &
  EndpointOptions &
  ControlDeps &
  Pick<MessagesDeps, 'device'> & {
    /** Whether paths of Claude's need the device token, as the setting of that name has it. */
    readonly requireToken?: boolean
  }

/** The device's own routes and the page; nothing goes to Claude. */
export const createControl = (deps: ControlDeps): Hono => {
  const app = ownApp(deps)
  app.all('/v1/*', () => {
    throw new FedError('E_NOT_FOUND', 'this process does not serve apps. Run: loreweave agent')
  })
  return app
}

export const createApi = (deps: ApiDeps): Hono => {
  const app = ownApp(deps)
  app.get('/api/hello', (c) => c.json({ message: 'hello' }))
  app.use('/v1/*', refuseSessions)
  app.use('/v1/*', (c, next) =>
    deps.requireToken ? requireToken(deps.deviceToken)(c, next) : next(),
  )
  const forward = async (c: Context): Promise<Response> => {
    const response = await openUpstream(deps, incomingOf(c)).stream(c.req.raw)
    return passOn(response, response.body, { 'loreweave-status': 'passed-through' })
  }
  for (const [path, answer] of [
    ['/v1/messages', answerMessages],
    ['/v1/messages/count_tokens', countTokens],
  ] as const)
    app.post(path, limit(MAX_MESSAGES_BYTES), async (c) => {
      const upstream = openUpstream(deps, incomingOf(c))
      return answer({ ...deps, upstream }, c.req.raw, new Uint8Array(await c.req.arrayBuffer()))
    })
  app.all('/v1/*', forward)
  return app
}

const ownApp = (deps: ControlDeps): Hono => {
  const sessions = openSessions(deps.clock)
  const app = new Hono({ getPath: (request) => claudePath(new URL(request.url).pathname) })
  app.onError((error, c) => {
    const response = errorResponse(error, c)
    const requestId = response.headers.get('request-id') ?? ''
    if (!isFedError(error)) {
      deps.failed?.(error)
      deps.report({ what: `${c.req.method} ${c.req.path}`, code: 'E_INTERNAL', requestId })
    }
    return response
  })
  app.notFound((c) => errorResponse(new FedError('E_NOT_FOUND', 'no such route'), c))
  app.use('*', requireHost(deps.port, deps.hosts))

  const handlers = openHandlers({ ...deps, sessions })
  const guards = {
    user: requireUser(deps.deviceToken, sessions.isOpen),
    device: requireUser(deps.deviceToken, () => false),
  }
  for (const [name, route] of Object.entries(OWN_ROUTES) as [keyof typeof OWN_ROUTES, OwnRoute][]) {
    const handler = handlers[name] as (input: unknown) => Promise<object>
    const on = [route.method.toUpperCase(), route.path] as const
    if (route.who === 'user' || route.who === 'device') app.on(...on, guards[route.who])
    // A conversation may hold what Messages take; who is not known yet gets less.
    const most = route.who === 'anyone' ? MAX_JSON_BYTES : MAX_MESSAGES_BYTES
    if (route.body && !route.takes) app.on(...on, limit(most))
    if (route.body) app.on(...on, requireType(BODY_TYPES[route.takes ?? 'json']))
    app.on(...on, (c) => answer(deps, route, handler, c))
  }
  // Their other methods, and whatever else begins like them, are nobody's: they must not fall through to Claude.
  app.use('/v1/*', async (c, next) => {
    if (OWN_NAMES.has(firstName(c.req.path)))
      throw new FedError('E_NOT_FOUND', 'no such method on this route')
    await next()
  })
  app.route('/', pageRoutes())
  return app
}

const BODY_TYPES = {
  json: 'application/json',
  lines: LINES_TYPE,
  container: 'application/octet-stream',
} as const

const answer = async (
  deps: ControlDeps,
  route: OwnRoute,
  handler: (input: unknown) => Promise<object>,
  c: Context,
): Promise<Response> => {
  deps.admit?.(route)
  await deps.drained?.()
  const body = route.body && (await READERS[route.takes ?? 'json'](c.req.raw, route.body))
  const query = route.query && readQuery(c, route.query)
  const input = { body, query, c, signal: c.req.raw.signal, onProgress: () => {} }
  c.header('cache-control', 'no-store')
  if (route.gives === 'lines') {
    const { method, path } = c.req
    const work = async (long: LongWork) => ({
      protocol: PROTOCOL_VERSION,
      ...(await handler({ ...input, ...long })),
    })
    return answerInLines(c.req.raw, work, (error) => {
      if (!isFedError(error)) {
        deps.failed?.(error)
        deps.report({ what: `${method} ${path}`, code: 'E_INTERNAL' })
      }
      return refusalOf(error)
    })
  }
  const result = await handler(input)
  if (route.gives !== 'container') return c.json({ protocol: PROTOCOL_VERSION, ...result })
  const { numbers, ...header } = result as { numbers: Float32Array }
  const bytes = encodeContainer({ protocol: PROTOCOL_VERSION, ...header }, numbers)
  return c.body(bytes as Uint8Array<ArrayBuffer>, 200, { 'content-type': BODY_TYPES.container })
}

/** undefined where there is no connection, as in a test. */
const incomingOf = (c: Context): HttpBindings['incoming'] | undefined =>
  (c.env as Partial<HttpBindings> | undefined)?.incoming

/** What comes after /v1/, as a careless client may write it. */
const firstName = (path: string): string => {
  const [, name = ''] = /^\/v1\/+([^/]*)/i.exec(path) ?? []
  try {
    return decodeURIComponent(name).trim().toLowerCase()
  } catch {
    return name
  }
}
const OWN_NAMES = new Set(Object.values(OWN_ROUTES).map(({ path }) => firstName(path)))

const limit = (maxSize: number) =>
  bodyLimit({
    maxSize,
    onError: () => {
      throw new FedError('E_TOO_LARGE', `the body must be at most ${maxSize} bytes`)
    },
  })

/** Fails with E_CONTAINER, and as readBody does where the header is not what it should be. */
const readContainer = async (request: Request, schema: z.ZodType): Promise<object> => {
  const { header, payload } = decodeContainer(new Uint8Array(await request.arrayBuffer()))
  const { protocol: _, ...known } = parsed(schema, header, 'header') as { protocol: unknown }
  return { ...known, numbers: payload }
}

/** An app of this computer may leave the protocol version out. Fails with E_PROTOCOL or E_BODY; the message names the field, never its value. */
const readBody = async (request: Request, schema: z.ZodType): Promise<object> => {
  let json: unknown
  try {
    json = await request.json()
  } catch {
    throw new FedError('E_BODY', 'the body must be JSON')
  }
  if (typeof json !== 'object' || json === null)
    throw new FedError('E_BODY', 'the body must be a JSON object')
  const message = { protocol: PROTOCOL_VERSION, ...json }
  if (message.protocol !== PROTOCOL_VERSION)
    throw new FedError('E_PROTOCOL', `this device speaks protocol ${PROTOCOL_VERSION}`)
  const { protocol: _, ...body } = parsed(schema, message, 'body') as { protocol: unknown }
  return body
}

const READERS = { json: readBody, lines: readBodyLines, container: readContainer } as const

const readQuery = (c: Context, schema: z.ZodType): unknown => parsed(schema, c.req.query(), 'query')

const parsed = (schema: z.ZodType, value: unknown, what: string): unknown => {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new FedError('E_BODY', `${issue?.path.join('.') || what}: ${issue?.code ?? 'is not valid'}`)
}
