import { expect, test } from 'vitest'
import { configFromGguf, configFromHuggingFace } from '../../../../device/engine/model/config.ts'

const llama = {
  model_type: 'llama',
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 97,
  rms_norm_eps: 1e-5,
  rope_theta: 100_000,
  max_position_embeddings: 256,
  tie_word_embeddings: true,
}

test('a llama config is read', () => {
  expect(configFromHuggingFace(llama)).toEqual({
    architecture: 'llama',
    shape: { layers: 4, hidden: 64, heads: 4, kvHeads: 2, headDim: 16, ffn: 96, vocab: 97 },
    normEps: 1e-5,
    ropeBase: 100_000,
    attentionBias: false,
    tiedHead: true,
    contextLength: 256,
  })
})

test('qwen2 has attention biases, and its own head size when it says so', () => {
  const config = configFromHuggingFace({ ...llama, model_type: 'qwen2', head_dim: 32 })
  expect(config).toMatchObject({ attentionBias: true, shape: { headDim: 32 } })
})

test('defaults: as many KV heads as heads, rope base 10,000, a head where the weights have one', () => {
  const { num_key_value_heads: _, rope_theta: __, tie_word_embeddings: ___, ...rest } = llama
  expect(configFromHuggingFace(rest, true)).toMatchObject({
    shape: { kvHeads: 4 },
    ropeBase: 10_000,
    tiedHead: false,
  })
  expect(configFromHuggingFace(rest, false).tiedHead).toBe(true)
})

test('the rope base of newer files is inside rope_parameters', () => {
  const config = { ...llama, rope_parameters: { rope_type: 'default', rope_theta: 5000 } }
  expect(configFromHuggingFace(config).ropeBase).toBe(5000)
})

test.each([
  [{ model_type: 'mamba' }, /architecture "mamba"/],
  [{ rope_scaling: { type: 'yarn', factor: 4 } }, /rope scaling "yarn"/],
  [{ rope_scaling: { rope_type: 'longrope', factor: 4 } }, /rope scaling "longrope"/],
  [{ rope_scaling: { type: 'dynamic', factor: 4 } }, /rope scaling "dynamic"/],
  [{ rope_scaling: { type: 'default', mrope_section: [1] } }, /rope_scaling with "mrope_section"/],
  [{ rope_parameters: { full_attention: {} } }, /rope_parameters with "full_attention"/],
  [{ rope_parameters: { partial_rotary_factor: 0.5 } }, /partial rotary embedding: 0.5/],
  [{ partial_rotary_factor: 0.25 }, /partial rotary embedding: 0.25/],
  [{ model_type: 'qwen3_moe' }, /architecture "qwen3_moe"/],
  [{ model_type: 'qwen3', head_dim: 16, attention_bias: true }, /attention_bias/],
  [{ num_experts: 8 }, /mixture of 8 experts/],
  [{ sliding_window: 4096 }, /sliding_window/],
  [{ rope_parameters: { rope_type: 'linear', factor: 2 } }, /rope scaling "linear"/],
  [{ hidden_act: 'gelu' }, /activation "gelu"/],
  [{ mlp_bias: true }, /mlp_bias/],
  [{ attention_bias: true }, /attention_bias/],
  [{ use_sliding_window: true }, /sliding/],
  [{ layer_types: ['full_attention', 'sliding_attention'] }, /type "sliding_attention"/],
  [{ quantization_config: { bits: 4 } }, /quantization_config/],
])('%j is unsupported by name', (change, message) => {
  expect(() => configFromHuggingFace({ ...llama, ...change })).toThrow(
    expect.objectContaining({
      code: 'E_MODEL_UNSUPPORTED',
      message: expect.stringMatching(message),
    }),
  )
})

test.each([
  [{ hidden_size: '64' }],
  [{ hidden_size: -64 }],
  [{ num_hidden_layers: 1e9 }],
  [{ num_hidden_layers: 2.5 }],
  [{ num_attention_heads: 3, head_dim: 16 }],
  [{ num_attention_heads: 0 }],
  [{ head_dim: 15 }],
  [{ vocab_size: 1e12 }],
  [{ rms_norm_eps: 0 }],
  [{ rope_theta: Number.NaN }],
  [{ max_position_embeddings: 0 }],
])('the absurd %j is E_MODEL_FILE', (change) => {
  expect(() => configFromHuggingFace({ ...llama, ...change })).toThrow(
    expect.objectContaining({ code: 'E_MODEL_FILE' }),
  )
})

test.each([null, [], 'llama', {}])('%j is no config', (json) => {
  expect(() => configFromHuggingFace(json)).toThrow(
    expect.objectContaining({ code: 'E_MODEL_FILE' }),
  )
})

