/** A federation server in this process with a clock that only moves when told, and devices that sign. */

import { expect } from 'vitest'
import type { Part } from '../../adapters/container/container.ts'
import { encodeUpdate, updateHeaderOf } from '../../adapters/contributions/messages.ts'
import { adapterLayout, factorsOf, layoutSize } from '../../adapters/lora/layout.ts'
import { triangleSize } from '../../adapters/math/matrix.ts'
import { type Rng, seededRng } from '../../adapters/random.ts'
import { ABILITIES } from '../../adapters/wire/abilities.ts'
import type { UpdateHeader } from '../../adapters/wire/containers.ts'
import type { Assignment, CheckInRequest, CheckInResponse } from '../../adapters/wire/federation.ts'
import { JobSpec, type JobSpecInput, type JobView } from '../../adapters/wire/jobs.ts'
import { featureCount, PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { deviceIdOf, type KeyPair, newKeyPair, signRequest } from '../../adapters/wire/signature.ts'
import type { Fold } from '../../server/releases/fold.ts'
import type { RoundDeps } from '../../server/rounds/deps.ts'
import { createServer } from '../../server/routes/app.ts'
import { type Data, openFolder } from '../../server/store/open.ts'
import { silentLog } from '../../server/telemetry/log.ts'
import type { TransferOptions } from '../../server/transfer/transfer.ts'
import { checkDocumented } from './documented.ts'
import { TINY } from './tiny-model.ts'

export const CREDENTIAL = 'operator-credential-for-tests'
export const START = 1_700_000_000_000

export type Fetch = (request: Request) => Promise<Response>

/** A small job on a model of two layers; every number can be overridden. */
export const tinyJob = (overrides: Partial<JobSpecInput> = {}): JobSpecInput => ({
  name: 'tiny',
  ...TINY,
  features: { pooled: 0, named: ['length', 'lists', 'bold'] },
  contributions: ['adapter', 'prior', 'statistics'],
  cohort: { size: 3, goal: 2, minimum: 1, deadlineMs: 60_000 },
  ...overrides,
})

/** folder: a data folder or ':memory:'. data: what an earlier server kept. */
export const testServer = (
  given: {
    folder?: string
    data?: Data
    hasRoom?: () => boolean
    seed?: string
    start?: number
    traffic?: TransferOptions
    hosts?: readonly string[]
    foldAt?: number
    fold?: Fold
    leastCohort?: number
    /** At an edge. */
    forward?: RoundDeps['forward']
    upstream?: string
    time?: { now: number }
  } = {},
) => {
  const time = given.time ?? { now: given.start ?? START }
  const { store, objects } = given.data ?? openFolder(given.folder ?? ':memory:')
  const server = createServer({
    store,
    objects,
    clock: () => time.now,
    rng: seededRng(given.seed ?? 'server'),
    log: silentLog,
    hasRoom: given.hasRoom,
    foldAt: given.foldAt,
    ...(given.fold && { fold: given.fold }),
    forward: given.forward,
    ...(given.traffic && { traffic: given.traffic }),
    config: {
      operatorCredential: CREDENTIAL,
      pace: { soonMs: 1000, laterMs: 60_000 },
      leastCohort: given.leastCohort ?? 1,
      hosts: given.hosts,
      upstream: given.upstream,
    },
  })
  const fetch: Fetch = async (request) => {
    const response = await server.app.request(request)
    await checkDocumented(request, response)
    return response
  }
  return {
    ...server,
    store,
    objects,
    data: { store, objects },
    fetch,
    now: () => time.now,
    /** Moves the clock, of whole milliseconds, and lets deadlines pass. */
    async pass(ms: number) {
      time.now += Math.round(ms)
      await server.tick(time.now)
    },
    settle: () => server.tick(time.now),
    operator: operatorClient(fetch),
    device: (name = 'device') => testDevice(fetch, () => time.now, name),
  }
}
export type TestServer = ReturnType<typeof testServer>

export const operatorClient = (
  fetch: Fetch,
  base = 'http://server.test',
  credential = CREDENTIAL,
) => {
  const call = (method: string, path: string, body?: unknown, headers = {}) =>
    fetch(
      new Request(`${base}${path}`, {
        method,
        headers: { authorization: `Bearer ${credential}`, ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    )
  const job = async (response: Promise<Response>) =>
    ((await (await response).json()) as { job: JobView }).job
  return {
    call,
    /** edge: for one that may stand for so many devices. */
    async token(edge?: number): Promise<string> {
      const body = { protocol: PROTOCOL_VERSION, ...(edge !== undefined && { edge }) }
      const answer = await call('POST', '/v1/operator/tokens', body)
      return ((await answer.json()) as { tokens: string[] }).tokens[0]!
    },
    createJob: (spec: JobSpecInput = tinyJob()) =>
      job(call('POST', '/v1/operator/jobs', { protocol: PROTOCOL_VERSION, job: spec })),
    job: (id: string) => job(call('GET', `/v1/operator/jobs/${id}`)),
    async releaseBytes(hash: string): Promise<Uint8Array> {
      const answer = await call('GET', `/v1/operator/releases/${hash}/bytes`)
      return new Uint8Array(await answer.arrayBuffer())
    },
  }
}
export type OperatorClient = ReturnType<typeof operatorClient>

/** Of all devices, so that one whose key stands for two never repeats itself. */
let nonces = 0

/** keys and nonces of a device come from the platform; nothing that a release holds depends on them. */
export const testDevice = (
  fetch: Fetch,
  now: () => number,
  name: string,
  base = 'http://server.test',
  keys: KeyPair = newKeyPair(),
) => {
  const keyId = deviceIdOf(keys.publicKey)
  const signed = (
    method: string,
    path: string,
    body?: Uint8Array,
    { headers = {}, ...more }: Signing = {},
  ): Request => {
    const url = `${base}${path}`
    const header = (key: string) => headers[key]
    const nonce = more.nonce ?? `nonce-of-${keyId.slice(0, 16)}-${nonces++}`
    const signature = signRequest(
      { method, url, header, body },
      { keyId: more.keyId ?? keyId, secretKey: more.secretKey ?? keys.secretKey },
      { nowMs: more.nowMs ?? now(), nonce },
    )
    return new Request(url, {
      method,
      headers: { ...headers, ...signature },
      ...(body && { body: body as Uint8Array<ArrayBuffer> }),
    })
  }
  const sendJson = (method: string, path: string, body: unknown, signing?: Signing) =>
    fetch(signed(method, path, new TextEncoder().encode(JSON.stringify(body)), signing))
  return {
    name,
    id: keyId,
    keys,
    signed,
    sendJson,
    get: (path: string) => fetch(signed('GET', path)),
    enroll: (token: string) =>
      sendJson('POST', '/v1/enroll', {
        protocol: PROTOCOL_VERSION,
        token,
        publicKey: keys.publicKey,
      }),
    async checkIn(spec: JobSpecInput, overrides: Partial<CheckInRequest> = {}) {
      const answer = await sendJson('POST', '/v1/checkin', checkInOf(spec, now(), overrides))
      return (await answer.json()) as CheckInResponse
    },
    /** Check-in that must end in an assignment. */
    async join(spec: JobSpecInput): Promise<Assignment> {
      const answer = await this.checkIn(spec)
      if (answer.kind !== 'assignment') throw new Error(`no assignment but ${answer.reason}`)
      return answer.assignment
    },
    upload: (assignment: Assignment, bytes: Uint8Array, token = assignment.uploadToken) =>
      fetch(
        signed('PUT', `/v1/rounds/${assignment.roundId}/update`, bytes, {
          headers: { 'upload-token': token, 'content-type': 'application/octet-stream' },
        }),
      ),
    release: (hash: string, headers: Record<string, string> = {}) =>
      fetch(signed('GET', `/v1/releases/${hash}`, undefined, { headers })),
  }
}
export type TestDevice = ReturnType<typeof testDevice>

export type Signing = {
  readonly headers?: Record<string, string>
  readonly nonce?: string
  readonly keyId?: string
  readonly secretKey?: string
  readonly nowMs?: number
}

export const checkInOf = (
  spec: JobSpecInput,
  now: number,
  overrides: Partial<CheckInRequest> = {},
): CheckInRequest => ({
  protocol: PROTOCOL_VERSION,
  base: spec.base,
  features: spec.features,
  consent: {
    purpose: 'personalization',
    contributions: ['adapter', 'prior', 'statistics'],
    grantedAt: now - 1000,
    expiresAt: null,
  },
  choices: '300+',
  abilities: [...ABILITIES],
  ...overrides,
})

/** Enrolled devices, ready to check in. */
export const enrolledDevices = async (server: TestServer, count: number): Promise<TestDevice[]> => {
  const devices = Array.from({ length: count }, (_, i) => server.device(`device-${i}`))
  for (const device of devices) {
    const answer = await device.enroll(await server.operator.token())
    if (answer.status !== 201) throw new Error(`enrolment answered ${answer.status}`)
  }
  return devices
}

/** A server with a job and two enrolled devices, the first of them assigned. */
export const scene = async (job = tinyJob(), given: Parameters<typeof testServer>[0] = {}) => {
  const server = testServer(given)
  const { id } = await server.operator.createJob(job)
  const [device, other] = await enrolledDevices(server, 2)
  const assignment = await device!.join(job)
  return { server, jobId: id, device: device!, other: other!, assignment }
}

export type UpdateChanges = {
  readonly header?: Partial<Omit<UpdateHeader, 'segments'>>
  readonly parts?: (parts: Part[]) => Part[]
}

/** What a device would send: a seeded change, moments and sums that obey the bounds. */
export const updateParts = (assignment: Assignment, rng: Rng, scale = 0.1): Part[] => {
  const parts: Part[] = []
  const { base, adapter, factor, features, contributions } = assignment
  const d = featureCount(features)
  const draw = (n: number) => Float32Array.from({ length: n }, () => rng.normal() * scale)
  if (factor) {
    const layout = adapterLayout(base.shape, adapter, factorsOf(factor))
    const flat = draw(layoutSize(layout))
    for (const { name, shape, offset, size } of layout)
      parts.push({ name, shape, data: flat.subarray(offset, offset + size) })
  }
  if (contributions.includes('prior')) {
    const w = draw(d)
    const second = new Float32Array(triangleSize(d))
    for (let i = 0, at = 0; i < d; i++)
      for (let j = i; j < d; j++) second[at++] = w[i]! * w[j]! + (i === j ? 0.5 : 0)
    parts.push({ name: 'prior.first', shape: [d], data: w })
    parts.push({ name: 'prior.second', shape: [second.length], data: second })
  }
  if (contributions.includes('statistics')) {
    const squares = draw(d).map((x) => 10 + x * x)
    parts.push({ name: 'statistics.count', shape: [1], data: [8] })
    parts.push({ name: 'statistics.sum', shape: [d], data: new Float32Array(d) })
    parts.push({ name: 'statistics.sumSquares', shape: [d], data: squares })
  }
  return parts
}

export const updateFor = (
  assignment: Assignment,
  seed: string,
  { header = {}, parts = (p) => p }: UpdateChanges = {},
): Uint8Array =>
  encodeUpdate(
    { ...updateHeader(assignment), ...header },
    parts(updateParts(assignment, seededRng(seed))),
  )

export const updateHeader = (assignment: Assignment): Omit<UpdateHeader, 'segments'> => ({
  ...updateHeaderOf(assignment),
  factor: assignment.factor,
  pairs: assignment.factor ? 8 : 0,
})

/** A job whose updates have more than a megabyte. */
export const largeJob = (overrides: Partial<JobSpecInput> = {}): JobSpecInput => {
  const { base } = tinyJob()
  return tinyJob({
    base: { ...base, shape: { ...base.shape, hidden: 768, heads: 192, ffn: 1024 } },
    adapter: {
      firstLayer: 0,
      endLayer: 2,
      modules: ['q', 'gate', 'up', 'down'],
      rank: 64,
      alpha: 64,
    },
    ...overrides,
  })
}

export const parsedJob = (overrides?: Partial<JobSpecInput>) => JobSpec.parse(tinyJob(overrides))

/** The refusal's code, or undefined when the answer is none. */
export const codeOf = async (response: Response): Promise<string | undefined> =>
  ((await response.json()) as { error?: { code: string } }).error?.code

export const expectRefusal = async (answer: Response, status: number, code: string) => {
  expect([answer.status, await codeOf(answer)]).toEqual([status, code])
}
