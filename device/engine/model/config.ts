/** The configuration of a Llama-family model, read from a Hugging Face config.json or from GGUF
 *  metadata. Anything unknown is refused by name. */
import { FedError } from '../../../adapters/errors.ts'
import type { ModelShape } from '../../../adapters/lora/spec.ts'
import { parseAs } from '../../../adapters/parse.ts'
import { ModelShapeSchema } from '../../../adapters/wire/primitives.ts'
import { numberOf, printable, unsupported } from './json-values.ts'
import { type Rope, ropeFromGguf, ropeFromHuggingFace } from './rope.ts'

export const ARCHITECTURES = ['llama', 'qwen2', 'qwen3'] as const
type Architecture = (typeof ARCHITECTURES)[number]

export type ModelConfig = Rope & {
  readonly architecture: Architecture
  readonly shape: ModelShape
  readonly normEps: number
  /** q, k and v have a bias. */
  readonly attentionBias: boolean
  /** The LM head is the embedding. */
  readonly tiedHead: boolean
  /** Longest sequence the model was trained for, in tokens. */
  readonly contextLength: number
}

/** q and k are normed per head before they are rotated. */
export const hasHeadNorms = ({ architecture }: Pick<ModelConfig, 'architecture'>): boolean =>
  architecture === 'qwen3'

/** Reads a parsed config.json. hasHead: the weights hold `lm_head.weight`, for files that do not
 *  say.
 *  Fails with E_MODEL_FILE (missing or absurd fields), E_MODEL_UNSUPPORTED (unknown features). */
export const configFromHuggingFace = (json: unknown, hasHead = true): ModelConfig => {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new FedError('E_MODEL_FILE', 'config.json must be an object')
  const file = json as Record<string, unknown>
  const architecture = knownArchitecture(file['model_type'], 'model_type')
  refuseUnknownHuggingFace(file, architecture)
  const hidden = numberOf(file, 'hidden_size')
  const heads = numberOf(file, 'num_attention_heads')
  // transformers' own default for Qwen3 does not depend on the width.
  const headDim = numberOf(file, 'head_dim', architecture === 'qwen3' ? 128 : hidden / heads)
  return checked({
    architecture,
    shape: {
      layers: numberOf(file, 'num_hidden_layers'),
      hidden,
      heads,
      kvHeads: numberOf(file, 'num_key_value_heads', heads),
      headDim,
      ffn: numberOf(file, 'intermediate_size'),
      vocab: numberOf(file, 'vocab_size'),
    },
    normEps: numberOf(file, 'rms_norm_eps', 1e-6),
    ...ropeFromHuggingFace(file, headDim),
    attentionBias: architecture === 'qwen2',
    tiedHead:
      typeof file['tie_word_embeddings'] === 'boolean' ? file['tie_word_embeddings'] : !hasHead,
    contextLength: numberOf(file, 'max_position_embeddings', 2048),
  })
}

/** Reads GGUF metadata. tensors: names in the file, which decide bias and tied head; vocab: rows of
 *  `token_embd.weight`; freqs: `rope_freqs.weight`.  Fails like configFromHuggingFace. */
export const configFromGguf = (
  metadata: ReadonlyMap<string, unknown>,
  tensors: ReadonlySet<string>,
  vocab: number,
  freqs?: readonly number[],
): ModelConfig => {
  const architecture = knownArchitecture(
    metadata.get('general.architecture'),
    'general.architecture',
  )
  const file = Object.fromEntries(metadata)
  const key = (name: string) => `${architecture}.${name}`
  const hidden = numberOf(file, key('embedding_length'))
  const heads = numberOf(file, key('attention.head_count'))
  const headDim = numberOf(file, key('attention.key_length'), hidden / heads)
  refuseUnknownGguf(file, architecture, headDim)
  const rotary = numberOf(file, key('rope.dimension_count'), headDim)
  if (rotary !== headDim) throw unsupported(`partial rotary embedding: ${rotary} of ${headDim}`)
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
    ...ropeFromGguf(file, architecture, freqs),
    attentionBias: tensors.has('blk.0.attn_q.bias'),
    tiedHead: !tensors.has('output.weight'),
    contextLength: numberOf(file, key('context_length'), 2048),
  })
}

