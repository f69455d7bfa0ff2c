/**
 * Aggregation in worker threads, so that the server goes on answering. Each thread holds one update
 * and a partial sum; the sums are merged, exactly, in the first thread, which makes the release.
 */
import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import { type ErrorCode, FedError } from '../../adapters/errors.ts'
import { askThread, startThread } from '../../adapters/node/threads.ts'
import type { Part, Told } from '../../adapters/secagg/unmask.ts'
import {
  type Aggregate,
  type AggregationPlan,
  type BuiltPartial,
  type LateBytes,
  type Outcome,
  type ParentBytes,
  readLate,
  readParent,
  type SumPlan,
} from './aggregation-plan.ts'
import { addAll } from './bad-updates.ts'
import { digestsOf, type Fold } from './fold.ts'
import { type Folded, type PartialAggregation, splitFolded } from './folded.ts'
import type { BuiltRelease } from './release.ts'
import { inPasses } from './robust.ts'

/**
 * To a worker: first `start`, then updates and sums, then `partial`, `fold` or `finish`. With a robust rule
 * `startRobust`, then updates and `endPass` by turns while there is a next pass, then `finishRobust`.
 */
export type WorkerRequest =
  | { readonly kind: 'start'; readonly plan: SumPlan; readonly late: LateBytes }
  | { readonly kind: 'add'; readonly update: Uint8Array }
  | { readonly kind: 'addFolded'; readonly folded: Folded; readonly bytes: Uint8Array }
  | { readonly kind: 'fold'; readonly roundId: string; readonly digests: readonly string[] }
  | { readonly kind: 'partial' }
  | { readonly kind: 'unmask'; readonly told: Told; readonly part: Part }
  | { readonly kind: 'merge'; readonly partial: PartialAggregation }
  | { readonly kind: 'startRobust'; readonly plan: AggregationPlan; readonly parent: ParentBytes }
  | { readonly kind: 'addAt'; readonly update: Uint8Array; readonly at: number }
  | { readonly kind: 'endPass' }
  | { readonly kind: 'finishRobust' }
  | { readonly kind: 'finish'; readonly plan: AggregationPlan; readonly parent: ParentBytes }

export type WorkerAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'partial'; readonly partial: PartialAggregation }
  | { readonly kind: 'pass'; readonly isNext: boolean }
  | { readonly kind: 'folded'; readonly hash: string; readonly bytes: Uint8Array }
  | { readonly kind: 'release'; readonly release: BuiltRelease | BuiltPartial }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string }

/** A job that names no other. */
const AGGREGATION_MS = 30 * 60_000
/** Fewer updates are done before a further thread has started. */
const UPDATES_A_THREAD = 16
/** Memory comes to a partial sum each. */
const MAX_THREADS = 4

type Read = (hash: string) => Promise<Uint8Array>

/** Threads of their own for a round: its memory goes back to the system with them. */
export const aggregateInWorker: Aggregate = async (plan, read) => {
  if (plan.spec.robust) return (await robustInWorker(plan, read)) as Outcome<typeof plan>
  const { usable, left } = splitFolded(plan.digests, plan.folded ?? [])
  return withWorkers(plan, read, threadsFor(left.length), async (workers) => {
    const parent = await readParent(plan, read)
    const [first, ...others] = workers
    for (const one of usable) await addFolded(first!, one, read)
    await addAll(left, read, workers.map(adderOf))
    const { masked: told } = plan
    const unmasked = workers.map((worker, index) =>
      told ? ask(worker, { kind: 'unmask', told, part: { index, of: workers.length } }) : null,
    )
    await Promise.all(unmasked)
    for (const other of others) {
      const { partial } = await askFor('partial', other, { kind: 'partial' })
      await ask(first!, { kind: 'merge', partial }, buffersOf(partial))
    }
    const { release } = await askFor('release', first!, { kind: 'finish', plan, parent })
    return release as Outcome<typeof plan>
  })
}

