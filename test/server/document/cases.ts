/** For each operation of the document what each of its answers takes, by status or by code. */
import type { ErrorCode } from '../../../adapters/errors.ts'
import { keyProof } from '../../../adapters/wire/key-proof.ts'
import { newKeyPair } from '../../../adapters/wire/signature.ts'
import { JOB } from '../../../server/routes/examples.ts'
import { enrolledDevices, testServer, tinyJob } from '../../support/federation-fixture.ts'
import { MASK_CASES } from './mask-cases.ts'
import { collecting, lineageOf, released } from './scenes.ts'
import { type Sent, send } from './send.ts'

export type Cases = Readonly<
  Record<string, Readonly<Partial<Record<ErrorCode | number, () => Promise<Response>>>>>
>

/** On a server where nothing has happened. */
const fresh =
  (id: string, sent: Sent = {}) =>
  () =>
    send(testServer(), id, sent)

/** Of a device that is enrolled. */
const byDevice =
  (id: string, sent: Sent = {}) =>
  async () => {
    const server = testServer()
    const [device] = await enrolledDevices(server, 1)
    return send(server, id, { device: device!, ...sent })
  }

/** Bytes of a release, for whoever may have them. */
const releaseBytes = (id: string): Cases[string] => {
  const get = (headers: Record<string, string>) => async () => {
    const { server, device, lineage } = await released()
    return send(server, id, { device, at: { hash: lineage.head }, headers })
  }
  return {
    200: get({}),
    206: get({ range: 'bytes=10-' }),
    async 226() {
      const { server, device, lineage, first } = await released()
      const at = { id: lineage.id }
      await send(server, 'rollBack', { at, body: { protocol: 1, version: 0 } })
      const { head } = await lineageOf(server)
      const headers = { 'a-im': 'segments', 'if-none-match': `"${first}"` }
      return send(server, id, { device, at: { hash: head }, headers })
    },
    async 304() {
      const { server, device, lineage } = await released()
      const headers = { 'if-none-match': `"${lineage.head}"` }
      return send(server, id, { device, at: { hash: lineage.head }, headers })
    },
    E_NO_RELEASE: byDevice(id),
    async E_DATA() {
      const { server, device, lineage } = await released()
      await server.objects.drop(lineage.head)
      return send(server, id, { device, at: { hash: lineage.head } })
    },
  }
}

/** A device that announces so many keys, one after the other; the last answer. */
const newKeys = async (count: number): Promise<Response> => {
  const server = testServer()
  const [device] = await enrolledDevices(server, 1)
  const announce = () => {
    const next = newKeyPair()
    const { publicKey } = next
    const body = { protocol: 1, publicKey, proof: keyProof(device!.id, next) }
    return send(server, 'replaceKey', { device: device!, body })
  }
  for (let i = 1; i < count; i++) await announce()
  return announce()
}

const DEVICES: Cases = {
  enroll: {
    async 201() {
      const server = testServer()
      const device = server.device()
      const body = {
        protocol: 1,
        token: await server.operator.token(),
        publicKey: device.keys.publicKey,
      }
      return send(server, 'enroll', { device, body })
    },
    async E_ENROLL_TOKEN() {
      const server = testServer()
      const device = server.device()
      const body = { protocol: 1, token: 'x'.repeat(43), publicKey: device.keys.publicKey }
      return send(server, 'enroll', { device, body })
    },
  },
  checkIn: { 200: byDevice('checkIn') },
  checkInEdge: {
    async 200() {
      const server = testServer()
      const device = server.device()
      const token = await server.operator.token(9)
      const body = { protocol: 1, token, publicKey: device.keys.publicKey, edge: true }
      await send(server, 'enroll', { device, body })
      return send(server, 'checkInEdge', { device })
    },
    E_ROLE: byDevice('checkInEdge'),
  },
  getRelease: releaseBytes('getRelease'),
  ...MASK_CASES,
  abandonRound: { 200: byDevice('abandonRound') },
  getRound: { 200: byDevice('getRound') },
  leave: { 200: byDevice('leave') },
  replaceKey: {
    200: () => newKeys(1),
    E_CONFLICT: () => newKeys(2),
  },
  judgeRelease: {
    async 202() {
      const { server, device, lineage } = await released()
      return send(server, 'judgeRelease', { device, at: { hash: lineage.head } })
    },
    E_NO_RELEASE: byDevice('judgeRelease'),
  },
}

