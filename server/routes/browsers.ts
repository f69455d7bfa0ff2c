/** Which browsers may call as an operator: those on the server's own page, under a name that it has. */
import type { MiddlewareHandler } from 'hono'
import { refuseOtherPages } from '../../adapters/api-reference/other-pages.ts'
import { FedError } from '../../adapters/errors.ts'
import type { ServerEnv } from './route.ts'

/**
 * Fails with E_HOST, E_ORIGIN. hosts: names without their port; left out: any. The scheme of an origin
 * is not compared: a proxy may end TLS.
 */
export const requireOwnPage =
  (hosts: readonly string[] | undefined): MiddlewareHandler<ServerEnv> =>
  async (c, next) => {
    const host = (c.req.header('host') ?? new URL(c.req.url).host).toLowerCase()
    if (hosts && !hosts.includes(host.replace(/:\d+$/, '')))
      throw new FedError('E_HOST', `Host must be one of ${hosts.join(', ')} (serve --hosts)`)
    refuseOtherPages(
      (name) => c.req.header(name),
      (origin) => /^https?:\/\//.test(origin) && origin.replace(/^https?:\/\//, '') === host,
    )
    await next()
  }
