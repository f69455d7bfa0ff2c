/** The gradient of Σ cotangent·pooled(answer) by the factors of an adapter: the sum over rows of the
 *  step graph, in float64. */
import { FedError } from '../../../adapters/errors.ts'
import type { FactorSegment } from '../../../adapters/lora/layout.ts'
import { axpy } from '../../../adapters/math/vector.ts'
import type { AnswerCotangent, GradientRequest, GradientResult } from '../engine.ts'
import { unstackGradient } from '../run/lora-feeds.ts'
import { type ModelRunner, persistent } from '../run/model-runner.ts'
import { generationOf } from '../run/prefix-states.ts'
import { inBucket, packRows } from '../run/rows.ts'
import { distinctByPrompt } from '../run/score.ts'
import { GRADIENT_LOSS, GRADIENT_ROW_TOKENS } from './memory-plan.ts'
import { referenceOf } from './reference.ts'
import { factorsBelow, runStep } from './run-step.ts'
import { cotangentFeeds } from './step-feeds.ts'

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
  const { adapters, trainable, exitLayer, rowTokens = GRADIENT_ROW_TOKENS } = request
  const step = { adapters, trainable, loss: GRADIENT_LOSS, to: exitLayer, segments }
  const { firstLayer } = adapters[trainable.index]!.spec
  await runner.cache.begin([generationOf(firstLayer, referenceOf(request))])
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
      const outputs = await runStep(runner, step, row, cotangentFeeds(row, cotangents))
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
  const segments = factorsBelow(shape, { adapters, trainable }, exitLayer)
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
