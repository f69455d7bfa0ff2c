import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { encodeGguf, type GgufEntry, parseGguf } from '../../../adapters/formats/gguf.ts'
import { ggufLoraBase, readGgufLora, writeGgufLora } from '../../../adapters/lora/gguf-lora.ts'
import { adapterLayout, layoutSize, segmentOf } from '../../../adapters/lora/layout.ts'
import { readPeft } from '../../../adapters/lora/peft.ts'
import { type AdapterSpec, MODULES } from '../../../adapters/lora/spec.ts'
import { seededRng } from '../../../adapters/random.ts'
import { expectCode } from '../../support/expect-code.ts'
import { randomVector } from '../../support/numbers.ts'

const shape = { layers: 4, hidden: 64, heads: 4, kvHeads: 2, headDim: 16, ffn: 96, vocab: 97 }
const vectors = new URL('../../vectors/', import.meta.url)
const file = (name: string) => readFileSync(new URL(name, vectors))
const llama = { architecture: 'llama', shape }
const qwen2 = { architecture: 'qwen2', shape }

// Made by gguf-py from the PEFT folder (see test/vectors/gguf/README.md).
describe('readGgufLora', () => {
  const peft = readPeft(
    file('tiny-llama/adapter/adapter_config.json').toString(),
    file('tiny-llama/adapter/adapter_model.safetensors'),
    shape,
  )
  const expected = (name: string) =>
    segmentOf(peft.flat, adapterLayout(shape, peft.spec).find((s) => s.name === name)!)

  test.each([
    ['llama', llama, 0],
    // Half a unit in the last place of a float16.
    ['qwen2', qwen2, 2 ** -11],
  ])('what gguf-py wrote for %s is the adapter that PEFT saved', (name, model, tolerance) => {
    const { spec, flat } = readGgufLora(file(`gguf/lora-${name}.gguf`), model)
    const modules = ['q', 'k', 'v', 'down']
    expect(spec).toEqual({ firstLayer: 1, endLayer: 3, modules, rank: 4, alpha: 8 })
    for (const segment of adapterLayout(shape, spec)) {
      const want = expected(segment.name)
      for (const [i, got] of segmentOf(flat, segment).entries())
        expect(Math.abs(got - want[i]!)).toBeLessThanOrEqual(tolerance * Math.abs(want[i]!))
    }
  })

  test('an adapter for another architecture is refused', () => {
    const error = expectCode('E_BASE_MODEL', () =>
      readGgufLora(file('gguf/lora-llama.gguf'), qwen2),
    )
    expect(error.message).toContain('llama')
  })
})

describe('writeGgufLora', () => {
  test.each<[string, AdapterSpec]>([
    ['the whole model', { firstLayer: 0, endLayer: 4, modules: [...MODULES], rank: 4, alpha: 8 }],
    ['some layers', { firstLayer: 1, endLayer: 3, modules: ['q', 'k', 'o'], rank: 2, alpha: 3 }],
  ])('what is written for %s is read back as it was', (_, spec) => {
    const flat = randomVector(seededRng('gguf'), layoutSize(adapterLayout(shape, spec)))
    for (const model of [llama, qwen2])
      expect(readGgufLora(writeGgufLora(spec, model, flat), model)).toEqual({ spec, flat })
  })

  test('the published file comes out again, tensor for tensor', () => {
    const bytes = file('gguf/lora-llama.gguf')
    const { spec, flat } = readGgufLora(bytes, llama)
    const ours = writeGgufLora(spec, llama, flat)
    const tensors = (data: Uint8Array) =>
      new Map(
        [...parseGguf(data, data.length)!.tensors].map(
          ([name, { type, shape: dims, ...place }]) => [
            name,
            {
              type,
              dims,
              numbers: Buffer.from(data.subarray(place.start, place.start + place.bytes)).toString(
                'hex',
              ),
            },
          ],
        ),
      )
    expect(tensors(ours)).toEqual(tensors(bytes))
  })

  test('a vector of another length is E_SHAPE', () => {
    const spec: AdapterSpec = { firstLayer: 0, endLayer: 1, modules: ['q'], rank: 1, alpha: 1 }
    expectCode('E_SHAPE', () => writeGgufLora(spec, llama, new Float32Array(3)))
  })
})

