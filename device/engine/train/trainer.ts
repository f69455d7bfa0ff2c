/** The training loop: batches in a seeded order, rows summed into a gradient, clipped, one AdamW step. */
import { FedError } from '../../../adapters/errors.ts'
import { adapterLayout, type FactorSegment } from '../../../adapters/lora/layout.ts'
import { seededRng } from '../../../adapters/random.ts'
import { stackLora, unstackGradient } from '../run/lora-feeds.ts'
import { loraFeeds, type ModelRunner, startRow } from '../run/model-runner.ts'
import { packRows, type Row } from '../run/rows.ts'
import { answerLogProbs } from '../run/score.ts'
import type { LoraFeed, TrainProgress, TrainRequest, TrainResult } from '../run/types.ts'
import { type AdamW, adamWStep, clipGradient, newAdamW } from './adamw.ts'
import { type Checkpoint, readCheckpoint, requestDigest, writeCheckpoint } from './checkpoint.ts'
import { batchSize, type Item, itemsOf, stepFeeds } from './objectives.ts'
import { buildStep } from './step-graph.ts'

export type TrainHooks = {
  readonly onProgress?: (progress: TrainProgress) => void
  /** Asked between rows; true ends the run with E_CANCELLED after a checkpoint. */
  readonly isCancelled?: () => boolean
  readonly now: () => number
}

/** Runs a request to its end, from its checkpoint if there is one. The result does not depend on interruptions.
 *  Fails with E_SHAPE, E_DIVERGED (loss or gradient not finite), E_CANCELLED. */
export const trainAdapter = async (
  runner: ModelRunner,
  request: TrainRequest,
  hooks: TrainHooks,
): Promise<TrainResult> => {
  const began = hooks.now()
  const run = await beginRun(runner, request)
  let saved = began
  const save = async () => {
    saved = hooks.now()
    if (request.checkpoint) await writeCheckpoint(request.checkpoint, snapshot(run))
  }
  while (run.optimizer.step < run.steps) {
    const loss = await takeStep(runner, request, run, hooks).catch(async (error) => {
      if (error instanceof FedError && error.code === 'E_CANCELLED') await save()
      throw error
    })
    run.losses.push(loss)
    const { step } = run.optimizer
    const seconds = (hooks.now() - began) / 1000
    hooks.onProgress?.({ step, steps: run.steps, loss, tokens: run.tokens, seconds })
    if (hooks.now() - saved > CHECKPOINT_MS || step === run.steps) await save()
  }
  return {
    flat: run.flat,
    losses: run.losses,
    steps: run.steps,
    tokens: run.tokens,
    seconds: (hooks.now() - began) / 1000,
  }
}

/** Loss and gradient of one batch, by the full layout of the trainable adapter. */
export const batchGradient = async (
  runner: ModelRunner,
  request: TrainRequest,
  items: readonly Item[],
  isCancelled: () => boolean = () => false,
): Promise<{ loss: number; gradient: Float64Array; tokens: number }> => {
  const { objective, adapters, trainable } = request
  const gradient = new Float64Array(adapters[trainable.index]!.flat.length)
  const divisor = batchSize(objective.kind, items)
  const rows = packRows(
    items.map(({ inputs }) => inputs),
    runner.model.config.contextLength,
  )
  let loss = 0
  let tokens = 0
  for (const row of rows) {
    await new Promise(setImmediate)
    if (isCancelled()) throw new FedError('E_CANCELLED', 'training was cancelled')
    loss += await rowGradient(runner, request, row, items, divisor, gradient)
    tokens += row.spans.reduce((sum, { ids }) => sum + ids.length, 0)
  }
  return { loss, gradient, tokens }
}

const CHECKPOINT_MS = 3000

type Run = {
  readonly digest: string
  readonly items: readonly Item[]
  readonly steps: number
  readonly flat: Float32Array
  readonly segments: readonly FactorSegment[]
  readonly optimizer: AdamW
  readonly losses: number[]
  tokens: number
}

const beginRun = async (runner: ModelRunner, request: TrainRequest): Promise<Run> => {
  const { adapters, trainable, epochs, batch } = request
  const adapter = adapters[trainable.index]
  if (!adapter) throw new FedError('E_SHAPE', `no adapter has index ${trainable.index}`)
  checkRequest(runner, request)
  const segments = movingSegments(runner, request, adapter)
  if (segments.length === 0)
    throw new FedError('E_SHAPE', 'the trainable adapter has no factor below the exit layer')
  const digest = requestDigest(request, runner.model.manifest.source)
  const items = await withReference(runner, request, itemsOf(request.objective, request.maxTokens))
  const saved = request.checkpoint ? await readCheckpoint(request.checkpoint, digest) : undefined
  return {
    digest,
    items,
    steps: epochs * Math.ceil(items.length / batch),
    segments,
    flat: saved?.flat ?? adapter.flat.slice(),
    optimizer: saved
      ? { first: saved.first, second: saved.second, step: saved.step }
      : newAdamW(adapter.flat.length),
    losses: [...(saved?.losses ?? [])],
    tokens: saved?.tokens ?? 0,
  }
}

