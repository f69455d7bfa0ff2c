/** The federation server as a value: tests and the eval call app.request, cli.ts serves it over HTTP. */

import type { Hono, MiddlewareHandler } from 'hono'
import { JSON_TYPE, typeOf } from '../../adapters/api-reference/route.ts'
import { FedError, isFedError } from '../../adapters/errors.ts'
import { MAX_BINARY_BYTES, MAX_JSON_BYTES } from '../../adapters/wire/primitives.ts'
import { newCredential } from '../access/secrets.ts'
import { haltWorse } from '../governance/halt.ts'
import { aggregateInProcess } from '../releases/aggregate.ts'
import { openAttendance } from '../rounds/attendance.ts'
import { createCoordinator } from '../rounds/coordinator.ts'
import type { ServerDeps } from '../rounds/deps.ts'
import { openSlots } from '../rounds/pace.ts'
import { checkedApp, limitBody, readJson } from './body.ts'
import { HTTP_STATUS } from './errors.ts'
import { requireOperator } from './operator.ts'
import { ALL_ROUTES } from './reference.ts'
import type { ServerEnv, ServerRoute } from './route.ts'
import { readSigned, requireDevice, requireEnrolledKey, requireSignature } from './signed.ts'

export type FederationServer = {
  readonly app: Pick<Hono<ServerEnv>, 'fetch' | 'request' | 'routes'>
  /** Passes deadlines that are over at `now` and resolves once no closed round waits for its release. */
  tick(now: number): Promise<void>
  /** Removes what a kill left behind. Call it before the first request, or it may take an upload for a leftover. */
  recover(): Promise<void>
  /** Ends background work and closes the store. */
  close(): Promise<void>
}

/** aggregate: default is in this thread; server/releases/worker.ts offers one that leaves it free. */
export const createServer = (
  given: Omit<ServerDeps, 'aggregate'> & Partial<Pick<ServerDeps, 'aggregate'>>,
): FederationServer => {
  const deps: ServerDeps = { aggregate: aggregateInProcess, ...given }
  const { store, log, config } = deps
  if (config.operatorCredential.length < 16)
    throw new RangeError('operatorCredential must have at least 16 characters')
  const coordinator = createCoordinator(deps)
  const attendance = openAttendance(store)
  const slots = openSlots(config.pace.perSecond, deps.rng)
  const routeDeps = { ...deps, coordinator, attendance, slots, uploadKey: uploadKeyOf(deps) }
  const app = checkedApp()
  app.use('/v1/operator/*', requireOperator(deps))
  for (const route of Object.values(ALL_ROUTES))
    app.openapi({ ...route, path: route.path, middleware: guardsOf(deps, route) }, (c) => {
      c.set('deps', routeDeps)
      return route.handler(c)
    })
  app.notFound(() => refusal(new FedError('E_NOT_FOUND', 'no such route')))
  app.onError((error, c) => {
    const where = { method: c.req.method, path: c.req.path.slice(0, 100) }
    if (isFedError(error)) {
      log('info', 'refused', { ...where, code: error.code })
      return refusal(error)
    }
    log('error', 'failed', { ...where, cause: String(error) })
    return refusal(new FedError('E_INTERNAL', 'the server failed; its log says more'))
  })
  return {
    app,
    async tick(now) {
      await attendance.flush()
      await coordinator.tick(now)
      await haltWorse(deps)
    },
    recover: () => coordinator.sweep(),
    async close() {
      await coordinator.stop()
      await store.close()
    },
  }
}

/** What a request passes before its handler. */
const guardsOf = (deps: ServerDeps, route: ServerRoute): MiddlewareHandler<ServerEnv>[] => {
  const guards: MiddlewareHandler<ServerEnv>[] = []
  if (route.who === 'newcomer') guards.push(requireSignature)
  if (route.who === 'device') guards.push(requireEnrolledKey(deps))
  const type = typeOf(route.request?.body)
  if (type) guards.push(limitBody(type === JSON_TYPE ? MAX_JSON_BYTES : MAX_BINARY_BYTES))
  if (route.who === 'newcomer') guards.push(readSigned)
  if (route.who === 'device') guards.push(requireDevice(deps))
  if (type === JSON_TYPE) guards.push(readJson)
  return guards
}

const refusal = ({ code, message }: FedError): Response =>
  Response.json({ error: { code, message } }, { status: HTTP_STATUS[code] })

/** Made once for a store, by whoever needs it first. */
const uploadKeyOf = ({ store, rng }: ServerDeps): (() => Promise<string>) => {
  const name = 'upload-key'
  let known: string | undefined
  return async () => {
    known ??= await store.setting(name)
    if (known === undefined) {
      await store.addSetting(name, newCredential(rng))
      known = (await store.setting(name))!
    }
    return known
  }
}