const ENTRIES: GgufEntry[] = [
  ['general.type', 'text', 'adapter'],
  ['general.architecture', 'text', 'llama'],
  ['adapter.type', 'text', 'lora'],
  ['adapter.lora.alpha', 'f32', 4],
]
type Tensors = Record<string, { shape: number[]; data: Float32Array }>
const zeros = (...dims: number[]) => ({
  shape: dims,
  data: new Float32Array(dims.reduce((a, b) => a * b, 1)),
})
const PAIR: Tensors = {
  'blk.1.attn_v.weight.lora_a': zeros(2, 64),
  'blk.1.attn_v.weight.lora_b': zeros(32, 2),
}
const bytesOf = (tensors: Tensors, change: Record<string, GgufEntry | null> = {}) =>
  encodeGguf(
    [
      ...ENTRIES.flatMap((entry) => {
        const other = change[entry[0]]
        return other === undefined ? [entry] : other === null ? [] : [other]
      }),
      ...Object.values(change).filter((e) => e && !ENTRIES.some(([key]) => key === e[0])),
    ] as GgufEntry[],
    new Map(Object.entries(tensors)),
  )
const read = (tensors: Tensors, change = {}) => readGgufLora(bytesOf(tensors, change), llama)

test('an alpha of zero is no scaling, as in llama.cpp', () => {
  const change = { 'adapter.lora.alpha': ['adapter.lora.alpha', 'f32', 0] }
  expect(read(PAIR, change).spec).toMatchObject({ rank: 2, alpha: 2 })
})

test('factors of two ranks are filled up with zeros, each under its own scale', () => {
  const wide = { shape: [3, 64], data: new Float32Array(192).fill(1) }
  const tall = { shape: [32, 3], data: new Float32Array(96).fill(1) }
  const adapter = read({
    ...PAIR,
    'blk.0.attn_v.weight.lora_a': wide,
    'blk.0.attn_v.weight.lora_b': tall,
  })
  expect(adapter.spec).toMatchObject({ firstLayer: 0, endLayer: 2, modules: ['v'], rank: 3 })
  const layout = adapterLayout(shape, adapter.spec)
  const b = segmentOf(adapter.flat, layout.find((s) => s.name === 'layers.0.v.B')!)
  // llama.cpp: alpha 4 over rank 3.
  expect((b[0]! * adapter.spec.alpha) / 3).toBeCloseTo(4 / 3, 6)
})

test('labels that llama.cpp only shows are passed over', () => {
  const change = {
    task: ['adapter.lora.task_name', 'text', 'chat'],
    prompt: ['adapter.lora.prompt_prefix', 'text', 'Say: '],
  }
  expect(read(PAIR, change)).toEqual(read(PAIR))
})

test('the base is named for people and other programs', () => {
  const spec: AdapterSpec = { firstLayer: 0, endLayer: 1, modules: ['q'], rank: 1, alpha: 1 }
  const flat = new Float32Array(layoutSize(adapterLayout(shape, spec)))
  const named = (base: string | null) => {
    const bytes = writeGgufLora(spec, llama, flat, base)
    const { metadata } = parseGguf(bytes, bytes.length)!
    expect(readGgufLora(bytes, llama).spec).toEqual(spec)
    return [ggufLoraBase(metadata), metadata.get('general.base_model.0.name')]
  }
  expect(named('owner/Model-1B')).toEqual(['https://huggingface.co/owner/Model-1B', 'Model-1B'])
  expect(named('/models/own')).toEqual(['own', 'own'])
  expect(named(null)).toEqual([null, undefined])
})

