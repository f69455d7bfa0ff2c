/** The training loop: batches in a seeded order, their gradient clipped, one AdamW step each; held-back examples judge it. */
import { FedError } from '../../../adapters/errors.ts'
import type { FactorSegment } from '../../../adapters/lora/layout.ts'
import { seededRng } from '../../../adapters/random.ts'
import type { Evaluation, TrainProgress, TrainRequest, TrainResult } from '../engine.ts'
import { lasting, type ModelRunner } from '../run/model-runner.ts'
import { generationOf } from '../run/prefix-states.ts'
import { ROW_TOKENS } from '../run/rows.ts'
import { type AdamW, adamWStep, clipGradient, newAdamW } from './adamw.ts'
import { type Checkpoint, readCheckpoint, requestDigest, writeCheckpoint } from './checkpoint.ts'
import { addProximal, batchGradient, batchLoss, movingSegments } from './gradient.ts'
import { itemsOf } from './objectives.ts'
import { type ReferredItem, referenceGeneration, referenceOf, withReference } from './reference.ts'
import { checkRequest } from './request.ts'
import { learningRateAt } from './schedule.ts'

export type TrainHooks = {
  readonly onProgress?: (progress: TrainProgress) => void
  /** Asked between rows; true ends the run with E_CANCELLED after a checkpoint. */
  readonly isCancelled?: () => boolean
  readonly now: () => number
}

/** Runs a request to its end, from its checkpoint if there is one. The result does not depend on interruptions.
 *  Fails with E_SHAPE, E_DIVERGED (loss or gradient not finite), E_CANCELLED. */
export const trainAdapter = async (
  given: ModelRunner,
  request: TrainRequest,
  hooks: TrainHooks,
): Promise<TrainResult> => {
  const began = hooks.now()
  const runner = lasting(given)
  const run = await beginRun(runner, request, hooks)
  // The first step is saved at once.
  let saved = Number.NEGATIVE_INFINITY
  const save = async () => {
    saved = hooks.now()
    if (request.checkpoint) await writeCheckpoint(request.checkpoint, snapshot(run))
  }
  const seconds = () => (hooks.now() - began) / 1000
  try {
    for (;;) {
      if (isEvaluationDue(run)) await evaluate(runner, request, run, hooks)
      if (run.optimizer.step === run.steps || hasStopped(run, request)) break
      await takeStep(runner, request, run, hooks)
      hooks.onProgress?.({ ...progressOf(run), seconds: seconds() })
      if (hooks.now() - saved > CHECKPOINT_MS) await save()
    }
  } catch (error) {
    if (error instanceof FedError && error.code === 'E_CANCELLED') await save()
    throw error
  } finally {
    await runner.cache.flush()
  }
  await save()
  return {
    flat: run.best?.flat ?? run.flat,
    losses: run.losses,
    steps: run.optimizer.step,
    evaluations: run.evaluations,
    tokens: run.tokens,
    seconds: seconds(),
  }
}

const CHECKPOINT_MS = 3000

type Run = {
  readonly digest: string
  readonly items: readonly ReferredItem[]
  readonly heldBack: readonly ReferredItem[]
  readonly steps: number
  /** No more than the request's: a resumed run goes on with its own rows where they fit. */
  readonly rowTokens: number
  /** Steps from one evaluation to the next; none without held-back items. */
  readonly every: number
  readonly flat: Float32Array
  readonly segments: readonly FactorSegment[]
  readonly optimizer: AdamW
  readonly losses: number[]
  readonly evaluations: Evaluation[]
  best: { readonly step: number; readonly loss: number; readonly flat: Float32Array } | undefined
  tokens: number
}

const beginRun = async (
  runner: ModelRunner,
  request: TrainRequest,
  { isCancelled = () => false }: TrainHooks,
): Promise<Run> => {
  const adapter = checkRequest(runner.model, request)
  const segments = movingSegments(runner, request, adapter)
  if (segments.length === 0)
    throw new FedError('E_SHAPE', 'the trainable adapter has no factor below the exit layer')
  const digest = requestDigest(request, runner.model.manifest.source)
  const { firstLayer } = adapter.spec
  await runner.cache.begin([
    generationOf(firstLayer, referenceOf(request)),
    referenceGeneration(request),
  ])
  const checkCancelled = () => {
    if (isCancelled()) throw new FedError('E_CANCELLED', 'training was cancelled')
  }
  const { validation, maxTokens, epochs, batch } = request
  const referred = (objective: TrainRequest['objective']) =>
    withReference(runner, { ...request, objective }, itemsOf(objective, maxTokens), checkCancelled)
  const items = await referred(request.objective)
  const steps = epochs * Math.ceil(items.length / batch)
  const saved = request.checkpoint ? await readCheckpoint(request.checkpoint, digest) : undefined
  return {
    digest,
    items,
    heldBack: validation ? await referred(validation.objective) : [],
    steps,
    rowTokens: Math.min(request.rowTokens ?? ROW_TOKENS, saved?.rowTokens ?? ROW_TOKENS),
    every: validation?.every ?? steps / epochs,
    segments,
    flat: saved?.flat ?? adapter.flat.slice(),
    optimizer: saved
      ? { first: saved.first, second: saved.second, step: saved.step }
      : newAdamW(adapter.flat.length),
    losses: [...(saved?.losses ?? [])],
    evaluations: [...(saved?.evaluations ?? [])],
    best: saved?.best,
    tokens: saved?.tokens ?? 0,
  }
}

