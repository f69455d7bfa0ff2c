/** Who may call the local API: programs of this computer that hold a credential, never a page of the web. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'
import { FedError } from '../../adapters/errors.ts'

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]']

/**
 * Refuses other Host names (DNS rebinding) with E_HOST and foreign origins with E_ORIGIN.
 * port: the one that is listened on; a function because it is known only then.
 */
export const requireLoopback =
  (port: () => number): MiddlewareHandler =>
  async (c, next) => {
    const hosts = LOOPBACK.map((name) => `${name}:${port()}`)
    const host = (c.req.header('host') ?? new URL(c.req.url).host).toLowerCase()
    if (!hosts.includes(host))
      throw new FedError('E_HOST', `Host must be one of ${hosts.join(', ')}`)
    const origin = c.req.header('origin')
    if (origin !== undefined && !hosts.some((h) => origin.toLowerCase() === `http://${h}`))
      throw new FedError('E_ORIGIN', 'requests from other origins are refused')
    const site = c.req.header('sec-fetch-site')
    if (site === 'cross-site' || site === 'same-site')
      throw new FedError('E_ORIGIN', 'requests from other sites are refused')
    await next()
  }

/** The device token in `Authorization: Bearer` or `x-api-key`; else E_AUTH. */
export const requireDeviceToken =
  (deviceToken: string): MiddlewareHandler =>
  async (c, next) => {
    if (!credentialsOf(c.req.raw.headers).some((value) => isSame(value, deviceToken)))
      throw new FedError('E_AUTH', 'needs the device token, as Authorization: Bearer or x-api-key')
    await next()
  }

/** What the request offers in the two headers that the Messages API knows. */
export const credentialsOf = (headers: Headers): string[] => {
  const bearer = /^Bearer\s+(.+)$/i.exec(headers.get('authorization') ?? '')?.[1]?.trim()
  return [bearer, headers.get('x-api-key')?.trim()].filter((v): v is string => Boolean(v))
}

/** Compares in constant time. */
export const isSame = (a: string, b: string): boolean => timingSafeEqual(hash(a), hash(b))

const hash = (text: string) => createHash('sha256').update(text).digest()
