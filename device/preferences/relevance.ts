/**
 * Which preferences matter for a request, "none" included. A gate over [pooled state; named
 * features] decides whether style matters at all; then each pole gets a score. Both are ridge
 * regressions of ±1 on the committed seeds. The user's examples correct them by Gaussian process
 * regression over [request; pole] (Rasmussen & Williams 2006, eq. 2.25) with the seeds' scores as
 * mean.
 */
import { FedError } from '../../adapters/errors.ts'
import { cholesky, choleskySolve } from '../../adapters/math/cholesky.ts'
import { matrix } from '../../adapters/math/matrix.ts'
import { axpy, dot } from '../../adapters/math/vector.ts'
import type { Engine, PooledOptions } from '../engine/engine.ts'
import type { LocalModel } from '../engine/model/open.ts'
import type { Tokenizer } from '../engine/model/tokenizer.ts'
import type { Gate, RelevanceHead } from '../store/states.ts'
import { encodeRequest } from '../text/encode-answer.ts'
import { dimensionOf, POLES, type Pole, sentenceOfPole } from './dimensions.ts'
import { isPlain, requestFeatures } from './relevance-rules.ts'
import { RELEVANCE_SEEDS } from './relevance-seeds.ts'

/** A request and its pooled state (see poolRequests). */
type PooledRequest = { readonly request: string; readonly pooled: ArrayLike<number> }

/** The poles that matter for a request; none: style does not matter. */
export type RelevanceExample = PooledRequest & { readonly poles: ReadonlySet<Pole> }

/** Feedback on a pole for a request; null: on all poles. A weight of 1 counts as one seed. */
export type OwnExample = PooledRequest & {
  readonly pole: Pole | null
  readonly isRelevant: boolean
  readonly weight: number
}

/**
 * Ridge for inputs whose squared length is about 3, chosen by leaving out whole kinds of requests.
 */
const RIDGE = 1
/** How texts are read. maxTokens: per text; the middle of a longer one is cut. */
export type Reading = Pick<PooledOptions, 'exitLayer' | 'through' | 'packed'> & {
  readonly maxTokens: number
}

/**
 * The reading of requests, which wait for it: half the depth of answers, with the states of the
 * layer two thirds of the way there. eval/RESULTS.md compares it with full depth and 64 tokens.
 */
export const requestReading = ({ suggestedExit }: Pick<LocalModel, 'suggestedExit'>): Reading => {
  const exitLayer = Math.max(1, Math.round(suggestedExit / 2))
  const onTheWay = Math.floor((2 * exitLayer) / 3)
  return { exitLayer, through: onTheWay > 0 ? [onTheWay] : [], packed: true, maxTokens: 40 }
}

/** The reading of follow-ups, which runs in the background. */
export const followUpReading = ({ suggestedExit }: Pick<LocalModel, 'suggestedExit'>): Reading => ({
  exitLayer: suggestedExit,
  maxTokens: 64,
})

/** Scores from which a pole is relevant. `less` rarely hurts if style matters at all. */
export const THRESHOLDS = { gate: 0, less: -0.6, more: -0.25 } as const

/** The texts whose states training needs: the seeds, then each pole's line. */
export const trainingTexts = (): string[] => [
  ...RELEVANCE_SEEDS.map((s) => s.request),
  ...POLES.map(sentenceOfPole),
]

/**
 * Pooled states of texts: [hidden] for each layer that is read. They use no adapters, so they stay
 * valid for a base model.
 */
export const poolRequests = (
  engine: Pick<Engine, 'pooled'>,
  tokenizer: Pick<Tokenizer, 'chat'>,
  { maxTokens, ...reading }: Reading,
  requests: readonly string[],
  options: Pick<PooledOptions, 'keep' | 'signal'> = {},
): Promise<Float32Array[]> =>
  engine.pooled(
    requests.map((r) => encodeRequest(tokenizer, r, maxTokens)),
    { ...options, ...reading, adapters: [] },
  )

/** Pools in small parts, so that a concurrent request waits for one part at most. */
export const poolInParts = async (
  pool: (texts: readonly string[]) => Promise<Float32Array[]>,
  texts: readonly string[],
  together: number,
): Promise<Float32Array[]> => {
  const states: Float32Array[] = []
  for (let at = 0; at < texts.length; at += together)
    states.push(...(await pool(texts.slice(at, at + together))))
  return states
}

/**
 * The seeds as examples, and the poles' own states. pooled: of trainingTexts(), in order. Fails
 * with E_SHAPE on another count.
 */
