/** LoRA adapters as mlx-lm saves them: adapter_config.json and adapters.safetensors
 *  (mlx_lm/tuner/lora.py, utils.py). */

import { FedError } from '../errors.ts'
import { readSafetensors } from '../formats/safetensors.ts'
import { isFiniteVector } from '../math/vector.ts'
import type { Adapter } from './layout.ts'
import { adapterOfLinears, factorShapes, type LinearLora, otherModel } from './linears.ts'
import { PEFT_MODULES } from './peft.ts'
import { MODULES, type ModelShape } from './spec.ts'

/** scale: the factor itself, not alpha / rank. layers: the last so many blocks; null: all. */
export type MlxConfig = {
  readonly rank: number
  readonly scale: number
  readonly layers: number | null
  readonly base: string | null
}

/** Whether a parsed adapter_config.json is one of mlx-lm's: it knows none of PEFT's fields. */
export const isMlxConfig = (config: Readonly<Record<string, unknown>>): boolean =>
  !Object.hasOwn(config, 'peft_type') &&
  ['fine_tune_type', 'lora_parameters', 'lora_layers'].some((f) => Object.hasOwn(config, f))

/** Fails with E_MODEL_UNSUPPORTED (DoRA, whole weights), E_MODEL_FILE. */
export const checkMlxConfig = (config: Readonly<Record<string, unknown>>): MlxConfig => {
  const type = config['fine_tune_type'] ?? 'lora'
  if (type !== 'lora') {
    const what = type === 'full' ? 'whole weights' : type === 'dora' ? 'DoRA' : 'no plain LoRA'
    throw unsupported(
      `fine_tune_type ${shown(type)}: ${what}. Make a model of it with mlx_lm.fuse, and use that as the local model`,
    )
  }
  const lora = (config['lora_parameters'] ?? {}) as Record<string, unknown>
  const { rank, scale } = lora
  if (!Number.isInteger(rank) || Number(rank) < 1 || Number(rank) > MAX_RANK_TEXT)
    throw bad(
      `lora_parameters.rank must be a whole number from 1 to ${MAX_RANK_TEXT}, got ${shown(rank)}`,
    )
  if (typeof scale !== 'number' || !(Math.abs(scale) <= MAX_SCALE))
    throw bad(`lora_parameters.scale must be a number up to ${MAX_SCALE}, got ${shown(scale)}`)
  refuseOldAlpha(lora, rank as number, scale)
  // Before 2024-10 the field was called lora_layers; -1, and 0 as mlx-lm slices, are all.
  const layers = config['num_layers'] ?? config['lora_layers'] ?? -1
  if (!Number.isInteger(layers))
    throw bad(`num_layers must be a whole number, got ${shown(layers)}`)
  const model = config['model']
  return {
    rank: Number(rank),
    scale,
    layers: Number(layers) > 0 ? Number(layers) : null,
    base: typeof model === 'string' ? model : null,
  }
}
const MAX_RANK_TEXT = 65_536
const MAX_SCALE = 1e6

/** Before 0.15 mlx-lm multiplied scale by alpha / rank; later versions do not look at alpha. */
const refuseOldAlpha = ({ alpha }: Record<string, unknown>, rank: number, scale: number): void => {
  if (alpha === undefined || alpha === null || alpha === rank) return
  const meant = typeof alpha === 'number' ? ` (${(scale * alpha) / rank})` : ''
  throw unsupported(
    `lora_parameters has alpha ${shown(alpha)} beside scale ${scale}: mlx-lm before ` +
      `0.15 multiplied by scale · alpha / rank${meant}, later versions multiply by ` +
      'scale alone. Write as scale what the adapter was trained with, and take alpha ' +
      'out',
  )
}

const MODULE_OF = new Map(MODULES.map((module) => [PEFT_MODULES[module], module]))
/** mlx-lm's models keep their blocks as transformers names them. */
const FACTOR = /^(?:model\.)?layers\.(\d{1,4})\.(\w+\.\w+)\.lora_([ab])$/

/**
 * The adapter of an mlx-lm folder on a model of this shape: lora_a is [in, r], lora_b [r, out].
 * Linears without tensors are as they were. Fails with E_MODEL_UNSUPPORTED, E_MODEL_FILE, E_SHAPE,
 * E_NOT_FINITE.
 */
export const readMlx = (config: MlxConfig, safetensors: Uint8Array, shape: ModelShape): Adapter => {
  const file = readSafetensors(safetensors)
  const linears: LinearLora[] = []
  for (const name of file.tensors.keys()) {
    const [, layerText, linear = '', factor] = FACTOR.exec(name) ?? []
    const module = MODULE_OF.get(linear)
    if (!module)
      throw unsupported(`tensor ${name.slice(0, 200)} is not a LoRA factor of a block's linear`)
    const layer = Number(layerText)
    if (layer >= shape.layers)
      throw otherModel(config.base, `${name}: this model has ${shape.layers} layers`)
    if (config.layers !== null && layer < shape.layers - config.layers)
      throw bad(`${name} is there, but num_layers is ${config.layers} of ${shape.layers}`)
    const stem = name.slice(0, -1)
    for (const end of ['a', 'b'])
      if (!file.tensors.has(stem + end)) throw bad(`${stem}${end} is missing`)
    if (factor === 'b') continue
    const want = factorShapes(shape, module, config.rank)
    linears.push({
      ...{ layer, module, rank: config.rank, alpha: config.scale * config.rank },
      a: turned(file, `${stem}a`, want.a, 0, config),
      b: turned(file, `${stem}b`, want.b, 1, config),
    })
  }
  if (linears.length === 0) throw bad('adapters.safetensors holds no LoRA factor')
  return adapterOfLinears(shape, linears)
}

/** The transposed tensor, as [rows, columns]; rankAxis: which of them is the rank. */
const turned = (
  file: ReturnType<typeof readSafetensors>,
  name: string,
  [rows, columns]: readonly [number, number],
  rankAxis: 0 | 1,
  { base, rank }: MlxConfig,
): Float32Array => {
  const { shape: got } = file.tensors.get(name)!
  if (got.length !== 2) throw bad(`${name} is no matrix`)
  const size = rankAxis === 0 ? columns : rows
  if (got[rankAxis] !== size)
    throw otherModel(base, `${name}: expected [${columns},${rows}], got [${got}]`)
  if (got[1 - rankAxis] !== rank)
    throw new FedError(
      'E_SHAPE',
      `${name}: expected rank ${rank} as adapter_config.json says, got [${got}]`,
    )
  const { data } = file.read(name)
  if (!isFiniteVector(data)) throw new FedError('E_NOT_FINITE', `${name}: expected finite numbers`)
  const out = new Float32Array(data.length)
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) out[i * columns + j] = data[j * rows + i]!
  return out
}

const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, 100) ?? 'left out'

const bad = (what: string) => new FedError('E_MODEL_FILE', `mlx-lm adapter: ${what}`)

const unsupported = (what: string) => new FedError('E_MODEL_UNSUPPORTED', `mlx-lm adapter: ${what}`)