/** One thread: updates come in their order. */
const robustInWorker = (plan: AggregationPlan, read: Read): Promise<BuiltRelease | BuiltPartial> =>
  withWorkers(plan, read, 1, async ([worker]) => {
    const parent = await readParent(plan, read)
    await ask(worker!, { kind: 'startRobust', plan, parent })
    await inPasses(plan, read, {
      add: (update, at) => ask(worker!, { kind: 'addAt', update, at }, wholeBuffer(update)),
      endPass: async () => (await askFor('pass', worker!, { kind: 'endPass' })).isNext,
    })
    return (await askFor('release', worker!, { kind: 'finishRobust' })).release
  })

/** One thread, so that the others are left to who asks the server. */
export const foldInWorker: Fold = (plan, read) =>
  withWorkers(plan, read, 1, async (workers) => {
    const { base, round } = plan
    if (base) await addFolded(workers[0]!, base, read)
    await addAll(plan.digests, read, workers.map(adderOf))
    const digests = digestsOf(plan)
    const { hash, bytes } = await askFor('folded', workers[0]!, {
      kind: 'fold',
      roundId: round.id,
      digests,
    })
    return { hash, digests, bytes }
  })

/** They are ready for updates, and end with the work, or when its time is over. */
const withWorkers = async <T>(
  { spec, round, late = [], masked }: SumPlan,
  read: Read,
  count: number,
  work: (workers: readonly Worker[]) => Promise<T>,
): Promise<T> => {
  const workers = Array.from({ length: count }, () =>
    startThread(new URL('./aggregate-worker.ts', import.meta.url)),
  )
  const stop = () => Promise.all(workers.map((worker) => worker.terminate()))
  const { aggregationMs = AGGREGATION_MS } = spec.cohort
  const timer = setTimeout(() => void stop(), aggregationMs)
  try {
    const { contributions, planDigest } = masked ?? {}
    const ofMasks = contributions && planDigest ? { masked: { contributions, planDigest } } : {}
    const plan = { spec, round, late, ...ofMasks }
    const start = { kind: 'start', plan, late: await readLate(plan, read) } as const
    await Promise.all(workers.map((worker) => ask(worker, start)))
    return await work(workers)
  } finally {
    clearTimeout(timer)
    await stop()
  }
}

const adderOf = (worker: Worker) => (update: Uint8Array) =>
  ask(worker, { kind: 'add', update }, wholeBuffer(update))

const addFolded = async (worker: Worker, folded: Folded, read: Read): Promise<void> => {
  const bytes = await read(folded.hash)
  await ask(worker, { kind: 'addFolded', folded, bytes }, wholeBuffer(bytes))
}

const threadsFor = (updates: number): number =>
  Math.max(1, Math.min(Math.ceil(updates / UPDATES_A_THREAD), availableParallelism(), MAX_THREADS))

/** What can be handed to another thread without a copy. */
export const buffersOf = ({ sums, ring }: PartialAggregation): ArrayBuffer[] => [
  ...(ring ? [ring.buffer as ArrayBuffer] : []),
  ...sums.flatMap(
    (sum) =>
      ('singles' in sum
        ? sum.singles.map(({ vector }) => vector.buffer)
        : [sum.low.buffer, sum.high.buffer]) as ArrayBuffer[],
  ),
]

/** Empty for a view of a part: the rest of the buffer may be somebody else's. */
export const wholeBuffer = ({ buffer, byteLength }: Uint8Array): ArrayBuffer[] =>
  buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : []

const askFor = async <Kind extends WorkerAnswer['kind']>(
  kind: Kind,
  worker: Worker,
  request: WorkerRequest,
): Promise<Extract<WorkerAnswer, { kind: Kind }>> => {
  const answer = await ask(worker, request)
  if (answer.kind !== kind) throw new FedError('E_INTERNAL', `the worker made no ${kind}`)
  return answer as Extract<WorkerAnswer, { kind: Kind }>
}

/** Fails with the worker's own code, or E_INTERNAL when it dies or its time is over. */
const ask = async (
  worker: Worker,
  request: WorkerRequest,
  given: readonly ArrayBuffer[] = [],
): Promise<WorkerAnswer> => {
  const answer = await askThread<WorkerAnswer>(worker, request, given).catch((cause: unknown) => {
    throw new FedError('E_INTERNAL', 'the aggregation worker failed or took too long', { cause })
  })
  if (answer.kind === 'refused') throw new FedError(answer.code, answer.message)
  return answer
}
