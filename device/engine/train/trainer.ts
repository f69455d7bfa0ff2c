/** The training loop: batches in a seeded order, their gradient clipped, one AdamW step each;
 *  held-back examples judge it. */
import { FedError } from '../../../adapters/errors.ts'
import type { FactorSegment } from '../../../adapters/lora/layout.ts'
import { seededRng } from '../../../adapters/random.ts'
import type { Objective, TrainProgress, TrainRequest, TrainResult } from '../engine.ts'
import { type ModelRunner, persistent } from '../run/model-runner.ts'
import { generationOf } from '../run/prefix-states.ts'
import { ROW_TOKENS } from '../run/rows.ts'
import { adamWStep, clipGradient, newAdamW } from './adamw.ts'
import { readCheckpoint, requestDigest, type TrainingState, writeCheckpoint } from './checkpoint.ts'
import { addProximal, batchGradient, batchLoss, trainableSegments } from './gradient.ts'
import { itemsOf } from './objectives.ts'
import {
  type ItemWithReference,
  referenceGeneration,
  referenceOf,
  withReference,
} from './reference.ts'
import { checkRequest } from './request.ts'
import { learningRateAt } from './schedule.ts'

export type TrainHooks = {
  readonly onProgress?: (progress: TrainProgress) => void
  /** Asked between rows; true ends the run with E_CANCELLED after a checkpoint. */
  readonly isCancelled?: () => boolean
  readonly now: () => number
}

/** Runs a request to its end, from its checkpoint if there is one. The result does not depend on
 *  interruptions.  Fails with E_SHAPE, E_DIVERGED (loss or gradient not finite), E_CANCELLED. */
export const trainAdapter = async (
  runner: ModelRunner,
  request: TrainRequest,
  hooks: TrainHooks,
): Promise<TrainResult> => {
  const began = hooks.now()
  const run = await planRun(persistent(runner), request, hooks)
  const state = await startState(run)
  // The first step is saved at once.
  let saved = Number.NEGATIVE_INFINITY
  const save = async () => {
    saved = hooks.now()
    if (request.checkpoint) await writeCheckpoint(request.checkpoint, state)
  }
  const seconds = () => (hooks.now() - began) / 1000
  try {
    for (;;) {
      if (isEvaluationDue(run, state)) await evaluate(run, state)
      if (state.step === run.steps || hasStopped(run, state)) break
      await takeStep(run, state)
      hooks.onProgress?.({ ...progressOf(run, state), seconds: seconds() })
      if (hooks.now() - saved > CHECKPOINT_MS) await save()
    }
  } catch (error) {
    if (error instanceof FedError && error.code === 'E_CANCELLED') await save()
    throw error
  } finally {
    await run.runner.cache.flush()
  }
  await save()
  const { losses, step: steps, evaluations, tokens } = state
  const flat = state.best?.flat ?? state.flat
  return { flat, losses, steps, evaluations, tokens, seconds: seconds() }
}

const CHECKPOINT_MS = 3000

/** The plan of a run: it follows from the request alone. */
type Run = {
  readonly runner: ModelRunner
  readonly request: TrainRequest
  readonly hooks: TrainHooks
  readonly items: readonly ItemWithReference[]
  readonly heldBack: readonly ItemWithReference[]
  readonly steps: number
  /** Steps from one evaluation to the next; none without held-back items. */
  readonly every: number
  readonly segments: readonly FactorSegment[]
}

const planRun = async (
  runner: ModelRunner,
  request: TrainRequest,
  hooks: TrainHooks,
): Promise<Run> => {
  const { firstLayer } = checkRequest(runner.model, request).spec
  const segments = trainableSegments(runner, request)
  if (segments.length === 0)
    throw new FedError('E_SHAPE', 'the trainable adapter has no factor below the exit layer')
  await runner.cache.begin([
    generationOf(firstLayer, referenceOf(request)),
    referenceGeneration(request),
  ])
  const checkCancelled = () => {
    if (hooks.isCancelled?.()) throw new FedError('E_CANCELLED', 'training was cancelled')
  }
  const { validation, maxTokens, epochs, batch } = request
  const prepare = (objective: Objective) =>
    withReference(runner, { ...request, objective }, itemsOf(objective, maxTokens), checkCancelled)
  const items = await prepare(request.objective)
  const heldBack = validation ? await prepare(validation.objective) : []
  const perEpoch = Math.ceil(items.length / batch)
  const every = validation?.every ?? perEpoch
  return { runner, request, hooks, items, heldBack, steps: epochs * perEpoch, every, segments }
}

