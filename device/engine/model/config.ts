/** What a Llama-family model is, read from a Hugging Face config.json or from GGUF metadata. Unknown is refused by name. */
import { FedError } from '../../../adapters/errors.ts'
import type { ModelShape } from '../../../adapters/lora/spec.ts'
import { ModelShapeSchema } from '../../../adapters/wire/primitives.ts'

export const ARCHITECTURES = ['llama', 'qwen2'] as const
export type Architecture = (typeof ARCHITECTURES)[number]

export type ModelConfig = {
  readonly architecture: Architecture
  readonly shape: ModelShape
  readonly normEps: number
  readonly ropeBase: number
  /** q, k and v have a bias. */
  readonly attentionBias: boolean
  /** The LM head is the embedding. */
  readonly tiedHead: boolean
  /** Longest sequence the model was trained for, in tokens. */
  readonly contextLength: number
}

/** Reads a parsed config.json. hasHead: the weights hold `lm_head.weight`; decides only when the file does not say.
 *  Fails with E_MODEL_FILE (a field is missing or absurd), E_MODEL_UNSUPPORTED (architecture, rope scaling, activation, …). */
export const configFromHuggingFace = (json: unknown, hasHead = true): ModelConfig => {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new FedError('E_MODEL_FILE', 'config.json must be an object')
  const file = json as Record<string, unknown>
  const architecture = knownArchitecture(file['model_type'], 'model_type')
  refuseUnknownHuggingFace(file, architecture)
  const hidden = numberOf(file, 'hidden_size')
  const heads = numberOf(file, 'num_attention_heads')
  return checked({
    architecture,
    shape: {
      layers: numberOf(file, 'num_hidden_layers'),
      hidden,
      heads,
      kvHeads: numberOf(file, 'num_key_value_heads', heads),
      headDim: numberOf(file, 'head_dim', hidden / heads),
      ffn: numberOf(file, 'intermediate_size'),
      vocab: numberOf(file, 'vocab_size'),
    },
    normEps: numberOf(file, 'rms_norm_eps', 1e-6),
    ropeBase: ropeBaseOf(file),
    attentionBias: architecture === 'qwen2',
    tiedHead:
      typeof file['tie_word_embeddings'] === 'boolean' ? file['tie_word_embeddings'] : !hasHead,
    contextLength: numberOf(file, 'max_position_embeddings', 2048),
  })
}

/** Reads GGUF metadata. tensors: the names the file holds; they decide bias, tied head and the vocabulary.
 *  vocab: rows of `token_embd.weight`.  Fails like configFromHuggingFace. */
export const configFromGguf = (
  metadata: ReadonlyMap<string, unknown>,
  tensors: ReadonlySet<string>,
  vocab: number,
): ModelConfig => {
  const architecture = knownArchitecture(
    metadata.get('general.architecture'),
    'general.architecture',
  )
  const file = Object.fromEntries(metadata)
  const key = (name: string) => `${architecture}.${name}`
  refuseUnknownGguf(metadata, architecture, tensors)
  const hidden = numberOf(file, key('embedding_length'))
  const heads = numberOf(file, key('attention.head_count'))
  const headDim = numberOf(file, key('attention.key_length'), hidden / heads)
  const rotary = numberOf(file, key('rope.dimension_count'), headDim)
  if (rotary !== headDim)
    throw new FedError('E_MODEL_UNSUPPORTED', `partial rotary embedding: ${rotary} of ${headDim}`)
  return checked({
    architecture,
    shape: {
      layers: numberOf(file, key('block_count')),
      hidden,
      heads,
      kvHeads: numberOf(file, key('attention.head_count_kv'), heads),
      headDim,
      ffn: numberOf(file, key('feed_forward_length')),
      vocab,
    },
    normEps: numberOf(file, key('attention.layer_norm_rms_epsilon')),
    ropeBase: numberOf(file, key('rope.freq_base'), 10_000),
    attentionBias: tensors.has('blk.0.attn_q.bias'),
    tiedHead: !tensors.has('output.weight'),
    contextLength: numberOf(file, key('context_length'), 2048),
  })
}

