/** LoRA adapters as llama.cpp loads them: one GGUF file of type `adapter` (llama.cpp: src/llama-adapter.cpp, convert_lora_to_gguf.py). */
import { encodeGguf, type GgufTensor, parseGguf } from '../codec/gguf.ts'
import { toFloat32 } from '../codec/safetensors.ts'
import { FedError } from '../errors.ts'
import { isFiniteVector } from '../math/vector.ts'
import { type Adapter, adapterLayout, type FactorSegment, layoutSize, segmentOf } from './layout.ts'
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

/** A file of F32 factors. llama.cpp adds (adapter.lora.alpha / r)·B·A.  E_SHAPE when flat is not of the layout. */
export const writeGgufLora = (
  spec: AdapterSpec,
  model: GgufModel,
  flat: Float32Array,
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
    ],
    tensors,
  )
}

/**
 * The adapter of a GGUF file on this model. Linears that it leaves out inside the layers and modules it covers become zeros.
 * Fails with E_MODEL_FILE (a broken file), E_MODEL_UNSUPPORTED (not plain LoRA, by name), E_BASE_MODEL (another
 * architecture), E_SHAPE, E_NOT_FINITE.
 */
export const readGgufLora = (bytes: Uint8Array, model: GgufModel): Adapter => {
  const header = parseGguf(bytes, bytes.length)
  if (!header) throw bad('the file ends inside its header')
  const { metadata, tensors } = header
  checkKind(metadata, model.architecture)
  const spec = specOf(tensors, metadata.get('adapter.lora.alpha'), model.shape)
  const layout = adapterLayout(model.shape, spec)
  const flat = new Float32Array(layoutSize(layout))
  for (const segment of layout) {
    const tensor = tensors.get(tensorName(segment))
    if (!tensor) continue
    if (String(tensor.shape) !== String(segment.shape))
      throw new FedError(
        'E_SHAPE',
        `${tensor.name}: expected [${segment.shape}], got [${tensor.shape}]`,
      )
    const data = numbersOf(tensor, bytes)
    const { heads } = rotaryOf(model, segment)
    segmentOf(flat, segment).set(heads ? halfSplitRows(data, segment.shape[0]!, heads) : data)
  }
  return { spec, flat }
}

const tensorName = ({ layer, module, factor }: FactorSegment): string =>
  `blk.${layer}.${GGUF_MODULES[module]}.weight.lora_${factor.toLowerCase()}`

/** heads: of the rows that the architecture reorders; none for others. */
const rotaryOf = (
  { architecture, shape }: GgufModel,
  { module, factor }: FactorSegment,
): { heads?: number } =>
  architecture !== 'llama' || factor !== 'B'
    ? {}
    : module === 'q'
      ? { heads: shape.heads }
      : module === 'k'
        ? { heads: shape.kvHeads }
        : {}

const checkKind = (metadata: ReadonlyMap<string, unknown>, architecture: string): void => {
  const expected = { 'general.type': 'adapter', 'adapter.type': 'lora' }
  for (const [key, value] of Object.entries(expected))
    if (metadata.get(key) !== value)
      throw unsupported(`${key} is ${shown(metadata.get(key))}, expected ${value}`)
  for (const key of metadata.keys())
    if (key.startsWith('adapter.') && key !== 'adapter.type' && key !== 'adapter.lora.alpha')
      throw unsupported(`${key.slice(0, 80)} is not plain LoRA`)
  const got = metadata.get('general.architecture')
  if (got !== architecture)
    throw new FedError(
      'E_BASE_MODEL',
      `the adapter is for architecture ${shown(got)}, this model is ${architecture}`,
    )
}

const MODULE_OF = new Map(MODULES.map((module) => [GGUF_MODULES[module], module]))

/** The layers, modules and the one rank that the tensors say together. */
const specOf = (
  tensors: ReadonlyMap<string, GgufTensor>,
  alpha: unknown,
  shape: ModelShape,
): AdapterSpec => {
  const layers: number[] = []
  const modules = new Set<Module>()
  const ranks = new Set<number>()
  for (const { name, shape: dims } of tensors.values()) {
    const match = /^blk\.(\d{1,4})\.(\w+)\.weight\.lora_([ab])$/.exec(name)
    const module = match && MODULE_OF.get(match[2]!)
    if (!match || !module) throw unsupported(`tensor ${name.slice(0, 80)} is no factor of a block`)
    const layer = Number(match[1])
    if (layer >= shape.layers)
      throw new FedError('E_SHAPE', `${name}: the model has ${shape.layers} layers`)
    const other = `${name.slice(0, -1)}${match[3] === 'a' ? 'b' : 'a'}`
    if (!tensors.has(other)) throw bad(`${other} is missing`)
    layers.push(layer)
    modules.add(module)
    ranks.add(match[3] === 'a' ? dims[0]! : dims.at(-1)!)
  }
  const [rank, ...others] = ranks
  if (rank === undefined) throw bad('it holds no LoRA factor')
  if (others.length > 0) throw unsupported(`factors of ranks ${[...ranks].join(' and ')}`)
  if (typeof alpha !== 'number' || !Number.isFinite(alpha) || alpha < 0)
    throw bad(`adapter.lora.alpha must be a number of at least 0, got ${shown(alpha)}`)
  return {
    firstLayer: Math.min(...layers),
    endLayer: Math.max(...layers) + 1,
    modules: MODULES.filter((module) => modules.has(module)),
    rank,
    // llama.cpp takes 0 for "no scaling".
    alpha: alpha === 0 ? rank : alpha,
  }
}

const numbersOf = ({ name, type, shape, start, bytes }: GgufTensor, file: Uint8Array) => {
  if (type !== 'F32' && type !== 'F16' && type !== 'BF16')
    throw unsupported(`tensor ${name} has type ${type}; factors are F32, F16 or BF16`)
  const data = toFloat32({ dtype: type, shape, data: file.subarray(start, start + bytes) })
  if (!isFiniteVector(data)) throw new FedError('E_NOT_FINITE', `${name}: expected finite numbers`)
  return data
}

const shown = (value: unknown): string => String(value ?? 'left out').slice(0, 60)

const bad = (what: string) => new FedError('E_MODEL_FILE', `GGUF adapter: ${what}`)

const unsupported = (what: string) => new FedError('E_MODEL_UNSUPPORTED', `GGUF adapter: ${what}`)
