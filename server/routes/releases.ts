/** Releases and their lineages: what operators read and change of them, and what devices say of them. */
import { z } from 'zod'
import { json } from '../../adapters/api-reference/route.ts'
import { FedError } from '../../adapters/errors.ts'
import type { ReleaseSummary } from '../../adapters/wire/containers.ts'
import { JudgeRequest, JudgeResponse } from '../../adapters/wire/federation.ts'
import {
  LineageListResponse,
  LineageResponse,
  type LineageView,
  ReleaseListResponse,
  ReleaseQuery,
  ReleaseResponse,
  RollbackRequest,
  StageRequest,
  VerdictRequest,
} from '../../adapters/wire/operator.ts'
import { PROTOCOL_VERSION, Protocol } from '../../adapters/wire/primitives.ts'
import { promoteHead, rollBack, setScaleAnew, stageReleases } from '../governance/change-head.ts'
import { giveVerdict, judgeRelease } from '../governance/judge.ts'
import { judgedView, stagedRelease } from '../releases/rollout.ts'
import type { ServerDeps } from '../rounds/deps.ts'
import type { Lineage, Release, Staging } from '../store/records.ts'
import { RELEASE_BYTES, sendRelease } from './downloads.ts'
import { ADAPTER, AT, BASE, FEATURES, HASH, LINEAGE_ID } from './examples.ts'
import { served } from './route.ts'

const protocol = PROTOCOL_VERSION
const tag = 'Operator' as const
const who = 'operator' as const
/** A command without arguments. */
const Empty = z.strictObject({ protocol: Protocol })
/** Releases of an answer, where the request does not say. */
const PAGE = 100
const BODY = ['E_BODY', 'E_PROTOCOL', 'E_TOO_LARGE'] as const

const release = {
  hash: HASH,
  bytes: 1_400_000,
  base: BASE,
  adapter: ADAPTER,
  exitLayer: 12,
  features: FEATURES,
  basisEpoch: 1,
  version: 1,
  parent: '51be'.repeat(16),
  jobId: 'job-9f2c9f2c9f2c9f2c9f2c',
  roundId: 'round-9f2c9f2c9f2c9f2c9f2c',
  cohort: 10,
  inputs: HASH,
  createdAt: AT,
  parts: ['adapter' as const, 'prior' as const],
  lineage: LINEAGE_ID,
  metrics: {
    adapterNorm: 3.1,
    adapterChange: 0.4,
    priorChange: 0.2,
    updateNorms: [0, 0, 1, 3, 4, 1, 1],
  },
}

const lineage = {
  id: LINEAGE_ID,
  base: BASE.name,
  head: HASH,
  version: 7,
  share: 0.1,
  promoted: '51be'.repeat(16),
  promotedVersion: 6,
  updatedAt: AT,
  judged: { devices: 31, mean: 0.04, low: 0.01, high: 0.07, loss: 0.62, accuracy: 0.66 },
}
const oneLineage = json(LineageResponse, { protocol, lineage })
const oneRelease = json(ReleaseResponse, { protocol, release })

