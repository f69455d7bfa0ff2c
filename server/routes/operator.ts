/** What the operator calls, with the bearer credential: tokens, jobs, releases, devices. */
import { Hono } from 'hono'
import { createMiddleware } from 'hono/factory'
import { FedError } from '../../adapters/errors.ts'
import { isSameSecret } from '../../adapters/node/secrets.ts'
import { CreateJob, type JobView } from '../../adapters/wire/jobs.ts'
import { CreateTokens } from '../../adapters/wire/operator.ts'
import { MAX_JSON_BYTES, PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import type { ServerDeps } from '../config.ts'
import { createJob } from '../rounds/create-job.ts'
import { credentialHash, newCredential } from '../secrets.ts'
import type { Job } from '../store/records.ts'
import { parseBody, readBody } from './body.ts'
import { type RouteDeps, sendRelease } from './devices.ts'

const KEY = /^[\x21-\x7e]{1,200}$/

export const operatorRoutes = (deps: RouteDeps) => {
  const { store, clock, rng, coordinator } = deps
  const protocol = PROTOCOL_VERSION
  return new Hono()
    .use('/v1/operator/*', requireOperator(deps))

    .post('/v1/operator/tokens', async (c) => {
      const { count, ttlMs } = parseBody(await readBody(c.req.raw, MAX_JSON_BYTES), CreateTokens)
      const tokens = Array.from({ length: count }, () => newCredential(rng))
      const expiresAt = clock() + ttlMs
      store.transaction(() => {
        for (const token of tokens) store.addToken(credentialHash(token), expiresAt)
      })
      return c.json({ protocol, tokens, expiresAt }, 201)
    })

    .post('/v1/operator/jobs', async (c) => {
      const key = c.req.header('idempotency-key')
      if (key !== undefined && !KEY.test(key))
        throw new FedError('E_BODY', 'Idempotency-Key: expected 1 to 200 visible characters')
      const { job: spec } = parseBody(await readBody(c.req.raw, MAX_JSON_BYTES), CreateJob)
      const { job, isNew } = await createJob(deps, spec, key)
      return c.json({ protocol, job: jobView(deps, job) }, isNew ? 201 : 200)
    })
    .get('/v1/operator/jobs', (c) =>
      c.json({ protocol, jobs: store.jobs().map((job) => jobView(deps, job)) }),
    )
    .get('/v1/operator/jobs/:id', (c) =>
      c.json({ protocol, job: jobView(deps, findJob(deps, c.req.param('id'))) }),
    )
    .post('/v1/operator/jobs/:id/cancel', async (c) => {
      const { id } = findJob(deps, c.req.param('id'))
      await coordinator.cancel(id, clock())
      return c.json({ protocol, job: jobView(deps, findJob(deps, id)) })
    })

    .get('/v1/operator/releases', (c) =>
      c.json({ protocol, releases: store.releases().map((release) => release.summary) }),
    )
    .get('/v1/operator/releases/:hash', (c) => {
      const release = store.release(c.req.param('hash'))
      if (!release) throw new FedError('E_NO_RELEASE', 'no release has this hash')
      return c.json({ protocol, release: release.summary })
    })
    .get('/v1/operator/releases/:hash/bytes', (c) =>
      sendRelease(deps, c.req.param('hash'), c.req.header('if-none-match')),
    )

    .get('/v1/operator/devices', (c) => {
      const devices = store.devices().map(({ id, enrolledAt, lastSeenAt }) => ({
        id,
        enrolledAt,
        lastSeenAt,
      }))
      return c.json({ protocol, devices })
    })
}

const requireOperator = ({ config }: Pick<ServerDeps, 'config'>) =>
  createMiddleware(async (c, next) => {
    const sent = /^Bearer ([^\s]+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
    if (sent === undefined || !isSameSecret(sent, config.operatorCredential))
      throw new FedError('E_AUTH', "expected the operator's bearer credential")
    await next()
  })

const findJob = ({ store }: Pick<ServerDeps, 'store'>, id: string): Job => {
  const job = store.job(id)
  if (!job) throw new FedError('E_NO_JOB', 'no job has this id')
  return job
}

const jobView = ({ store }: Pick<ServerDeps, 'store'>, job: Job): JobView => ({
  id: job.id,
  state: job.state,
  reason: job.reason,
  createdAt: job.createdAt,
  endedAt: job.endedAt,
  spec: job.spec,
  rounds: store.rounds(job.id).map((round) => ({
    id: round.id,
    index: round.index,
    attempt: round.attempt,
    phase: round.phase,
    factor: round.factor,
    assigned: round.assigned,
    received: round.received,
    openedAt: round.openedAt,
    deadlineAt: round.deadlineAt,
    reason: round.reason,
    release: round.release,
  })),
  head: store.line(job.lineId)?.head ?? null,
})
