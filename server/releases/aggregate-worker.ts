/** The thread behind aggregateInWorker. */
import { createHash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import { useSha256 } from '../../adapters/digest.ts'
import { isFedError } from '../../adapters/errors.ts'
import { type Aggregation, startAggregation } from './aggregate.ts'
import type { WorkerAnswer, WorkerRequest } from './worker.ts'

useSha256((bytes) => createHash('sha256').update(bytes).digest())

let aggregation: Aggregation | undefined

const answer = (request: WorkerRequest): WorkerAnswer => {
  switch (request.kind) {
    case 'start':
      aggregation = startAggregation(request.plan, request.parent)
      return { kind: 'ready' }
    case 'add':
      aggregation?.add(request.update)
      return { kind: 'ready' }
    case 'finish':
      return { kind: 'release', release: aggregation!.finish() }
  }
}

parentPort?.on('message', (request: WorkerRequest) => {
  try {
    parentPort?.postMessage(answer(request))
  } catch (error) {
    const code = isFedError(error) ? error.code : 'E_INTERNAL'
    const message = error instanceof Error ? error.message : 'aggregation failed'
    parentPort?.postMessage({ kind: 'refused', code, message } satisfies WorkerAnswer)
  }
})
