/** Jobs whose updates have a given size, and the operator who makes them. */
import { FedError } from '../../../adapters/errors.ts'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import type { JobSpecInput, JobView } from '../../../adapters/wire/jobs.ts'
import { jsonBytes } from './device.ts'
import type { Sender } from './http.ts'
import type { BenchServer } from './program.ts'

/** Bytes of one factor of a layer: rank 8 times a hidden size of 640, float32. */
const [RANK, HIDDEN] = [8, 640]
const LAYER_BYTES = 4 * RANK * HIDDEN
const MAX_LAYERS = 256

/**
 * base: another gives another lineage. size, goal: of the cohort. Both factors have the same size,
 * so updates of every round have.
 */
export const benchJob = (
  base: string,
  updateKb: number,
  { size, goal }: { readonly size: number; readonly goal: number },
  alpha = 16,
): JobSpecInput => {
  const narrow = Math.max(1, Math.round((1000 * updateKb) / LAYER_BYTES))
  // Large updates come from wider layers, not from more of them.
  const width = Math.ceil(narrow / MAX_LAYERS)
  const layers = Math.round(narrow / width)
  return {
    name: `bench ${alpha}`,
    base: {
      name: 'bench',
      weights: hashOf(base),
      tokenizer: hashOf('tokenizer'),
      shape: {
        ...{ layers, hidden: HIDDEN * width, headDim: 64 * width },
        ...{ heads: 10, kvHeads: 10, ffn: 64, vocab: 64 },
      },
    },
    adapter: { firstLayer: 0, endLayer: layers, modules: ['q'], rank: RANK, alpha },
    exitLayer: layers,
    features: { pooled: 0, named: ['length'] },
    contributions: ['adapter'],
    cohort: { size, goal, minimum: goal, deadlineMs: 6 * 3_600_000, retries: 0 },
  }
}

const hashOf = (text: string) => sha256Hex(new TextEncoder().encode(text))

export type Operator = {
  tokens(count: number): Promise<string[]>
  createJob(spec: JobSpecInput): Promise<JobView>
  job(id: string): Promise<JobView>
  releaseBytes(hash: string): Promise<Uint8Array>
}

/** server: asked at each call, so that another replica can answer. */
export const benchOperator = (sender: Sender, server: () => BenchServer): Operator => {
  const call = async (method: string, path: string, body?: Uint8Array) => {
    const { port, credential } = server()
    const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' }
    const answer = await sender.send(port, { method, path, headers, ...(body && { body }) })
    if (answer.status < 300) return answer.bytes
    throw new FedError('E_UPSTREAM', `${path}: ${answer.status} ${answer.bytes}`.slice(0, 500))
  }
  const json = async <T>(bytes: Promise<Buffer>) => JSON.parse((await bytes).toString()) as T
  const jobOf = async (bytes: Promise<Buffer>) => (await json<{ job: JobView }>(bytes)).job
  return {
    tokens: async (count) => {
      const body = jsonBytes({ count })
      return (await json<{ tokens: string[] }>(call('POST', '/v1/operator/tokens', body))).tokens
    },
    createJob: (job) => jobOf(call('POST', '/v1/operator/jobs', jsonBytes({ job }))),
    job: (id) => jobOf(call('GET', `/v1/operator/jobs/${id}`)),
    releaseBytes: async (hash) =>
      new Uint8Array(await call('GET', `/v1/operator/releases/${hash}/bytes`)),
  }
}

/** Until the job has ended, or E_UNAVAILABLE after limitMs. An unanswered question is asked again. */
export const jobEnd = async (
  operator: Pick<Operator, 'job'>,
  id: string,
  limitMs: number,
): Promise<JobView> => {
  const until = performance.now() + limitMs
  for (;;) {
    const job = await operator.job(id).catch(() => undefined)
    if (job && !['running', 'scheduled', 'paused'].includes(job.state)) return job
    if (performance.now() > until)
      throw new FedError('E_UNAVAILABLE', `job ${id} has not ended after ${limitMs / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