const checkRequest = ({ model }: ModelRunner, { objective, epochs, batch }: TrainRequest): void => {
  const { layers, hidden } = model.config.shape
  if (!(Number.isInteger(epochs) && epochs >= 1 && Number.isInteger(batch) && batch >= 1))
    throw new FedError('E_SHAPE', `epochs and batch must be 1 or more, got ${epochs} and ${batch}`)
  if (objective.kind !== 'reward') return
  if (!(objective.exitLayer >= 1 && objective.exitLayer <= layers))
    throw new FedError(
      'E_SHAPE',
      `the exit layer must be 1 to ${layers}, got ${objective.exitLayer}`,
    )
  if (objective.head.length !== hidden)
    throw new FedError('E_SHAPE', `the head needs ${hidden} numbers, got ${objective.head.length}`)
}

const takeStep = async (
  runner: ModelRunner,
  request: TrainRequest,
  run: Run,
  hooks: TrainHooks,
): Promise<number> => {
  const { index } = request.trainable
  const adapters = request.adapters.map((feed, i) =>
    i === index ? { spec: feed.spec, flat: run.flat } : feed,
  )
  const items = batchOf(run, request)
  const current = { ...request, adapters }
  const { loss, gradient, tokens } = await batchGradient(runner, current, items, hooks.isCancelled)
  const norm = clipGradient(gradient, request.clipNorm)
  if (!Number.isFinite(loss) || !Number.isFinite(norm))
    throw new FedError('E_DIVERGED', `step ${run.optimizer.step + 1}: loss or gradient not finite`)
  run.tokens += tokens
  const { learningRate, weightDecay = 0 } = request
  const ranges = run.segments.map(({ offset, size }) => ({ start: offset, end: offset + size }))
  adamWStep(run.flat, gradient, run.optimizer, { learningRate, weightDecay }, ranges)
  return loss
}

/** The items of the next step: every epoch has its own order, drawn from the seed. */
const batchOf = (
  { items, steps, optimizer }: Run,
  { epochs, batch, seed }: TrainRequest,
): Item[] => {
  const perEpoch = steps / epochs
  const epoch = Math.floor(optimizer.step / perEpoch)
  const start = (optimizer.step % perEpoch) * batch
  return seededRng(`train/${seed}/${epoch}`)
    .shuffle(items)
    .slice(start, start + batch)
}

const rowGradient = async (
  runner: ModelRunner,
  request: TrainRequest,
  row: Row,
  items: readonly Item[],
  divisor: number,
  gradient: Float64Array,
): Promise<number> => {
  const { model, sessions } = runner
  const { objective, adapters, trainable } = request
  const adapter = adapters[trainable.index]!
  const to = exitOf(runner, request)
  const below = adapters.filter((_, i) => i !== trainable.index)
  const { from, feeds } = await startRow(runner, row, adapter.spec.firstLayer, below)
  const lora = stackLora(model.config.shape, adapters, from, to)
  const step = stepFeeds(objective, row, items, divisor)
  const segments = movingSegments(runner, request, adapter)
  const by = segments.map(({ name }) => name)
  const spec = {
    kind: objective.kind,
    from,
    to,
    tokens: row.size,
    lora: lora.ranks,
    by,
    ...step.sizes,
  }
  const outputs = await sessions.run(`step ${JSON.stringify(spec)}`, () => buildStep(model, spec), {
    ...feeds,
    ...loraFeeds(lora.feeds, lora.ranks),
    ...step.feeds,
  })
  for (const segment of segments)
    unstackGradient(adapters, trainable.index, segment, outputs[segment.name]!, gradient)
  return outputs['loss']![0]!
}

/** Factors that the request moves and the loss can reach. */
const movingSegments = (
  runner: ModelRunner,
  request: TrainRequest,
  { spec }: LoraFeed,
): FactorSegment[] =>
  adapterLayout(runner.model.config.shape, spec).filter(
    ({ layer, factor }) =>
      layer < exitOf(runner, request) && request.trainable.factors.includes(factor),
  )

const exitOf = ({ model }: ModelRunner, { objective }: TrainRequest): number =>
  objective.kind === 'reward' ? objective.exitLayer : model.config.shape.layers

/** For DPO the reference margin becomes each pair's offset: −beta·(log π₀(chosen) − log π₀(rejected)). */
export const withReference = async (
  runner: ModelRunner,
  { objective, adapters, trainable }: TrainRequest,
  items: readonly Item[],
): Promise<readonly Item[]> => {
  if (objective.kind !== 'dpo') return items
  const reference = adapters.filter((_, i) => i !== trainable.index)
  const inputs = items.flatMap((item) => item.inputs)
  const logProbs = await answerLogProbs(runner, inputs, reference)
  return items.map((item, k) => ({
    ...item,
    offset: -objective.beta * (logProbs[2 * k]! - logProbs[2 * k + 1]!),
  }))
}

const snapshot = ({ digest, flat, optimizer, losses, tokens }: Run): Checkpoint => ({
  digest,
  flat,
  first: optimizer.first,
  second: optimizer.second,
  step: optimizer.step,
  losses,
  tokens,
})