const takeStep = async (
  runner: ModelRunner,
  request: TrainRequest,
  run: Run,
  hooks: TrainHooks,
): Promise<void> => {
  const { segments, flat, optimizer } = run
  const current = requestNow(request, run)
  const batch = batchOf(run, request)
  const { loss, gradient, tokens } = await batchGradient(runner, current, batch, hooks.isCancelled)
  const start = request.adapters[request.trainable.index]!.flat
  const total = loss + addProximal(request.proximal ?? 0, start, flat, segments, gradient)
  const norm = clipGradient(gradient, request.clipNorm)
  if (!Number.isFinite(total) || !Number.isFinite(norm))
    throw new FedError('E_DIVERGED', `step ${optimizer.step + 1}: loss or gradient not finite`)
  const { weightDecay = 0 } = request
  const learningRate = learningRateAt(request, optimizer.step, run.steps)
  const ranges = segments.map(({ offset, size }) => ({ start: offset, end: offset + size }))
  adamWStep(flat, gradient, optimizer, { learningRate, weightDecay }, ranges)
  run.tokens += tokens
  run.losses.push(total)
}

/** Before the first step, after every `every` and after the last; not again where it was done already. */
const isEvaluationDue = ({ heldBack, optimizer, steps, every, evaluations }: Run): boolean =>
  heldBack.length > 0 &&
  (optimizer.step % every === 0 || optimizer.step === steps) &&
  evaluations.at(-1)?.step !== optimizer.step

const evaluate = async (
  runner: ModelRunner,
  request: TrainRequest,
  run: Run,
  { isCancelled }: TrainHooks,
): Promise<void> => {
  const { objective } = request.validation!
  const judged = { ...requestNow(request, run), objective }
  const loss = await batchLoss(runner, judged, run.heldBack, isCancelled)
  const { step } = run.optimizer
  run.evaluations.push({ step, loss })
  if (!run.best || loss < run.best.loss) run.best = { step, loss, flat: run.flat.slice() }
}

/** Whether the newest evaluations, as many as the patience, all failed to be the lowest. */
const hasStopped = ({ best, evaluations }: Run, { validation }: TrainRequest): boolean =>
  best !== undefined &&
  evaluations.filter(({ step }) => step > best.step).length >= (validation?.patience ?? 1)

/** The request with the adapter as it is by now. */
const requestNow = (request: TrainRequest, { flat, rowTokens }: Run): TrainRequest => {
  const { index } = request.trainable
  const adapters = request.adapters.map((feed, i) =>
    i === index ? { spec: feed.spec, flat } : feed,
  )
  return { ...request, rowTokens, adapters }
}

/** The items of the next step: every epoch has its own order, drawn from the seed. */
const batchOf = (
  { items, steps, optimizer }: Run,
  { epochs, batch, seed }: TrainRequest,
): ReferredItem[] => {
  const perEpoch = steps / epochs
  const epoch = Math.floor(optimizer.step / perEpoch)
  const start = (optimizer.step % perEpoch) * batch
  return seededRng(`train/${seed}/${epoch}`)
    .shuffle(items)
    .slice(start, start + batch)
}

const progressOf = ({ optimizer, steps, losses, tokens, evaluations }: Run) => {
  const heldBack = evaluations.at(-1)?.loss
  const told = { step: optimizer.step, steps, loss: losses.at(-1)!, tokens }
  return heldBack === undefined ? told : { ...told, heldBack }
}

const snapshot = ({
  rowTokens,
  digest,
  flat,
  optimizer,
  losses,
  evaluations,
  best,
  tokens,
}: Run): Checkpoint => ({
  digest,
  rowTokens,
  flat,
  first: optimizer.first,
  second: optimizer.second,
  step: optimizer.step,
  losses,
  evaluations,
  best,
  tokens,
})
