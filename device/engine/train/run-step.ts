/** One row through a step graph, and the factors that it is differentiated by. */
import { adapterLayout, type FactorSegment } from '../../../adapters/lora/layout.ts'
import type { ModelShape } from '../../../adapters/lora/spec.ts'
import type { TrainRequest } from '../engine.ts'
import type { QueryBlock } from '../model/llama.ts'
import { loraFeeds, stackLora } from '../run/lora-feeds.ts'
import type { ModelRunner } from '../run/model-runner.ts'
import type { Row } from '../run/rows.ts'
import { startRow } from '../run/states.ts'
import { referenceOf } from './reference.ts'
import type { StepFeeds } from './step-feeds.ts'
import { buildStep, type Loss } from './step-graph.ts'

type Adapters = Pick<TrainRequest, 'adapters' | 'trainable'>

/** Factors of the trainable adapter that are named, below the layer that the loss reads. */
export const factorsBelow = (
  shape: ModelShape,
  { adapters, trainable }: Adapters,
  exitLayer: number,
): FactorSegment[] =>
  adapterLayout(shape, adapters[trainable.index]!.spec).filter(
    ({ layer, factor }) => layer < exitLayer && trainable.factors.includes(factor),
  )

export type Step = Adapters & {
  readonly loss: Loss
  /** Layers that the loss reads. */
  readonly to: number
  /** By default each block attends to all before it, so that rows of one size share a graph. */
  readonly blocks?: readonly QueryBlock[]
  /** Factors to differentiate by; none: the loss alone. */
  readonly segments: readonly FactorSegment[]
}

/** The graph's outputs: `loss`, and a gradient by the name of each segment. */
export const runStep = async (
  runner: ModelRunner,
  { adapters, trainable, loss, to, blocks, segments }: Step,
  row: Row,
  given: StepFeeds,
): Promise<Record<string, Float32Array>> => {
  const { model, sessions } = runner
  const { firstLayer } = adapters[trainable.index]!.spec
  const below = referenceOf({ adapters, trainable })
  const { from, feeds } = await startRow(runner, row, firstLayer, below)
  const lora = stackLora(model.config.shape, adapters, from, to)
  const spec = {
    loss,
    from,
    to,
    tokens: row.size,
    ...(blocks && { blocks }),
    lora: lora.ranks,
    by: segments.map(({ name }) => name),
    ...given.sizes,
  }
  return sessions.run(`step ${JSON.stringify(spec)}`, () => buildStep(model, spec), {
    ...feeds,
    ...loraFeeds(lora.feeds, lora.ranks),
    ...given.feeds,
  })
}
