/** What a training request must hold to before anything is computed. */
import { FedError } from '../../../adapters/errors.ts'
import type { LoraFeed, Objective, TrainRequest } from '../engine.ts'
import type { Model } from '../model/llama.ts'

/** The adapter that moves. E_SHAPE names what does not fit. */
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
    ...objectiveProblems(model, objective),
    ...(validation
      ? [
          validation.objective.kind !== objective.kind &&
            `held-back examples of ${objective.kind} expected, got ${validation.objective.kind}`,
          !(isCount(validation.patience) && isCount(validation.every ?? 1)) &&
            'patience and the steps between evaluations must be 1 or more',
          ...objectiveProblems(model, validation.objective),
        ]
      : []),
  ].find((problem) => problem !== false)
  if (wrong || !adapter) throw new FedError('E_SHAPE', wrong || 'no adapter')
  return adapter
}

const objectiveProblems = ({ config }: Model, objective: Objective): (string | false)[] => {
  const { layers, hidden } = config.shape
  if (objective.kind !== 'reward')
    return [
      'beta' in objective && !(objective.beta > 0) && `beta must be above 0, got ${objective.beta}`,
    ]
  const { exitLayer, head } = objective
  return [
    !(exitLayer >= 1 && exitLayer <= layers) &&
      `the exit layer must be 1 to ${layers}, got ${exitLayer}`,
    head.length !== hidden && `the head needs ${hidden} numbers, got ${head.length}`,
  ]
}
