/** A training's memory, estimated from its step graph, and the rows that fit under a limit. */
import { FedError } from '../../../adapters/errors.ts'
import { adapterLayout } from '../../../adapters/lora/layout.ts'
import type { AdapterSpec } from '../../../adapters/lora/spec.ts'
import type { GradientRequest, TrainRequest } from '../engine.ts'
import type { Model } from '../model/llama.ts'
import { bucketOf, packRows, ROW_TOKENS } from '../run/rows.ts'
import { exitLayerOf, itemsOf, type Kind, OBJECTIVES } from './objectives.ts'
import { buildStep, type Loss, PREDICTED_CHUNK } from './step-graph.ts'

/** A limit for a process, divided: an eighth at most for kept states, the rest for training. */
export const divideLimit = (memoryBytes: number | undefined, cacheBytes: number) => {
  if (memoryBytes === undefined) return { cacheBytes, limitBytes: undefined }
  const kept = Math.min(cacheBytes, memoryBytes / 8)
  return { cacheBytes: kept, limitBytes: memoryBytes - kept }
}

/** What decides a step's memory. adapters: all active ones; index: of the trainable one. */
export type StepNeed = {
  readonly kind: Kind | 'gradient'
  /** Layers that the loss reads. */
  readonly to: number
  readonly adapters: readonly AdapterSpec[]
  readonly index: number
}

/** limitBytes: set by the user, with weights; freeBytes: available, without mapped weights. */
type MemoryBounds = {
  readonly limitBytes?: number | undefined
  readonly freeBytes?: number | undefined
}

/** Process, runtime, sessions and fragmentation of the heap: 190 to 250 MB beside weights and
 *  activations were measured on SmolLM2-135M, for 4 to 30 layers and 64 to 768 tokens
 *  (eval/RESULTS.md). */
const RUNTIME_BYTES = 250e6

/** Row limits that are tried under a memory limit, largest first. */
const ROW_LIMITS = [ROW_TOKENS, 320, 256, 192, 128, 96, 64] as const

/** Tokens of a row of the gradient: two long answers and their prompt, or several short ones. */
export const GRADIENT_ROW_TOKENS = 576

/** What Engine.gradient differentiates. */
export const GRADIENT_LOSS: Loss = { reads: 'cotangents', link: null }

const lossOf = (kind: StepNeed['kind']): Loss =>
  kind === 'gradient' ? GRADIENT_LOSS : OBJECTIVES[kind].loss

/** Bytes at the fullest moment of a training on rows of so many tokens. */
export const trainingBytes = (model: Model, need: StepNeed, tokens: number): number =>
  weightBytes(model, need) + RUNTIME_BYTES + stepBytes(model, need, tokens)

/** The request with rows, and texts, that fit; unchanged if it fits as it is. A result depends on
 *  the limit, but never on the memory that happens to be free. E_MEMORY if no rows fit under the
 *  limit, or if the rows that do need more than is free. */
export const planTraining = (
  model: Model,
  request: TrainRequest,
  bounds: MemoryBounds,
): TrainRequest => {
  const { objective, adapters, trainable } = request
  const need = {
    kind: objective.kind,
    to: exitLayerOf(objective, model.config.shape),
    adapters: adapters.map(({ spec }) => spec),
    index: trainable.index,
  }
  const inputs = itemsOf(objective, request.maxTokens).map((item) => item.inputs)
  const longest = Math.max(
    ...packRows(inputs, model.config.contextLength, 1).map(({ size }) => size),
  )
  const tokens = Math.max(longest, bucketOf(ROW_TOKENS))
  if (fits(model, need, tokens, bounds)) return request
  const rowTokens = rowLimitUnder(model, need, bounds)
  const share = Math.floor(rowTokens / Math.max(...inputs.map((of) => of.length)))
  return { ...request, rowTokens, maxTokens: Math.min(request.maxTokens, share) }
}

/** The request with rows that fit. Its answers are read whole, so E_MEMORY if one does not fit, and
 *  otherwise as planTraining. */