/** The config itself once every size is possible; E_MODEL_FILE otherwise. Also guards a config read back from disk. */
export const checked = (config: ModelConfig): ModelConfig => {
  const bad = (what: string) => new FedError('E_MODEL_FILE', `model config: ${what}`)
  const parsed = ModelShapeSchema.safeParse(config.shape)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw bad(`${issue?.path.join('.') ?? 'shape'}: ${issue?.message ?? 'not valid'}`)
  }
  const { heads, kvHeads, headDim } = config.shape
  if (heads % kvHeads !== 0) throw bad(`${heads} heads do not divide into ${kvHeads} KV heads`)
  if (headDim % 2 !== 0) throw bad(`head size ${headDim} is odd`)
  if (!(config.normEps > 0 && config.normEps < 1)) throw bad(`norm epsilon ${config.normEps}`)
  if (!(config.ropeBase >= 1 && config.ropeBase <= 1e12)) throw bad(`rope base ${config.ropeBase}`)
  if (!Number.isInteger(config.contextLength) || config.contextLength < 1)
    throw bad(`context length ${config.contextLength}`)
  return config
}

const knownArchitecture = (value: unknown, field: string): Architecture => {
  if (typeof value !== 'string') throw new FedError('E_MODEL_FILE', `${field} is missing`)
  const known = ARCHITECTURES.find((a) => a === value)
  if (known === undefined)
    throw new FedError(
      'E_MODEL_UNSUPPORTED',
      `architecture ${printable(value)}: only ${ARCHITECTURES.join(' and ')} are supported`,
    )
  return known
}

const refuseUnknownHuggingFace = (file: Record<string, unknown>, architecture: Architecture) => {
  const unsupported = (what: string) => new FedError('E_MODEL_UNSUPPORTED', what)
  const activation = file['hidden_act'] ?? 'silu'
  if (activation !== 'silu') throw unsupported(`activation ${printable(activation)}, not silu`)
  if (file['mlp_bias'] === true) throw unsupported('mlp_bias')
  if (architecture === 'llama' && file['attention_bias'] === true)
    throw unsupported('attention_bias with a bias on the output projection')
  if (file['use_sliding_window'] === true) throw unsupported('use_sliding_window')
  const kinds = Array.isArray(file['layer_types']) ? file['layer_types'] : []
  const kind = kinds.find((k) => k !== 'full_attention')
  if (kind !== undefined) throw unsupported(`layers of type ${printable(kind)}`)
  if (typeof file['quantization_config'] === 'object' && file['quantization_config'] !== null)
    throw unsupported('quantization_config: quantized safetensors')
  for (const field of ['rope_scaling', 'rope_parameters']) {
    const rope = file[field]
    if (typeof rope !== 'object' || rope === null) continue
    const settings = rope as Record<string, unknown>
    const type = settings['rope_type'] ?? settings['type'] ?? 'default'
    if (type !== 'default') throw unsupported(`rope scaling ${printable(type)}`)
    const partial = settings['partial_rotary_factor'] ?? 1
    if (partial !== 1) throw unsupported(`partial rotary embedding: ${printable(partial)}`)
  }
}

const refuseUnknownGguf = (
  metadata: ReadonlyMap<string, unknown>,
  architecture: Architecture,
  tensors: ReadonlySet<string>,
) => {
  const unsupported = (what: string) => new FedError('E_MODEL_UNSUPPORTED', what)
  const scaling = metadata.get(`${architecture}.rope.scaling.type`) ?? 'none'
  if (scaling !== 'none') throw unsupported(`rope scaling ${printable(scaling)}`)
  const linear = metadata.get(`${architecture}.rope.scale_linear`) ?? 1
  if (linear !== 1) throw unsupported(`rope scaling linear by ${printable(linear)}`)
  if (tensors.has('rope_freqs.weight')) throw unsupported('rope scaling by rope_freqs.weight')
  const experts = metadata.get(`${architecture}.expert_count`) ?? 0
  if (experts !== 0) throw unsupported(`a mixture of ${printable(experts)} experts`)
  if (tensors.has('blk.0.attn_output.bias')) throw unsupported('a bias on the output projection')
}

/** transformers < 5 writes rope_theta at the top, later ones inside rope_parameters. */
const ropeBaseOf = (file: Record<string, unknown>): number => {
  const nested = file['rope_parameters']
  if (typeof nested === 'object' && nested !== null && 'rope_theta' in nested)
    return numberOf(nested as Record<string, unknown>, 'rope_theta')
  return numberOf(file, 'rope_theta', 10_000)
}

const numberOf = (file: Record<string, unknown>, field: string, fallback?: number): number => {
  const value = Object.hasOwn(file, field) ? file[field] : undefined
  if ((value === undefined || value === null) && fallback !== undefined) return fallback
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new FedError('E_MODEL_FILE', `${field} must be a number, got ${printable(value)}`)
  return value
}

/** A value of an unknown file, short enough for a message. */
const printable = (value: unknown): string =>
  (typeof value === 'string' ? JSON.stringify(value) : String(value)).slice(0, 60)
