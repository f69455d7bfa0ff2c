/** Aggregation in a worker thread, so that the server goes on answering. Updates are handed over one at a time. */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { type ErrorCode, FedError } from '../../adapters/errors.ts'
import type { Aggregate, AggregationPlan } from './aggregate.ts'
import type { BuiltRelease } from './release.ts'

/** To the worker: first `start`, then every update, then `finish`. It answers each. */
export type WorkerRequest =
  | { readonly kind: 'start'; readonly plan: AggregationPlan; readonly parent: Uint8Array }
  | { readonly kind: 'add'; readonly update: Uint8Array }
  | { readonly kind: 'finish' }

export type WorkerAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'release'; readonly release: BuiltRelease }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string }

/** One thread a round: its memory goes back to the system with it. */
export const aggregateInWorker: Aggregate = async (plan, read) => {
  const worker = startWorker()
  try {
    await ask(worker, { kind: 'start', plan, parent: await read(plan.round.parent) })
    for (const digest of plan.digests)
      await ask(worker, { kind: 'add', update: await read(digest) })
    const answer = await ask(worker, { kind: 'finish' })
    if (answer.kind !== 'release') throw new FedError('E_INTERNAL', 'the worker made no release')
    return answer.release
  } finally {
    await worker.terminate()
  }
}

/** Sources run through tsx, which a thread must register by itself; compiled files need nothing. */
const startWorker = (): Worker => {
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL('./aggregate-worker.js', import.meta.url))
  const file = new URL('./aggregate-worker.ts', import.meta.url).href
  // The require condition answers the CommonJS file; the module lies beside it.
  const resolved = createRequire(import.meta.url).resolve('tsx/esm/api')
  const tsx = pathToFileURL(resolved.replace(/\.cjs$/, '.mjs')).href
  const [api, entry] = [JSON.stringify(tsx), JSON.stringify(file)]
  const code = `import(${api}).then(({ register }) => { register(); return import(${entry}) })`
  return new Worker(code, { eval: true, execArgv: [] })
}

/** One question, one answer. Fails with the worker's own code, or E_INTERNAL when it dies. */
const ask = (worker: Worker, request: WorkerRequest): Promise<WorkerAnswer> =>
  new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      worker.off('message', onMessage)
      worker.off('error', onError)
      worker.off('exit', onExit)
      act()
    }
    const onMessage = (answer: WorkerAnswer) =>
      settle(() =>
        answer.kind === 'refused'
          ? reject(new FedError(answer.code, answer.message))
          : resolve(answer),
      )
    const onError = (cause: unknown) =>
      settle(() => reject(new FedError('E_INTERNAL', 'the aggregation worker failed', { cause })))
    const onExit = () =>
      settle(() => reject(new FedError('E_INTERNAL', 'the aggregation worker ended early')))
    worker.once('message', onMessage)
    worker.once('error', onError)
    worker.once('exit', onExit)
    worker.postMessage(request)
  })