export const planGradient = (
  model: Model,
  request: GradientRequest,
  bounds: MemoryBounds,
): GradientRequest => {
  const { exitLayer: to, adapters, trainable } = request
  const { index } = trainable
  const need = { kind: 'gradient' as const, to, adapters: adapters.map(({ spec }) => spec), index }
  const longest = bucketOf(Math.max(1, ...request.answers.map(({ answer }) => answer.ids.length)))
  const { limitBytes = Number.POSITIVE_INFINITY } = bounds
  const most = Math.max(longest, request.rowTokens ?? GRADIENT_ROW_TOKENS)
  if (fits(model, need, most, bounds)) return { ...request, rowTokens: most }
  const shorter = ROW_LIMITS.filter((tokens) => tokens < most && tokens > longest)
  const rowTokens =
    [most, ...shorter].find((tokens) => trainingBytes(model, need, tokens) <= limitBytes) ?? longest
  if (!fits(model, need, rowTokens, bounds)) throw lacking(model, need, rowTokens, bounds)
  return { ...request, rowTokens }
}

/** The largest row limit that fits, else E_MEMORY as planTraining. It reads no examples. */
export const rowLimitUnder = (model: Model, need: StepNeed, bounds: MemoryBounds): number => {
  const { limitBytes = Number.POSITIVE_INFINITY } = bounds
  const rows = ROW_LIMITS.find((tokens) => trainingBytes(model, need, tokens) <= limitBytes)
  if (rows === undefined) throw lacking(model, need, ROW_LIMITS.at(-1)!, bounds)
  if (fits(model, need, rows, bounds)) return rows
  throw lacking(model, need, rows, bounds)
}

/** Rows of so many tokens do not fit under the limit, or into what the system has. */
const lacking = (
  model: Model,
  need: StepNeed,
  tokens: number,
  { limitBytes = Number.POSITIVE_INFINITY, freeBytes = 0 }: MemoryBounds,
): FedError => {
  const bytes = trainingBytes(model, need, tokens)
  if (bytes > limitBytes)
    return tooLittle(
      bytes,
      `the memory limit is ${megabytes(limitBytes)}`,
      'Raise it (--memory-limit)',
    )
  const least = megabytes(trainingBytes(model, need, ROW_LIMITS.at(-1)!))
  return tooLittle(
    bytes,
    `the system has ${megabytes(freeBytes + weightBytes(model, need))} to give`,
    `Close other programs, set a lower limit for shorter rows (--memory-limit; the least is ${least})`,
  )
}

const fits = (
  model: Model,
  need: StepNeed,
  tokens: number,
  { limitBytes = Number.POSITIVE_INFINITY, freeBytes = Number.POSITIVE_INFINITY }: MemoryBounds,
): boolean => {
  const bytes = trainingBytes(model, need, tokens)
  return bytes <= limitBytes && bytes - weightBytes(model, need) <= freeBytes
}

const tooLittle = (bytes: number, bound: string, remedy: string): FedError =>
  new FedError(
    'E_MEMORY',
    `training needs about ${megabytes(bytes)} of memory, ${bound}. ${remedy}, ` +
      'or let it read less: a lower exit layer (--exit), a lower maxTokens, a smaller model',
  )

const stepBytes = (model: Model, need: StepNeed, tokens: number): number => {
  const trained = need.adapters[need.index]
  if (!trained) return 0
  const { to } = need
  const from = Math.min(trained.firstLayer, to)
  const lora: Record<string, number> = {}
  const segments = need.adapters.map((spec) =>
    adapterLayout(model.config.shape, spec).filter((s) => s.layer >= from && s.layer < to),
  )
  for (const [i, spec] of need.adapters.entries())
    for (const { name, factor } of segments[i]!)
      if (factor === 'A') lora[name.slice(0, -2)] = (lora[name.slice(0, -2)] ?? 0) + spec.rank
  const by = segments[need.index]!.map(({ name }) => name)
  if (by.length === 0) return 0
  const loss = lossOf(need.kind)
  const predicted =
    loss.reads === 'tokens' ? Math.ceil(tokens / PREDICTED_CHUNK) * PREDICTED_CHUNK : 0
  const sizes = { tokens, predicted, answers: 16, margins: 8 }
  return buildStep(model, { loss, from, to, lora, by, ...sizes }).peakBytes()
}

/** The weights of the layers that are read, and of the token table if the loss is over tokens. */
const weightBytes = ({ manifest }: Model, { kind, to }: StepNeed): number =>
  Object.entries(manifest.tensors)
    .filter(([name]) => {
      const layer = /^layers\.(\d+)\./.exec(name)?.[1]
      return layer === undefined ? lossOf(kind).reads === 'tokens' : Number(layer) < to
    })
    .reduce((sum, [, { bytes }]) => sum + bytes, 0)

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`