/** The config if every size is possible, else E_MODEL_FILE. Also for configs read back from
 *  disk. */
export const checked = (config: ModelConfig): ModelConfig => {
  const bad = (what: string) => new FedError('E_MODEL_FILE', `model config: ${what}`)
  parseAs(ModelShapeSchema, config.shape, 'E_MODEL_FILE', 'model config: ', 'shape')
  const { heads, kvHeads, headDim } = config.shape
  if (heads % kvHeads !== 0) throw bad(`${heads} heads do not divide into ${kvHeads} KV heads`)
  if (headDim % 2 !== 0) throw bad(`head size ${headDim} is odd`)
  if (!(config.normEps > 0 && config.normEps < 1)) throw bad(`norm epsilon ${config.normEps}`)
  if (!(config.ropeBase >= 1 && config.ropeBase <= 1e12)) throw bad(`rope base ${config.ropeBase}`)
  if (config.ropeFactors && !possibleFactors(config.ropeFactors, headDim))
    throw bad(`rope factors of another count than ${headDim / 2}, or out of range`)
  if (!Number.isInteger(config.contextLength) || config.contextLength < 1)
    throw bad(`context length ${config.contextLength}`)
  return config
}

const possibleFactors = (factors: readonly number[], headDim: number): boolean =>
  factors.length === headDim / 2 && factors.every((f) => f > 0 && f <= 1e6)

const knownArchitecture = (value: unknown, field: string): Architecture => {
  if (typeof value !== 'string') throw new FedError('E_MODEL_FILE', `${field} is missing`)
  const known = ARCHITECTURES.find((a) => a === value)
  if (known === undefined)
    throw unsupported(
      `architecture ${printable(value)}: only ${ARCHITECTURES.join(', ')} are supported`,
    )
  return known
}

const refuseUnknownHuggingFace = (file: Record<string, unknown>, architecture: Architecture) => {
  const activation = file['hidden_act'] ?? 'silu'
  if (activation !== 'silu') throw unsupported(`activation ${printable(activation)}, not silu`)
  if (isSet(file['mlp_bias'])) throw unsupported('mlp_bias')
  if (architecture !== 'qwen2' && isSet(file['attention_bias']))
    throw unsupported('attention_bias with a bias on the output projection')
  if (isSet(file['use_sliding_window'])) throw unsupported('use_sliding_window')
  if (architecture === 'llama' && isSet(file['sliding_window'])) throw unsupported('sliding_window')
  const kinds = Array.isArray(file['layer_types']) ? file['layer_types'] : []
  const kind = kinds.find((k) => k !== 'full_attention')
  if (kind !== undefined) throw unsupported(`layers of type ${printable(kind)}`)
  for (const field of ['num_experts', 'num_local_experts', 'n_routed_experts'])
    if (isSet(file[field])) throw unsupported(`a mixture of ${printable(file[field])} experts`)
  if (isSet(file['quantization_config']))
    throw unsupported('quantization_config: quantized safetensors')
}

const refuseUnknownGguf = (
  file: Readonly<Record<string, unknown>>,
  architecture: Architecture,
  headDim: number,
) => {
  const type = file['general.type'] ?? 'model'
  if (type !== 'model') throw unsupported(`a GGUF file of type ${printable(type)}`)
  const parts = file['split.count'] ?? 1
  if (parts !== 1 && parts !== 0)
    throw unsupported(`one of ${printable(parts)} GGUF files: join them`)
  const value = (name: string) => file[`${architecture}.${name}`]
  const experts = value('expert_count')
  if (isSet(experts)) throw unsupported(`a mixture of ${printable(experts)} experts`)
  if (isSet(value('attention.sliding_window'))) throw unsupported('attention.sliding_window')
  if (value('attention.causal') === false) throw unsupported('attention that is not causal')
  const values = value('attention.value_length') ?? headDim
  if (values !== headDim)
    throw unsupported(`values of another size than keys: ${printable(values)}`)
}

const isSet = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== false && value !== 0