export const seedExamples = (
  pooled: readonly ArrayLike<number>[],
): { examples: RelevanceExample[]; states: readonly ArrayLike<number>[] } => {
  const expected = RELEVANCE_SEEDS.length + POLES.length
  if (pooled.length !== expected)
    throw new FedError('E_SHAPE', `expected ${expected} states, got ${pooled.length}`)
  return {
    examples: RELEVANCE_SEEDS.map(({ request, poles }, i) => ({
      request,
      poles,
      pooled: pooled[i]!,
    })),
    states: pooled.slice(RELEVANCE_SEEDS.length),
  }
}

/**
 * states: pooled, of each pole's line. Fails with E_DATA if none or all of the examples matter,
 * E_SHAPE if states differ in size.
 */
export const trainRelevance = (
  examples: readonly RelevanceExample[],
  states: readonly ArrayLike<number>[],
): RelevanceHead => {
  const open = examples.filter((e) => e.poles.size > 0)
  if (open.length === 0 || open.length === examples.length)
    throw new FedError('E_DATA', 'relevance needs requests of both kinds')
  const hidden = examples[0]!.pooled.length
  for (const pooled of [...examples.map((e) => e.pooled), ...states]) checkSize(pooled, hidden)
  const head = standardization(examples.map(rawInput), hidden)
  const inputs = new Map(examples.map((e) => [e, inputOf(head, e)]))
  const solve = ridge(open.map((e) => inputs.get(e)!))
  const solveGate = ridge(examples.map((e) => inputs.get(e)!))
  return {
    ...head,
    gate: solveGate(examples.map((e) => (e.poles.size > 0 ? 1 : -1))),
    wishes: POLES.map((pole) => solve(open.map((e) => (e.poles.has(pole) ? 1 : -1)))),
    kinship: taskCovarianceOf(states),
  }
}

/** Fails with E_SHAPE if states differ in size. */
export const trainGate = (
  examples: readonly (PooledRequest & { readonly isSo: boolean })[],
): Gate => {
  const hidden = examples[0]?.pooled.length ?? 0
  for (const { pooled } of examples) checkSize(pooled, hidden)
  const head = standardization(examples.map(rawInput), hidden)
  const solve = ridge(examples.map((e) => inputOf(head, e)))
  return { ...head, weights: solve(examples.map((e) => (e.isSo ? 1 : -1))) }
}

/** About −1 … 1. Fails with E_SHAPE if the state has another size. */
export const gateScore = (gate: Gate, example: PooledRequest): number => {
  checkSize(example.pooled, gate.mean.length - requestFeatures('').length)
  return dot(Float64Array.from(gate.weights), inputOf(gate, example))
}

type Scores = { readonly gate: number; readonly poles: readonly number[] }

/** Scores by the seeds alone, about −1 … 1. Fails with E_SHAPE if the state has another size. */
export const scoresOf = (head: RelevanceHead, request: PooledRequest): Scores => {
  checkSize(request.pooled, head.mean.length - requestFeatures('').length)
  const x = inputOf(head, request)
  const score = (weights: readonly number[]) => dot(Float64Array.from(weights), x)
  return { gate: score(head.gate), poles: head.wishes.map(score) }
}

/** The correction of the seeds' scores by the user's examples. */
export type OwnPart = (request: PooledRequest) => Scores