const metadata = new Map<string, unknown>([
  ['general.architecture', 'llama'],
  ['llama.block_count', 2],
  ['llama.context_length', 128],
  ['llama.embedding_length', 8],
  ['llama.feed_forward_length', 12],
  ['llama.attention.head_count', 2],
  ['llama.attention.layer_norm_rms_epsilon', 1e-5],
])

test('GGUF: tensors decide about head and bias', () => {
  expect(configFromGguf(metadata, new Set(), 10)).toMatchObject({
    tiedHead: true,
    attentionBias: false,
    ropeBase: 10_000,
    shape: { kvHeads: 2, headDim: 4, vocab: 10 },
  })
  expect(
    configFromGguf(metadata, new Set(['output.weight', 'blk.0.attn_q.bias']), 10),
  ).toMatchObject({ tiedHead: false, attentionBias: true })
})

test.each([
  ['general.architecture', 'gemma', /architecture "gemma"/],
  ['llama.rope.scaling.type', 'linear', /rope scaling "linear"/],
  ['llama.rope.dimension_count', 2, /partial rotary/],
  ['llama.expert_count', 8, /mixture of 8/],
  ['general.architecture', 'qwen3moe', /architecture "qwen3moe"/],
  ['general.type', 'mmproj', /of type "mmproj"/],
  ['split.count', 3, /one of 3 GGUF files/],
  ['llama.rope.scaling.type', 'yarn', /rope scaling "yarn"/],
  ['llama.rope.scaling.factor', 4, /linear by 4/],
  ['llama.attention.sliding_window', 512, /sliding_window/],
  ['llama.attention.causal', false, /not causal/],
  ['llama.attention.value_length', 8, /values of another size/],
])('GGUF: %s = %j is unsupported by name', (key, value, message) => {
  expect(() => configFromGguf(new Map([...metadata, [key, value]]), new Set(), 10)).toThrow(
    expect.objectContaining({
      code: 'E_MODEL_UNSUPPORTED',
      message: expect.stringMatching(message),
    }),
  )
})

test('qwen3 has a head size of its own, 128 where the file does not say, and no bias', () => {
  const qwen3 = { ...llama, model_type: 'qwen3' }
  expect(configFromHuggingFace({ ...qwen3, head_dim: 24 })).toMatchObject({
    architecture: 'qwen3',
    attentionBias: false,
    shape: { headDim: 24 },
  })
  expect(configFromHuggingFace(qwen3).shape.headDim).toBe(128)
})

const llama3 = {
  rope_type: 'llama3',
  factor: 32,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 8192,
}

// Numbers of transformers 5.23 (ROPE_INIT_FUNCTIONS['llama3'], float32) for the same settings;
// within 1e-6.
test('Llama 3 scaling leaves short wavelengths, slows long ones and blends between', () => {
  const config = { ...llama, head_dim: 64, rope_theta: 500_000, rope_scaling: llama3 }
  const { ropeFactors } = configFromHuggingFace(config)
  expect(ropeFactors?.slice(0, 15)).toEqual(new Array(15).fill(1))
  expect(ropeFactors?.slice(18)).toEqual(new Array(14).fill(32))
  for (const [i, factor] of [1.6513291401749, 3.2922628042399933, 9.666730540721245].entries())
    expect(Math.abs(ropeFactors![15 + i]! / factor - 1)).toBeLessThan(1e-6)
  const { rope_scaling: _, rope_theta: __, ...rest } = config
  const newer = { ...rest, rope_parameters: { ...llama3, rope_theta: 500_000 } }
  expect(configFromHuggingFace(newer).ropeFactors).toEqual(ropeFactors)
})

test.each([
  [{ ...llama3, factor: undefined }],
  [{ ...llama3, high_freq_factor: 1 }],
  [{ ...llama3, low_freq_factor: 0 }],
  [{ ...llama3, factor: 0.5 }],
])('Llama 3 scaling with %j is E_MODEL_FILE', (rope_scaling) => {
  expect(() => configFromHuggingFace({ ...llama, rope_scaling })).toThrow(
    expect.objectContaining({ code: 'E_MODEL_FILE' }),
  )
})

test('GGUF: the numbers of rope_freqs.weight divide the frequencies; a wrong count is refused', () => {
  expect(configFromGguf(metadata, new Set(), 10, [1, 8]).ropeFactors).toEqual([1, 8])
  for (const freqs of [[1], [1, 0], [1, Number.NaN]])
    expect(() => configFromGguf(metadata, new Set(), 10, freqs)).toThrow(/rope factors/)
})
