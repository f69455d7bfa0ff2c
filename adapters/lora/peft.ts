/** LoRA adapters as Hugging Face PEFT saves them: adapter_config.json and
 *  adapter_model.safetensors. */

import { FedError } from '../errors.ts'
import {
  encodeSafetensors,
  readSafetensors,
  type SafetensorsHeader,
  type Tensor,
} from '../formats/safetensors.ts'
import { isFiniteVector } from '../math/vector.ts'
import { type Adapter, adapterLayout, layoutSize, segmentOf } from './layout.ts'
import { adapterOfLinears, factorShapes, type LinearLora, otherModel } from './linears.ts'
import { checkPeftConfig, type PeftConfig, peftScales, peftTargets } from './peft-config.ts'
import { type NameFilter, plainFilter } from './python-pattern.ts'
import { isRounded } from './rounded.ts'
import { type AdapterSpec, MODULES, type ModelShape, type Module } from './spec.ts'

/** Where each linear sits inside a block of the transformers Llama, Qwen2 and Qwen3 classes. */
export const PEFT_MODULES: Readonly<Record<Module, string>> = {
  q: 'self_attn.q_proj',
  k: 'self_attn.k_proj',
  v: 'self_attn.v_proj',
  o: 'self_attn.o_proj',
  gate: 'mlp.gate_proj',
  up: 'mlp.up_proj',
  down: 'mlp.down_proj',
}

export type PeftReading = {
  /** The base's own numbers of the embedding and of the LM head, [vocab, hidden]: such that are
   *  saved beside LoRA are passed over where they are these. Without it they are refused. */
  readonly baseTensor?: ((name: 'embed' | 'head') => Float32Array) | undefined
  readonly filter?: NameFilter
}

/**
 * The adapter of a PEFT folder on a model of this shape; the function is the same (see linears.ts).
 * Fails with E_MODEL_UNSUPPORTED, naming the field or tensor that LoRA in this form cannot say;
 * E_MODEL_FILE on a broken file or tensors that the configuration does not announce; E_SHAPE;
 * E_NOT_FINITE.
 */
export const readPeft = (
  configJson: string,
  safetensors: Uint8Array,
  shape: ModelShape,
  { baseTensor, filter = plainFilter }: PeftReading = {},
): Adapter => {
  const config = checkPeftConfig(configJson)
  const file = readSafetensors(safetensors)
  const { places, prefix } = placesOf(config, file, shape)
  checkSaved(config, file, baseTensor)
  checkAnnounced(config, places, allNames(prefix, shape), filter)
  const scales = peftScales(config, [...places.keys()], filter)
  return adapterOfLinears(
    shape,
    [...places].map(([name, place]) => linearOf(config, file, shape, place, scales.get(name)!)),
  )
}

/** Both files, as text and bytes. baseModel: Hub name or path for PEFT's own use. E_SHAPE when flat
 *  is not of the layout. */
export const writePeft = (
  spec: AdapterSpec,
  shape: ModelShape,
  flat: Float32Array,
  baseModel: string | null = null,
): { config: string; safetensors: Uint8Array } => {
  const layout = adapterLayout(shape, spec)
  if (flat.length !== layoutSize(layout))
    throw new FedError('E_SHAPE', `expected ${layoutSize(layout)} numbers, got ${flat.length}`)
  const tensors = new Map<string, Tensor>()
  for (const segment of layout) {
    const name = tensorName(segment.layer, segment.module, segment.factor)
    tensors.set(name, { shape: [...segment.shape], data: segmentOf(flat, segment) })
  }
  const isWhole = spec.firstLayer === 0 && spec.endLayer === shape.layers
  const layers = Array.from(
    { length: spec.endLayer - spec.firstLayer },
    (_, i) => i + spec.firstLayer,
  )
  const config = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: baseModel,
    inference_mode: true,
    r: spec.rank,
    lora_alpha: spec.alpha,
    lora_dropout: 0,
    target_modules: MODULES.filter((m) => spec.modules.includes(m)).map(shortName),
    layers_to_transform: isWhole ? null : layers,
    bias: 'none',
    fan_in_fan_out: false,
    init_lora_weights: true,
    modules_to_save: null,
    rank_pattern: {},
    alpha_pattern: {},
    use_dora: false,
    use_rslora: false,
  }
  return {
    config: `${JSON.stringify(config, null, 2)}\n`,
    safetensors: encodeSafetensors(tensors, { format: 'pt' }),
  }
}

const shortName = (module: Module): string => PEFT_MODULES[module].split('.')[1]!

const tensorName = (layer: number, module: Module, factor: 'A' | 'B'): string =>
  `base_model.model.model.layers.${layer}.${PEFT_MODULES[module]}.lora_${factor}.weight`

const MODULE_OF = new Map(MODULES.map((m) => [PEFT_MODULES[m], m]))

type TensorFile = SafetensorsHeader & { read(name: string): Tensor }
/** a, b: names of the tensors in the file. */
type Place = { readonly layer: number; readonly module: Module; a?: string; b?: string }

/** Segments that wrappers around a module put into its name. */
const WRAPPERS = ['_fsdp_wrapped_module', '_orig_mod', '_checkpoint_wrapped_module', 'module']
const plainName = (name: string): string =>
  name
    .split('.')
    .filter((part) => !WRAPPERS.includes(part))
    .join('.')

/** The LM head's model keeps its blocks behind one more `model.`; DeepSpeed leaves the adapter's
 *  name after the factor. */
const FACTOR =
  /^(?:base_model\.model\.)?((?:model\.)?)layers\.(\d{1,4})\.(\w+\.\w+)\.lora_([AB])(?:\.([\w-]+))?\.weight$/
