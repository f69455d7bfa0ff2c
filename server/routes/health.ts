/** What monitors read: whether the process lives, whether it can serve, and its metrics. */
import { z } from 'zod'
import { file, json } from '../../adapters/api-reference/route.ts'
import { writeGauges } from '../governance/gauges.ts'
import { isReady, readinessOf } from '../governance/readiness.ts'
import { served } from './route.ts'

const monitor = { method: 'get', tag: 'Server' } as const

export const Liveness = z.strictObject({ status: z.literal('ok') })

/** By check: `ok`, or what is wrong. */
export const Readiness = z.strictObject({
  ready: z.boolean(),
  checks: z.strictObject({
    database: z.string().max(200),
    objects: z.string().max(200),
    disk: z.string().max(200),
    aggregation: z.string().max(200),
    process: z.string().max(200),
  }),
})

const ready = {
  ready: true,
  checks: { database: 'ok', objects: 'ok', disk: 'ok', aggregation: 'ok', process: 'ok' },
}

export const HEALTH_ROUTES = {
  live: served(
    {
      ...monitor,
      path: '/healthz',
      who: 'anyone',
      summary: 'Whether the process answers',
      description: 'For a supervisor that restarts it otherwise. It looks at nothing else.',
      responses: { 200: json(Liveness, { status: 'ok' }) },
      errors: [],
    },
    (c) => c.json({ status: 'ok' as const }, 200),
  ),

  ready: served(
    {
      ...monitor,
      path: '/readyz',
      who: 'anyone',
      summary: 'Whether it can serve requests',
      description:
        'Reaches database and objects, has room on its disk, has no closed round that waits for ' +
        'long, and does not end. Answered with 503 otherwise, for a load balancer.',
      responses: { 200: json(Readiness, ready), 503: json(Readiness, { ...ready, ready: false }) },
      errors: [],
    },
    async (c) => {
      const { deps } = c.var
      const checks = await readinessOf(deps)
      const process = deps.ending.aborted ? 'ends' : 'ok'
      const isFit = isReady(checks) && process === 'ok'
      deps.metrics.ready.set(Number(isFit))
      return c.json({ ready: isFit, checks: { ...checks, process } }, isFit ? 200 : 503)
    },
  ),

  metrics: served(
    {
      ...monitor,
      path: '/metrics',
      who: 'monitor',
      summary: 'Metrics for Prometheus',
      description:
        'Counts of this process, and what the store says now. Nothing is counted for one device. ' +
        'With the credential of an operator of any role; without one where the server was started ' +
        'with `--open-metrics`.',
      responses: { 200: file('text/plain', 'The text format of Prometheus') },
      errors: [],
    },
    async (c) => {
      const { metrics, store, clock, disk } = c.var.deps
      await writeGauges(metrics, store, clock())
      const space = await disk?.()
      if (space) {
        metrics.disk.set({ kind: 'free' }, space.freeBytes)
        metrics.disk.set({ kind: 'total' }, space.totalBytes)
      }
      const { contentType } = metrics.registry
      return new Response(await metrics.registry.metrics(), {
        headers: { 'content-type': contentType, 'cache-control': 'no-store' },
      })
    },
  ),
}
