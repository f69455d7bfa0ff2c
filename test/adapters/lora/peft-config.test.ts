import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeSafetensors, encodeSafetensors } from '../../../adapters/formats/safetensors.ts'
import { type Adapter, adapterLayout, segmentOf } from '../../../adapters/lora/layout.ts'
import { readPeft } from '../../../adapters/lora/peft.ts'
import { expectCode } from '../../support/expect-code.ts'

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

/** Row-major [out, in]: what the adapter adds to a linear. */
const deltaOf = ({ spec, flat }: Adapter, linear: string): number[] => {
  const layout = adapterLayout(shape, spec)
  const part = (factor: string) => layout.find((s) => s.name === `layers.${linear}.${factor}`)!
  const [a, b] = [part('A'), part('B')].map((segment) => segmentOf(flat, segment))
  return product(a!, b!, spec.rank, spec.alpha / spec.rank)
}
const product = (a: Float32Array, b: Float32Array, rank: number, scale: number): number[] => {
  const width = a.length / rank
  return Array.from({ length: (b.length / rank) * width }, (_, i) => {
    const [row, column] = [Math.floor(i / width), i % width]
    let sum = 0
    for (let r = 0; r < rank; r++) sum += b[row * rank + r]! * a[r * width + column]!
    return scale * sum
  })
}
const tensorOf = (name: string) => decodeSafetensors(weights).get(`${prefix}.${name}.weight`)!.data
const close = (got: number[], want: number[]) => {
  expect(got).toHaveLength(want.length)
  expect(Math.max(...got.map((x, i) => Math.abs(x - want[i]!)))).toBeLessThan(1e-5)
}
/** The published file with the first ranks alone of the linears that a pattern names. */
const cut = (pattern: RegExp, rank: number) =>
  encodeSafetensors(
    new Map(
      [...decodeSafetensors(weights)].map(([name, { shape: dims, data }]) => {
        if (!pattern.test(name)) return [name, { shape: dims, data }]
        if (name.includes('lora_A'))
          return [name, { shape: [rank, dims[1]!], data: data.slice(0, rank * dims[1]!) }]
        const kept = data.filter((_, i) => i % 4 < rank)
        return [name, { shape: [dims[0]!, rank], data: kept }]
      }),
    ),
  )

describe('patterns of ranks and alphas', () => {
  const q = 'self_attn.q_proj'
  const wanted = (layer: number, rank: number, alpha: number, linear = q) => {
    const a = tensorOf(`${layer}.${linear}.lora_A`).slice(0, rank * 64)
    const b = tensorOf(`${layer}.${linear}.lora_B`).filter((_, i) => i % 4 < rank)
    return product(a, b, rank, alpha / rank)
  }

  test.each<[string, object, number]>([
    ['a name', { rank_pattern: { q_proj: 2 }, alpha_pattern: { q_proj: 6 } }, 6],
    ['a longer name', { rank_pattern: { [q]: 2 }, alpha_pattern: { 'self_attn.q_proj': 3 } }, 3],
    [
      'a pattern, the first that matches',
      {
        rank_pattern: { '.*\\.(q|x)_proj': 2 },
        alpha_pattern: { '^model\\.layers\\.\\d+\\.self_attn\\.q_(?P<end>proj)': 5, q_proj: 7 },
      },
      5,
    ],
    ['stabilized ranks', { rank_pattern: { q_proj: 2 }, use_rslora: true }, 8 * Math.sqrt(2)],
  ])('%s says rank and alpha of a linear', (_, fields, alpha) => {
    const adapter = readPeft(withField(fields), cut(/q_proj/, 2), shape)
    expect(adapter.spec.rank).toBe(4)
    close(deltaOf(adapter, '1.q'), wanted(1, 2, alpha))
    const others = (fields as { use_rslora?: true }).use_rslora ? 16 : 8
    close(deltaOf(adapter, '1.v'), wanted(1, 4, others, 'self_attn.v_proj'))
  })

  test('full names of single linears, as EVA saves them', () => {
    const name = `model.layers.1.${q}`
    const fields = {
      init_lora_weights: 'eva',
      eva_config: { rho: 2, tau: 0.99 },
      rank_pattern: { [name]: 3 },
      alpha_pattern: { [name]: 6 },
    }
    const adapter = readPeft(withField(fields), cut(/layers\.1\.self_attn\.q_proj/, 3), shape)
    close(deltaOf(adapter, '1.q'), wanted(1, 3, 6))
    close(deltaOf(adapter, '2.q'), wanted(2, 4, 8))
  })

  test('patterns that change nothing leave the adapter as it is', () => {
    const fields = { rank_pattern: { q_proj: 4 }, alpha_pattern: { nothing: 99 } }
    expect(readPeft(withField(fields), weights, shape)).toEqual(readPeft(config, weights, shape))
  })

  test('an alpha above the bound of a spec is said by B', () => {
    const adapter = readPeft(withField({ lora_alpha: 50_000 }), weights, shape)
    // Divided by 16, which B takes without rounding.
    expect(adapter.spec.alpha).toBe(3125)
    const a = tensorOf(`0.${q}.lora_A`)
    const want = product(a, tensorOf(`0.${q}.lora_B`), 4, 12_500)
    const errors = deltaOf(adapter, '0.q').map((x, i) => Math.abs(x - want[i]!))
    expect(Math.max(...errors)).toBeLessThan(1e-3)
  })

  test('a rank above the bound is told as it is', () => {
    const wide = new Map(
      ['A', 'B'].map((f) => [
        `${prefix}.0.${q}.lora_${f}.weight`,
        { shape: f === 'A' ? [300, 64] : [64, 300], data: new Float32Array(300 * 64) },
      ]),
    )
    const text = withField({ r: 300, target_modules: [`model.layers.0.${q}`] })
    const error = expectCode('E_MODEL_UNSUPPORTED', () =>
      readPeft(text, encodeSafetensors(wide), shape),
    )
    expect(error.message).toMatch(/rank 300 .* at most 256/)
  })
})

describe('which linears', () => {
  const only1 = only((n) => /layers\.1\..*(q|v)_proj/.test(n))
  const targets = { target_modules: ['q_proj', 'v_proj'], layers_to_transform: [1] }
  test.each<[string, object]>([
    ['a pattern of layers as text', { ...targets, layers_pattern: 'layers' }],
    ['as a list', { ...targets, layers_pattern: ['h', 'layers'] }],
    ['an empty one', { ...targets, layers_pattern: [] }],
    ['a regular expression', { target_modules: '.*\\.1\\..*\\.(q|v)_proj' }],
    [
      'an exclusion by one',
      { target_modules: ['q_proj', 'v_proj'], exclude_modules: '.*layers\\.[023].*' },
    ],
    [
      'full names, whatever the layers say',
      {
        target_modules: ['q', 'v'].map((m) => `model.layers.1.self_attn.${m}_proj`),
        layers_to_transform: [3],
      },
    ],
    ['no targets, which are q and v', { target_modules: null, layers_to_transform: 1 }],
  ])('%s', (_, fields) => {
    const { spec } = readPeft(withField(fields), only1, shape)
    expect(spec).toMatchObject({ firstLayer: 1, endLayer: 2, modules: ['q', 'v'] })
  })

  test.each<[string, object]>([
    ['a pattern of layers that no name has', { ...targets, layers_pattern: 'h' }],
    ['another regular expression', { target_modules: '.*\\.1\\..*\\.q_proj' }],
  ])('%s does not announce what is there', (_, fields) => {
    expectCode('E_MODEL_FILE', () => readPeft(withField(fields), only1, shape))
  })
})
