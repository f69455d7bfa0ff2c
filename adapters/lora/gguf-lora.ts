/** LoRA adapters as llama.cpp loads them: one GGUF file of type `adapter` (llama.cpp:
 *  src/llama-adapter.cpp, convert_lora_to_gguf.py). */

import { FedError } from '../errors.ts'
import { encodeGguf, type GgufEntry, type GgufTensor, parseGguf } from '../formats/gguf.ts'
import { toFloat32 } from '../formats/safetensors.ts'
import { isFiniteVector } from '../math/vector.ts'
import { type Adapter, adapterLayout, type FactorSegment, layoutSize, segmentOf } from './layout.ts'
import { adapterOfLinears, factorShapes, type LinearLora, otherModel } from './linears.ts'
import { halfSplitRows, interleavedRows } from './rotary-rows.ts'
import { type AdapterSpec, MODULES, type ModelShape, type Module } from './spec.ts'

/** What GGUF files call each linear of a block. */
export const GGUF_MODULES: Readonly<Record<Module, string>> = {
  q: 'attn_q',
  k: 'attn_k',
  v: 'attn_v',
  o: 'attn_output',
  gate: 'ffn_gate',
  up: 'ffn_up',
  down: 'ffn_down',
}

/** architecture: GGUF's name of it; `llama` alone keeps q's and k's rows interleaved. */
export type GgufModel = { readonly architecture: string; readonly shape: ModelShape }

/** A file of F32 factors. llama.cpp adds (adapter.lora.alpha / r)·B·A. base: a Hub name or a path,
 *  for people and other programs. E_SHAPE when flat is not of the layout. */
export const writeGgufLora = (
  spec: AdapterSpec,
  model: GgufModel,
  flat: Float32Array,
  base: string | null = null,
): Uint8Array => {
  const layout = adapterLayout(model.shape, spec)
  if (flat.length !== layoutSize(layout))
    throw new FedError('E_SHAPE', `expected ${layoutSize(layout)} numbers, got ${flat.length}`)
  const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>()
  for (const segment of layout) {
    const { heads } = rotaryOf(model, segment)
    const data = segmentOf(flat, segment)
    tensors.set(tensorName(segment), {
      shape: segment.shape,
      data: heads ? interleavedRows(data, segment.shape[0]!, heads) : data,
    })
  }
  return encodeGguf(
    [
      ['general.type', 'text', 'adapter'],
      ['general.architecture', 'text', model.architecture],
      ['adapter.type', 'text', 'lora'],
      ['adapter.lora.alpha', 'f32', spec.alpha],
      ...(base === null ? [] : baseEntries(base)),
    ],
    tensors,
  )
}

/** As convert_lora_to_gguf.py names the base. */
const baseEntries = (base: string): GgufEntry[] => [
  ['general.base_model.count', 'u32', 1],
  ['general.base_model.0.name', 'text', base.split(/[\\/]/).at(-1) || base],
  ...(/^[\w.-]+\/[\w.-]+$/.test(base)
    ? [['general.base_model.0.repo_url', 'text', `https://huggingface.co/${base}`] as const]
    : []),
]

/**
 * The adapter of a GGUF file on this model; the function is llama.cpp's (see linears.ts). Fails
 * with E_MODEL_FILE (a broken file), E_MODEL_UNSUPPORTED (not plain LoRA, by name), E_BASE_MODEL
 * (another architecture), E_SHAPE, E_NOT_FINITE.
 */
export const readGgufLora = (bytes: Uint8Array, model: GgufModel): Adapter => {
  const header = parseGguf(bytes, bytes.length)
  if (!header) throw bad('the file ends inside its header')
  const { metadata, tensors } = header
  checkKind(metadata, model.architecture)
  const alpha = alphaOf(metadata.get('adapter.lora.alpha'))
  const base = ggufLoraBase(metadata)
  const linears = pairsOf(tensors, model.shape, base).map(({ layer, module, a, b }): LinearLora => {
    const rank = a.shape[0]!
    const want = factorShapes(model.shape, module, rank)
    for (const [tensor, expected] of [
      [a, want.a],
      [b, want.b],
    ] as const)
      if (String(tensor.shape) !== String(expected))
        throw otherModel(base, `${tensor.name}: expected [${expected}], got [${tensor.shape}]`)
    const { heads } = rotaryOf(model, { module, factor: 'B' })
    const numbers = numbersOf(b, bytes)
    return {
      ...{ layer, module, rank },
      // llama.cpp takes 0 for "no scaling".
      alpha: alpha === 0 ? rank : alpha,
      a: numbersOf(a, bytes),
      b: heads ? halfSplitRows(numbers, want.b[0], heads) : numbers,
    }
  })
  return adapterOfLinears(model.shape, linears)
}

