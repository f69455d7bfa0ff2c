/** A thread that adds vectors, by this exact sum or by another checkout's. */
import { createHash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import {
  createExactSum,
  type ExactSum,
  type PartialSum,
} from '../../../adapters/aggregate/exact-sum.ts'
import { discard } from '../../../adapters/node/threads.ts'

export type SumRequest =
  /** another: the module of another checkout's. */
  | { readonly kind: 'start'; readonly another: string | undefined; readonly size: number }
  /** isGivenBack: the vector, with the answer. */
  | {
      readonly kind: 'add'
      readonly vector: Float32Array
      readonly weight: number
      readonly isGivenBack: boolean
    }
  | { readonly kind: 'partial' }
  | { readonly kind: 'merge'; readonly partial: PartialSum }
  | { readonly kind: 'mean' }
  /** Of the last mean. */
  | { readonly kind: 'digest' }

export type SumAnswer = {
  readonly vector?: Float32Array
  readonly partial?: PartialSum
  readonly digest?: string
}

let sum: ExactSum
let mean: Float64Array = new Float64Array()

const answer = async (request: SumRequest): Promise<SumAnswer> => {
  switch (request.kind) {
    case 'start': {
      const { another } = request
      const own = { createExactSum }
      const used = another ? ((await import(another)) as typeof own) : own
      sum = used.createExactSum(request.size)
      return {}
    }
    case 'add':
      sum.add(request.vector, request.weight)
      if (request.isGivenBack) return { vector: request.vector }
      discard(request.vector.buffer as ArrayBuffer)
      return {}
    case 'partial':
      return { partial: sum.partial() }
    case 'merge':
      sum.merge(request.partial)
      for (const { buffer } of [request.partial.low, request.partial.high])
        discard(buffer as ArrayBuffer)
      return {}
    case 'mean':
      mean = sum.mean()
      return {}
    case 'digest':
      return { digest: createHash('sha256').update(mean).digest('hex') }
  }
}

parentPort?.on('message', async (request: SumRequest) => {
  const made = await answer(request)
  const moved = [made.vector, made.partial?.low, made.partial?.high]
  parentPort?.postMessage(
    made,
    moved.flatMap((array) => (array ? [array.buffer as ArrayBuffer] : [])),
  )
})
