/**
 * What numbers a release may hold: far beyond what rounds arrive at, and near enough that nothing
 * fitted or run under it breaks.
 */
import { type Container, findPart } from '../container/container.ts'
import { FedError } from '../errors.ts'
import { adapterLayout, type FactorSegment, segmentOf } from '../lora/layout.ts'
import type { ReleaseHeader } from '../wire/containers.ts'
import { featureCount } from '../wire/primitives.ts'

/** (α/r)·‖A‖·‖B‖ of one module, which bounds ‖ΔW‖: weights themselves have a norm of about 100. */
export const MOST_CHANGE = 1e4
/** Of a head's weight, in log-odds a standardized unit. */
export const MOST_MEAN = 1e3
/** Of a head's weight; the first prior's is 2 by default. */
export const VARIANCES = { least: 1e-12, most: 1e6 } as const
/**
 * What multiplies a raw feature is 1 / (std·√groupSize), and a feature with a std below 1e-6 is
 * constant.
 */
export const MOST_SCALE = 1e6
/** ΦΦᵀ − I, float32 rounding included; beyond it Σ may have negative eigenvalues. */
const ORTHONORMAL_TOLERANCE = 1e-3

/**
 * Fails with E_NORM, and with E_SHAPE where the exit layer is not one of the model's. decodeRelease
 * has seen that all is finite.
 */
export const checkReleaseBounds = (release: Container<ReleaseHeader>): void => {
  const { base, exitLayer } = release.header
  if (exitLayer > base.shape.layers)
    throw new FedError('E_SHAPE', `exit layer ${exitLayer}, the model has ${base.shape.layers}`)
  checkAdapter(release)
  checkPrior(release)
  const scale = findPart(release, 'statistics.scale') ?? []
  checkEach('statistics.scale', scale, 0, MOST_SCALE)
}

const checkAdapter = ({ header, payload }: Container<ReleaseHeader>): void => {
  const { alpha, rank } = header.adapter
  const norms = new Map<string, number>()
  for (const segment of adapterLayout(header.base.shape, header.adapter)) {
    const module = moduleOf(segment)
    norms.set(module, (norms.get(module) ?? alpha / rank) * norm(segmentOf(payload, segment)))
  }
  for (const [module, change] of norms)
    if (!(change <= MOST_CHANGE))
      throw beyond(`${module} changes its weights`, `a norm of ${change}`, MOST_CHANGE)
}

const moduleOf = ({ layer, module }: FactorSegment): string => `layers.${layer}.${module}`

const checkPrior = (release: Container<ReleaseHeader>): void => {
  const part = (name: string) => findPart(release, `prior.${name}`) ?? new Float32Array()
  checkEach('prior.mean', part('mean'), -MOST_MEAN, MOST_MEAN)
  checkEach('prior.variances', part('variances'), VARIANCES.least, VARIANCES.most)
  checkEach('prior.rest', part('rest'), VARIANCES.least, VARIANCES.most)
  checkOrthonormal(part('directions'), featureCount(release.header.features))
}

/** directions: [k, d]. */
const checkOrthonormal = (directions: Float32Array, d: number): void => {
  const k = directions.length / Math.max(1, d)
  for (let i = 0; i < k; i++)
    for (let j = 0; j <= i; j++) {
      let product = 0
      for (let c = 0; c < d; c++) product += directions[i * d + c]! * directions[j * d + c]!
      if (!(Math.abs(product - (i === j ? 1 : 0)) <= ORTHONORMAL_TOLERANCE))
        throw new FedError('E_NORM', `release: prior.directions ${j} and ${i} are not orthonormal`)
    }
}

const checkEach = (name: string, values: ArrayLike<number>, least: number, most: number): void => {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (!(value >= least && value <= most))
      throw new FedError(
        'E_NORM',
        `release: ${name} must be ${least} to ${most}, number ${i} is ${value}`,
      )
  }
}

const norm = (values: Float32Array): number => {
  let squares = 0
  for (const x of values) squares += x * x
  return Math.sqrt(squares)
}

const beyond = (what: string, got: string, most: number): FedError =>
  new FedError('E_NORM', `release: ${what} by ${got}, at most ${most}`)
