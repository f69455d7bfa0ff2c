/** The federation server as a value: tests and the eval call app.request, cli.ts serves it over HTTP. */

import type { Context, Hono, MiddlewareHandler } from 'hono'
import { compress } from 'hono/compress'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { JSON_TYPE, typeOf } from '../../adapters/api-reference/route.ts'
import { FedError, isFedError } from '../../adapters/errors.ts'
import { newCredential } from '../access/secrets.ts'
import { openServerWord } from '../access/server-word.ts'
import { decideStaged } from '../governance/staged.ts'
import { createWatch } from '../governance/watch.ts'
import type { Tell } from '../governance/webhook.ts'
import { aggregateInProcess } from '../releases/aggregate.ts'
import { foldInProcess } from '../releases/fold.ts'
import { openAttendance } from '../rounds/attendance.ts'
import { type Coordinator, createCoordinator } from '../rounds/coordinator.ts'
import type { ServerDeps } from '../rounds/deps.ts'
import { openSlots } from '../rounds/pace.ts'
import { isDiskFailure } from '../store/disk-failure.ts'
import { countedLog } from '../telemetry/counted-log.ts'
import { createMetrics, type Metrics } from '../telemetry/metrics.ts'
import { sharedParts } from '../transfer/shared-parts.ts'
import { openTransfer, type TransferOptions } from '../transfer/transfer.ts'
import { limitAddress, limitAtOnce } from './admission.ts'
import { signsAnswers } from './answers.ts'
import { authorized, requireOperator } from './authorize.ts'
import { checkedApp, readJson } from './body.ts'
import { requireOwnPage } from './browsers.ts'
import { HTTP_STATUS } from './errors.ts'
import { ALL_ROUTES } from './reference.ts'
import type { RouteDeps, ServerEnv, ServerRoute } from './route.ts'
import { requireDevice, requireEnrolledKey, requireSignature } from './signed.ts'

export type FederationServer = {
  readonly app: Pick<Hono<ServerEnv>, 'fetch' | 'request' | 'routes'>
  /** Passes deadlines that are over at `now` and resolves once no closed round waits for its release. */
  tick(now: number): Promise<void>
  /** Removes what a kill left behind: of data that no other server uses, and before the first request. */
  recover(): Promise<void>
  readonly metrics: Metrics
  /** What operators, and an edge's upstream, do to jobs. */
  readonly act: Coordinator['act']
  /** From now on it is not ready for requests, and streams of events end. */
  drain(): void
  /** Ends background work and closes the store. */
  close(): Promise<void>
}

/**
 * aggregate, fold: default is in this thread; server/releases/worker.ts offers one that leaves it free.
 * traffic: bounds of what comes in at once; defaults are in transfer.ts. tell: called with each new
 * alert.
 */
export const createServer = ({
  traffic,
  tell,
  ...given
}: Omit<ServerDeps, 'aggregate' | 'fold'> &
  Partial<Pick<ServerDeps, 'aggregate' | 'fold'>> & {
    readonly traffic?: TransferOptions
    readonly tell?: Tell | undefined
  }): FederationServer => {
  const metrics = createMetrics()
  const ending = new AbortController()
  const log = countedLog(metrics, given.log)
  const deps: ServerDeps = { aggregate: aggregateInProcess, fold: foldInProcess, ...given, log }
  const transfer = openTransfer(traffic)
  const { store, config } = deps
  if (config.operatorCredential.length < 16)
    throw new RangeError('operatorCredential must have at least 16 characters')
  const coordinator = createCoordinator(deps)
  const attendance = openAttendance(store)
  const word = openServerWord(store)
  const routeDeps: RouteDeps = {
    ...deps,
    coordinator,
    attendance,
    slots: openSlots(config.pace.perSecond, deps.rng),
    transfer,
    parts: sharedParts(store, deps.objects),
    uploadKey: uploadKeyOf(deps),
    word,
    metrics,
    ending: ending.signal,
  }
  const app = checkedApp()
  app.use('/v1/*', limitAddress(transfer.byAddress))
  const watch = createWatch(deps, metrics, tell)
  let governing: Promise<void> | undefined
  /** One at a time, whatever the pace of ticks. */
  const govern = async (now: number): Promise<void> => {
    if (ending.signal.aborted) return
    // An edge has its releases from elsewhere.
    const decide = config.upstream === undefined ? decideStaged(deps) : Promise.resolve()
    governing ??= decide
      .then(() => watch(now))
      .finally(() => {
        governing = undefined
      })
    await governing
  }
  app.use('/v1/operator/*', requireOwnPage(config.hosts), requireOperator(deps))
  for (const route of Object.values(ALL_ROUTES))
    app.openapi({ ...route, path: route.path, middleware: guardsOf(routeDeps, route) }, (c) => {
      c.set('deps', routeDeps)
      return route.handler(c)
    })
  app.notFound((c) => refusal(new FedError('E_NOT_FOUND', 'no such route'), c, deps))
  app.onError((error, c) => {
    const where = { method: c.req.method, path: c.req.path.slice(0, 100) }
    if (isFedError(error)) {
      log('info', 'refused', { ...where, code: error.code })
      return refusal(error, c, deps)
    }
    log('error', 'failed', { ...where, cause: String(error) })
    if (isDiskFailure(error))
      return refusal(
        new FedError('E_UNAVAILABLE', 'the server cannot write to its disk now; try again later'),
        c,
        deps,
      )
    return refusal(new FedError('E_INTERNAL', 'the server failed; its log says more'), c, deps)
  })
  let [sweptAt, ticking] = [0, Promise.resolve()]
  const tick = async (now: number) => {
    await attendance.flush()
    word.forget()
    if (now - sweptAt >= SWEEP_MS) {
      sweptAt = now
      await transfer.partials.sweep(now - KEPT_MS)
    }
    await coordinator.tick(now)
    await govern(now)
  }
  return {
    app,
    metrics,
    act: coordinator.act,
    drain: () => ending.abort(),
    tick(now) {
      const done = tick(now)
      ticking = Promise.allSettled([ticking, done]).then(() => {})
      return done
    },
    recover: () => coordinator.sweep(),
    async close() {
      ending.abort()
      await coordinator.stop()
      await ticking
      await transfer.close()
      await store.close()
    },
  }
}