/** Takes milliseconds for a few hundred examples. */
export const fitOwn = (head: RelevanceHead, own: readonly OwnExample[]): OwnPart => {
  const rows = own.map((e) => ({ w: e.pole === null ? null : POLES.indexOf(e.pole), e }))
  const inputs = own.map((e) => inputOf(head, e))
  const n = own.length
  const K = matrix(n, n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      K.data[i * n + j] =
        requestKernel(inputs[i]!, inputs[j]!) * taskCovariance(head, rows[i]!.w, rows[j]!.w) +
        (i === j ? RIDGE / Math.max(1e-3, own[i]!.weight) : 0)
  const residual = rows.map(({ w, e }) => {
    const { gate, poles } = scoresOf(head, e)
    return (e.isRelevant ? 1 : -1) - (w === null ? gate : poles[w]!)
  })
  const alpha = n === 0 ? new Float64Array() : choleskySolve(cholesky(K), residual)
  return (request) => {
    const x = inputOf(head, request)
    const near = inputs.map((y, i) => alpha[i]! * requestKernel(x, y))
    const added = (w: number | null) =>
      near.reduce((sum, v, i) => sum + v * taskCovariance(head, w, rows[i]!.w), 0)
    return { gate: added(null), poles: POLES.map((_, w) => added(w)) }
  }
}

/** The poles that matter for a request; may be empty. */
export const relevantPoles = (
  head: RelevanceHead,
  request: PooledRequest,
  own?: OwnPart,
): ReadonlySet<Pole> => {
  if (isPlain(request.request)) return new Set()
  const seeds = scoresOf(head, request)
  const added = own?.(request)
  if (seeds.gate + (added?.gate ?? 0) < THRESHOLDS.gate) return new Set()
  return new Set(
    POLES.filter((pole, w) => {
      const score = seeds.poles[w]! + (added?.poles[w] ?? 0)
      return score >= (pole.endsWith('+') ? THRESHOLDS.more : THRESHOLDS.less)
    }),
  )
}

/** Kernel of two requests: similarity of their inputs, minus most of what all requests share. */
const requestKernel = (a: Float64Array, b: Float64Array): number => dot(a, b) - 0.7

/** Covariance of two poles as tasks; null: the gate, which shares a little with each pole. */
const taskCovariance = (head: RelevanceHead, v: number | null, w: number | null): number =>
  v === null || w === null ? (v === w ? 1 : 0.3) : head.kinship[v]![w]!

/**
 * The task covariance matrix: positive semidefinite, 1 on the diagonal. All poles share a little,
 * and more by dimension, direction, and the cosine of their lines' centred states.
 */
const taskCovarianceOf = (states: readonly ArrayLike<number>[]): number[][] => {
  const centre = Array.from(states[0]!, (_, j) =>
    states.reduce((sum, x) => sum + x[j]! / states.length, 0),
  )
  const units = states.map((x) => {
    const c = Float64Array.from(x, (v, j) => v - centre[j]!)
    return c.map((v) => v / (Math.sqrt(dot(c, c)) || 1))
  })
  return POLES.map((v, i) =>
    POLES.map((w, j) => {
      const sameDimension = dimensionOf(v) === dimensionOf(w) ? 0.2 : 0
      const sameDirection = v.at(-1) === w.at(-1) ? 0.05 : 0
      const same = i === j ? 0.4 : 0
      return rounded(0.1 + sameDimension + sameDirection + same + 0.25 * dot(units[i]!, units[j]!))
    }),
  )
}

/** Ridge regression, factored once for all targets: targets -> Xᵀ(XXᵀ + ridge)⁻¹·targets. */
const ridge = (X: readonly Float64Array[]): ((targets: readonly number[]) => number[]) => {
  const n = X.length
  const K = matrix(n, n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) K.data[i * n + j] = dot(X[i]!, X[j]!) + (i === j ? RIDGE : 0)
  const L = cholesky(K)
  return (targets) => {
    const weights = new Float64Array(X[0]!.length)
    for (const [i, a] of choleskySolve(L, targets).entries()) axpy(weights, a, X[i]!)
    return Array.from(weights, rounded)
  }
}

const rawInput = ({ request, pooled }: PooledRequest): Float64Array =>
  Float64Array.from([...Array.from(pooled), ...requestFeatures(request)])

/** Scales each group (states, named features) to a squared length of about 1. */
const standardization = (
  raw: readonly Float64Array[],
  hidden: number,
): Pick<RelevanceHead, 'mean' | 'scale'> => {
  const size = raw[0]!.length
  const n = raw.length
  const mean = Array.from({ length: size }, (_, j) => raw.reduce((s, x) => s + x[j]! / n, 0))
  const scale = mean.map((m, j) => {
    const std = Math.sqrt(raw.reduce((s, x) => s + (x[j]! - m) ** 2 / n, 0))
    return std > 1e-6 ? rounded(1 / (std * Math.sqrt(j < hidden ? hidden : size - hidden))) : 0
  })
  return { mean: mean.map(rounded), scale }
}

/** Standardized, and 1 for the intercept. */
const inputOf = (
  { mean, scale }: Pick<RelevanceHead, 'mean' | 'scale'>,
  request: PooledRequest,
): Float64Array => {
  const raw = rawInput(request)
  return Float64Array.from({ length: raw.length + 1 }, (_, j) =>
    j === raw.length ? 1 : (raw[j]! - mean[j]!) * scale[j]!,
  )
}

/** Six digits are enough, and halve the JSON. */
const rounded = (x: number): number => Number(x.toPrecision(6))

const checkSize = (pooled: ArrayLike<number>, hidden: number): void => {
  if (pooled.length !== hidden)
    throw new FedError(
      'E_SHAPE',
      `a pooled state must have ${hidden} numbers, got ${pooled.length}`,
    )
}