/** From the checkpoint if there is one. A resumed run keeps its row limit unless the request's is
 *  lower. */
const startState = async ({ runner, request }: Run): Promise<TrainingState> => {
  const digest = requestDigest(request, runner.model.manifest.source)
  const { checkpoint, rowTokens = ROW_TOKENS } = request
  const saved = checkpoint ? await readCheckpoint(checkpoint, digest) : undefined
  if (saved) return { ...saved, rowTokens: Math.min(rowTokens, saved.rowTokens) }
  const flat = initialAdapter(request).slice()
  return {
    ...newAdamW(flat.length),
    digest,
    rowTokens: Math.min(rowTokens, ROW_TOKENS),
    flat,
    losses: [],
    evaluations: [],
    best: undefined,
    tokens: 0,
  }
}

const initialAdapter = ({ adapters, trainable }: TrainRequest): Float32Array =>
  adapters[trainable.index]!.flat

const takeStep = async (run: Run, state: TrainingState): Promise<void> => {
  const { runner, request, hooks, segments } = run
  const current = currentRequest(request, state)
  const batch = batchOf(run, state)
  const { loss, gradient, tokens } = await batchGradient(runner, current, batch, hooks.isCancelled)
  const { weightDecay = 0, proximal = 0, clipNorm } = request
  const total =
    loss + addProximal(proximal, initialAdapter(request), state.flat, segments, gradient)
  const norm = clipGradient(gradient, clipNorm)
  if (!Number.isFinite(total) || !Number.isFinite(norm))
    throw new FedError('E_DIVERGED', `step ${state.step + 1}: loss or gradient not finite`)
  const learningRate = learningRateAt(request, state.step, run.steps)
  const ranges = segments.map(({ offset, size }) => ({ start: offset, end: offset + size }))
  adamWStep(state.flat, gradient, state, { learningRate, weightDecay }, ranges)
  state.tokens += tokens
  state.losses.push(total)
}

/** Before the first step, after every `every` steps and after the last; never twice at one step. */
const isEvaluationDue = (
  { heldBack, steps, every }: Run,
  { step, evaluations }: TrainingState,
): boolean =>
  heldBack.length > 0 && (step % every === 0 || step === steps) && evaluations.at(-1)?.step !== step

const evaluate = async (
  { runner, request, heldBack, hooks }: Run,
  state: TrainingState,
): Promise<void> => {
  const { objective } = request.validation!
  const judged = { ...currentRequest(request, state), objective }
  const loss = await batchLoss(runner, judged, heldBack, hooks.isCancelled)
  const { step, best, flat } = state
  state.evaluations.push({ step, loss })
  if (!best || loss < best.loss) state.best = { step, loss, flat: flat.slice() }
}

/** Whether the newest evaluations, as many as the patience, all failed to be the lowest. */
const hasStopped = (
  { request: { validation } }: Run,
  { best, evaluations }: TrainingState,
): boolean =>
  best !== undefined &&
  evaluations.filter(({ step }) => step > best.step).length >= (validation?.patience ?? 1)

/** The request with the adapter's current weights. */
const currentRequest = (
  request: TrainRequest,
  { flat, rowTokens }: TrainingState,
): TrainRequest => {
  const adapters = request.adapters.map((feed, i) =>
    i === request.trainable.index ? { spec: feed.spec, flat } : feed,
  )
  return { ...request, rowTokens, adapters }
}

/** The items of the next step: every epoch has its own order, drawn from the seed. */
const batchOf = (
  { items, steps, request: { epochs, batch, seed } }: Run,
  { step }: TrainingState,
): ItemWithReference[] => {
  const perEpoch = steps / epochs
  const epoch = Math.floor(step / perEpoch)
  const start = (step % perEpoch) * batch
  return seededRng(`train/${seed}/${epoch}`)
    .shuffle(items)
    .slice(start, start + batch)
}

const progressOf = (
  { steps }: Run,
  { step, losses, tokens, evaluations }: TrainingState,
): Omit<TrainProgress, 'seconds'> => {
  const progress = { step, steps, loss: losses.at(-1)!, tokens }
  const heldBack = evaluations.at(-1)?.loss
  return heldBack === undefined ? progress : { ...progress, heldBack }
}
