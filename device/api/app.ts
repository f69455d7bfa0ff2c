/** The local API as a value: what tests call and serve.ts listens with. Routes in device/README.md. */
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { z } from 'zod'
import { FedError, isFedError } from '../../adapters/errors.ts'
import {
  FeedbackRequest,
  ProfileEdit,
  RerankRequest,
  RewriteRequest,
  TrainingRequest,
} from '../../adapters/wire/personalization.ts'
import { MAX_JSON_BYTES, MiB, PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import type { Personalizer } from '../agent/types.ts'
import { errorResponse } from './errors.ts'
import { decisionHeader, openUpstream, passOn, type UpstreamDeps } from './forward.ts'
import { requireDeviceToken, requireLoopback } from './guard.ts'
import { answerMessages } from './messages.ts'

export type ApiDeps = UpstreamDeps & {
  readonly device: Personalizer
  /** The port that is listened on. */
  readonly port: () => number
  /** Told what failed and with which code; never what was said. */
  readonly report: (event: { what: string; code: string }) => void
  readonly patienceMs?: number
}

/** The Messages API's own limit. */
const MAX_MESSAGES_BYTES = 32 * MiB
const protocol = PROTOCOL_VERSION
const OWN_ROUTES = ['rewrite', 'rerank', 'feedback', 'profile', 'status', 'training'].map(
  (name) => `/v1/${name}`,
)

export const createApi = (deps: ApiDeps): Hono => {
  const { device } = deps
  const upstream = openUpstream(deps)
  const app = new Hono()
  app.onError((error, c) => {
    if (!isFedError(error))
      deps.report({ what: `${c.req.method} ${c.req.path}`, code: 'E_INTERNAL' })
    return errorResponse(error, c)
  })
  app.notFound((c) => errorResponse(new FedError('E_NOT_FOUND', 'no such route'), c))
  app.use('*', requireLoopback(deps.port))

  for (const path of OWN_ROUTES)
    app.use(path, requireDeviceToken(deps.deviceToken), limit(MAX_JSON_BYTES))
  app.post('/v1/rewrite', async (c) => {
    const { protocol: _, ...conversation } = await read(c.req.raw, RewriteRequest)
    const result = await device.rewrite(conversation, { mayPropose: true })
    return c.json({ protocol, ...result }, 200, decisionHeader(result.decisionId))
  })
  app.post('/v1/rerank', async (c) => {
    const { protocol: _, candidates, ...conversation } = await read(c.req.raw, RerankRequest)
    const {
      propensity: __,
      explored: ___,
      ...result
    } = await device.rerank(
      conversation,
      candidates.map((text) => ({ text })),
    )
    return c.json({ protocol, ...result }, 200, decisionHeader(result.decisionId))
  })
  app.post('/v1/feedback', async (c) => {
    const { event } = await read(c.req.raw, FeedbackRequest)
    return c.json({ protocol, ...(await device.feedback(event)) })
  })
  app.get('/v1/profile', (c) => c.json({ protocol, ...device.profile() }))
  app.on(['PATCH', 'PUT'], '/v1/profile', async (c) => {
    const { changes } = await read(c.req.raw, ProfileEdit)
    return c.json({ protocol, ...device.editProfile(changes) })
  })
  app.get('/v1/status', (c) => c.json({ protocol, ...device.status() }))
  app.post('/v1/training', async (c) => {
    const { paused } = await read(c.req.raw, TrainingRequest)
    return c.json({ protocol, ...device.pauseTraining(paused) })
  })
  // Their other methods are nobody's: they must not fall through to Claude.
  for (const path of OWN_ROUTES)
    app.all(path, () => {
      throw new FedError('E_NOT_FOUND', 'no such method on this route')
    })

  app.use('/v1/*', limit(MAX_MESSAGES_BYTES))
  app.post('/v1/messages', async (c) =>
    answerMessages({ ...deps, upstream }, c.req.raw, new Uint8Array(await c.req.arrayBuffer())),
  )
  app.all('/v1/*', async (c) => {
    const bytes = new Uint8Array(await c.req.arrayBuffer())
    const response = await upstream.send(c.req.raw, bytes.length > 0 ? bytes : undefined)
    return passOn(response, response.body, { 'loreweave-status': 'passed-through' })
  })
  return app
}

const limit = (maxSize: number) =>
  bodyLimit({
    maxSize,
    onError: () => {
      throw new FedError('E_TOO_LARGE', `the body must be at most ${maxSize} bytes`)
    },
  })

/** An app of this computer may leave the protocol version out. Fails with E_PROTOCOL or E_BODY; the message names the field, never its value. */
const read = async <T>(request: Request, schema: z.ZodType<T>): Promise<T> => {
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
  const result = schema.safeParse(message)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new FedError(
    'E_BODY',
    `${issue?.path.join('.') || 'body'}: ${issue?.code ?? 'is not valid'}`,
  )
}
