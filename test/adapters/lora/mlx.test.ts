import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeSafetensors, encodeSafetensors } from '../../../adapters/formats/safetensors.ts'
import { checkMlxConfig, isMlxConfig, readMlx } from '../../../adapters/lora/mlx.ts'
import { readPeft } from '../../../adapters/lora/peft.ts'
import { expectCode } from '../../support/expect-code.ts'

// The published PEFT adapter, said as mlx-lm says it.
const folder = new URL('../../vectors/tiny-llama/adapter/', import.meta.url)
const peftConfig = readFileSync(new URL('adapter_config.json', folder), 'utf8')
const peftWeights = readFileSync(new URL('adapter_model.safetensors', folder))
const shape = { layers: 4, hidden: 64, heads: 4, kvHeads: 2, headDim: 16, ffn: 96, vocab: 97 }
const config = {
  fine_tune_type: 'lora',
  lora_parameters: { rank: 4, scale: 2, dropout: 0 },
  num_layers: -1,
  model: 'some/model',
}
const turned = ({
  shape: [rows = 0, columns = 0],
  data,
}: {
  shape: number[]
  data: Float32Array
}) => ({
  shape: [columns, rows],
  data: data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!),
})
const tensors = new Map(
  [...decodeSafetensors(peftWeights)].map(([name, tensor]) => [
    name
      .replace('base_model.model.', '')
      .replace(/lora_([AB])\.weight/, (_, f) => `lora_${f.toLowerCase()}`),
    turned(tensor),
  ]),
)
const file = encodeSafetensors(tensors)
const only = (keep: (name: string) => boolean) =>
  encodeSafetensors(new Map([...tensors].filter(([name]) => keep(name))))
const read = (change: object = {}, weights = file, at = shape) =>
  readMlx(checkMlxConfig({ ...config, ...change }), weights, at)

test('transposed factors and a plain scale are the same adapter', () => {
  const { spec, flat } = readPeft(peftConfig, peftWeights, shape)
  expect(read()).toEqual({ spec, flat })
  // The very same numbers under another factor.
  const lora_parameters = { rank: 4, scale: 20, dropout: 0 }
  expect(read({ lora_parameters })).toEqual({ spec: { ...spec, alpha: 80 }, flat })
})

test('the last layers alone, keys, and a scale below zero', () => {
  const last = only((name) => /layers\.[23]\..*q_proj/.test(name))
  const keys = ['self_attn.q_proj']
  const lora_parameters = { ...config.lora_parameters, scale: -2, keys }
  const { spec } = read({ num_layers: 2, lora_parameters }, last)
  expect(spec).toMatchObject({ firstLayer: 2, endLayer: 4, modules: ['q'] })
  const early = { lora_layers: 2, num_layers: undefined, fine_tune_type: undefined }
  expect(read(early, last).spec).toMatchObject({ firstLayer: 2, alpha: 8 })
})

test('an alpha of the rank, which changes nothing in any version, is passed over', () => {
  const lora_parameters = { rank: 4, alpha: 4, scale: 2, dropout: 0 }
  expect(read({ lora_parameters })).toEqual(read())
})

test('an empty table of metadata, as mlx writes it, is none', () => {
  const length = Number(new DataView(file.buffer).getBigUint64(0, true))
  const header = JSON.parse(Buffer.from(file.subarray(8, 8 + length)).toString())
  const json = Buffer.from(JSON.stringify({ __metadata__: null, ...header }))
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(json.length))
  expect(read({}, Buffer.concat([size, json, file.subarray(8 + length)]))).toEqual(read())
})

test('a configuration is mlx-lm’s by its own fields', () => {
  expect(isMlxConfig(config)).toBe(true)
  expect(isMlxConfig(JSON.parse(peftConfig))).toBe(false)
  expect(isMlxConfig({ model_type: 'llama' })).toBe(false)
})

describe('refused by name', () => {
  test.each<[string, object, string, RegExp]>([
    [
      'DoRA',
      { fine_tune_type: 'dora' },
      'E_MODEL_UNSUPPORTED',
      /mlx-lm adapter.*DoRA.*mlx_lm.fuse/,
    ],
    [
      'whole weights',
      { fine_tune_type: 'full' },
      'E_MODEL_UNSUPPORTED',
      /whole weights.*mlx_lm.fuse/,
    ],
    [
      'a rank of a billion',
      { lora_parameters: { rank: 1e9, scale: 2 } },
      'E_MODEL_FILE',
      /1000000000/,
    ],
    ['no scale', { lora_parameters: { rank: 4, alpha: 16 } }, 'E_MODEL_FILE', /scale.*left out/],
    [
      'an alpha that some versions multiply by and others do not',
      { lora_parameters: { rank: 4, alpha: 16, scale: 10 } },
      'E_MODEL_UNSUPPORTED',
      /alpha 16 beside scale 10: mlx-lm before 0.15 .*\(40\).* take alpha out/,
    ],
    ['another rank', { lora_parameters: { rank: 8, scale: 2 } }, 'E_SHAPE', /rank 8 .* got \[/],
    ['fewer layers than there are', { num_layers: 2 }, 'E_MODEL_FILE', /num_layers is 2 of 4/],
  ])('%s', (_, change, code, message) => {
    expect(expectCode(code as 'E_SHAPE', () => read(change)).message).toMatch(message)
  })

  test('another model, with the name that the file gives it', () => {
    const error = expectCode('E_SHAPE', () => read({}, file, { ...shape, ffn: 80 }))
    expect(error.message).toMatch(/another model, "some\/model": .*96/)
    expect(expectCode('E_SHAPE', () => read({}, file, { ...shape, layers: 2 })).message).toMatch(
      /"some\/model": .*this model has 2 layers/,
    )
  })

  test.each([
    ['model.embed_tokens.lora_a', /embed_tokens.lora_a/],
    ['model.layers.0.self_attn.qkv_proj.lora_a', /qkv_proj/],
    ['model.layers.0.self_attn.q_proj.m', /q_proj.m is not/],
  ])('%s', (name, message) => {
    const more = new Map([
      ...tensors,
      [name, { shape: [1, 1], data: new Float32Array(1) }] as const,
    ])
    const error = expectCode('E_MODEL_UNSUPPORTED', () => read({}, encodeSafetensors(more)))
    expect(error.message).toMatch(message)
  })

  test('half a pair, nothing, and numbers that are none', () => {
    const half = only((name) => !name.endsWith('layers.1.mlp.up_proj.lora_b'))
    expect(expectCode('E_MODEL_FILE', () => read({}, half)).message).toContain('lora_b is missing')
    expectCode('E_MODEL_FILE', () =>
      read(
        {},
        only(() => false),
      ),
    )
    const broken = new Map(tensors)
    const [name, tensor] = [...tensors][3]!
    broken.set(name, { ...tensor, data: tensor.data.map(() => Number.NaN) })
    expectCode('E_NOT_FINITE', () => read({}, encodeSafetensors(broken)))
  })
})