/** What is done to a job after `before`, and to one that was ended by `over`. */
const jobDeed = (id: string, before: readonly string[], over: readonly string[]): Cases[string] => {
  const after = async (names: readonly string[]) => {
    const server = testServer()
    const job = await server.operator.createJob(tinyJob({ maxDays: 1 }))
    const at = { id: job.id }
    for (const name of names)
      if (name === 'expire') await server.pass(2 * 86_400_000)
      else await send(server, name, { at })
    return send(server, id, { at })
  }
  return {
    200: () => after(before),
    E_NO_JOB: fresh(id),
    E_JOB_STATE: () => after(over),
  }
}

const createJob = (changes: object) =>
  fresh('createJob', { body: { protocol: 1, job: { ...tinyJob(), ...changes } } })

const JOBS: Cases = {
  createJob: {
    201: createJob({}),
    async 200() {
      const server = testServer()
      const sent = { headers: { 'idempotency-key': 'once' } }
      await send(server, 'createJob', sent)
      return send(server, 'createJob', sent)
    },
    async E_CONFLICT() {
      const server = testServer()
      const headers = { 'idempotency-key': 'once' }
      await send(server, 'createJob', { headers })
      const body = { protocol: 1, job: { ...JOB, name: 'another' } }
      return send(server, 'createJob', { headers, body })
    },
    E_SHAPE: createJob({ adapter: { ...tinyJob().adapter, rank: 5 } }),
    E_NORM: createJob({
      training: { updateNorm: 1e6 },
      cohort: { size: 1_000_000, goal: 1, minimum: 1 },
    }),
    E_FEATURES: createJob({ features: { pooled: 0, named: [] } }),
    E_FULL: () => send(testServer({ hasRoom: () => false }), 'createJob'),
    E_BUDGET_SPENT: createJob({
      ...{ contributions: ['adapter'], privacy: { noise: 5, acceptNoise: true } },
      cohort: { size: 2, goal: 2, minimum: 2 },
    }),
  },
  listJobs: { 200: fresh('listJobs'), E_BODY: fresh('listJobs', { query: '?state=asleep' }) },
  getJob: {
    async 200() {
      const { server, jobId } = await collecting()
      return send(server, 'getJob', { at: { id: jobId } })
    },
    E_NO_JOB: fresh('getJob'),
  },
  pauseJob: jobDeed('pauseJob', [], ['cancelJob']),
  resumeJob: jobDeed('resumeJob', ['pauseJob'], ['cancelJob']),
  retryJob: jobDeed('retryJob', ['expire'], ['cancelJob']),
  cancelJob: jobDeed('cancelJob', [], ['expire']),
  setJobPriority: jobDeed('setJobPriority', [], ['cancelJob']),
}

/** What is done to a device that is enrolled. */
const deviceDeed = (id: string): Cases[string] => ({
  async 200() {
    const server = testServer()
    const [device] = await enrolledDevices(server, 1)
    return send(server, id, { at: { id: device!.id } })
  },
  E_NOT_FOUND: fresh(id),
})

const FLEET: Cases = {
  createTokens: { 201: fresh('createTokens') },
  listDevices: { 200: fresh('listDevices') },
  blockDevice: deviceDeed('blockDevice'),
  unblockDevice: deviceDeed('unblockDevice'),
  eraseDevice: deviceDeed('eraseDevice'),
}

/** What is done to the lineage with versions 0 and 1, after `before`. */
const lineageDeed =
  (
    id: string,
    body: object = {},
    before: (s: Awaited<ReturnType<typeof released>>) => Promise<unknown> = async () => {},
  ) =>
  async () => {
    const s = await released()
    await before(s)
    return send(s.server, id, { at: { id: s.lineage.id }, body: { protocol: 1, ...body } })
  }

