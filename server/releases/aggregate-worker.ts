/** The thread behind aggregateInWorker. */
import { parentPort } from 'node:worker_threads'
import { isFedError } from '../../adapters/errors.ts'
import { discard } from '../../adapters/node/threads.ts'
import { type Aggregation, outcomeOf, startAggregation } from './aggregate.ts'
import { buffersOf, type WorkerAnswer, type WorkerRequest, wholeBuffer } from './worker.ts'

let aggregation: Aggregation | undefined

const answer = (request: WorkerRequest): WorkerAnswer => {
  switch (request.kind) {
    case 'start':
      aggregation = startAggregation(request.plan, request.parent)
      return { kind: 'ready' }
    case 'add':
      try {
        aggregation?.add(request.update)
      } finally {
        wholeBuffer(request.update).forEach(discard)
      }
      return { kind: 'ready' }
    case 'partial':
      return { kind: 'partial', partial: aggregation!.partial() }
    case 'merge':
      aggregation?.merge(request.partial)
      buffersOf(request.partial).forEach(discard)
      return { kind: 'ready' }
    case 'finish':
      return { kind: 'release', release: outcomeOf(request.plan, aggregation!) }
  }
}

parentPort?.on('message', (request: WorkerRequest) => {
  try {
    const made = answer(request)
    parentPort?.postMessage(made, made.kind === 'partial' ? buffersOf(made.partial) : [])
  } catch (error) {
    const code = isFedError(error) ? error.code : 'E_INTERNAL'
    const message = error instanceof Error ? error.message : 'aggregation failed'
    parentPort?.postMessage({ kind: 'refused', code, message } satisfies WorkerAnswer)
  }
})