/** How long an upload that broke off may wait to go on. */
const KEPT_MS = 3_600_000
/** How often those are looked at. */
const SWEEP_MS = 60_000

/** What a request passes before its handler. Uploads have a gate of their own. */
const guardsOf = (deps: RouteDeps, route: ServerRoute): MiddlewareHandler<ServerEnv>[] => {
  const { transfer } = deps
  const guards: MiddlewareHandler<ServerEnv>[] = [timed(deps.metrics, route)]
  if (route.who === 'monitor' && !deps.config.openMetrics) guards.push(requireOperator(deps))
  if (route.who === 'operator') guards.push(authorized(deps, route))
  if (makesReleases(route)) guards.push(refuseAtEdge(deps.config))
  const type = typeOf(route.request?.body)
  // Long texts alone: the numbers of a trained release lose a fourteenth.
  if (route.who === 'anyone' || route.who === 'operator') guards.push(compress({ threshold: 8192 }))
  if (route.who === 'newcomer' || route.who === 'device') guards.push(signsAnswers(deps.word))
  if (route.who === 'newcomer') guards.push(requireSignature)
  if (route.who === 'device') guards.push(requireEnrolledKey(deps))
  if (route.who === 'newcomer' || (route.who === 'device' && type === JSON_TYPE))
    guards.push(limitAtOnce(transfer.requests))
  if (route.who === 'device') guards.push(requireDevice(deps))
  if (type === JSON_TYPE) guards.push(readJson(transfer.pace))
  return guards
}

/** Whether it makes jobs or releases, which an edge has from the server before it. */
const makesReleases = ({ who, method, path }: ServerRoute): boolean =>
  who === 'operator' &&
  method === 'post' &&
  (path === '/v1/operator/jobs' || path.startsWith('/v1/operator/lineages/'))

const refuseAtEdge =
  ({ upstream }: ServerDeps['config']): MiddlewareHandler<ServerEnv> =>
  async (_, next) => {
    if (upstream !== undefined)
      throw new FedError(
        'E_CONFLICT',
        `this server is an edge: its jobs and releases come from ${upstream}, ask there`,
      )
    await next()
  }

/** Codes whose answer says when to come back, a little later for each. */
const PASSING: ReadonlySet<string> = new Set(['E_UNAVAILABLE', 'E_STORE'])

const refusal = ({ code, message }: FedError, c: Context, { rng }: Pick<ServerDeps, 'rng'>) => {
  if (PASSING.has(code)) c.header('retry-after', String(2 + rng.int(8)))
  return c.json({ error: { code, message } }, HTTP_STATUS[code] as ContentfulStatusCode)
}

/** By route, not by path: a path may name a round or a release. */
const timed =
  ({ requests }: Metrics, { method, path }: ServerRoute): MiddlewareHandler<ServerEnv> =>
  async (c, next) => {
    const route = `${method.toUpperCase()} ${path}`
    const stop = requests.startTimer({ route })
    await next()
    stop({ status: c.res.status })
  }

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