const RELEASES: Cases = {
  listReleases: {
    200: fresh('listReleases'),
    E_BODY: fresh('listReleases', { query: '?order=largest' }),
  },
  getReleaseSummary: {
    async 200() {
      const { server, lineage } = await released()
      return send(server, 'getReleaseSummary', { at: { hash: lineage.head } })
    },
    E_NO_RELEASE: fresh('getReleaseSummary'),
  },
  getReleaseBytes: releaseBytes('getReleaseBytes'),
  listLineages: { 200: fresh('listLineages') },
  rollBack: {
    201: lineageDeed('rollBack', { version: 0 }),
    E_NO_RELEASE: fresh('rollBack'),
    E_CONFLICT: lineageDeed('rollBack', { version: 1 }),
    E_DATA: lineageDeed('rollBack', { version: 0 }, (s) => s.server.objects.drop(s.first)),
  },
  setScaleAnew: {
    201: lineageDeed('setScaleAnew'),
    E_NO_RELEASE: fresh('setScaleAnew'),
    async E_CONFLICT() {
      const { server } = await collecting()
      const { id } = await lineageOf(server)
      return send(server, 'setScaleAnew', { at: { id } })
    },
    E_DATA: lineageDeed('setScaleAnew', {}, (s) => s.server.objects.drop(s.lineage.head)),
  },
  stage: {
    200: lineageDeed('stage', { share: 0.1 }),
    E_NO_RELEASE: fresh('stage'),
    E_CONFLICT: lineageDeed('stage', { share: 0.1 }, async ({ server, lineage }) => {
      const at = { id: lineage.id }
      await send(server, 'stage', { at, body: { protocol: 1, share: 0.5 } })
      await send(server, 'setScaleAnew', { at })
    }),
  },
  giveVerdict: {
    async 201() {
      const { server, lineage } = await released()
      return send(server, 'giveVerdict', { at: { hash: lineage.head } })
    },
    E_NO_RELEASE: fresh('giveVerdict'),
  },
  promote: { 200: lineageDeed('promote'), E_NO_RELEASE: fresh('promote') },
}

const ACCESS: Cases = {
  createOperator: { 201: fresh('createOperator') },
  listOperators: { 200: fresh('listOperators') },
  revokeOperator: {
    async 200() {
      const server = testServer()
      const made = await send(server, 'createOperator')
      const { operator } = (await made.json()) as { operator: { id: string } }
      return send(server, 'revokeOperator', { at: { id: operator.id } })
    },
    E_NOT_FOUND: fresh('revokeOperator'),
  },
  audit: { 200: fresh('audit'), E_BODY: fresh('audit', { query: '?limit=none' }) },
  verifyAudit: {
    200: fresh('verifyAudit'),
    E_BODY: fresh('verifyAudit', { query: '?expect=nothing' }),
  },
}

const PRIVACY: Cases = {
  ledger: { 200: byDevice('ledger'), E_BODY: byDevice('ledger', { query: '?after=none' }) },
  operatorLedger: {
    200: fresh('operatorLedger'),
    E_BODY: fresh('operatorLedger', { query: '?after=none' }),
  },
  privacy: { 200: fresh('privacy') },
  setBudget: { 201: fresh('setBudget') },
}

const SERVER: Cases = {
  overview: { 200: fresh('overview') },
  events: {
    // Ends with the server, or it would go on.
    async 200() {
      const server = testServer()
      const answer = await send(server, 'events')
      server.drain()
      return answer
    },
  },
  live: { 200: fresh('live') },
  ready: {
    200: fresh('ready'),
    async 503() {
      const server = testServer()
      server.drain()
      return send(server, 'ready')
    },
  },
  metrics: { 200: fresh('metrics') },
  health: { 200: fresh('health') },
  log: { 200: byDevice('log'), E_BODY: byDevice('log', { query: '?after=none' }) },
  serverKey: { 200: fresh('serverKey') },
  rotateServerKey: { 201: fresh('rotateServerKey') },
  docs: { 200: fresh('docs') },
  openapi: { 200: fresh('openapi') },
  page: { 200: fresh('page') },
  asset: { 200: fresh('asset', { at: { name: 'look.css' } }), E_NOT_FOUND: fresh('asset') },
}

export const CASES: Cases = {
  ...DEVICES,
  ...JOBS,
  ...FLEET,
  ...RELEASES,
  ...ACCESS,
  ...PRIVACY,
  ...SERVER,
}
