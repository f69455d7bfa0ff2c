/** Who may come in now: rate limits by address and by device, and how many requests at once. */
import type { HttpBindings } from '@hono/node-server'
import type { Context, MiddlewareHandler } from 'hono'
import { FedError } from '../../adapters/errors.ts'
import type { Gate } from '../transfer/gate.ts'
import type { RateLimit } from '../transfer/rate-limit.ts'
import type { ServerEnv } from './route.ts'

/** Fails with E_TOO_MANY; the answer then says when to come back. */
export const limitRate = (c: Context<ServerEnv>, limit: RateLimit, name: string): void => {
  const waitMs = limit.take(name)
  if (waitMs === 0) return
  c.header('retry-after', String(Math.ceil(waitMs / 1000)))
  throw new FedError('E_TOO_MANY', 'too many requests: come back after the time in retry-after')
}

/** Fails with E_TOO_MANY. An address that is unknown has no limit. */
export const limitAddress =
  (limit: RateLimit): MiddlewareHandler<ServerEnv> =>
  async (c, next) => {
    const address = addressOf(c)
    if (address) limitRate(c, limit, address)
    await next()
  }

/** Fails with E_UNAVAILABLE where too many wait. */
export const limitAtOnce =
  (gate: Gate): MiddlewareHandler<ServerEnv> =>
  (_, next) =>
    gate.through(next)

/**
 * The sender's. A proxy on this machine says it in the last entry of x-forwarded-for; programs of
 * this machine have none.
 */
const addressOf = (c: Context): string | undefined => {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>
  const peer = incoming?.socket.remoteAddress
  if (!peer || !isLoopback(peer)) return peer
  return c.req.header('x-forwarded-for')?.split(',').at(-1)?.trim()
}

const isLoopback = (address: string): boolean => /^(?:::1$|(?:::ffff:)?127\.)/.test(address)
