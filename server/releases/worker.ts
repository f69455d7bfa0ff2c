/**
 * Aggregation in a worker thread, so that the server goes on answering. Updates are handed over one
 * at a time.
 */
import type { Worker } from 'node:worker_threads'
import { type ErrorCode, FedError } from '../../adapters/errors.ts'
import { askThread, startThread } from '../../adapters/node/threads.ts'
import {
  type Aggregate,
  type AggregationPlan,
  addAll,
  type ParentBytes,
  readParent,
} from './aggregate.ts'
import type { BuiltRelease } from './release.ts'

/** To the worker: first `start`, then every update, then `finish`. It answers each. */
export type WorkerRequest =
  | { readonly kind: 'start'; readonly plan: AggregationPlan; readonly parent: ParentBytes }
  | { readonly kind: 'add'; readonly update: Uint8Array }
  | { readonly kind: 'finish' }

export type WorkerAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'release'; readonly release: BuiltRelease }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string }

/** A job that names no other. */
const AGGREGATION_MS = 30 * 60_000

/** One thread a round: its memory goes back to the system with it. */
export const aggregateInWorker: Aggregate = async (plan, read) => {
  const worker = startThread(new URL('./aggregate-worker.ts', import.meta.url))
  const { aggregationMs = AGGREGATION_MS } = plan.spec.cohort
  const timer = setTimeout(() => void worker.terminate(), aggregationMs)
  try {
    await ask(worker, { kind: 'start', plan, parent: await readParent(plan, read) })
    await addAll(plan.digests, read, (update) => ask(worker, { kind: 'add', update }))
    const answer = await ask(worker, { kind: 'finish' })
    if (answer.kind !== 'release') throw new FedError('E_INTERNAL', 'the worker made no release')
    return answer.release
  } finally {
    clearTimeout(timer)
    await worker.terminate()
  }
}

/** Fails with the worker's own code, or E_INTERNAL when it dies or its time is over. */
const ask = async (worker: Worker, request: WorkerRequest): Promise<WorkerAnswer> => {
  const answer = await askThread<WorkerAnswer>(worker, request).catch((cause: unknown) => {
    throw new FedError('E_INTERNAL', 'the aggregation worker failed or took too long', { cause })
  })
  if (answer.kind === 'refused') throw new FedError(answer.code, answer.message)
  return answer
}