export const RELEASE_ROUTES = {
  listReleases: served(
    {
      method: 'get',
      path: '/v1/operator/releases',
      tag,
      who,
      summary: 'Releases, page by page',
      description:
        'Their headers and hashes, oldest first or the other way round. `next` is the cursor of the ' +
        'next page.',
      request: { query: ReleaseQuery },
      responses: { 200: json(ReleaseListResponse, { protocol, releases: [release], next: null }) },
      errors: ['E_BODY'],
    },
    async (c) => {
      const { lineage: lineId, hash, order, limit = PAGE, cursor } = c.req.valid('query')
      const rows = await c.var.deps.store.releasePage({
        ...{ lineId, hash, isNewestFirst: order === 'newest', limit: limit + 1 },
        after: cursor === undefined ? undefined : Number(cursor),
      })
      const page = rows.slice(0, limit)
      const next = rows.length > limit ? String(page.at(-1)!.number) : null
      const releases = page.map((row) => summaryOf(row.release))
      return c.json({ protocol, releases, next }, 200)
    },
  ),

  getReleaseSummary: served(
    {
      method: 'get',
      path: '/v1/operator/releases/{hash}',
      tag,
      who,
      summary: 'One release',
      description: 'Its header and its hash.',
      responses: { 200: json(ReleaseResponse, { protocol, release }) },
      errors: ['E_NO_RELEASE'],
    },
    async (c) => {
      const found = await c.var.deps.store.release(c.req.param('hash'))
      if (!found) throw new FedError('E_NO_RELEASE', 'no release has this hash')
      return c.json({ protocol, release: summaryOf(found) }, 200)
    },
  ),

  getReleaseBytes: served(
    {
      method: 'get',
      path: '/v1/operator/releases/{hash}/bytes',
      tag,
      who,
      summary: 'The bytes of a release',
      description: 'As devices get them.',
      ...RELEASE_BYTES,
      errors: ['E_NO_RELEASE', 'E_DATA'],
    },
    sendRelease,
  ),

  listLineages: served(
    {
      method: 'get',
      path: '/v1/operator/lineages',
      tag,
      who,
      summary: 'All lineages',
      description: 'Each with its newest release, and what its devices follow.',
      responses: { 200: json(LineageListResponse, { protocol, lineages: [lineage] }) },
      errors: [],
    },
    async (c) => {
      const { store } = c.var.deps
      const views = (await store.lineages()).map((one) => lineageView(store, one))
      return c.json({ protocol, lineages: await Promise.all(views) }, 200)
    },
  ),

  rollBack: served(
    {
      method: 'post',
      path: '/v1/operator/lineages/{id}/rollback',
      tag,
      who,
      summary: 'Rolls a lineage back',
      description:
        'Makes a new version with the parts of an earlier one, which all devices follow at their ' +
        'next check-in. An open round is given up and opens again from it.',
      request: { body: json(RollbackRequest, { protocol, version: 3 }) },
      responses: { 201: oneRelease },
      errors: [...BODY, 'E_NO_RELEASE', 'E_CONFLICT', 'E_DATA'],
    },
    async (c) => {
      const made = await rollBack(c.var.deps, c.req.param('id'), c.req.valid('json').version)
      return c.json({ protocol, release: summaryOf(made) }, 201)
    },
  ),

  setScaleAnew: served(
    {
      method: 'post',
      path: '/v1/operator/lineages/{id}/rescale',
      tag,
      who,
      summary: 'Lets the next statistics set the scale anew',
      description:
        'Makes a new version without scale and prior: a prior means nothing in another scale, and ' +
        'starts again with it.',
      request: { body: json(Empty, { protocol }) },
      responses: { 201: oneRelease },
      errors: [...BODY, 'E_NO_RELEASE', 'E_CONFLICT', 'E_DATA'],
    },
    async (c) => {
      const made = await setScaleAnew(c.var.deps, c.req.param('id'))
      return c.json({ protocol, release: summaryOf(made) }, 201)
    },
  ),

  stage: served(
    {
      method: 'post',
      path: '/v1/operator/lineages/{id}/stage',
      tag,
      who,
      summary: 'Gives new releases to a share of the devices first',
      description:
        'The same devices each time, by hash. The others follow the newest release once it is ' +
        'promoted. One that its devices, or a verdict, find worse is rolled back by itself; with ' +
        '`promotes`, one that they find no worse is promoted by itself. With `gateMs` nobody follows a ' +
        'release before its verdict.',
      request: {
        body: json(StageRequest, { protocol, share: 0.1, judges: 50, gateMs: 86_400_000 }),
      },
      responses: { 200: oneLineage },
      errors: [...BODY, 'E_NO_RELEASE', 'E_CONFLICT'],
    },
    async (c) => {
      const { deps } = c.var
      const changed = await stageReleases(deps, c.req.param('id'), stagingOf(c.req.valid('json')))
      return c.json({ protocol, lineage: await lineageView(deps.store, changed) }, 200)
    },
  ),

  promote: served(
    {
      method: 'post',
      path: '/v1/operator/lineages/{id}/promote',
      tag,
      who,
      summary: 'Gives the newest release to all devices',
      description: 'Releases after it are staged again, with the same share.',
      request: { body: json(Empty, { protocol }) },
      responses: { 200: oneLineage },
      errors: [...BODY, 'E_NO_RELEASE'],
    },
    async (c) => {
      const { deps } = c.var
      const changed = await promoteHead(deps, c.req.param('id'))
      return c.json({ protocol, lineage: await lineageView(deps.store, changed) }, 200)
    },
  ),

  giveVerdict: served(
    {
      method: 'post',
      path: '/v1/operator/releases/{hash}/verdict',
      tag,
      who,
      role: 'judge',
      summary: 'Says how the newest release does on an evaluation set',
      description:
        'Beside the promoted one, by the choices of a log that the operator has. A staged release ' +
        'whose interval lies below zero is rolled back; any other passes the gate of its lineage.',
      request: {
        body: json(VerdictRequest, {
          protocol,
          choices: 400,
          mean: 0.04,
          low: 0.01,
          high: 0.07,
          loss: 0.625,
          accuracy: 0.6875,
          log: HASH,
        }),
      },
      responses: { 201: oneRelease },
      errors: [...BODY, 'E_NO_RELEASE'],
    },
    async (c) => {
      const { deps, operator } = c.var
      const { protocol: _, ...said } = c.req.valid('json')
      const verdict = { ...said, at: deps.clock(), by: operator.id }
      const judged = await giveVerdict(deps, c.req.param('hash'), verdict)
      return c.json({ protocol, release: summaryOf(judged) }, 201)
    },
  ),

  judgeRelease: served(
    {
      method: 'post',
      path: '/v1/releases/{hash}/judgement',
      tag: 'Devices',
      who: 'device',
      summary: 'Says whether a release serves this device better than the one before',
      description:
        'Means over choices that it never learned from: the difference of log-likelihoods, from -1 to ' +
        '1, and the loss and the accuracy under this release. The server keeps sums over devices ' +
        'alone, and counts each device once a release.',
      request: {
        body: json(JudgeRequest, { protocol, difference: 0.125, loss: 0.625, accuracy: 0.6875 }),
      },
      responses: { 202: json(JudgeResponse, { protocol, accepted: true, duplicate: false }) },
      errors: [...BODY, 'E_NO_RELEASE'],
    },
    async (c) => {
      const { deps, device } = c.var
      const { protocol: _, ...judgement } = c.req.valid('json')
      const isNew = await judgeRelease(deps, device.id, c.req.param('hash'), judgement)
      return c.json({ protocol, accepted: true as const, duplicate: !isNew }, 202)
    },
  ),
}

