/** Parts in fewer bits, as a job asks for (`compression`). */
import { joinParts, type Part } from '../container/container.ts'
import { decodeValues, type Encoding, encodeValues } from '../formats/encoding.ts'
import { LARGEST_FLOAT16 } from '../formats/float16.ts'
import type { Segment } from '../lora/layout.ts'
import { norm } from '../math/vector.ts'
import { type Rng, seededRng } from '../random.ts'
import type { JobSpec } from '../wire/jobs.ts'

/** Shorter parts stay float32: they are few, and some of them are read as they are. */
const LEAST_NUMBERS = 1024

/**
 * Of an update. The factor's change keeps within updateNorm, which rounding at random may pass. rng:
 * devices must not share it, or their errors would not average out; asked for where it is needed.
 */
export const compressUpdate = (
  parts: readonly Part[],
  { compression, training }: Pick<JobSpec, 'compression' | 'training'>,
  rng: () => Rng,
): readonly Part[] => {
  const encoding = compression?.updates
  return encoding === undefined ? parts : withinNorm(parts, encoding, training.updateNorm, rng())
}

const withinNorm = (
  parts: readonly Part[],
  encoding: Encoding,
  updateNorm: number,
  rng: Rng,
): readonly Part[] => {
  const made = compress(parts, encoding, rng)
  const length = norm(joinParts(made.filter(isChange)).payload)
  if (length <= updateNorm) return made
  const within = parts.map((part) => (isChange(part) ? scaled(part, updateNorm / length) : part))
  return withinNorm(within, encoding, updateNorm, rng)
}

/**
 * Of a release. rng: of a seed that the round fixes, so that a restart makes the same bytes; rounding
 * to nearest would lose every change that is shorter than half a step.
 */
export const compressRelease = (
  parts: readonly Part[],
  { compression }: Pick<JobSpec, 'compression'>,
  rng: () => Rng,
): readonly Part[] => {
  const encoding = compression?.releases
  return encoding === undefined ? parts : compress(parts, encoding, rng(), FINER)
}

/** Devices refuse directions that are not orthonormal to 1e-3, which int8 does not keep them. */
const FINER: Readonly<Record<string, Encoding>> = { 'prior.directions': 'float16' }

/** In the encodings of the segments that they were read from, to the same bytes. */
export const encodedAgain = (parts: readonly Part[], segments: readonly Segment[]): Part[] =>
  parts.map((part) => {
    const encoding = segments.find(({ name }) => name === part.name)?.encoding
    return encoding === undefined ? part : encodedPart(part, encoding, seededRng(0))
  })

/** ‖decoded − given‖ / ‖given‖ over all parts; 0 where nothing is encoded. */
export const compressionError = (given: readonly Part[], made: readonly Part[]): number => {
  let [error, all] = [0, 0]
  for (const [i, { data }] of given.entries())
    for (let j = 0; j < data.length; j++) {
      error += (made[i]!.data[j]! - data[j]!) ** 2
      all += data[j]! ** 2
    }
  return all === 0 ? 0 : Math.sqrt(error / all)
}

const compress = (
  parts: readonly Part[],
  encoding: Encoding,
  rng: Rng,
  others: Readonly<Record<string, Encoding>> = {},
): Part[] =>
  parts.map((part) => {
    const own = others[part.name] ?? encoding
    return part.data.length < LEAST_NUMBERS || !canHold(own, part.data)
      ? part
      : encodedPart(part, own, rng)
  })

const encodedPart = (part: Part, encoding: Encoding, rng: Rng): Part => {
  const bytes = encodeValues(encoding, part.data, rng)
  const data = new Float32Array(part.data.length)
  decodeValues(encoding, bytes, data)
  return { ...part, data, encoded: { encoding, bytes } }
}

const canHold = (encoding: Encoding, data: ArrayLike<number>): boolean =>
  encoding !== 'float16' || Array.prototype.every.call(data, (x) => Math.abs(x) <= LARGEST_FLOAT16)

const isChange = ({ name }: Part): boolean => name.startsWith('layers.')

const scaled = (part: Part, factor: number): Part => ({
  ...part,
  data: Float64Array.from(part.data, (x) => x * factor),
})
