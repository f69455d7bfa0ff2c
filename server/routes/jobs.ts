/** What the operator does with jobs. */
import { json } from '../../adapters/api-reference/route.ts'
import { FedError } from '../../adapters/errors.ts'
import { CreateJob, type JobSpecInput, JobState } from '../../adapters/wire/jobs.ts'
import {
  JobListResponse,
  JobQuery,
  JobResponse,
  PriorityRequest,
} from '../../adapters/wire/operator.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import type { OperatorEvent } from '../rounds/coordinator.ts'
import { createJob } from '../rounds/create-job.ts'
import type { Job } from '../store/records.ts'
import { AT, JOB } from './examples.ts'
import { findJob, jobView } from './job-view.ts'
import { type RouteDeps, served } from './route.ts'

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
  startAt: AT,
  expiresAt: AT + 30 * 86_400_000,
  priority: 0,
  released: 0,
  waitingFor:
    'devices: 0 of 10 have taken part, 2 at work; 4 checked in today, 2 were not charging',
}
const oneJob = json(JobResponse, { protocol, job })

const view = async (deps: RouteDeps, id: string) => ({
  protocol,
  job: await jobView(deps, await findJob(deps, id)),
})

/** A route that does one thing to a job and answers with the job. */
const actRoute = (
  kind: Exclude<OperatorEvent['kind'], 'prioritize'>,
  summary: string,
  description: string,
) =>
  served(
    {
      method: 'post',
      path: `/v1/operator/jobs/{id}/${kind}`,
      tag,
      who,
      summary,
      description,
      responses: { 200: oneJob },
      errors: ['E_NO_JOB', 'E_JOB_STATE'],
    },
    async (c) => {
      const { deps } = c.var
      const id = c.req.param('id')
      await deps.coordinator.act(await findJob(deps, id), { kind }, deps.clock())
      return c.json(await view(deps, id), 200)
    },
  )

export const JOB_ROUTES = {
  createJob: served(
    {
      method: 'post',
      path: '/v1/operator/jobs',
      tag,
      who,
      summary: 'Creates a job',
      description:
        'Answered with 200 and the first job where the idempotency key was used ' +
        'before. Fields that are left out get their defaults. A job that could never do what it ' +
        'says is refused with the reason, as is one whose `cohort.minimum` is below the least cohort of ' +
        'the server. To clone one, send the `spec` that its view shows.',
      requestHeaders: { 'idempotency-key': 'One to 200 visible characters.' },
      request: { body: json(CreateJob, { protocol, job: JOB }) },
      responses: { 201: oneJob, 200: oneJob },
      errors: [
        'E_BODY',
        'E_PROTOCOL',
        'E_TOO_LARGE',
        'E_CONFLICT',
        'E_SHAPE',
        'E_NORM',
        'E_FEATURES',
        'E_FULL',
        'E_BUDGET_SPENT',
      ],
    },
    async (c) => {
      const { deps } = c.var
      const key = c.req.header('idempotency-key')
      if (key !== undefined && !KEY.test(key))
        throw new FedError('E_BODY', 'Idempotency-Key: expected 1 to 200 visible characters')
      const { job: sent } = await c.req.json<{ job: JobSpecInput }>()
      const created = await createJob(deps, { spec: c.req.valid('json').job, sent }, key)
      return c.json({ protocol, job: await jobView(deps, created.job) }, created.isNew ? 201 : 200)
    },
  ),

  listJobs: served(
    {
      method: 'get',
      path: '/v1/operator/jobs',
      tag,
      who,
      summary: 'Jobs, page by page',
      description:
        'Oldest first, or the other way round, each with its newest rounds and the newest release of ' +
        'its lineage. `next` is the cursor of the next page.',
      request: { query: JobQuery },
      responses: { 200: json(JobListResponse, { protocol, jobs: [job], next: null }) },
      errors: ['E_BODY'],
    },
    async (c) => {
      const { deps } = c.var
      const query = c.req.valid('query')
      const { jobs, next } = await pageOf(deps, query)
      const { rounds = ROUNDS_IN_LIST } = query
      const views = await Promise.all(jobs.map((one) => jobView(deps, one, rounds)))
      return c.json({ protocol, jobs: views, next }, 200)
    },
  ),

  getJob: served(
    {
      method: 'get',
      path: '/v1/operator/jobs/{id}',
      tag,
      who,
      summary: 'One job',
      description:
        'With its newest 200 rounds, what it waits for, and the newest release of its lineage.',
      responses: { 200: oneJob },
      errors: ['E_NO_JOB'],
    },
    async (c) => c.json(await view(c.var.deps, c.req.param('id')), 200),
  ),

  pauseJob: actRoute(
    'pause',
    'Pauses a job',
    'It assigns no devices and releases nothing; updates of devices that have begun are still taken.',
  ),
  resumeJob: actRoute(
    'resume',
    'Resumes a paused job',
    'Also one that the server has paused because of a fault of its own: its updates are still there.',
  ),
  retryJob: actRoute(
    'retry',
    'Takes up a job that failed or expired',
    'It goes on after its last release, for as long as it was given at first.',
  ),
  cancelJob: actRoute(
    'cancel',
    'Cancels a job',
    'Its open round is abandoned. A job that has ended stays as it is.',
  ),

  setJobPriority: served(
    {
      method: 'post',
      path: '/v1/operator/jobs/{id}/priority',
      tag,
      who,
      summary: 'Sets the priority of a job',
      description: 'An open round of another job of its lineage is not interrupted.',
      request: { body: json(PriorityRequest, { protocol, priority: 10 }) },
      responses: { 200: oneJob },
      errors: ['E_BODY', 'E_PROTOCOL', 'E_TOO_LARGE', 'E_NO_JOB', 'E_JOB_STATE'],
    },
    async (c) => {
      const { deps } = c.var
      const id = c.req.param('id')
      const { priority } = c.req.valid('json')
      const event = { kind: 'prioritize', priority } as const
      await deps.coordinator.act(await findJob(deps, id), event, deps.clock())
      return c.json(await view(deps, id), 200)
    },
  ),
}

const PAGE = 100
const ROUNDS_IN_LIST = 5

/** States are looked up; the other filters pass over what does not fit. */
const pageOf = async (
  { store }: RouteDeps,
  { state, name, base, order, limit = PAGE, cursor }: JobQuery,
): Promise<{ jobs: Job[]; next: string | null }> => {
  const states = state?.split(',').map((one) => JobState.parse(one)) ?? []
  const fits = ({ spec }: Job) =>
    (name === undefined || spec.name.toLowerCase().includes(name.toLowerCase())) &&
    (base === undefined || spec.base.weights.startsWith(base))
  const jobs: Job[] = []
  const isNewestFirst = order === 'newest'
  let after = cursor === undefined ? undefined : Number(cursor)
  for (;;) {
    const rows = await store.jobPage({ states, after, isNewestFirst, limit: PAGE })
    for (const { number, job } of rows) {
      if (fits(job) && jobs.length === limit) return { jobs, next: String(after) }
      after = number
      if (fits(job)) jobs.push(job)
    }
    if (rows.length < PAGE) return { jobs, next: null }
  }
}