/** What the file calls the model that it was made for. */
export const ggufLoraBase = (metadata: ReadonlyMap<string, unknown>): string | null => {
  const value = ['general.base_model.0.repo_url', 'general.base_model.0.name']
    .map((key) => metadata.get(key))
    .find((text) => typeof text === 'string')
  return typeof value === 'string' ? value : null
}

const tensorName = ({ layer, module, factor }: FactorSegment): string =>
  `blk.${layer}.${GGUF_MODULES[module]}.weight.lora_${factor.toLowerCase()}`

/** heads: of the rows that the architecture reorders; none for others. */
const rotaryOf = (
  { architecture, shape }: GgufModel,
  { module, factor }: Pick<FactorSegment, 'module' | 'factor'>,
): { heads?: number } =>
  architecture !== 'llama' || factor !== 'B'
    ? {}
    : module === 'q'
      ? { heads: shape.heads }
      : module === 'k'
        ? { heads: shape.kvHeads }
        : {}

/** The last two are labels that llama.cpp only shows. */
const KNOWN_KEYS = [
  ...['adapter.type', 'adapter.lora.alpha', 'adapter.lora.task_name', 'adapter.lora.prompt_prefix'],
]

const checkKind = (metadata: ReadonlyMap<string, unknown>, architecture: string): void => {
  const type = metadata.get('general.type')
  if (type !== 'adapter')
    throw unsupported(
      `general.type is ${shown(type)}, expected ` +
        `adapter${type === 'model' ? ': use the file as the local model with loreweave init --model' : ''}`,
    )
  const expected = { 'adapter.type': 'lora' }
  for (const [key, value] of Object.entries(expected))
    if (metadata.get(key) !== value)
      throw unsupported(`${key} is ${shown(metadata.get(key))}, expected ${value}`)
  for (const key of metadata.keys())
    if (key.startsWith('adapter.') && !KNOWN_KEYS.includes(key))
      throw unsupported(`${key.slice(0, 80)} is not plain LoRA`)
  const got = metadata.get('general.architecture')
  if (got !== architecture)
    throw new FedError(
      'E_BASE_MODEL',
      `the adapter is for architecture ${shown(got)}, this model is ${architecture}`,
    )
}

const MODULE_OF = new Map(MODULES.map((module) => [GGUF_MODULES[module], module]))

type Pair = {
  readonly layer: number
  readonly module: Module
  readonly a: GgufTensor
  readonly b: GgufTensor
}

/** Both factors of every linear that the file holds. */
const pairsOf = (
  tensors: ReadonlyMap<string, GgufTensor>,
  shape: ModelShape,
  base: string | null,
): Pair[] => {
  const pairs: Pair[] = []
  for (const { name } of tensors.values()) {
    const match = /^blk\.(\d{1,4})\.(\w+)\.weight\.lora_([ab])$/.exec(name)
    const module = match && MODULE_OF.get(match[2]!)
    if (!match || !module) throw unsupported(`tensor ${name.slice(0, 80)} is no factor of a block`)
    const layer = Number(match[1])
    if (layer >= shape.layers)
      throw otherModel(base, `${name}: this model has ${shape.layers} layers`)
    const stem = name.slice(0, -1)
    const [a, b] = [tensors.get(`${stem}a`), tensors.get(`${stem}b`)]
    if (!a || !b) throw bad(`${stem}${a ? 'b' : 'a'} is missing`)
    if (match[3] === 'a') pairs.push({ layer, module, a, b })
  }
  if (pairs.length === 0) throw bad('it holds no LoRA factor')
  return pairs
}

const alphaOf = (alpha: unknown): number => {
  if (typeof alpha !== 'number' || !(alpha >= 0 && alpha <= MAX_GGUF_ALPHA))
    throw bad(
      `adapter.lora.alpha must be a number from 0 to ${MAX_GGUF_ALPHA}, got ${shown(alpha)}`,
    )
  return alpha
}
const MAX_GGUF_ALPHA = 1e6

const numbersOf = ({ name, type, shape, start, bytes }: GgufTensor, file: Uint8Array) => {
  if (type !== 'F32' && type !== 'F16' && type !== 'BF16')
    throw unsupported(
      `tensor ${name} has type ${type}; factors are F32, F16 or BF16: convert again ` +
        'with convert_lora_to_gguf.py --outtype f16',
    )
  const data = toFloat32({ dtype: type, shape, data: file.subarray(start, start + bytes) })
  if (!isFiniteVector(data)) throw new FedError('E_NOT_FINITE', `${name}: expected finite numbers`)
  return data
}

const shown = (value: unknown): string => String(value ?? 'left out').slice(0, 60)

const bad = (what: string) => new FedError('E_MODEL_FILE', `GGUF adapter: ${what}`)

const unsupported = (what: string) => new FedError('E_MODEL_UNSUPPORTED', `GGUF adapter: ${what}`)
