/** The checks of a training request before anything is computed. */
import { FedError } from '../../../adapters/errors.ts'
import type { LoraFeed, TrainRequest } from '../engine.ts'
import type { Model } from '../model/llama.ts'
import { problemsOf } from './objectives.ts'

/** Returns the trainable adapter. E_SHAPE names what does not fit. */
export const checkRequest = (model: Model, request: TrainRequest): LoraFeed => {
  const { adapters, trainable, epochs, batch, objective, validation } = request
  const { warmup = 0, proximal = 0 } = request
  const isCount = (n: number) => Number.isInteger(n) && n >= 1
  const adapter = adapters[trainable.index]
  const wrong = [
    !adapter && `no adapter has index ${trainable.index}`,
    !(isCount(epochs) && isCount(batch)) &&
      `epochs and batch must be 1 or more, got ${epochs} and ${batch}`,
    !(warmup >= 0 && warmup <= 1) && `the warm-up is a share, 0 to 1, got ${warmup}`,
    !(proximal >= 0 && Number.isFinite(proximal)) && `μ must be 0 or more, got ${proximal}`,
    ...problemsOf(objective, model.config.shape),
    ...(validation
      ? [
          validation.objective.kind !== objective.kind &&
            `held-back examples of ${objective.kind} expected, got ${validation.objective.kind}`,
          !(isCount(validation.patience) && isCount(validation.every ?? 1)) &&
            'patience and the steps between evaluations must be 1 or more',
          ...problemsOf(validation.objective, model.config.shape),
        ]
      : []),
  ].find((problem) => problem !== false)
  if (wrong || !adapter) throw new FedError('E_SHAPE', wrong || 'no adapter')
  return adapter
}
