/** The federation server in this process: the real app on a data folder, with a settable clock. */
import type { z } from 'zod'
import { FedError } from '../../adapters/errors.ts'
import { cryptoRng, type Rng } from '../../adapters/random.ts'
import { ErrorResponse } from '../../adapters/wire/federation.ts'
import type { JobSpecInput, JobView } from '../../adapters/wire/jobs.ts'
import {
  CreateTokensResponse,
  DeviceListResponse,
  JobResponse,
} from '../../adapters/wire/operator.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import type { Transport } from '../../device/federation/signed-transport.ts'
import type { Pace } from '../../server/rounds/pace.ts'
import { createServer } from '../../server/routes/app.ts'
import { openFolder } from '../../server/store/open.ts'
import { type Log, silentLog } from '../../server/telemetry/log.ts'

export type LocalServer = {
  readonly url: string
  readonly transport: Transport
  readonly now: () => number
  /** Time is what decides deadlines and stands in releases: the same times give the same bytes. */
  setTime(ms: number): void
  /** One-time enrolment tokens. */
  tokens(count: number): Promise<string[]>
  deviceIds(): Promise<Set<string>>
  /** stream: randomness of the ids. The same key gives the same job again. */
  createJob(spec: JobSpecInput, key: string, stream: Rng): Promise<JobView>
  job(id: string): Promise<JobView>
  release(hash: string): Promise<Uint8Array>
  /** What an operator reads there. */
  read(path: string): Promise<Uint8Array>
  /** Lets deadlines pass and waits for every release that is due. */
  settle(): Promise<void>
  close(): Promise<void>
}

const CREDENTIAL = 'operator-of-a-server-in-the-same-process'
const ORIGIN = 'http://federation.local'

/**
 * folder: of the server's store, made if missing. pace: when devices come back; default: at once.
 * rng: of credentials and retry windows. E_CONFLICT: another process has the folder open.
 */
export const openLocalServer = async (
  folder: string,
  start: number,
  {
    pace = { soonMs: 1, laterMs: 1 },
    rng: ownRng = cryptoRng(),
    log = silentLog,
  }: { pace?: Pace; rng?: Rng; log?: Log } = {},
): Promise<LocalServer> => {
  let now = start
  // Credentials are random; ids of jobs and rounds, which seed the training, are the caller's.
  let stream = ownRng
  const server = createServer({
    ...openFolder(folder),
    clock: () => now,
    rng: delegating(() => stream),
    log,
    config: { operatorCredential: CREDENTIAL, pace, leastCohort: 1 },
  })
  await server.recover()

  const call = async (method: string, path: string, body?: object, key?: string) => {
    const response = await server.app.request(
      new Request(`${ORIGIN}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${CREDENTIAL}`,
          ...(key !== undefined && { 'idempotency-key': key }),
        },
        ...(body && { body: JSON.stringify({ protocol: PROTOCOL_VERSION, ...body }) }),
      }),
    )
    if (response.ok) return response
    const { error } = ErrorResponse.parse(await response.json())
    throw new FedError(error.code as FedError['code'], error.message)
  }
  const json = async <S extends z.ZodType>(schema: S, response: Promise<Response>) =>
    schema.parse(await (await response).json())

  const read = async (path: string) => new Uint8Array(await (await call('GET', path)).arrayBuffer())

  return {
    url: ORIGIN,
    transport: async (request) => server.app.request(request),
    now: () => now,
    setTime: (ms) => {
      now = ms
    },
    tokens: async (count) =>
      count === 0
        ? []
        : (await json(CreateTokensResponse, call('POST', '/v1/operator/tokens', { count }))).tokens,
    deviceIds: async () => {
      const { devices } = await json(DeviceListResponse, call('GET', '/v1/operator/devices'))
      return new Set(devices.map((device) => device.id))
    },
    async createJob(spec, key, jobStream) {
      stream = jobStream
      try {
        return (await json(JobResponse, call('POST', '/v1/operator/jobs', { job: spec }, key))).job
      } finally {
        stream = ownRng
      }
    },
    job: async (id) => (await json(JobResponse, call('GET', `/v1/operator/jobs/${id}`))).job,
    release: (hash) => read(`/v1/operator/releases/${hash}/bytes`),
    read,
    settle: () => server.tick(now),
    close: () => server.close(),
  }
}

const delegating = (current: () => Rng): Rng => ({
  uniform: () => current().uniform(),
  normal: () => current().normal(),
  int: (n) => current().int(n),
  shuffle: (items) => current().shuffle(items),
  pick: (items) => current().pick(items),
})