const SAVED =
  /^(?:base_model\.model\.)?(?:model\.)?(embed_tokens|lm_head)(?:\.modules_to_save(?:\.[\w-]+)?)?\.weight$/

/** The linears that have tensors, by their name in the model; every one has both factors. prefix:
 *  of the names. */
const placesOf = (
  config: PeftConfig,
  { tensors }: TensorFile,
  shape: ModelShape,
): { places: Map<string, Place>; prefix: string } => {
  const places = new Map<string, Place>()
  const forms = new Set<string>()
  for (const name of tensors.keys()) {
    const plain = plainName(name)
    if (SAVED.test(plain)) continue
    const [, prefix = '', layerText, linear = '', factor, adapter] = FACTOR.exec(plain) ?? []
    const module = MODULE_OF.get(linear)
    if (!module) throw unknownTensor(name)
    const layer = Number(layerText)
    if (layer >= shape.layers)
      throw otherModel(config.base, `${name}: this model has ${shape.layers} layers`)
    forms.add(`${prefix} ${adapter ?? ''}`)
    const key = `${prefix}layers.${layer}.${linear}`
    const place = places.get(key) ?? { layer, module }
    place[factor === 'A' ? 'a' : 'b'] = name
    places.set(key, place)
  }
  for (const [key, { a, b }] of places)
    if (!a || !b) throw bad(`${key} has only lora_${a ? 'A' : 'B'}`)
  const [form, ...others] = forms
  if (form === undefined) throw bad('holds no LoRA factor')
  if (others.length > 0) throw bad(`holds several adapters: ${[...forms].join(', ')}`)
  return { places, prefix: form.split(' ')[0]! }
}

const linearOf = (
  config: PeftConfig,
  file: TensorFile,
  shape: ModelShape,
  { layer, module, a, b }: Place,
  { rank, alpha }: { rank: number; alpha: number },
): LinearLora => {
  const got = { a: file.tensors.get(a!)!.shape, b: file.tensors.get(b!)!.shape }
  const want = factorShapes(shape, module, rank)
  if (got.a.length !== 2 || got.b.length !== 2) throw bad(`${a} is no matrix`)
  // The sizes that are the model's first: a configuration for another model says its own ranks.
  if (got.a[1] !== want.a[1])
    throw otherModel(config.base, `${a}: expected [${want.a}], got [${got.a}]`)
  if (got.b[0] !== want.b[0])
    throw otherModel(config.base, `${b}: expected [${want.b}], got [${got.b}]`)
  if (got.a[0] !== rank || got.b[1] !== rank)
    throw new FedError(
      'E_SHAPE',
      `${a}: expected rank ${rank} as adapter_config.json says, got [${got.a}] and [${got.b}]`,
    )
  return { layer, module, rank, alpha, a: finite(file, a!), b: finite(file, b!) }
}

const finite = (file: TensorFile, name: string): Float32Array => {
  const { data } = file.read(name)
  if (!isFiniteVector(data)) throw new FedError('E_NOT_FINITE', `${name}: expected finite numbers`)
  return data
}

/** Embeddings and heads that lie beside LoRA must be the base's own, in the numbers that their
 *  format can hold. */
const checkSaved = (
  config: PeftConfig,
  file: TensorFile,
  baseTensor: PeftReading['baseTensor'],
): void => {
  const found = new Set<string>()
  for (const [name, { dtype, shape }] of file.tensors) {
    const module = SAVED.exec(plainName(name))?.[1]
    if (module === undefined) continue
    found.add(module)
    const base = baseTensor?.(module === 'lm_head' ? 'head' : 'embed')
    const isSameSize = base?.length === shape.reduce((a, b) => a * b, 1)
    if (!isSameSize || !isRounded(file.read(name).data, base, dtype))
      throw new FedError(
        'E_MODEL_UNSUPPORTED',
        `PEFT tensor ${name} is saved beside LoRA and is not this model's own: it was ${
          isSameSize || !base ? 'trained, or this model is quantized' : `resized to [${shape}]`
        }. If it was not trained, save again with save_pretrained(folder, ` +
          'save_embedding_layers=False); else merge with merge_and_unload() and use the merged model',
      )
  }
  const missing = config.saved.filter((module) => !found.has(module))
  if (missing.length > 0)
    throw new FedError(
      'E_MODEL_UNSUPPORTED',
      `adapter_config.json: modules_to_save names ${missing}, which the file does not hold`,
    )
}

const allNames = (prefix: string, shape: ModelShape): string[] =>
  Array.from({ length: shape.layers }, (_, layer) =>
    Object.values(PEFT_MODULES).map((linear) => `${prefix}layers.${layer}.${linear}`),
  ).flat()

/** The tensors are those that target_modules and layers_to_transform name: no fewer, no more. */
const checkAnnounced = (
  config: PeftConfig,
  places: ReadonlyMap<string, Place>,
  names: readonly string[],
  filter: NameFilter,
): void => {
  const targets = peftTargets(config, names, filter)
  const wrong = targets && names.find((name) => targets.has(name) !== places.has(name))
  if (wrong)
    throw bad(`${wrong} is ${places.has(wrong) ? 'there but not' : 'missing though'} configured`)
}

const unknownTensor = (name: string): FedError =>
  new FedError(
    'E_MODEL_UNSUPPORTED',
    `PEFT tensor ${name.slice(0, 200)} is not a LoRA factor of a block's linear`,
  )

const bad = (what: string) => new FedError('E_MODEL_FILE', `PEFT adapter: ${what}`)
