/** The local API as a value, which tests call and serve.ts puts on a port. */
import { OpenAPIHono } from '@hono/zod-openapi'
import type { Hono, MiddlewareHandler } from 'hono'
import { JSON_TYPE, typeOf } from '../../adapters/api-reference/route.ts'
import { FedError } from '../../adapters/errors.ts'
import { MAX_JSON_BYTES } from '../../adapters/wire/primitives.ts'
import { bodyLimitOf, requireHost, requireType, requireUser } from './access/guard.ts'
import { openSessions, type Sessions } from './access/sessions.ts'
import { errorResponse, refusalOf } from './envelope/errors.ts'
import { MAX_MESSAGES_BYTES } from './messages/body.ts'
import { addClaudeRoutes, type ClaudeDeps } from './routes/claude.ts'
import { OWN_ROUTES } from './routes/own.ts'
import { pageRoutes } from './routes/page.ts'
import { localDocument, localPage } from './routes/reference.ts'
import { invalid, type OwnRoute, type RouteDeps, type RouteEnv } from './routes/route.ts'
import { claudePath } from './upstream/claude-path.ts'

export type ControlDeps = Omit<RouteDeps, 'home' | 'sessions' | 'noteFailure'> &
  Partial<Pick<RouteDeps, 'home'>> & {
    readonly clock: () => number
    readonly port: () => number
    /** Host names beside loopback: the setting `hosts`. */
    readonly hosts?: readonly string[]
    /** Gets what failed and its code, never any content. */
    readonly report: (event: { what: string; code: string; requestId?: string }) => void
    /** Throws if a route is closed to others now. */
    readonly admit?: ((route: OwnRoute) => void) | undefined
    /** Resolves once the writes of earlier requests are stored, if they can be. */
    readonly drained?: (() => Promise<unknown>) | undefined
    /** Gets errors without a code, for a caller in the same process. */
    readonly failed?: ((error: unknown) => void) | undefined
  }

export type ApiDeps = ControlDeps & ClaudeDeps

export type LocalApi = Pick<Hono<RouteEnv>, 'fetch' | 'request' | 'routes'>

/** The device's own routes and the page, without Claude's. */
export const createControl = (deps: ControlDeps): LocalApi => {
  const app = ownApp(deps)
  app.all('/v1/*', () => {
    throw new FedError('E_NOT_FOUND', 'this process does not serve apps. Run: loreweave agent')
  })
  return app
}

export const createApi = (deps: ApiDeps): LocalApi => {
  const app = ownApp(deps)
  addClaudeRoutes(app, deps)
  return app
}

const ownApp = (deps: ControlDeps): OpenAPIHono<RouteEnv> => {
  const sessions = openSessions(deps.clock)
  const app = new OpenAPIHono<RouteEnv>({
    getPath: (request) => claudePath(new URL(request.url).pathname),
    defaultHook: (result) => {
      if (!result.success) throw invalid(result.target, result.error)
    },
  })
  const noteFailure: RouteDeps['noteFailure'] = (error, { req }, requestId) => {
    if (refusalOf(error).code !== 'E_INTERNAL') return
    deps.failed?.(error)
    const what = `${req.method} ${req.path}`
    deps.report({ what, code: 'E_INTERNAL', ...(requestId !== undefined && { requestId }) })
  }
  app.onError((error, c) => {
    const response = errorResponse(error, c)
    noteFailure(error, c, response.headers.get('request-id') ?? '')
    return response
  })
  app.notFound((c) => errorResponse(new FedError('E_NOT_FOUND', 'no such route'), c))
  app.use('*', requireHost(deps.port, deps.hosts))

  const { device, inspection, home, deviceToken } = deps
  const routed: RouteDeps = { device, inspection, home, deviceToken, sessions, noteFailure }
  for (const route of Object.values(OWN_ROUTES) as OwnRoute[])
    app.openapi(
      { ...route, path: route.path, middleware: guardsOf(deps, sessions, route) },
      (c) => {
        c.set('deps', routed)
        c.header('cache-control', 'no-store')
        return route.handler(c)
      },
    )
  // Other methods and longer paths of these routes must not be forwarded to Claude.
  app.use('/v1/*', async (c, next) => {
    if (OWN_NAMES.has(firstName(c.req.path)))
      throw new FedError('E_NOT_FOUND', 'no such method on this route')
    await next()
  })
  app.route('/', pageRoutes({ document: localDocument, html: localPage }))
  return app
}

const guardsOf = (
  { deviceToken, admit, drained }: ControlDeps,
  sessions: Sessions,
  route: OwnRoute,
): MiddlewareHandler[] => {
  const guards: MiddlewareHandler[] = []
  if (route.who === 'user') guards.push(requireUser(deviceToken, sessions.isOpen))
  if (route.who === 'device') guards.push(requireUser(deviceToken, () => false))
  const type = typeOf(route.request?.body)
  // Callers without a credential get a smaller limit.
  const maxBytes = route.who === 'anyone' ? MAX_JSON_BYTES : MAX_MESSAGES_BYTES
  if (type === JSON_TYPE) guards.push(bodyLimitOf(maxBytes))
  if (type !== undefined) guards.push(requireType(type))
  guards.push(async (_, next) => {
    admit?.(route)
    await drained?.()
    await next()
  })
  return guards
}

/** The segment after /v1/, however a client writes it. */
const firstName = (path: string): string => {
  const [, name = ''] = /^\/v1\/+([^/]*)/i.exec(path) ?? []
  try {
    return decodeURIComponent(name).trim().toLowerCase()
  } catch {
    return name
  }
}
const OWN_NAMES = new Set(Object.values(OWN_ROUTES).map(({ path }) => firstName(path)))
