/** What adapter_config.json may say. Whatever would change the function and is not plain LoRA is refused by its name. */
import { FedError } from '../errors.ts'

/** alpha: such that alpha / rank is the scale (rank-stabilized scaling is already folded in). */
export type PeftConfig = {
  readonly rank: number
  readonly alpha: number
  /** Names or name endings; a text is one of PEFT's patterns. */
  readonly targets: readonly string[] | string
  readonly excluded: readonly string[] | string | null
  /** null: every layer. */
  readonly layers: readonly number[] | null
}

/** Fields that say nothing about the function of a trained adapter, or are read below. */
const KNOWN = new Set([
  ...['peft_type', 'r', 'lora_alpha', 'use_rslora', 'target_modules', 'exclude_modules'],
  ...['layers_to_transform', 'layers_pattern', 'bias', 'init_lora_weights'],
  ...['base_model_name_or_path', 'revision', 'task_type', 'inference_mode', 'peft_version'],
  ...['lora_dropout', 'auto_mapping', 'megatron_core', 'loftq_config', 'qalora_group_size'],
  ...['runtime_config', 'ensure_weight_tying'],
])
/** Initializations that leave the base weights alone; others (PiSSA, OLoRA, LoftQ …) change them. */
const PLAIN_INITS = [true, false, null, undefined, 'gaussian', 'eva', 'orthogonal']

/** Fails with E_MODEL_FILE (not such a file) or E_MODEL_UNSUPPORTED (a field outside plain LoRA). */
export const checkPeftConfig = (text: string): PeftConfig => {
  const config = parse(text)
  if (config['peft_type'] !== 'LORA') throw unsupported('peft_type', config['peft_type'])
  for (const [field, value] of Object.entries(config))
    if (!KNOWN.has(field) && !isEmpty(value)) throw unsupported(field, value)
  if (!['none', undefined, null].includes(config['bias'] as never))
    throw unsupported('bias', config['bias'])
  if (!PLAIN_INITS.includes(config['init_lora_weights'] as never))
    throw unsupported('init_lora_weights', config['init_lora_weights'])
  if (![null, undefined, 'layers'].includes(config['layers_pattern'] as never))
    throw unsupported('layers_pattern', config['layers_pattern'])
  const rank = config['r']
  const alpha = config['lora_alpha']
  if (!Number.isInteger(rank) || Number(rank) < 1) throw bad('r must be a positive whole number')
  if (typeof alpha !== 'number' || !(alpha > 0)) throw bad('lora_alpha must be a positive number')
  return {
    rank: Number(rank),
    // scale = alpha / √r there, alpha / r here (Kalajdzievski 2023).
    alpha: config['use_rslora'] === true ? alpha * Math.sqrt(Number(rank)) : alpha,
    targets: readNames('target_modules', config['target_modules']) ?? [],
    excluded: readNames('exclude_modules', config['exclude_modules']),
    layers: readLayers(config['layers_to_transform']),
  }
}

/**
 * Whether PEFT would put LoRA on a linear, by its full name ("model.layers.0.self_attn.q_proj");
 * null when the configuration is one of PEFT's regular expressions, which are left to Python.
 */
export const peftTargets = (
  config: PeftConfig,
): ((name: string, layer: number) => boolean) | null => {
  const { targets, excluded, layers } = config
  const isAll = targets === 'all-linear'
  if (typeof excluded === 'string' || (typeof targets === 'string' && !isAll)) return null
  const matches = (names: readonly string[], name: string) =>
    names.some((n) => name === n || name.endsWith(`.${n}`))
  return (name, layer) =>
    (isAll || matches(targets as readonly string[], name)) &&
    !matches(excluded ?? [], name) &&
    (layers === null || layers.includes(layer))
}

/** Layer, linear ("self_attn.q_proj") and factor of a saved tensor; null for any other name. */
export const tensorTarget = (
  name: string,
): { layer: number; linear: string; factor: string } | null => {
  const match =
    /^base_model\.model\.model\.layers\.(\d{1,4})\.(\w+\.\w+)\.lora_([AB])\.weight$/.exec(name)
  return match && { layer: Number(match[1]), linear: match[2]!, factor: match[3]! }
}

const parse = (text: string): Record<string, unknown> => {
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch (cause) {
    throw bad('is not JSON', cause)
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config))
    throw bad('must be a JSON object')
  return config as Record<string, unknown>
}

const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === false ||
  (typeof value === 'object' && Object.keys(value).length === 0)

const readNames = (field: string, value: unknown): readonly string[] | string | null => {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return value
  if (Array.isArray(value) && value.every((v) => typeof v === 'string')) return value
  throw bad(`${field} must be a name or a list of names`)
}

const readLayers = (value: unknown): readonly number[] | null => {
  if (value === null || value === undefined) return null
  if (Number.isInteger(value)) return [Number(value)]
  if (Array.isArray(value) && value.every((v) => Number.isInteger(v)))
    return value.length > 0 ? value : null
  throw bad('layers_to_transform must be a layer or a list of layers')
}

const bad = (message: string, cause?: unknown) =>
  new FedError('E_MODEL_FILE', `adapter_config.json: ${message}`, { cause })

const unsupported = (field: string, value: unknown) =>
  new FedError(
    'E_MODEL_UNSUPPORTED',
    `adapter_config.json: ${field} ${JSON.stringify(value)?.slice(0, 100) ?? 'left out'} is not plain LoRA`,
  )
