/** Loss and gradient of a batch: the sum over its rows, each one run of the step graph. */
import { FedError } from '../../../adapters/errors.ts'
import type { FactorSegment } from '../../../adapters/lora/layout.ts'
import type { TrainRequest } from '../engine.ts'
import { unstackGradient } from '../run/lora-feeds.ts'
import type { ModelRunner } from '../run/model-runner.ts'
import { blocksOf, inBucket, packRows } from '../run/rows.ts'
import { batchSize, exitLayerOf, OBJECTIVES } from './objectives.ts'
import { type ItemWithReference, withDivergence } from './reference.ts'
import { factorsBelow, runStep } from './run-step.ts'
import { stepFeeds } from './step-feeds.ts'

/** gradient: in the full layout of the trainable adapter, zero for frozen factors. */
type BatchGradient = {
  readonly loss: number
  readonly gradient: Float64Array
  readonly tokens: number
}

/** E_CANCELLED between rows once isCancelled says so. */
export const batchGradient = async (
  runner: ModelRunner,
  request: TrainRequest,
  items: readonly ItemWithReference[],
  isCancelled?: () => boolean,
): Promise<BatchGradient> => {
  const { adapters, trainable } = request
  const segments = trainableSegments(runner, request)
  const gradient = new Float64Array(adapters[trainable.index]!.flat.length)
  const { loss, tokens } = await sumRows(runner, request, items, {
    segments,
    isCancelled,
    onGradient: (segment, stacked) =>
      unstackGradient(adapters, trainable.index, segment, stacked, gradient),
  })
  return { loss, tokens, gradient }
}

/** The loss alone, of all items as one batch. */
export const batchLoss = async (
  runner: ModelRunner,
  request: TrainRequest,
  items: readonly ItemWithReference[],
  isCancelled?: () => boolean,
): Promise<number> => (await sumRows(runner, request, items, { segments: [], isCancelled })).loss

/** FedProx (Li et al. 2020, eq. 2): returns μ/2·‖w − w₀‖² over the segments and adds its gradient.
 *  Mutates the gradient. */
export const addProximal = (
  mu: number,
  start: Float32Array,
  flat: Float32Array,
  segments: readonly Pick<FactorSegment, 'offset' | 'size'>[],
  gradient: Float64Array,
): number => {
  if (mu === 0) return 0
  let squares = 0
  for (const { offset, size } of segments)
    for (let i = offset; i < offset + size; i++) {
      const moved = flat[i]! - start[i]!
      gradient[i]! += mu * moved
      squares += moved * moved
    }
  return (mu / 2) * squares
}

/** Factors of the trainable adapter that the request names and the loss can reach. */
export const trainableSegments = (
  { model }: ModelRunner,
  request: TrainRequest,
): FactorSegment[] => {
  const { shape } = model.config
  return factorsBelow(shape, request, exitLayerOf(request.objective, shape))
}

type SumOptions = {
  /** Factors to differentiate by. */
  readonly segments: readonly FactorSegment[]
  readonly onGradient?: (segment: FactorSegment, stacked: Float32Array) => void
  readonly isCancelled: (() => boolean) | undefined
}

const sumRows = async (
  runner: ModelRunner,
  request: TrainRequest,
  items: readonly ItemWithReference[],
  { segments, onGradient, isCancelled }: SumOptions,
): Promise<{ loss: number; tokens: number }> => {
  const { objective, adapters, trainable, rowTokens } = request
  const { loss: form } = OBJECTIVES[objective.kind]
  const to = exitLayerOf(objective, runner.model.config.shape)
  const step = { adapters, trainable, loss: form, to, segments }
  const batch = await withDivergence(runner, request, items)
  const divisor = batchSize(objective.kind, batch)
  const rows = packRows(
    batch.map(({ inputs }) => inputs),
    runner.model.config.contextLength,
    rowTokens,
  ).map(inBucket)
  let loss = 0
  let tokens = 0
  for (const row of rows) {
    await new Promise(setImmediate)
    if (isCancelled?.()) throw new FedError('E_CANCELLED', 'training was cancelled')
    const feeds = stepFeeds(objective, row, batch, divisor)
    const outputs = await runStep(runner, { ...step, blocks: blocksOf(row) }, row, feeds)
    for (const segment of segments) onGradient?.(segment, outputs[segment.name]!)
    loss += outputs['loss']![0]!
    tokens += row.spans.reduce((sum, { ids }) => sum + ids.length, 0)
  }
  return { loss, tokens }
}
