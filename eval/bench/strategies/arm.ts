/** One strategy on one task, round by round, with the code that server and devices run. */
import type { AdapterState } from '../../../adapters/aggregate/adapter-state.ts'
import { createExactSum } from '../../../adapters/aggregate/exact-sum.ts'
import type { Single } from '../../../adapters/aggregate/singles.ts'
import { type Strategy, strategies, takeStep } from '../../../adapters/aggregate/strategy.ts'
import { initAdapter } from '../../../adapters/lora/init.ts'
import {
  type Adapter,
  adapterLayout,
  type Factors,
  factorsOf,
  layoutSize,
} from '../../../adapters/lora/layout.ts'
import { type Pair, readPairs } from '../../../adapters/lora/pairs.ts'
import { residualSpec, splitRanks } from '../../../adapters/lora/ranks.ts'
import type { AdapterSpec, ModelShape } from '../../../adapters/lora/spec.ts'
import { add, type Matrix, matrix, multiply, transpose } from '../../../adapters/math/matrix.ts'
import { norm } from '../../../adapters/math/vector.ts'
import type { StrategyName } from '../../../adapters/wire/jobs.ts'
import { gradientOf, SIZE, type Task, type TaskDevice } from './task.ts'

/**
 * ranks: of the devices, by turns; left out: the adapter's. isPadded: updates of a lower rank are filled
 * up with zeros, and factors averaged.
 */
export type Arm = {
  readonly name: string
  readonly strategy: StrategyName
  readonly rank: number
  readonly residual?: number
  readonly ranks?: readonly number[]
  readonly isPadded?: boolean
}

/** sent, moved: numbers of a device so far, sent alone and with what it fetched. error: see `errorOf`. */
export type Point = {
  readonly sent: number
  readonly moved: number
  readonly loss: number
  readonly error: number
}

const shape: ModelShape = {
  ...{ layers: 1, hidden: SIZE, heads: 1, kvHeads: 1, headDim: SIZE, ffn: SIZE, vocab: 2 },
}

/** After each round. steps: of Adam, on each device. */
export const runArm = (
  task: Task,
  { strategy: name, rank, residual, ranks, isPadded }: Arm,
  { rounds, steps, learningRate }: { rounds: number; steps: number; learningRate: number },
): Point[] => {
  const strategy = strategies[name]
  const spec: AdapterSpec = {
    ...{ firstLayer: 0, endLayer: 1, modules: ['q'], rank, alpha: rank },
    ...(residual !== undefined && { residual }),
  }
  const flat = initAdapter(shape, spec, 1)
  let state: AdapterState = { shape, spec, flat, basisEpoch: 0, adapterRounds: 0 }
  let sent = 0
  return Array.from({ length: rounds }, (_, round) => {
    const factor = strategy.factorOf(state)
    const before = changeOf(state)
    const made = task.devices.map((device, i) => {
      const own = ranks?.[i % ranks.length] ?? rank
      return train(device, state, before, { factor, steps, learningRate, rank: own })
    })
    const singles = made.map(({ update, vector }) => ({
      vector: isPadded ? padded(update, spec) : vector,
      weight: 1,
    }))
    const next = aggregate(strategy, state, singles, factor)
    const error = errorOf(before, changeOf(next), made)
    state = next
    sent += made.reduce((sum, { vector }) => sum + vector.length, 0) / made.length
    const moved = sent + (round + 1) * fetched(spec)
    return { sent, moved, loss: task.loss(changeOf(state)), error }
  })
}

const aggregate = (
  strategy: Strategy,
  state: AdapterState,
  singles: readonly Single[],
  factor: Factors,
): AdapterState => {
  if (!strategy.isSumEnough) return strategy.combine(state, singles).adapter
  const sum = createExactSum(singles[0]!.vector.length)
  for (const { vector, weight } of singles) sum.add(vector, weight)
  return takeStep(strategy, state, sum.mean(), factor, null).adapter
}

type Trained = { readonly update: Pair; readonly vector: Float32Array; readonly change: Matrix }

/** Adam (Kingma & Ba 2015) over the factors that the round moves; the rest of the change is frozen. */
const train = (
  device: TaskDevice,
  state: AdapterState,
  before: Matrix,
  plan: { factor: Factors; steps: number; learningRate: number; rank: number },
): Trained => {
  const { leading } = splitRanks(shape, state, plan.rank)
  const start = readPairs(shape, leading)[0]!
  const frozen = add(before, multiply(start.b, start.a), -1)
  let { a, b } = start
  const [ofA, ofB] = [adam(a.data.length, plan), adam(b.data.length, plan)]
  const [movesA, movesB] = [plan.factor.includes('A'), plan.factor.includes('B')]
  for (let step = 0; step < plan.steps; step++) {
    const gradient = gradientOf(device, add(frozen, multiply(b, a)))
    const [byA, byB] = [multiply(transpose(b), gradient), multiply(gradient, transpose(a))]
    if (movesA) a = add(a, ofA(byA))
    if (movesB) b = add(b, ofB(byB))
  }
  const update = { a: add(a, start.a, -1), b: add(b, start.b, -1) }
  const vector = Float32Array.from(
    factorsOf(plan.factor).flatMap((f) => [...(f === 'A' ? update.a : update.b).data]),
  )
  return { update, vector, change: add(frozen, multiply(b, a)) }
}

/** A gradient in, the step out. */
const adam = (size: number, { learningRate }: { readonly learningRate: number }) => {
  const [first, second] = [new Float64Array(size), new Float64Array(size)]
  let steps = 0
  return (gradient: Matrix): Matrix => {
    steps++
    const step = gradient.data.map((g, i) => {
      first[i] = 0.9 * first[i]! + 0.1 * g
      second[i] = 0.999 * second[i]! + 0.001 * g * g
      const [m, v] = [first[i]! / (1 - 0.9 ** steps), second[i]! / (1 - 0.999 ** steps)]
      return (-learningRate * m) / (Math.sqrt(v) + 1e-8)
    })
    return matrix(gradient.rows, gradient.cols, step)
  }
}

/** ‖released − mean of what devices made‖ over ‖mean of what devices made − before‖. */
const errorOf = (before: Matrix, released: Matrix, made: readonly Trained[]): number => {
  const mean = made.reduce(
    (sum, { change }) => add(sum, change, 1 / made.length),
    matrix(SIZE, SIZE),
  )
  return norm(add(released, mean, -1).data) / norm(add(mean, before, -1).data)
}

/** What the adapter and its add-on change the layer by. */
const changeOf = (state: AdapterState): Matrix => {
  const product = (adapter: Adapter) => {
    const [{ a, b }] = readPairs(shape, adapter) as [Pair]
    return multiply(b, a)
  }
  const addOn = residualSpec(state.spec)
  const own = product(state)
  return addOn && state.residual ? add(own, product({ spec: addOn, flat: state.residual })) : own
}

const padded = ({ a, b }: Pair, { rank }: AdapterSpec): Float32Array => {
  const vector = new Float32Array(2 * SIZE * rank)
  vector.set(a.data)
  for (let i = 0; i < b.rows; i++)
    vector.set(b.data.subarray(i * b.cols, (i + 1) * b.cols), SIZE * rank + i * rank)
  return vector
}

/** Numbers of a release. */
const fetched = (spec: AdapterSpec): number => {
  const addOn = residualSpec(spec)
  return [spec, ...(addOn ? [addOn] : [])].reduce(
    (sum, one) => sum + layoutSize(adapterLayout(shape, one)),
    0,
  )
}
