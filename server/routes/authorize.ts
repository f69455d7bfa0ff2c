/** Which operator sent a request, whether the role is enough, and the note of it in the audit log. */
import type { MiddlewareHandler } from 'hono'
import { FedError, isFedError } from '../../adapters/errors.ts'
import type { Role } from '../access/roles.ts'
import { recordDeed } from '../governance/audit.ts'
import { operatorOf, requireRole } from '../governance/operators.ts'
import type { ServerDeps } from '../rounds/deps.ts'
import type { ServerEnv, ServerRoute } from './route.ts'

/**
 * Fails with E_AUTH. Not hono's `bearerAuth`: a credential that an operator has written may have
 * characters that RFC 6750 has not.
 */
export const requireOperator =
  (deps: Pick<ServerDeps, 'store' | 'clock' | 'config'>): MiddlewareHandler<ServerEnv> =>
  async (c, next) => {
    const sent = /^Bearer ([^\s]+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
    const operator = sent === undefined ? undefined : await operatorOf(deps, sent)
    if (!operator)
      throw new FedError('E_AUTH', "expected an operator's bearer credential that has not ended")
    c.set('operator', operator)
    await next()
  }

/** What a route of operators takes: to read, a viewer; else an operator, unless it says more. */
export const neededRole = ({ method, role }: Pick<ServerRoute, 'method' | 'role'>): Role =>
  role ?? (method === 'get' ? 'viewer' : 'operator')

/**
 * Fails with E_ROLE. A deed is noted before it is done, so that none is without its note; one that was
 * refused is noted again, with the code.
 */
export const authorized =
  (
    { store, clock }: Pick<ServerDeps, 'store' | 'clock'>,
    route: Pick<ServerRoute, 'method' | 'path' | 'role'>,
  ): MiddlewareHandler<ServerEnv> =>
  async (c, next) => {
    const { operator } = c.var
    const note = (outcome: string) =>
      recordDeed(store, {
        at: clock(),
        who: operator.id,
        action: `${route.method.toUpperCase()} ${route.path}`,
        target: (c.req.param('id') ?? c.req.param('hash'))?.slice(0, 64) ?? null,
        outcome,
      })
    const isDeed = route.method !== 'get'
    try {
      requireRole(operator, neededRole(route))
    } catch (error) {
      if (isDeed) await note('E_ROLE')
      throw error
    }
    if (isDeed) await note('asked')
    await next()
    if (isDeed && c.error) await note(isFedError(c.error) ? c.error.code : 'E_INTERNAL')
  }
