/**
 * A robust estimate in passes over the updates, of which one is in memory at a time, and a block of
 * numbers of all. First their norms are measured; then a rule by distances, or number by number, reads
 * block after block; last, what is a weighted mean is summed.
 *
 * A vector's units are runs of numbers that have no unit in common with each other. Norms and distances
 * are measured in units of the median norm of each run, from a reference (norms are not free of
 * where zero is). One run is measured as it is, which is the definition of the papers.
 */
import { FedError } from '../../errors.ts'
import type { Vector } from '../../math/vector.ts'
import type { RobustMetrics, RobustPlan } from '../../wire/robust.ts'
import { addDistances, type Block, trimmedMeans } from './blocks.ts'
import { type Geometry, isEnoughFor, medianOf, ruleOf, type Weighted } from './rules.ts'

export type FoldPlan = {
  readonly rule: RobustPlan
  /** Sizes of the units, one after the other; their sum is the size of a vector. */
  readonly units: readonly number[]
  /** Default: zero. */
  readonly reference?: Float64Array | undefined
  /** Of the root; where the rule is fltrust. */
  readonly root?: Vector | undefined
  /** Numbers that a block may hold. */
  readonly room: number
}

export type RobustFold = {
  /**
   * update: its index, which rises within a pass, and is the same in each. Fails with E_SHAPE,
   * E_NOT_FINITE, in the first pass.
   */
  add(update: number, vector: Vector): void
  /** Whether there is another pass. */
  endPass(): boolean
  /** null: too few updates for the rule. */
  estimate(): Float64Array | null
  metrics(): RobustMetrics
  /** How much each of those that took part counts, by its index; the mean is 1. */
  shares(): ReadonlyMap<number, number>
}

/** What a pass does with an update, and what comes after it; null: nothing does. */
type Pass = {
  add(row: number, vector: Vector): void
  end(): Pass | null
}

export const createRobustFold = (plan: FoldPlan): RobustFold => {
  const rows: number[] = []
  const survey = createSurvey(plan, rows)
  const made: Made = { estimate: null, weighted: null, kept: null }
  let pass: Pass | null = { add: survey.add, end: () => firstPass(plan, survey, rows, made) }
  let last = -1
  let isFirst = true
  return {
    add(update, vector) {
      if (update <= last) throw new RangeError('updates must come in the order of their indices')
      last = update
      if (isFirst) rows.push(update)
      pass?.add(isFirst ? rows.length - 1 : rows.indexOf(update), vector)
    },
    endPass() {
      pass = pass?.end() ?? null
      last = -1
      isFirst = false
      return pass !== null
    },
    estimate: () => made.estimate,
    metrics: () => metricsOf(survey.norms(), made),
    shares: () => new Map(sharesOf(rows.length, made).map((share, i) => [rows[i]!, share])),
  }
}

/** kept: of a rule number by number, how often each row was among those that stay. */
type Made = {
  estimate: Float64Array | null
  weighted: Weighted | null
  kept: Float64Array | null
}

const firstPass = (
  plan: FoldPlan,
  survey: Survey,
  { length: rows }: readonly number[],
  made: Made,
): Pass | null => {
  if (!isEnoughFor(plan.rule, rows)) return null
  const rule = ruleOf(plan.rule)
  if (rule.kind === 'numbers') {
    made.estimate = new Float64Array(sizeOf(plan))
    made.kept = new Float64Array(rows)
    const dropped = rule.dropped(rows, plan.rule)
    const take = (block: Block, start: number) =>
      trimmedMeans(block, dropped, made.estimate!.subarray(start), made.kept!)
    return readBlocks(plan, rows, null, take, () => null)
  }
  const weigh = (distances: Float64Array) => {
    made.weighted = rule.weigh({ ...survey.geometry(), distances }, plan.rule)
    return sumPass(plan, made.weighted, made)
  }
  if (rule.needs !== 'distances') return weigh(new Float64Array())
  const distances = new Float64Array(rows * rows)
  return readBlocks(
    plan,
    rows,
    survey.unitScales(),
    (block) => addDistances(distances, block),
    () => weigh(distances),
  )
}

type Survey = {
  add(row: number, vector: Vector): void
  norms(): Float64Array
  geometry(): Omit<Geometry, 'distances'>
  /** What each unit is multiplied by; null: by nothing. */
  unitScales(): Float64Array | null
}

