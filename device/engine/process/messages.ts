/** Messages between parent and engine child (structured clone, so typed arrays pass). */
import type { ErrorCode } from '../../../adapters/errors.ts'
import type {
  AnswerInput,
  Engine,
  GradientRequest,
  PooledOptions,
  TrainProgress,
  TrainRequest,
} from '../engine.ts'
import type { ServiceOptions } from './service.ts'

/** `open` comes first and once. */
export type ToChild =
  | ({ readonly type: 'open' } & ServiceOptions)
  | { readonly type: 'call'; readonly id: number; readonly call: Call }
  | { readonly type: 'cancel'; readonly id: number }

export type Call =
  | {
      readonly method: 'pooled'
      readonly args: [
        inputs: readonly AnswerInput[],
        options: Omit<PooledOptions, 'onProgress' | 'signal'>,
      ]
    }
  | { readonly method: 'score'; readonly args: Parameters<Engine['score']> }
  | { readonly method: 'generate'; readonly args: Parameters<Engine['generate']> }
  | { readonly method: 'train'; readonly args: [request: TrainRequest] }
  | { readonly method: 'gradient'; readonly args: [request: GradientRequest] }

export type Progress = TrainProgress | { readonly done: number; readonly of: number }

/** alive: a call is under way. */
export type ToParent =
  | { readonly type: 'alive' }
  | { readonly type: 'progress'; readonly id: number; readonly progress: Progress }
  | { readonly type: 'result'; readonly id: number; readonly value: unknown }
  | {
      readonly type: 'error'
      readonly id: number
      readonly code: ErrorCode
      readonly message: string
    }
