/** The gradient of Σ cotangent·pooled(answer) by the factors of an adapter: the sum over rows of the
 *  step graph, in float64. */
import { FedError } from '../../../adapters/errors.ts'
import { adapterLayout, type FactorSegment } from '../../../adapters/lora/layout.ts'
import { axpy } from '../../../adapters/math/vector.ts'
import type { AnswerCotangent, GradientRequest, GradientResult } from '../engine.ts'
import { loraFeeds, stackLora, unstackGradient } from '../run/lora-feeds.ts'
import { type ModelRunner, persistent } from '../run/model-runner.ts'
import { generationOf } from '../run/prefix-states.ts'
import { inBucket, packRows, type Row } from '../run/rows.ts'
import { distinctByPrompt } from '../run/score.ts'
import { startRow } from '../run/states.ts'
import { GRADIENT_LOSS, GRADIENT_ROW_TOKENS } from './memory-plan.ts'
import { cotangentFeeds } from './step-feeds.ts'
import { buildStep } from './step-graph.ts'

export type GradientHooks = {
  /** Answers passed, of the distinct ones. */
  readonly onProgress?: (done: number, of: number) => void
  /** Asked between rows; true ends the pass with E_CANCELLED. */
  readonly isCancelled?: () => boolean
  readonly now: () => number
}

/** Fails with E_SHAPE, E_DIVERGED where a number is not finite, E_CANCELLED. */
export const pooledGradient = async (
  given: ModelRunner,
  request: GradientRequest,
  { onProgress, isCancelled, now }: GradientHooks,
): Promise<GradientResult> => {
  const began = now()
  const runner = persistent(given)
  const segments = checkGradient(runner, request)
  const { adapters, trainable, rowTokens = GRADIENT_ROW_TOKENS } = request
  const below = adapters.filter((_, i) => i !== trainable.index)
  await runner.cache.begin([generationOf(adapters[trainable.index]!.spec.firstLayer, below)])
  const answers = distinctAnswers(request.answers)
  const rows = packRows(
    answers.map(({ answer }) => [answer]),
    runner.model.config.contextLength,
    rowTokens,
  ).map(inBucket)
  const cotangents = answers.map(({ cotangent }) => cotangent)
  const gradient = new Float64Array(adapters[trainable.index]!.flat.length)
  let tokens = 0
  let done = 0
  try {
    for (const row of rows) {
      await new Promise(setImmediate)
      if (isCancelled?.()) throw new FedError('E_CANCELLED', 'the gradient was cancelled')
      const outputs = await runRow(runner, request, row, cotangents, segments)
      for (const segment of segments)
        unstackGradient(adapters, trainable.index, segment, outputs[segment.name]!, gradient)
      tokens += row.spans.reduce((sum, { ids }) => sum + ids.length, 0)
      done += row.answers.size
      onProgress?.(done, answers.length)
    }
  } finally {
    await runner.cache.flush()
  }
  const wrong = gradient.findIndex((x) => !Number.isFinite(x))
  if (wrong >= 0) throw new FedError('E_DIVERGED', `number ${wrong} of the gradient is not finite`)
  return { gradient, tokens, seconds: (now() - began) / 1000 }
}

/** The factors to differentiate by. E_SHAPE names what does not fit. */
const checkGradient = (
  { model }: ModelRunner,
  { answers, exitLayer, adapters, trainable }: GradientRequest,
): FactorSegment[] => {
  const { shape } = model.config
  const { layers, hidden } = shape
  const adapter = adapters[trainable.index]
  if (!adapter) throw new FedError('E_SHAPE', `no adapter has index ${trainable.index}`)
  if (!(exitLayer >= 1 && exitLayer <= layers))
    throw new FedError('E_SHAPE', `the exit layer must be 1 to ${layers}, got ${exitLayer}`)
  const wrong = answers.find(({ cotangent }) => cotangent.length !== hidden)
  if (wrong)
    throw new FedError(
      'E_SHAPE',
      `a cotangent needs ${hidden} numbers, got ${wrong.cotangent.length}`,
    )
  const segments = adapterLayout(shape, adapter.spec).filter(
    ({ layer, factor }) => layer < exitLayer && trainable.factors.includes(factor),
  )
  if (segments.length === 0)
    throw new FedError('E_SHAPE', 'the adapter has no such factor below the exit layer')
  return segments
}

/** Each answer once, with the sum of its cotangents; those of one prompt next to each other, so
 *  that they share a row. */
const distinctAnswers = (answers: readonly AnswerCotangent[]): AnswerCotangent[] => {
  const inputs = answers.map(({ answer }) => answer)
  return distinctByPrompt(inputs).map(({ input, indices: [first, ...others] }) => {
    const cotangent = answers[first!]!.cotangent.slice()
    for (const index of others) axpy(cotangent, 1, answers[index]!.cotangent)
    return { answer: input, cotangent }
  })
}

/** The row's block pattern is left at the default, so that rows of one size share a graph. */
const runRow = async (
  runner: ModelRunner,
  { exitLayer, adapters, trainable }: GradientRequest,
  row: Row,
  cotangents: readonly Float32Array[],
  segments: readonly FactorSegment[],
): Promise<Record<string, Float32Array>> => {
  const { model, sessions } = runner
  const below = adapters.filter((_, i) => i !== trainable.index)
  const { firstLayer } = adapters[trainable.index]!.spec
  const { from, feeds } = await startRow(runner, row, firstLayer, below)
  const lora = stackLora(model.config.shape, adapters, from, exitLayer)
  const given = cotangentFeeds(row, cotangents)
  const spec = {
    loss: GRADIENT_LOSS,
    from,
    to: exitLayer,
    tokens: row.size,
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
