import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  decodeSafetensors,
  encodeSafetensors,
  type Tensor,
} from '../../../adapters/formats/safetensors.ts'
import { adapterLayout, layoutSize, segmentOf } from '../../../adapters/lora/layout.ts'
import { readPeft, writePeft } from '../../../adapters/lora/peft.ts'
import { type AdapterSpec, MODULES } from '../../../adapters/lora/spec.ts'
import { seededRng } from '../../../adapters/random.ts'
import { expectCode } from '../../support/expect-code.ts'
import { randomVector } from '../../support/numbers.ts'

// Saved by PEFT 0.21.2 (see test/vectors/tiny-llama/README.md).
const folder = new URL('../../vectors/tiny-llama/adapter/', import.meta.url)
const config = readFileSync(new URL('adapter_config.json', folder), 'utf8')
const weights = readFileSync(new URL('adapter_model.safetensors', folder))
const shape = { layers: 4, hidden: 64, heads: 4, kvHeads: 2, headDim: 16, ffn: 96, vocab: 97 }

const withField = (fields: object) => JSON.stringify({ ...JSON.parse(config), ...fields })
const prefix = 'base_model.model.model.layers'
/** The published tensors whose names pass. */
const only = (keep: (name: string) => boolean) =>
  encodeSafetensors(new Map([...decodeSafetensors(weights)].filter(([name]) => keep(name))))

