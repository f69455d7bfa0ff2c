/** Bodies under a limit, and JSON through its schema; every refusal is a FedError. */
import { OpenAPIHono } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { JSON_TYPE } from '../../adapters/api-reference/route.ts'
import { FedError } from '../../adapters/errors.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import type { ServerEnv } from './route.ts'

/** Fails with E_TOO_LARGE. A body without Content-Length is counted as it comes. */
export const limitBody = (maxSize: number): MiddlewareHandler<ServerEnv> =>
  bodyLimit({
    maxSize,
    onError: () => {
      throw new FedError('E_TOO_LARGE', `expected a body of at most ${maxSize} bytes, got more`)
    },
  })

/**
 * The body is JSON, whatever type it was sent under. Fails with E_BODY, and with E_PROTOCOL for
 * another version even where other fields would fail: they may have changed their meaning.
 */
export const readJson: MiddlewareHandler<ServerEnv> = async (c, next) => {
  const body = await c.req.arrayBuffer()
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (cause) {
    throw new FedError('E_BODY', 'expected JSON in UTF-8', { cause })
  }
  const protocol = (json as { protocol?: unknown } | null)?.protocol
  if (typeof protocol === 'number' && protocol !== PROTOCOL_VERSION)
    throw new FedError('E_PROTOCOL', `expected protocol ${PROTOCOL_VERSION}, got ${protocol}`)
  const headers = new Headers(c.req.raw.headers)
  headers.set('content-type', JSON_TYPE)
  c.req.raw = new Request(c.req.url, { method: c.req.method, headers, body })
  await next()
}

/** An app whose requests are checked by their schemas. E_BODY names the field, never its value. */
export const checkedApp = (): OpenAPIHono<ServerEnv> =>
  new OpenAPIHono<ServerEnv>({
    defaultHook: (result) => {
      if (result.success) return
      const [issue] = result.error.issues
      const place = issue?.path.join('.').slice(0, 100) || 'body'
      throw new FedError('E_BODY', `${place}: ${(issue?.message ?? 'is not valid').slice(0, 300)}`)
    },
  })
