/**
 * How a round's mean update moves the shared adapter. Where one factor moves at a time, the mean of
 * updates is the update of the mean.
 */

import type { Factors } from '../lora/layout.ts'
import type { Pair } from '../lora/pairs.ts'
import { add, multiply, scaleColumns, transpose } from '../math/matrix.ts'
import { thinSvd } from '../math/svd.ts'
import type { StrategyName } from '../wire/jobs.ts'
import { type AdapterState, changesOf, mapPairs } from './adapter-state.ts'
import { type Combined, combineExactly, combineRanks } from './product-strategy.ts'
import type { Single } from './singles.ts'

/**
 * State: what the optimizer carries from one round to the next, as JSON; null where it carries
 * nothing.
 */
export type Strategy<State = unknown> = SumStrategy<State> | SinglesStrategy

type Common = {
  readonly name: StrategyName
  /** Whether a step leaves the factor that the next round freezes orthonormal. */
  readonly isGauged: boolean
  /**
   * Whether each round trains B over rows that span the same space, so that a change for an earlier
   * release can be told in the newest basis (late-change.ts).
   */
  readonly isLateCounted?: boolean
  /** What devices train in the next adapter round; the other factor is frozen. */
  factorOf(adapter: Pick<AdapterState, 'adapterRounds'>): Factors
}

/**
 * The weighted sum of updates is all that a step needs: devices may be masked, edges may forward one
 * sum, and no update is read twice.
 */
export type SumStrategy<State = unknown> = Common & {
  readonly isSumEnough: true
  /** Before the first round of this strategy in a lineage. */
  init(adapter: AdapterState): State
  /**
   * meanUpdate: weighted mean of the devices' changes, in the layout of `factor` alone. Mutates
   * nothing. E_SHAPE when its size is another, E_NOT_FINITE when it is not finite.
   */
  step(
    adapter: AdapterState,
    meanUpdate: Float64Array,
    factor: Factors,
    state: State,
  ): { readonly adapter: AdapterState; readonly state: State }
}

/** What each device sent is needed by itself. */
type SinglesStrategy = Common & {
  readonly isSumEnough: false
  /** At least one update, with a weight above 0. Mutates nothing. E_SHAPE, E_NOT_FINITE. */
  combine(adapter: AdapterState, singles: readonly Single[]): Combined
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
  strategy: SumStrategy,
  adapter: AdapterState,
  meanUpdate: Float64Array,
  factor: Factors,
  saved: SavedOptimizer | null,
): { readonly adapter: AdapterState; readonly optimizer: SavedOptimizer } => {
  const { name } = strategy
  const before = saved?.strategy === name ? saved.state : strategy.init(adapter)
  const next = strategy.step(adapter, meanUpdate, factor, before)
  return { adapter: next.adapter, optimizer: { strategy: name, state: next.state } }
}

/** B first: B is zero at the start, and A has no gradient through a zero B. */
const alternate = ({ adapterRounds }: Pick<AdapterState, 'adapterRounds'>): Factors =>
  adapterRounds % 2 === 0 ? 'B' : 'A'

/**
 * RoLoRA's alternation (Chen et al. 2025) in FedSVD's gauge (Lee et al. 2025): the factor that the
 * next round freezes is made orthonormal, so that ‖ΔW‖ = (alpha / r)·‖update‖, and what it loses
 * goes into the other one. The product B·A stays.
 */
const alternating: SumStrategy<null> = {
  name: 'alternating',
  isGauged: true,
  isSumEnough: true,
  factorOf: alternate,
  init: () => null,
  step: (adapter, meanUpdate, factor) => ({
    adapter: applyUpdate(adapter, meanUpdate, factor, factor === 'B' ? orthonormalB : orthonormalA),
    state: null,
  }),
}

/**
 * Mean of both factors, which is what FedAvg makes of LoRA (McMahan et al. 2017): the product of the
 * means is not the mean of the products, and misses it by Σp(B−B̄)(A−Ā) (averaging-error.ts).
 */
const fedavg: SumStrategy<null> = {
  name: 'fedavg',
  isGauged: false,
  isSumEnough: true,
  factorOf: () => 'AB',
  init: () => null,
  step: (adapter, meanUpdate, factor) => ({
    adapter: applyUpdate(adapter, meanUpdate, factor, (pair) => pair),
    state: null,
  }),
}

/** Every round trains B over the first A (Sun et al. 2024). */
const ffa: SumStrategy<null> = { ...fedavg, name: 'ffa', isLateCounted: true, factorOf: () => 'B' }

/**
 * Every round trains B; then A becomes the right singular vectors of B·A (Lee et al. 2025). A keeps
 * the rows' space of the first A, so without a nonlinear server optimizer it does what ffa does.
 */
const fedsvd: SumStrategy<null> = {
  name: 'fedsvd',
  isGauged: true,
  isSumEnough: true,
  isLateCounted: true,
  factorOf: () => 'B',
  init: () => null,
  step: (adapter, meanUpdate, factor) => ({
    adapter: applyUpdate(adapter, meanUpdate, factor, principalA),
    state: null,
  }),
}

const ofProducts = {
  isGauged: false,
  isSumEnough: false,
  factorOf: (): Factors => 'AB',
} as const

const flex: SinglesStrategy = { ...ofProducts, name: 'flex', combine: combineRanks }

const fedex: SinglesStrategy = { ...ofProducts, name: 'fedex', combine: combineExactly }

export const strategies = {
  alternating,
  fedavg,
  fedsvd,
  ffa,
  flex,
  fedex,
} as const satisfies Readonly<Record<StrategyName, Strategy>>

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
  factor: Factors,
  reorthogonalise: (pair: Pair) => Pair,
): AdapterState => {
  const changes = changesOf(adapter, meanUpdate, factor)
  return mapPairs(adapter, ({ a, b }, i) =>
    reorthogonalise({ a: add(a, changes[i]!.a), b: add(b, changes[i]!.b) }),
  )
}
