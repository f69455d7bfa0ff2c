/** What adapter_config.json may say. Whatever would change the function and is not plain LoRA is
 *  refused by its name. */
import { FedError } from '../errors.ts'
import { fullMatches, type NameFilter } from './python-pattern.ts'

/** A name or a list of names is exact or an ending; a text for several is one of PEFT's
 *  patterns. */
type Names = readonly string[] | string

export type PeftConfig = {
  readonly rank: number
  readonly alpha: number
  /** The scale is alpha / √rank instead of alpha / rank (Kalajdzievski 2023). */
  readonly isRankStabilized: boolean
  readonly targets: Names
  readonly excluded: Names
  /** null: every layer. */
  readonly layers: readonly number[] | null
  /** Patterns of the part before a layer's number; none: any. */
  readonly layersPatterns: readonly string[]
  /** By PEFT's patterns, the first that matches; others have rank and alpha. */
  readonly ranks: ReadonlyMap<string, number>
  readonly alphas: ReadonlyMap<string, number>
  /** Whole modules that are saved beside LoRA. */
  readonly saved: readonly string[]
  /** Hub name or path of the model that it was made for. */
  readonly base: string | null
}

/** Fields that say nothing about the function of a saved adapter, or are read below. Configurations
 *  of an initialization are used with that initialization alone. */
const KNOWN = new Set([
  ...['peft_type', 'r', 'lora_alpha', 'use_rslora', 'target_modules', 'exclude_modules'],
  ...['layers_to_transform', 'layers_pattern', 'bias', 'init_lora_weights'],
  ...['rank_pattern', 'alpha_pattern', 'modules_to_save', 'task_type', 'auto_mapping'],
  ...['base_model_name_or_path', 'revision', 'inference_mode', 'peft_version'],
  ...[
    'lora_dropout',
    'megatron_core',
    'qalora_group_size',
    'runtime_config',
    'ensure_weight_tying',
  ],
  ...['eva_config', 'loftq_config', 'corda_config', 'lora_ga_config'],
])
/** Initializations that leave the base weights alone; others (PiSSA, OLoRA, LoftQ, CorDA …) change
 *  them. */
const PLAIN_INITS = [true, false, null, undefined, 'gaussian', 'eva', 'orthogonal', 'mica']
/** Tasks whose adapters need no head of their own. */
const PLAIN_TASKS = ['CAUSAL_LM', 'FEATURE_EXTRACTION', null, undefined]
const SAVEABLE = ['embed_tokens', 'lm_head']
const MAX_R = 65_536
const MAX_SCALE = 1e6
const MERGE =
  'merge it with model.merge_and_unload(), save the model, and use that as the local model'

/** What to do with an adapter that is not plain LoRA, where there is a way. */
const WAYS: Readonly<Record<string, string>> = {
  use_dora: `DoRA: ${MERGE}`,
  modules_to_save: `whole modules beside LoRA: ${MERGE}`,
  init_lora_weights: `the base was changed: save with path_initial_model_for_weight_conversion`,
}

/** Fails with E_MODEL_FILE (not such a file) or E_MODEL_UNSUPPORTED (a field outside plain
 *  LoRA). */
export const checkPeftConfig = (text: string): PeftConfig => {
  const config = parse(text)
  if (config['peft_type'] !== 'LORA') throw unsupported('peft_type', config['peft_type'])
  for (const [field, value] of Object.entries(config))
    if (!KNOWN.has(field) && !isEmpty(value)) throw unsupported(field, value)
  if (!['none', undefined, null].includes(config['bias'] as never))
    throw unsupported('bias', config['bias'])
  const init = config['init_lora_weights']
  if (!PLAIN_INITS.includes((typeof init === 'string' ? init.toLowerCase() : init) as never))
    throw unsupported('init_lora_weights', init)
  refuseOtherHeads(config)
  return {
    rank: rankOf('r', config['r']),
    alpha: alphaOf('lora_alpha', config['lora_alpha']),
    isRankStabilized: config['use_rslora'] === true,
    // PEFT's own choice for Llama, Qwen2 and Qwen3 where a file names none.
    targets: namesOf('target_modules', config['target_modules']) ?? ['q_proj', 'v_proj'],
    excluded: namesOf('exclude_modules', config['exclude_modules']) ?? [],
    layers: layersOf(config['layers_to_transform']),
    layersPatterns: [namesOf('layers_pattern', config['layers_pattern']) || []].flat(),
    ranks: patternsOf('rank_pattern', config['rank_pattern'], rankOf),
    alphas: patternsOf('alpha_pattern', config['alpha_pattern'], alphaOf),
    saved: savedOf(config['modules_to_save']),
    base:
      typeof config['base_model_name_or_path'] === 'string'
        ? config['base_model_name_or_path']
        : null,
  }
}

/** The names among these of linears on which PEFT puts LoRA ("model.layers.0.self_attn.q_proj");
 *  null when a pattern is one that only Python can run. */
export const peftTargets = (
  { targets, excluded, layers, layersPatterns }: PeftConfig,
  names: readonly string[],
  filter: NameFilter,
): Set<string> | null => {
  const isAll = targets === 'all-linear'
  const found = isAll ? new Set(names) : matching(targets, names, filter)
  const others = matching(excluded, names, filter)
  const numbers = layers === null ? null : layerNumbers(layersPatterns, names, filter)
  if (found === null || others === null || numbers === undefined) return null
  const isExact = (name: string) => !isAll && Array.isArray(targets) && targets.includes(name)
  const isIn = (name: string) =>
    layers === null || isExact(name) || layers.includes(numbers?.get(name) ?? -1)
  return new Set(names.filter((name) => found.has(name) && !others.has(name) && isIn(name)))
}

