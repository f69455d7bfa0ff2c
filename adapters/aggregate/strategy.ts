/**
 * How a round's mean update moves the shared adapter. One factor moves at a time, so the mean of
 * updates is the update of the mean.
 */
import { FedError } from '../errors.ts'
import {
  adapterLayout,
  type Factor,
  type FactorSegment,
  layoutSize,
  segmentOf,
} from '../lora/layout.ts'
import type { AdapterSpec, ModelShape } from '../lora/spec.ts'
import { type Matrix, matrix, multiply, scaleColumns, transpose } from '../math/matrix.ts'
import { thinSvd } from '../math/svd.ts'
import type { StrategyName } from '../wire/jobs.ts'

/** The shared adapter of a lineage. flat: full layout. */
export type AdapterState = {
  readonly shape: ModelShape
  readonly spec: AdapterSpec
  readonly flat: Float32Array
  /** Rises whenever the frozen factor changes: an update of another epoch is in another basis. */
  readonly basisEpoch: number
  /** Rounds that have moved the adapter so far. */
  readonly adapterRounds: number
}

/**
 * State: what the optimizer carries from one round to the next, as JSON; null where it carries
 * nothing.
 */
export type Strategy<State = unknown> = {
  readonly name: StrategyName
  /** Whether a step leaves the factor that the next round freezes orthonormal. */
  readonly isGauged: boolean
  /** The factor that devices train in the next adapter round; the other one is frozen. */
  factorOf(adapter: Pick<AdapterState, 'adapterRounds'>): Factor
  /** Before the first round of this strategy in a lineage. */
  init(adapter: AdapterState): State
  /**
   * meanUpdate: weighted mean of the devices' changes, in the layout of `factor` alone. Mutates
   * nothing. E_SHAPE when its size is another, E_NOT_FINITE when it is not finite.
   */
  step(
    adapter: AdapterState,
    meanUpdate: Float64Array,
    factor: Factor,
    state: State,
  ): { readonly adapter: AdapterState; readonly state: State }
}

/**
 * What a release keeps of the strategy that made it. moments: digest of the object that holds the
 * server optimizer's (server-optimizer.ts); absent where it has none.
 */
export type SavedOptimizer = {
  readonly strategy: StrategyName
  readonly state: unknown
  readonly moments?: string
}

/**
 * One step of a strategy, which begins anew where the last round had another one. Fails as
 * Strategy.step does.
 */
export const takeStep = (
  name: StrategyName,
  adapter: AdapterState,
  meanUpdate: Float64Array,
  factor: Factor,
  saved: SavedOptimizer | null,
): { readonly adapter: AdapterState; readonly optimizer: SavedOptimizer } => {
  const strategy = strategies[name]
  const before = saved?.strategy === name ? saved.state : strategy.init(adapter)
  const next = strategy.step(adapter, meanUpdate, factor, before)
  return { adapter: next.adapter, optimizer: { strategy: name, state: next.state } }
}

/** B first: B is zero at the start, and A has no gradient through a zero B. */
const alternate = ({ adapterRounds }: Pick<AdapterState, 'adapterRounds'>): Factor =>
  adapterRounds % 2 === 0 ? 'B' : 'A'

/**
 * RoLoRA's alternation (Chen et al. 2025) in FedSVD's gauge (Lee et al. 2025): the factor that the
 * next round freezes is made orthonormal, so that ‖ΔW‖ = (alpha / r)·‖update‖, and what it loses
 * goes into the other one. The product B·A stays.
 */
const alternating: Strategy<null> = {
  name: 'alternating',
  isGauged: true,
  factorOf: alternate,
  init: () => null,
  step: (adapter, meanUpdate, factor) => ({
    adapter: applyUpdate(adapter, meanUpdate, factor, factor === 'B' ? orthonormalB : orthonormalA),
    state: null,
  }),
}

/**
 * Mean of the round's factor, taking turns, without re-orthogonalising. The literature's FedAvg of
 * LoRA averages both factors of one round, which is wrong by the mean of (B−B̄)(A−Ā) and which
 * protocol 1, one factor an update, cannot say.
 */
