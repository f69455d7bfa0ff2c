/** What the operator calls, with the bearer credential: tokens, jobs, devices. */
import type { MiddlewareHandler } from 'hono'
import { json } from '../../adapters/api-reference/route.ts'
import { FedError } from '../../adapters/errors.ts'
import { isSameSecret } from '../../adapters/node/secrets.ts'
import { CreateJob, type JobView } from '../../adapters/wire/jobs.ts'
import {
  CreateTokens,
  CreateTokensResponse,
  DeviceListResponse,
  JobListResponse,
  JobResponse,
} from '../../adapters/wire/operator.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { credentialHash, newCredential } from '../access/secrets.ts'
import { createJob } from '../rounds/create-job.ts'
import type { ServerDeps } from '../rounds/deps.ts'
import type { Job } from '../store/records.ts'
import { AT, DEVICE_ID, JOB } from './examples.ts'
import { served } from './route.ts'

const protocol = PROTOCOL_VERSION
const tag = 'Operator' as const
const who = 'operator' as const
const KEY = /^[\x21-\x7e]{1,200}$/

const job = {
  id: 'job-9f2c9f2c9f2c9f2c9f2c',
  state: 'running' as const,
  reason: null,
  createdAt: AT,
  endedAt: null,
  spec: JOB,
  rounds: [],
  head: null,
}
const oneJob = json(JobResponse, { protocol, job })

export const OPERATOR_ROUTES = {
  createTokens: served(
    {
      method: 'post',
      path: '/v1/operator/tokens',
      tag,
      who,
      summary: 'Makes enrolment tokens',
      description: 'Each enrols one device, once. They are shown here and nowhere else.',
      request: { body: json(CreateTokens, { protocol, count: 1 }) },
      responses: {
        201: json(CreateTokensResponse, {
          protocol,
          tokens: ['bW9vbi10aWRlLXRva2Vu'],
          expiresAt: AT,
        }),
      },
      errors: ['E_BODY', 'E_PROTOCOL', 'E_TOO_LARGE'],
    },
    async (c) => {
      const { store, clock, rng } = c.var.deps
      const { count, ttlMs } = c.req.valid('json')
      const tokens = Array.from({ length: count }, () => newCredential(rng))
      const expiresAt = clock() + ttlMs
      await store.transaction(async (tx) => {
        for (const token of tokens) await tx.addToken(credentialHash(token), expiresAt)
      })
      return c.json({ protocol, tokens, expiresAt }, 201)
    },
  ),

  createJob: served(
    {
      method: 'post',
      path: '/v1/operator/jobs',
      tag,
      who,
      summary: 'Creates a job',
      description:
        'Answered with 200 and the first job where the idempotency key was used ' +
        'before. Fields that are left out get their defaults.',
      requestHeaders: { 'idempotency-key': 'One to 200 visible characters.' },
      request: { body: json(CreateJob, { protocol, job: JOB }) },
      responses: { 201: oneJob, 200: oneJob },
      errors: ['E_BODY', 'E_PROTOCOL', 'E_TOO_LARGE', 'E_CONFLICT'],
    },
    async (c) => {
      const { deps } = c.var
      const key = c.req.header('idempotency-key')
      if (key !== undefined && !KEY.test(key))
        throw new FedError('E_BODY', 'Idempotency-Key: expected 1 to 200 visible characters')
      const created = await createJob(deps, c.req.valid('json').job, key)
      return c.json({ protocol, job: await jobView(deps, created.job) }, created.isNew ? 201 : 200)
    },
  ),

  listJobs: served(
    {
      method: 'get',
      path: '/v1/operator/jobs',
      tag,
      who,
      summary: 'All jobs',
      description: 'With their rounds and the newest release of their lineage.',
      responses: { 200: json(JobListResponse, { protocol, jobs: [job] }) },
      errors: [],
    },
    async (c) => {
      const { deps } = c.var
      const jobs = await deps.store.jobs()
      return c.json(
        { protocol, jobs: await Promise.all(jobs.map((one) => jobView(deps, one))) },
        200,
      )
    },
  ),

  getJob: served(
    {
      method: 'get',
      path: '/v1/operator/jobs/{id}',
      tag,
      who,
      summary: 'One job',
      description: 'With its rounds and the newest release of its lineage.',
      responses: { 200: oneJob },
      errors: ['E_NO_JOB'],
    },
    async (c) => {
      const { deps } = c.var
      const found = await findJob(deps, c.req.param('id'))
      return c.json({ protocol, job: await jobView(deps, found) }, 200)
    },
  ),

  cancelJob: served(
    {
      method: 'post',
      path: '/v1/operator/jobs/{id}/cancel',
      tag,
      who,
      summary: 'Cancels a job',
      description: 'Its open round is abandoned. A job that has ended stays as it is.',
      responses: { 200: oneJob },
      errors: ['E_NO_JOB', 'E_JOB_STATE'],
    },
    async (c) => {
      const { deps } = c.var
      const found = await findJob(deps, c.req.param('id'))
      await deps.coordinator.cancel(found, deps.clock())
      return c.json({ protocol, job: await jobView(deps, await findJob(deps, found.id)) }, 200)
    },
  ),

  listDevices: served(
    {
      method: 'get',
      path: '/v1/operator/devices',
      tag,
      who,
      summary: 'All enrolled devices',
      description: 'Pseudonyms and times. Nothing here says anything about a person.',
      responses: {
        200: json(DeviceListResponse, {
          protocol,
          devices: [{ id: DEVICE_ID, enrolledAt: AT, lastSeenAt: AT }],
        }),
      },
      errors: [],
    },
    async (c) => {
      const enrolled = await c.var.deps.store.devices()
      const devices = enrolled.map(({ id, enrolledAt, lastSeenAt }) => ({
        id,
        enrolledAt,
        lastSeenAt,
      }))
      return c.json({ protocol, devices }, 200)
    },
  ),
}

/**
 * Not hono's `bearerAuth`: a credential that an operator has written may have characters that RFC
 * 6750 has not.
 */
export const requireOperator =
  ({ config }: Pick<ServerDeps, 'config'>): MiddlewareHandler =>
  async (c, next) => {
    const sent = /^Bearer ([^\s]+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
    if (sent === undefined || !isSameSecret(sent, config.operatorCredential))
      throw new FedError('E_AUTH', "expected the operator's bearer credential")
    await next()
  }

const findJob = async ({ store }: Pick<ServerDeps, 'store'>, id: string): Promise<Job> => {
  const job = await store.job(id)
  if (!job) throw new FedError('E_NO_JOB', 'no job has this id')
  return job
}

const jobView = async ({ store }: Pick<ServerDeps, 'store'>, job: Job): Promise<JobView> => ({
  id: job.id,
  state: job.state,
  reason: job.reason,
  createdAt: job.createdAt,
  endedAt: job.endedAt,
  spec: job.spec,
  rounds: (await store.rounds(job.id)).map((round) => ({
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
  head: (await store.lineage(job.lineId))?.head ?? null,
})
