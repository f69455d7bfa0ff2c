/** Rotary embeddings beyond a plain base: Llama 3's scaling by wavelength (Grattafiori et al.
 *  2024). Others are refused by name.
 *  One form for all sources: factor i divides the frequency base^(−2i / headDim). */
import { FedError } from '../../../adapters/errors.ts'
import { numberOf, printable, unsupported } from './json-values.ts'

export type Rope = {
  readonly ropeBase: number
  /** headDim / 2 divisors of the frequencies; absent without scaling. */
  readonly ropeFactors?: readonly number[] | undefined
}

const LLAMA3_FIELDS = [
  'factor',
  'low_freq_factor',
  'high_freq_factor',
  'original_max_position_embeddings',
]

/** Of a config.json: `rope_theta` and `rope_scaling`, or `rope_parameters`, which holds both since
 *  transformers 5.
 *  Fails with E_MODEL_FILE, E_MODEL_UNSUPPORTED. */
export const ropeFromHuggingFace = (
  file: Readonly<Record<string, unknown>>,
  headDim: number,
): Rope => {
  const partial = file['partial_rotary_factor'] ?? 1
  if (partial !== 1) throw unsupported(`partial rotary embedding: ${printable(partial)}`)
  let ropeBase = numberOf(file, 'rope_theta', 10_000)
  let ropeFactors: number[] | undefined
  for (const field of ['rope_scaling', 'rope_parameters']) {
    const settings = file[field] ?? null
    if (settings === null) continue
    if (typeof settings !== 'object' || Array.isArray(settings))
      throw new FedError('E_MODEL_FILE', `${field} must be an object`)
    const given = settings as Record<string, unknown>
    const isScaled = checkSettings(field, given)
    ropeBase = numberOf(given, 'rope_theta', ropeBase)
    if (isScaled) ropeFactors = llama3Factors(given, ropeBase, headDim)
  }
  return { ropeBase, ...(ropeFactors && { ropeFactors }) }
}

/** From GGUF metadata. freqs: `rope_freqs.weight`, where llama.cpp keeps Llama 3's scaling. */
export const ropeFromGguf = (
  file: Readonly<Record<string, unknown>>,
  architecture: string,
  freqs: readonly number[] | undefined,
): Rope => {
  const key = (name: string) => `${architecture}.rope.${name}`
  const scaling = file[key('scaling.type')] ?? 'none'
  if (scaling !== 'none') throw unsupported(`rope scaling ${printable(scaling)}`)
  // llama.cpp takes a factor without a type as linear scaling.
  for (const name of ['scale_linear', 'scaling.factor'].map(key)) {
    const linear = file[name] ?? 1
    if (linear !== 1 && linear !== 0)
      throw unsupported(`rope scaling linear by ${printable(linear)}`)
  }
  if (freqs && architecture !== 'llama') throw unsupported(`rope_freqs.weight in ${architecture}`)
  const ropeBase = numberOf(file, key('freq_base'), 10_000)
  return { ropeBase, ...(freqs && { ropeFactors: freqs }) }
}

/** Whether the settings say llama3. E_MODEL_UNSUPPORTED for other types and unknown settings. */
const checkSettings = (field: string, given: Readonly<Record<string, unknown>>): boolean => {
  const type = given['rope_type'] ?? given['type'] ?? 'default'
  if (type !== 'default' && type !== 'llama3') throw unsupported(`rope scaling ${printable(type)}`)
  const partial = given['partial_rotary_factor'] ?? 1
  if (partial !== 1) throw unsupported(`partial rotary embedding: ${printable(partial)}`)
  const known = ['rope_type', 'type', 'rope_theta', 'partial_rotary_factor', ...LLAMA3_FIELDS]
  const other = Object.keys(given).find((name) => !known.includes(name) && given[name] !== null)
  if (other !== undefined) throw unsupported(`${field} with ${printable(other)}`)
  return type === 'llama3'
}

/** Long wavelengths turn `factor` times slower, short ones unchanged; between, interpolated. */
const llama3Factors = (
  given: Readonly<Record<string, unknown>>,
  base: number,
  headDim: number,
): number[] => {
  const [factor, low, high, original] = LLAMA3_FIELDS.map((name) => numberOf(given, name)) as [
    number,
    number,
    number,
    number,
  ]
  if (!(factor >= 1 && low > 0 && high > low && original >= 1))
    throw new FedError('E_MODEL_FILE', 'rope scaling "llama3": the four factors are not possible')
  return Array.from({ length: Math.max(0, Math.floor(headDim / 2)) }, (_, i) => {
    const wavelength = 2 * Math.PI * base ** ((2 * i) / headDim)
    if (wavelength < original / high) return 1
    if (wavelength > original / low) return factor
    const smooth = (original / wavelength - low) / (high - low)
    return 1 / ((1 - smooth) / factor + smooth)
  })
}
