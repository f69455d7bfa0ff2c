/** Small models on disk for tests: the same random weights as a GGUF file and as a Hugging Face
 *  folder. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeSafetensors } from '../../../../adapters/formats/safetensors.ts'
import type { ModelConfig } from '../../../../device/engine/model/config.ts'
import { expectedTensors } from '../../../../device/engine/model/expected-tensors.ts'
import { TINY_CONFIG, tinySource } from '../../../../device/engine/model/tiny.ts'
import { f32, type Info, llamaMeta, type Meta, writeGguf } from './gguf-writer.ts'

/** Five tokens per name; enough to open a model. */
const smallVocabulary = ['<eos>', '<|im_start|>', '<|im_end|>', ...'abcdefgh', 'ab', 'Ġ', 'Ċ']

export const smallConfig: ModelConfig = {
  ...TINY_CONFIG,
  shape: {
    layers: 1,
    hidden: 8,
    heads: 2,
    kvHeads: 1,
    headDim: 4,
    ffn: 12,
    vocab: smallVocabulary.length,
  },
  ropeBase: 10_000,
  contextLength: 128,
}

const huggingFaceName: Record<string, string> = {
  attn_norm: 'input_layernorm.weight',
  ffn_norm: 'post_attention_layernorm.weight',
  ...Object.fromEntries(['q', 'k', 'v', 'o'].map((m) => [m, `self_attn.${m}_proj.weight`])),
  ...Object.fromEntries(['q', 'k', 'v'].map((m) => [`${m}.bias`, `self_attn.${m}_proj.bias`])),
  ...Object.fromEntries(['q_norm', 'k_norm'].map((m) => [m, `self_attn.${m}.weight`])),
  ...Object.fromEntries(['gate', 'up', 'down'].map((m) => [m, `mlp.${m}_proj.weight`])),
}
const ggufName: Record<string, string> = {
  attn_norm: 'attn_norm.weight',
  ffn_norm: 'ffn_norm.weight',
  ...Object.fromEntries(['q', 'k', 'v'].map((m) => [m, `attn_${m}.weight`])),
  ...Object.fromEntries(['q', 'k', 'v'].map((m) => [`${m}.bias`, `attn_${m}.bias`])),
  o: 'attn_output.weight',
  ...Object.fromEntries(['gate', 'up', 'down'].map((m) => [m, `ffn_${m}.weight`])),
}
const topNames: Record<string, [huggingFace: string, gguf: string]> = {
  embed: ['model.embed_tokens.weight', 'token_embd.weight'],
  final_norm: ['model.norm.weight', 'output_norm.weight'],
  head: ['lm_head.weight', 'output.weight'],
}
const layered = (name: string) => /^layers\.(\d+)\.(.+)$/.exec(name)

/** Writes config.json, model.safetensors, tokenizer.json. omit: Hugging Face names left out;
 *  shards: files that the tensors are dealt out to, with an index. */
export const writeFolder = async (
  folder: string,
  config: ModelConfig = smallConfig,
  {
    omit = [],
    extra = {},
    shards = 1,
  }: { omit?: string[]; extra?: Record<string, unknown>; shards?: number } = {},
): Promise<void> => {
  await mkdir(folder, { recursive: true })
  const source = tinySource(config)
  const tensors: Tensors = new Map()
  for (const { name } of expectedTensors(config)) {
    const match = layered(name)
    const own = match
      ? `model.layers.${match[1]}.${huggingFaceName[match[2]!]}`
      : topNames[name]![0]
    if (!omit.includes(own)) tensors.set(own, await source.read(name))
  }
  const { shape } = config
  await writeWeights(folder, tensors, shards)
  await writeFile(
    join(folder, 'config.json'),
    JSON.stringify({
      model_type: config.architecture,
      hidden_size: shape.hidden,
      intermediate_size: shape.ffn,
      num_hidden_layers: shape.layers,
      num_attention_heads: shape.heads,
      num_key_value_heads: shape.kvHeads,
      vocab_size: shape.vocab,
      head_dim: shape.headDim,
      rms_norm_eps: config.normEps,
      rope_theta: config.ropeBase,
      max_position_embeddings: config.contextLength,
      tie_word_embeddings: config.tiedHead,
      ...extra,
    }),
  )
  await writeFile(
    join(folder, 'tokenizer.json'),
    JSON.stringify({
      added_tokens: smallVocabulary
        .slice(0, 3)
        .map((content, id) => ({ id, content, special: true })),
      normalizer: null,
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
      post_processor: null,
      decoder: { type: 'ByteLevel' },
      model: {
        type: 'BPE',
        vocab: Object.fromEntries(smallVocabulary.map((t, i) => [t, i])),
        merges: [['a', 'b']],
      },
    }),
  )
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify({ eos_token: '<eos>' }))
}

type Tensors = Map<string, { shape: readonly number[]; data: Float32Array }>

const writeWeights = async (folder: string, tensors: Tensors, shards: number): Promise<void> => {
  if (shards === 1) return writeFile(join(folder, 'model.safetensors'), encodeSafetensors(tensors))
  const weight_map: Record<string, string> = {}
  for (let shard = 0; shard < shards; shard++) {
    const file = `part${shard}.safetensors`
    const part = [...tensors].filter((_, i) => i % shards === shard)
    for (const [name] of part) weight_map[name] = file
    await writeFile(join(folder, file), encodeSafetensors(new Map(part)))
  }
  await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map }))
}

/** The bytes of a GGUF file, F32, with q and k rows interleaved as llama.cpp's converter leaves
 *  them. */
export const ggufBytes = async (
  config: ModelConfig = smallConfig,
  moreMeta: Meta[] = [],
  moreInfos: Info[] = [],
): Promise<Buffer> => {
  const source = tinySource(config)
  const infos: Info[] = []
  for (const { name } of expectedTensors(config)) {
    const match = layered(name)
    const { shape, data } = await source.read(name)
    const isRotary = match && /^[qk](\.bias)?$/.test(match[2]!)
    infos.push({
      name: match ? `blk.${match[1]}.${ggufName[match[2]!]}` : topNames[name]![1],
      dims: [...shape].reverse(),
      type: 0,
      data: f32(isRotary ? interleaved(data, shape[0]!, config.shape.headDim) : data),
    })
  }
  const { layers, hidden, heads, kvHeads, ffn } = config.shape
  const types = smallVocabulary.map((_, id) => (id < 3 ? 3 : 1))
  const meta = llamaMeta({
    layers,
    hidden,
    heads,
    kvHeads,
    ffn,
    tokens: smallVocabulary,
    types,
    merges: ['a b'],
  })
  return writeGguf([...meta, ...moreMeta], [...infos, ...moreInfos])
}

/** reshape(heads, 2, headDim/2, width).swapaxes(1, 2): half j, pair i of a head becomes row
 *  2i + j. */
const interleaved = (data: Float32Array, rows: number, headDim: number): number[] => {
  const width = data.length / rows
  const out: number[] = []
  for (let head = 0; head < rows / headDim; head++)
    for (let pair = 0; pair < headDim / 2; pair++)
      for (let half = 0; half < 2; half++) {
        const row = head * headDim + half * (headDim / 2) + pair
        out.push(...data.subarray(row * width, (row + 1) * width))
      }
  return out
}