/** Rank and alpha of each name. Fails with E_MODEL_UNSUPPORTED where only Python can run a
 *  pattern. */
export const peftScales = (
  config: PeftConfig,
  names: readonly string[],
  filter: NameFilter,
): Map<string, { rank: number; alpha: number }> => {
  const ranks = firstMatches('rank_pattern', config.ranks, names, filter)
  const alphas = firstMatches('alpha_pattern', config.alphas, names, filter)
  return new Map(
    names.map((name) => {
      const rank = ranks.get(name) ?? config.rank
      const alpha = alphas.get(name) ?? config.alpha
      return [name, { rank, alpha: config.isRankStabilized ? alpha * Math.sqrt(rank) : alpha }]
    }),
  )
}

const matching = (
  patterns: Names,
  names: readonly string[],
  filter: NameFilter,
): Set<string> | null => {
  if (typeof patterns === 'string') return fullMatches(patterns, names, filter)
  const isOne = (name: string) => patterns.some((p) => name === p || name.endsWith(`.${p}`))
  return new Set(names.filter(isOne))
}

/** The layer of each name by the first pattern that matches it; undefined where only Python can run
 *  one. */
const layerNumbers = (
  patterns: readonly string[],
  names: readonly string[],
  filter: NameFilter,
): Map<string, number> | undefined => {
  const numbers = new Map<string, number>()
  const regexes = patterns.map((pattern) => `(?:|.*?\\.)${pattern}\\.\\d+\\..*`)
  for (const regex of patterns.length > 0 ? regexes : ['.*?\\.[^.]*\\.\\d+\\..*']) {
    const found = fullMatches(regex, names, filter)
    if (found === null) return undefined
    for (const name of found)
      if (!numbers.has(name)) numbers.set(name, Number(/(?<=\.)\d+(?=\.)/.exec(name)?.[0]))
  }
  return numbers
}

const firstMatches = (
  field: string,
  patterns: ReadonlyMap<string, number>,
  names: readonly string[],
  filter: NameFilter,
): Map<string, number> => {
  const found = new Map<string, number>()
  for (const [pattern, value] of patterns) {
    const matched = fullMatches(`(.*\\.)?(${pattern})`, names, filter)
    if (matched === null) throw unsupported(field, pattern)
    for (const name of matched) if (!found.has(name)) found.set(name, value)
  }
  return found
}

/** A head that rates texts is not the language model's, and an adapter under it is of no use
 *  here. */
const refuseOtherHeads = (config: Record<string, unknown>): void => {
  const { task_type: task, auto_mapping: mapping } = config
  if (!PLAIN_TASKS.includes(task as never)) throw unsupported('task_type', task)
  const base = (mapping as { base_model_class?: unknown } | null)?.base_model_class
  if (typeof base === 'string' && !/(ForCausalLM|Model)$/.test(base))
    throw unsupported('auto_mapping.base_model_class', base)
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

const rankOf = (field: string, value: unknown): number => {
  if (!Number.isInteger(value) || Number(value) < 1 || Number(value) > MAX_R)
    throw bad(`${field} must be a whole number from 1 to ${MAX_R}, got ${shown(value)}`)
  return Number(value)
}

const alphaOf = (field: string, value: unknown): number => {
  if (typeof value !== 'number' || !(value > 0 && value <= MAX_SCALE))
    throw bad(`${field} must be a positive number up to ${MAX_SCALE}, got ${shown(value)}`)
  return value
}

const namesOf = (field: string, value: unknown): Names | null => {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return value
  if (Array.isArray(value) && value.every((v) => typeof v === 'string')) return value
  throw bad(`${field} must be a name or a list of names`)
}

const layersOf = (value: unknown): readonly number[] | null => {
  if (value === null || value === undefined) return null
  if (Number.isInteger(value)) return [Number(value)]
  if (Array.isArray(value) && value.every((v) => Number.isInteger(v)))
    return value.length > 0 ? value : null
  throw bad('layers_to_transform must be a layer or a list of layers')
}

const patternsOf = (
  field: string,
  value: unknown,
  read: (field: string, value: unknown) => number,
): Map<string, number> => {
  if (value === null || value === undefined) return new Map()
  if (typeof value !== 'object' || Array.isArray(value)) throw bad(`${field} must be a table`)
  return new Map(Object.entries(value).map(([key, v]) => [key, read(`${field}[${shown(key)}]`, v)]))
}

/** Embeddings and head may lie beside LoRA where they are the base's own. */
const savedOf = (value: unknown): readonly string[] => {
  const names = [namesOf('modules_to_save', value) ?? []].flat()
  if (names.some((name) => !SAVEABLE.includes(name))) throw unsupported('modules_to_save', value)
  return names
}

const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, 100) ?? 'left out'

const bad = (message: string, cause?: unknown) =>
  new FedError('E_MODEL_FILE', `adapter_config.json: ${message}`, { cause })

const unsupported = (field: string, value: unknown) =>
  new FedError(
    'E_MODEL_UNSUPPORTED',
    `adapter_config.json: ${field} ${shown(value)} is not plain LoRA${
      Object.hasOwn(WAYS, field) ? ` (${WAYS[field]})` : ''
    }`,
  )
