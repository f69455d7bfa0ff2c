/**
 * A task for which all can be computed: one linear layer that devices want to change, each a little
 * otherwise. Inputs of a device have variances of its own, so devices differ in what they want and in
 * what they can see of it.
 */
import { add, type Matrix, matrix, multiply, transpose } from '../../../adapters/math/matrix.ts'
import { norm } from '../../../adapters/math/vector.ts'
import { type Rng, seededRng } from '../../../adapters/random.ts'

/** Input and output of the layer. */
export const SIZE = 24
/** Rank of what all devices want, and of what one wants beside it. */
const COMMON_RANK = 6
const OWN_RANK = 2
/** Of a device's own wish, beside the common one's norm of 1. */
const OWN_SHARE = 0.5
/** Standard deviation of the logarithms of a device's input variances. */
const SPREAD = 1

/** target: [SIZE, SIZE]; variances: of the inputs. */
export type TaskDevice = { readonly target: Matrix; readonly variances: Float64Array }

export type Task = {
  readonly devices: readonly TaskDevice[]
  /** Mean loss of the devices: 1 without a change, 0 at the best change of any rank. */
  loss(change: Matrix): number
}

export const makeTask = (seed: string, count: number): Task => {
  const rng = seededRng(`bench-strategies/${seed}`)
  const common = lowRank(rng, COMMON_RANK, 1)
  const devices = Array.from({ length: count }, () => ({
    target: add(common, lowRank(rng, OWN_RANK, OWN_SHARE)),
    variances: variancesOf(rng),
  }))
  const [none, best] = [meanLoss(devices, matrix(SIZE, SIZE)), meanLoss(devices, bestOf(devices))]
  return { devices, loss: (change) => (meanLoss(devices, change) - best) / (none - best) }
}

/** Of ½·E‖(change − target)x‖² by the change. */
export const gradientOf = ({ target, variances }: TaskDevice, change: Matrix): Matrix => {
  const gradient = add(change, target, -1)
  for (let i = 0; i < gradient.data.length; i++) gradient.data[i]! *= variances[i % SIZE]!
  return gradient
}

const meanLoss = (devices: readonly TaskDevice[], change: Matrix): number =>
  devices.reduce((sum, device) => {
    const miss = add(change, device.target, -1)
    const gradient = gradientOf(device, change)
    return sum + miss.data.reduce((all, x, i) => all + (x * gradient.data[i]!) / 2, 0)
  }, 0) / devices.length

/** Column by column the mean of the targets, by what devices see of it. */
const bestOf = (devices: readonly TaskDevice[]): Matrix => {
  const best = matrix(SIZE, SIZE)
  for (let i = 0; i < best.data.length; i++) {
    const seen = devices.reduce((sum, { variances }) => sum + variances[i % SIZE]!, 0)
    for (const { target, variances } of devices)
      best.data[i]! += (target.data[i]! * variances[i % SIZE]!) / seen
  }
  return best
}

const lowRank = (rng: Rng, rank: number, length: number): Matrix => {
  const [left, right] = [draw(rng, SIZE, rank), draw(rng, SIZE, rank)]
  const product = multiply(left, transpose(right))
  const by = length / norm(product.data)
  return matrix(
    SIZE,
    SIZE,
    product.data.map((x) => x * by),
  )
}

const draw = (rng: Rng, rows: number, cols: number): Matrix =>
  matrix(
    rows,
    cols,
    Float64Array.from({ length: rows * cols }, () => rng.normal()),
  )

const variancesOf = (rng: Rng): Float64Array => {
  const raw = Float64Array.from({ length: SIZE }, () => Math.exp(SPREAD * rng.normal()))
  const mean = raw.reduce((sum, x) => sum + x, 0) / SIZE
  return raw.map((x) => x / mean)
}