test.each([
  [
    'a model',
    PAIR,
    { 'general.type': ['general.type', 'text', 'model'] },
    'E_MODEL_UNSUPPORTED',
    /general.type is model.*loreweave init --model/,
  ],
  [
    'another kind',
    PAIR,
    { 'adapter.type': ['adapter.type', 'text', 'dora'] },
    'E_MODEL_UNSUPPORTED',
    /adapter.type is dora/,
  ],
  [
    'an activated LoRA',
    PAIR,
    { x: ['adapter.alora.invocation_tokens', 'u32', 1] },
    'E_MODEL_UNSUPPORTED',
    /adapter.alora.invocation_tokens/,
  ],
  ['no alpha', PAIR, { 'adapter.lora.alpha': null }, 'E_MODEL_FILE', /alpha/],
  ['no factor', {}, {}, 'E_MODEL_FILE', /no LoRA factor/],
  [
    'a factor of the embedding',
    { ...PAIR, 'token_embd.weight.lora_a': zeros(2, 64) },
    {},
    'E_MODEL_UNSUPPORTED',
    /token_embd.weight.lora_a/,
  ],
  [
    'half a pair',
    { 'blk.1.attn_v.weight.lora_a': zeros(2, 64) },
    {},
    'E_MODEL_FILE',
    /blk.1.attn_v.weight.lora_b is missing/,
  ],
  [
    'a layer too many',
    { 'blk.9.attn_v.weight.lora_a': zeros(2, 64), 'blk.9.attn_v.weight.lora_b': zeros(32, 2) },
    {},
    'E_SHAPE',
    /4 layers/,
  ],
  [
    'another size',
    { 'blk.1.attn_v.weight.lora_a': zeros(2, 60), 'blk.1.attn_v.weight.lora_b': zeros(32, 2) },
    {},
    'E_SHAPE',
    /expected \[2,64\], got \[2,60\]/,
  ],
  [
    'a number that is none',
    {
      ...PAIR,
      'blk.1.attn_v.weight.lora_b': { shape: [32, 2], data: new Float32Array(64).fill(Number.NaN) },
    },
    {},
    'E_NOT_FINITE',
    /lora_b/,
  ],
] as const)('%s is refused by name', (_, tensors, change, code, message) => {
  const error = expectCode(code, () => read(tensors as Tensors, change))
  expect(error.message).toMatch(message)
})

test('quantized factors are refused, and it says how to convert them', () => {
  const bytes = bytesOf(PAIR)
  const { tensors } = parseGguf(bytes, bytes.length)!
  const name = Buffer.from('blk.1.attn_v.weight.lora_a')
  // Behind the name: the number of axes, two sizes, then the type.
  const at = Buffer.from(bytes).indexOf(name) + name.length + 4 + 16
  new DataView(bytes.buffer).setUint32(at, 8, true)
  expect(tensors.size).toBe(2)
  const error = expectCode('E_MODEL_UNSUPPORTED', () => readGgufLora(bytes, llama))
  expect(error.message).toMatch(/type Q8_0.*convert_lora_to_gguf.py --outtype f16/)
})

test('an alpha that is absurd, or another model’s sizes, are told as the file says them', () => {
  const alpha = { 'adapter.lora.alpha': ['adapter.lora.alpha', 'f32', 1e9] }
  expect(expectCode('E_MODEL_FILE', () => read(PAIR, alpha)).message).toContain('1000000000')
  const base = { base: ['general.base_model.0.name', 'text', 'Other'] }
  const error = expectCode('E_SHAPE', () =>
    readGgufLora(bytesOf(PAIR, base as never), { ...llama, shape: { ...shape, hidden: 32 } }),
  )
  expect(error.message).toMatch(/another model, "Other": .*expected \[2,32\], got \[2,64\]/)
})

test('a cut file is refused', () => {
  const bytes = bytesOf(PAIR)
  for (let length = 0; length < bytes.length; length += 13)
    expectCode('E_MODEL_FILE', () => readGgufLora(bytes.subarray(0, length), llama))
})