const stagingOf = ({ share, judges, promotes, gateMs }: z.infer<typeof StageRequest>): Staging => ({
  share,
  ...(judges !== undefined && { judges }),
  ...(promotes && { isPromoting: true }),
  ...(gateMs !== undefined && { gate: { maxMs: gateMs } }),
})

/** Of a release that an earlier version of the server made, the lineage is known from its record. */
const summaryOf = ({ summary, lineId, judgement, verdict }: Release): ReleaseSummary => {
  const judged = judgedView(judgement)
  return { ...summary, lineage: lineId, ...(judged && { judged }), ...(verdict && { verdict }) }
}

const lineageView = async (
  store: Pick<ServerDeps['store'], 'release'>,
  lineage: Lineage,
): Promise<LineageView> => {
  const { id, base, head, rollout, updatedAt } = lineage
  const newest = await store.release(head)
  const promoted = rollout?.promoted ?? head
  return {
    id,
    base: base.name,
    head,
    version: newest?.summary.version ?? 0,
    share: rollout?.share ?? 1,
    ...(rollout?.judges !== undefined && { judges: rollout.judges }),
    ...(rollout?.isPromoting && { promotes: true }),
    ...(rollout?.gate && { gateMs: rollout.gate.maxMs }),
    staged: stagedRelease(lineage),
    promoted,
    promotedVersion: (await store.release(promoted))?.summary.version ?? 0,
    updatedAt,
    judged: judgedView(newest?.judgement) ?? null,
    ...(newest?.verdict && { verdict: newest.verdict }),
  }
}