const fedavg: Strategy<null> = {
  name: 'fedavg',
  isGauged: false,
  factorOf: alternate,
  init: () => null,
  step: (adapter, meanUpdate, factor) => ({
    adapter: applyUpdate(adapter, meanUpdate, factor, (pair) => pair),
    state: null,
  }),
}

/** Every round trains B over the first A (Sun et al. 2024). */
const ffa: Strategy<null> = { ...fedavg, name: 'ffa', factorOf: () => 'B' }

/**
 * Every round trains B; then A becomes the right singular vectors of B·A (Lee et al. 2025). A keeps
 * the rows' space of the first A, so without a nonlinear server optimizer it does what ffa does.
 */
const fedsvd: Strategy<null> = {
  name: 'fedsvd',
  isGauged: true,
  factorOf: () => 'B',
  init: () => null,
  step: (adapter, meanUpdate, factor) => ({
    adapter: applyUpdate(adapter, meanUpdate, factor, principalA),
    state: null,
  }),
}

export const strategies: Readonly<Record<StrategyName, Strategy>> = {
  alternating,
  fedavg,
  fedsvd,
  ffa,
}

/** One linear's factors. a: [r, in], b: [out, r]. */
type Pair = { readonly a: Matrix; readonly b: Matrix }

/** After a B-round: B = UΣQᵀ, B̂ = U, Â = ΣQᵀA. A B that is still zero stays, and so does its A. */
const orthonormalB = ({ a, b }: Pair): Pair => {
  if (b.data.every((x) => x === 0)) return { a, b }
  const { u, s, v } = thinSvd(b)
  return { a: multiply(transpose(scaleColumns(v, s)), a), b: u }
}

/** After a B-round that a B-round follows: B = UΣQᵀ, Â = QᵀA, B̂ = UΣ; Â stays orthonormal. */
const principalA = ({ a, b }: Pair): Pair => {
  if (b.data.every((x) => x === 0)) return { a, b }
  const { u, s, v } = thinSvd(b)
  return { a: multiply(transpose(v), a), b: scaleColumns(u, s) }
}

/** After an A-round: Aᵀ = VΣUᵀ, Â = Vᵀ, B̂ = BUΣ. */
const orthonormalA = ({ a, b }: Pair): Pair => {
  const { u, s, v } = thinSvd(transpose(a))
  return { a: transpose(u), b: multiply(b, scaleColumns(v, s)) }
}

const applyUpdate = (
  adapter: AdapterState,
  meanUpdate: Float64Array,
  factor: Factor,
  reorthogonalise: (pair: Pair) => Pair,
): AdapterState => {
  const layout = adapterLayout(adapter.shape, adapter.spec)
  checkSize('adapter', layoutSize(layout), adapter.flat.length)
  const own = adapterLayout(adapter.shape, adapter.spec, [factor])
  checkSize('mean update', layoutSize(own), meanUpdate.length)
  if (!meanUpdate.every(Number.isFinite))
    throw new FedError('E_NOT_FINITE', 'mean update: expected finite numbers')
  const flat = new Float32Array(adapter.flat.length)
  for (const [i, segment] of own.entries()) {
    // The full layout has A, then B, for each segment of one factor.
    const [aSegment, bSegment] = [layout[2 * i]!, layout[2 * i + 1]!]
    const pair = { a: read(adapter.flat, aSegment), b: read(adapter.flat, bSegment) }
    const target = factor === 'A' ? pair.a : pair.b
    for (let j = 0; j < segment.size; j++) target.data[j]! += meanUpdate[segment.offset + j]!
    const { a, b } = reorthogonalise(pair)
    flat.set(a.data, aSegment.offset)
    flat.set(b.data, bSegment.offset)
  }
  return {
    ...adapter,
    flat,
    basisEpoch: adapter.basisEpoch + 1,
    adapterRounds: adapter.adapterRounds + 1,
  }
}

const read = (flat: Float32Array, segment: FactorSegment): Matrix =>
  matrix(segment.shape[0]!, segment.shape[1]!, segmentOf(flat, segment))

const checkSize = (what: string, expected: number, got: number): void => {
  if (expected !== got)
    throw new FedError('E_SHAPE', `${what}: expected ${expected} numbers, got ${got}`)
}