describe('readPeft', () => {
  test('reads an adapter as PEFT saved it', () => {
    const { spec, flat } = readPeft(config, weights, shape)
    expect(spec).toEqual({ firstLayer: 0, endLayer: 4, modules: [...MODULES], rank: 4, alpha: 8 })
    const layout = adapterLayout(shape, spec)
    expect(flat).toHaveLength(layoutSize(layout))
    const tensors = decodeSafetensors(weights)
    const find = (name: string) => segmentOf(flat, layout.find((s) => s.name === name)!)
    expect(find('layers.2.k.B')).toEqual(
      tensors.get(`${prefix}.2.self_attn.k_proj.lora_B.weight`)!.data,
    )
    expect(find('layers.3.down.A')).toEqual(
      tensors.get(`${prefix}.3.mlp.down_proj.lora_A.weight`)!.data,
    )
  })

  test('rank-stabilized scaling becomes the alpha of the same scale', () => {
    const { spec } = readPeft(withField({ use_rslora: true }), weights, shape)
    // alpha / √r there: 8 / 2.
    expect(spec.alpha / spec.rank).toBe(4)
  })

  test('a subset of layers and modules is read as such', () => {
    const text = withField({
      target_modules: ['q_proj', 'mlp.up_proj'],
      layers_to_transform: [1, 2],
    })
    const file = only((n) => /layers\.[12]\..*(q_proj|up_proj)/.test(n))
    const { spec } = readPeft(text, file, shape)
    expect(spec).toMatchObject({ firstLayer: 1, endLayer: 3, modules: ['q', 'up'] })
  })

  test('a layer left out in the middle becomes zeros', () => {
    const text = withField({ target_modules: ['q_proj'], layers_to_transform: [0, 2] })
    const { spec, flat } = readPeft(
      text,
      only((n) => /layers\.[02]\..*q_proj/.test(n)),
      shape,
    )
    const layout = adapterLayout(shape, spec)
    const isZero = (name: string) =>
      segmentOf(flat, layout.find((s) => s.name === name)!).every((x) => x === 0)
    expect(layout).toHaveLength(6)
    expect([isZero('layers.0.q.B'), isZero('layers.1.q.B'), isZero('layers.2.q.B')]).toEqual([
      false,
      true,
      false,
    ])
  })

  test.each([
    [
      'one layer as a number',
      { target_modules: 'all-linear', layers_to_transform: 1 },
      /layers\.1\./,
    ],
    ['a full name', { target_modules: ['model.layers.0.self_attn.v_proj'] }, /layers\.0\..*v_proj/],
    ['an exclusion', { exclude_modules: ['mlp.gate_proj'] }, /(?<!gate_proj)\.lora/],
    ["one of PEFT's patterns", { target_modules: '.*layers\\.3.*_proj' }, /layers\.3\./],
  ])('targets may be named by %s', (_, fields, names) => {
    const file = only((n) => names.test(n))
    expect(readPeft(withField(fields), file, shape).flat.length).toBeGreaterThan(0)
  })

  test.each([
    ['use_dora', { use_dora: true }],
    ['rank_pattern', { rank_pattern: { '(?i)Q_PROJ': 8 } }],
    ['alpha_pattern', { alpha_pattern: { 'q_proj++': 8 } }],
    ['bias', { bias: 'lora_only' }],
    ['lora_bias', { lora_bias: true }],
    ['modules_to_save', { modules_to_save: ['lm_head'] }],
    ['modules_to_save', { modules_to_save: ['score'] }],
    ['task_type', { task_type: 'SEQ_CLS' }],
    [
      'LlamaForSequenceClassification',
      { task_type: null, auto_mapping: { base_model_class: 'LlamaForSequenceClassification' } },
    ],
    ['fan_in_fan_out', { fan_in_fan_out: true }],
    ['layer_replication', { layer_replication: [[0, 4]] }],
    ['trainable_token_indices', { trainable_token_indices: [1] }],
    ['init_lora_weights', { init_lora_weights: 'pissa' }],
    ['init_lora_weights', { init_lora_weights: 'PiSSA_niter_4' }],
    ['peft_type', { peft_type: 'ADALORA' }],
    ['use_something_new', { use_something_new: true }],
  ])('%s is refused by name', (field, fields) => {
    const error = expectCode('E_MODEL_UNSUPPORTED', () =>
      readPeft(withField(fields), weights, shape),
    )
    expect(error.message).toContain(field)
  })

  test.each([
    ['text that is not JSON', '{', weights],
    ['a list', '[]', weights],
    ['no rank', withField({ r: 0 }), weights],
    ['a rank of a million', withField({ r: 1e6 }), weights],
    ['a rank of a billion', withField({ r: 1e9 }), weights],
    ['a rank of a billion in a pattern', withField({ rank_pattern: { q_proj: 1e9 } }), weights],
    ['an alpha of 1e30', withField({ lora_alpha: 1e30 }), weights],
    ['no alpha', withField({ lora_alpha: '8' }), weights],
    ['targets that are numbers', withField({ target_modules: [1] }), weights],
    ['a missing factor', config, only((n) => n !== `${prefix}.0.mlp.up_proj.lora_A.weight`)],
    ['a missing linear', config, only((n) => !n.includes('layers.0.mlp.up_proj'))],
    ['more linears than announced', withField({ target_modules: ['q_proj'] }), weights],
    ['no tensors', config, only(() => false)],
    ['a cut file', config, weights.subarray(0, weights.length - 4)],
  ])('%s is refused with E_MODEL_FILE', (_, text, file) => {
    expectCode('E_MODEL_FILE', () => readPeft(text, file, shape))
  })

  test('another rank, another model and numbers that are not finite are refused', () => {
    expectCode('E_SHAPE', () => readPeft(withField({ r: 8 }), weights, shape))
    expectCode('E_SHAPE', () => readPeft(config, weights, { ...shape, layers: 3 }))
    expectCode('E_SHAPE', () => readPeft(config, weights, { ...shape, ffn: 128 }))
    const tensors = decodeSafetensors(weights)
    tensors.values().next().value!.data[0] = Number.NaN
    expectCode('E_NOT_FINITE', () => readPeft(config, encodeSafetensors(tensors), shape))
  })

  test('a factor outside the blocks is refused by name', () => {
    const tensors = decodeSafetensors(weights)
    tensors.set('base_model.model.lm_head.lora_A.weight', { shape: [1], data: new Float32Array(1) })
    const error = expectCode('E_MODEL_UNSUPPORTED', () =>
      readPeft(config, encodeSafetensors(tensors), shape),
    )
    expect(error.message).toContain('lm_head')
  })

  test('the sizes of another model are told with the name that the file gives it', () => {
    const text = withField({ base_model_name_or_path: 'some/other-model' })
    const error = expectCode('E_SHAPE', () => readPeft(text, weights, { ...shape, hidden: 128 }))
    expect(error.message).toMatch(
      /for another model, "some\/other-model": .*expected \[.*128.*\], got \[.*64.*\]/,
    )
    const deep = expectCode('E_SHAPE', () => readPeft(text, weights, { ...shape, layers: 3 }))
    expect(deep.message).toMatch(/"some\/other-model": .*this model has 3 layers/)
  })

  test('a rank that the file does not have is told in the numbers of the file', () => {
    const error = expectCode('E_SHAPE', () => readPeft(withField({ r: 8 }), weights, shape))
    expect(error.message).toMatch(/expected rank 8 as adapter_config.json says, got \[4,/)
  })
})

describe('names as other programs leave them', () => {
  const renamed = (change: (name: string) => string) =>
    encodeSafetensors(new Map([...decodeSafetensors(weights)].map(([n, t]) => [change(n), t])))
  const whole = readPeft(config, weights, shape)

  test.each<[string, (name: string) => string]>([
    ['the adapter left in them (DeepSpeed)', (n) => n.replace('.weight', '.default.weight')],
    ['a model without its LM head', (n) => n.replace('model.model.layers', 'model.layers')],
    ['no prefix at all', (n) => n.replace('base_model.model.', '')],
    ['FSDP', (n) => n.replace('.layers.', '._fsdp_wrapped_module.layers.')],
    ['torch.compile', (n) => n.replace('base_model.model.', 'base_model.model._orig_mod.')],
  ])('%s', (_, change) => {
    expect(readPeft(config, renamed(change), shape)).toEqual(whole)
  })

  test('two adapters in one file are refused', () => {
    const tensors = new Map<string, Tensor>()
    for (const [name, tensor] of decodeSafetensors(weights))
      for (const adapter of ['one', 'two'])
        tensors.set(name.replace('.weight', `.${adapter}.weight`), tensor)
    const error = expectCode('E_MODEL_FILE', () =>
      readPeft(config, encodeSafetensors(tensors), shape),
    )
    expect(error.message).toContain('several adapters')
  })
})

describe('embeddings saved beside LoRA', () => {
  const embed = randomVector(seededRng('embed'), 97 * 64)
  const base = () => embed
  const withEmbedding = (data: Float32Array, name: string) =>
    encodeSafetensors(
      new Map<string, Tensor>([...decodeSafetensors(weights), [name, { shape: [97, 64], data }]]),
    )
  const names = ['base_model.model.model.embed_tokens.weight', 'base_model.model.lm_head.weight']

  test.each(names)('%s is passed over where it is the base’s own', (name) => {
    const file = withEmbedding(embed, name)
    expect(readPeft(config, file, shape, { baseTensor: base })).toEqual(
      readPeft(config, weights, shape),
    )
    const module = name.split('.').at(-2)
    const text = withField({ modules_to_save: [module] })
    expect(readPeft(text, file, shape, { baseTensor: base }).spec.rank).toBe(4)
  })

  test('another count of tokens is told', () => {
    const file = withEmbedding(embed, names[0]!)
    const small = { baseTensor: () => embed.subarray(64) }
    const error = expectCode('E_MODEL_UNSUPPORTED', () => readPeft(config, file, shape, small))
    expect(error.message).toContain('resized to [97,64]')
  })

  test.each(names)('%s is refused where it is not, and it says what to do', (name) => {
    const other = embed.slice()
    other[5]! += 1e-6
    const file = withEmbedding(other, name)
    for (const baseTensor of [base, undefined]) {
      const error = expectCode('E_MODEL_UNSUPPORTED', () =>
        readPeft(config, file, shape, { baseTensor }),
      )
      expect(error.message).toMatch(/not this model's own.*save_embedding_layers=False/)
    }
  })
})

describe('writePeft', () => {
  test.each<[string, AdapterSpec]>([
    ['the whole model', { firstLayer: 0, endLayer: 4, modules: [...MODULES], rank: 4, alpha: 8 }],
    ['some layers', { firstLayer: 1, endLayer: 3, modules: ['q', 'v', 'down'], rank: 2, alpha: 3 }],
    ['one linear', { firstLayer: 3, endLayer: 4, modules: ['o'], rank: 1, alpha: 0.5 }],
  ])('what is written for %s is read back as it was', (_, spec) => {
    const flat = randomVector(seededRng('peft'), layoutSize(adapterLayout(shape, spec)))
    const written = writePeft(spec, shape, flat)
    expect(readPeft(written.config, written.safetensors, shape)).toEqual({ spec, flat })
  })

  test("PEFT's own adapter is written as the same tensors", () => {
    const { spec, flat } = readPeft(config, weights, shape)
    const written = writePeft(spec, shape, flat, 'a/model')
    const sorted = (file: Uint8Array) =>
      [...decodeSafetensors(file)].sort(([a], [b]) => (a < b ? -1 : 1))
    expect(sorted(written.safetensors)).toEqual(sorted(weights))
    // Every field it writes is one that PEFT knows; those that shape the function have PEFT's values.
    const theirs = JSON.parse(config)
    const ours = JSON.parse(written.config)
    expect(Object.keys(theirs)).toEqual(expect.arrayContaining(Object.keys(ours)))
    const { target_modules: targets, base_model_name_or_path: base, ...rest } = ours
    expect(theirs).toMatchObject(rest)
    expect([...targets].sort()).toEqual([...theirs.target_modules].sort())
    expect(base).toBe('a/model')
  })

  test('a vector of another size is refused with E_SHAPE', () => {
    const spec: AdapterSpec = { firstLayer: 0, endLayer: 1, modules: ['q'], rank: 1, alpha: 1 }
    expectCode('E_SHAPE', () => writePeft(spec, shape, new Float32Array(3)))
  })
})
