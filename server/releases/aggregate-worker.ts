/** The thread behind aggregateInWorker and foldInWorker. */
import { parentPort } from 'node:worker_threads'
import { isFedError } from '../../adapters/errors.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import { discard } from '../../adapters/node/threads.ts'
import { type Aggregation, outcomeOf, startAggregation } from './aggregate.ts'
import { encodeFolded, readFolded } from './folded.ts'
import { startRobust } from './robust.ts'
import { buffersOf, type WorkerAnswer, type WorkerRequest, wholeBuffer } from './worker.ts'

let aggregation: Aggregation | undefined
let robust: ReturnType<typeof startRobust> | undefined

const answer = (request: WorkerRequest): WorkerAnswer => {
  switch (request.kind) {
    case 'start':
      aggregation = startAggregation(request.plan, request.late)
      return { kind: 'ready' }
    case 'add':
      try {
        aggregation?.add(request.update)
      } finally {
        wholeBuffer(request.update).forEach(discard)
      }
      return { kind: 'ready' }
    case 'startRobust':
      aggregation = undefined
      robust = startRobust(request.plan, request.parent)
      return { kind: 'ready' }
    case 'addAt':
      try {
        robust?.add(request.update, request.at)
      } finally {
        wholeBuffer(request.update).forEach(discard)
      }
      return { kind: 'ready' }
    case 'endPass':
      return { kind: 'pass', isNext: robust!.endPass() }
    case 'finishRobust':
      return { kind: 'release', release: robust!.finish() }
    case 'addFolded':
      aggregation?.merge(readFolded(request.folded, request.bytes))
      wholeBuffer(request.bytes).forEach(discard)
      return { kind: 'ready' }
    case 'fold': {
      const bytes = encodeFolded(request.roundId, request.digests, aggregation!.partial())
      return { kind: 'folded', hash: sha256Hex(bytes), bytes }
    }
    case 'partial':
      return { kind: 'partial', partial: aggregation!.partial() }
    case 'unmask':
      aggregation!.unmask!(request.told, request.part)
      return { kind: 'ready' }
    case 'merge':
      aggregation?.merge(request.partial)
      buffersOf(request.partial).forEach(discard)
      return { kind: 'ready' }
    case 'finish':
      return { kind: 'release', release: outcomeOf(request.plan, aggregation!, request.parent) }
  }
}

const handedOver = (made: WorkerAnswer): ArrayBuffer[] => {
  if (made.kind === 'partial') return buffersOf(made.partial)
  return made.kind === 'folded' ? wholeBuffer(made.bytes) : []
}

parentPort?.on('message', (request: WorkerRequest) => {
  try {
    const made = answer(request)
    parentPort?.postMessage(made, handedOver(made))
  } catch (error) {
    const code = isFedError(error) ? error.code : 'E_INTERNAL'
    const message = error instanceof Error ? error.message : 'aggregation failed'
    parentPort?.postMessage({ kind: 'refused', code, message } satisfies WorkerAnswer)
  }
})