/** Squared norms of each unit of each update, and inner products with the root's. */
const createSurvey = (plan: FoldPlan, rows: readonly number[]): Survey => {
  const { units, reference, root } = plan
  const size = sizeOf(plan)
  const measured: { squares: Float64Array; products: Float64Array }[] = []
  const measure = (vector: Vector) => {
    const squares = new Float64Array(units.length)
    const products = new Float64Array(root ? units.length : 0)
    let at = 0
    for (const [u, length] of units.entries())
      for (const end = at + length; at < end; at++) {
        const own = reference ? reference[at]! : 0
        const x = vector[at]! - own
        squares[u]! += x * x
        if (root) products[u]! += x * (root[at]! - own)
      }
    return { squares, products }
  }
  const ofRoot = root && measure(checked(root, size))
  let scales: Float64Array | null | undefined
  const unitScales = () => {
    scales ??= units.length === 1 ? null : scalesOf(measured.map(({ squares }) => squares))
    return scales
  }
  const scaled = (sums: Float64Array) => {
    const by = unitScales()
    return sums.reduce((sum, x, u) => sum + (by ? by[u]! * by[u]! : 1) * x, 0)
  }
  const norms = () => Float64Array.from(measured, ({ squares }) => Math.sqrt(scaled(squares)))
  return {
    add: (row, vector) => {
      measured[row] = measure(checked(vector, size))
      if (!measured[row].squares.every(Number.isFinite))
        throw new FedError('E_NOT_FINITE', `update ${rows[row]}: expected finite numbers`)
    },
    norms,
    geometry: () => ({
      norms: norms(),
      ...(ofRoot && {
        root: {
          norm: Math.sqrt(scaled(ofRoot.squares)),
          products: Float64Array.from(measured, ({ products }) => scaled(products)),
        },
      }),
    }),
    unitScales,
  }
}

/** One over the median norm of those that have one; 0 where none has. */
const scalesOf = (squares: readonly Float64Array[]): Float64Array =>
  Float64Array.from(squares[0] ?? [], (_, u) => {
    const median = medianOf(Float64Array.from(squares.map((s) => s[u]!)).filter((x) => x > 0))
    return median > 0 ? 1 / Math.sqrt(median) : 0
  })

const checked = (vector: Vector, size: number): Vector => {
  if (vector.length !== size)
    throw new FedError('E_SHAPE', `expected ${size} numbers, got ${vector.length}`)
  return vector
}

/** A pass for each block of numbers. scales: of the units. */
const readBlocks = (
  plan: FoldPlan,
  rows: number,
  scales: Float64Array | null,
  take: (block: Block, start: number) => void,
  then: () => Pass | null,
): Pass => {
  const size = sizeOf(plan)
  const most = Math.max(1, Math.min(size, Math.floor(plan.room / rows)))
  const scaleAt = scales && Float32Array.from(plan.units.flatMap((n, u) => repeat(scales[u]!, n)))
  const numbers = new Float32Array(rows * most)
  const passFrom = (start: number): Pass => {
    const width = Math.min(most, size - start)
    return {
      add(row, vector) {
        const own = numbers.subarray(row * width, (row + 1) * width)
        own.set(vector.subarray(start, start + width))
        if (scaleAt) for (let c = 0; c < width; c++) own[c]! *= scaleAt[start + c]!
      },
      end() {
        take({ numbers, rows, width }, start)
        return start + width < size ? passFrom(start + width) : then()
      },
    }
  }
  return passFrom(0)
}

const repeat = (value: number, times: number): number[] => new Array(times).fill(value)

/** reference + Σ weights·scales·(x − reference), where the weights add up to 1, or to 0. */
const sumPass = (
  { reference, ...plan }: FoldPlan,
  { weights, scales }: Weighted,
  made: Made,
): Pass => {
  const estimate = Float64Array.from(reference ?? new Float64Array(sizeOf(plan)))
  return {
    add(row, vector) {
      const factor = weights[row]! * scales[row]!
      if (factor === 0) return
      if (reference)
        for (let c = 0; c < estimate.length; c++)
          estimate[c]! += factor * (vector[c]! - reference[c]!)
      else for (let c = 0; c < estimate.length; c++) estimate[c]! += factor * vector[c]!
    },
    end() {
      made.estimate = estimate
      return null
    },
  }
}

const sizeOf = ({ units }: Pick<FoldPlan, 'units'>): number =>
  units.reduce((sum, size) => sum + size, 0)

const sharesOf = (rows: number, { weighted, kept }: Made): number[] => {
  const given = weighted?.weights ?? kept ?? new Float64Array(rows)
  const mean = given.reduce((sum, x) => sum + x, 0) / given.length
  return Array.from(given, (x) => (mean > 0 ? x / mean : 0))
}

/** Below it a device is left out. */
const LEAST_SHARE = 0.1

const metricsOf = (norms: Float64Array, made: Made): RobustMetrics => ({
  updates: norms.length,
  leftOut: sharesOf(norms.length, made).filter((share) => share < LEAST_SHARE).length,
  cut:
    made.weighted?.scales.filter((scale, i) => scale < 1 && made.weighted!.weights[i]! > 0)
      .length ?? 0,
  medianNorm: medianOf(norms),
  largestNorm: norms.reduce((most, norm) => Math.max(most, norm), 0),
})
