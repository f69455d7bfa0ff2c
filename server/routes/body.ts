/** Bodies under a limit, and JSON through its schema; every refusal is a FedError. */
import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import { JSON_TYPE } from '../../adapters/api-reference/route.ts'
import { FedError } from '../../adapters/errors.ts'
import { sha256 } from '../../adapters/node/sha256.ts'
import { MAX_JSON_BYTES, PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { checkDigest } from '../../adapters/wire/signature.ts'
import { inTime, readBody, type SenderPace, tooLarge } from '../transfer/paced.ts'
import type { ServerEnv } from './route.ts'

/**
 * The body is JSON, whatever type it was sent under. Fails with E_TOO_LARGE, E_TOO_SLOW, E_SIGNATURE
 * (not the bytes that were signed), E_BODY, and with E_PROTOCOL for another version even where other
 * fields would fail: they may have changed their meaning.
 */
export const readJson =
  (pace: SenderPace): MiddlewareHandler<ServerEnv> =>
  async (c, next) => {
    checkLength(c, MAX_JSON_BYTES)
    const body = await bodyOf(c, pace)
    if (c.var.signed) checkDigest('content-digest', c.var.signed.signable, sha256(body))
    let text: string
    let json: unknown
    try {
      text = UTF8.decode(body)
      json = JSON.parse(text)
    } catch (cause) {
      throw new FedError('E_BODY', 'expected JSON in UTF-8', { cause })
    }
    const protocol = (json as { protocol?: unknown } | null)?.protocol
    if (typeof protocol === 'number' && protocol !== PROTOCOL_VERSION)
      throw new FedError('E_PROTOCOL', `expected protocol ${PROTOCOL_VERSION}, got ${protocol}`)
    if (c.req.header('content-type') !== JSON_TYPE) {
      const headers = new Headers(c.req.raw.headers)
      headers.set('content-type', JSON_TYPE)
      c.req.raw = new Request(c.req.url, { method: c.req.method, headers })
    }
    // Else hono makes the text anew, by a Response of the bytes. It keeps promises; its type says not.
    c.req.bodyCache = { text: Promise.resolve(text) as never }
    await next()
  }

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/**
 * A body whose length is known comes in one go, several times as fast; its sender has the time for
 * all that a slow one has for a piece.
 */
const bodyOf = async (c: Context<ServerEnv>, pace: SenderPace): Promise<Uint8Array> => {
  const isKnown = c.req.header('content-length') !== undefined
  if (!isKnown) return readBody(c.req.raw.body, { maxBytes: MAX_JSON_BYTES, pace })
  return new Uint8Array(await inTime(c.req.arrayBuffer(), pace))
}

/** Fails with E_TOO_LARGE where the request says so before a byte has come. */
export const checkLength = (c: Context, maxBytes: number): void => {
  if (Number(c.req.header('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes)
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
