/** LoRA adapters as Hugging Face PEFT saves them: adapter_config.json and adapter_model.safetensors. */
import { decodeSafetensors, encodeSafetensors, type Tensor } from '../codec/safetensors.ts'
import { FedError } from '../errors.ts'
import { isFiniteVector } from '../math/vector.ts'
import { type Adapter, adapterLayout, layoutSize, segmentOf } from './layout.ts'
import { checkPeftConfig, type PeftConfig, peftTargets, tensorTarget } from './peft-config.ts'
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

/**
 * The adapter of a PEFT folder on a model of this shape. Layers or modules that it leaves out inside the range it covers
 * become zeros, and rank-stabilized scaling becomes its alpha: the function is the same.
 * Fails with E_MODEL_UNSUPPORTED, naming the field or tensor that LoRA in this form cannot say; E_MODEL_FILE on a broken
 * file or tensors that the configuration does not announce; E_SHAPE; E_NOT_FINITE.
 */
export const readPeft = (
  configJson: string,
  safetensors: Uint8Array,
  shape: ModelShape,
): Adapter => {
  const config = checkPeftConfig(configJson)
  const tensors = decodeSafetensors(safetensors)
  const spec = specOf(config, tensors, shape)
  const layout = adapterLayout(shape, spec)
  const flat = new Float32Array(layoutSize(layout))
  for (const segment of layout) {
    const name = tensorName(segment.layer, segment.module, segment.factor)
    const tensor = tensors.get(name)
    if (!tensor) continue
    if (tensor.shape.length !== 2 || tensor.shape.some((n, i) => n !== segment.shape[i]))
      throw new FedError('E_SHAPE', `${name}: expected [${segment.shape}], got [${tensor.shape}]`)
    if (!isFiniteVector(tensor.data))
      throw new FedError('E_NOT_FINITE', `${name}: expected finite numbers`)
    segmentOf(flat, segment).set(tensor.data)
  }
  return { spec, flat }
}

/** Both files, as text and bytes. baseModel: Hub name or path for PEFT's own use. E_SHAPE when flat is not of the layout. */
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

const specOf = (
  config: PeftConfig,
  tensors: ReadonlyMap<string, Tensor>,
  shape: ModelShape,
): AdapterSpec => {
  const places = placesOf(tensors, shape)
  checkAnnounced(config, places, shape)
  const layers = [...places.values()].map((p) => p.layer)
  const modules = new Set([...places.values()].map((p) => p.module))
  return {
    firstLayer: Math.min(...layers),
    endLayer: Math.max(...layers) + 1,
    modules: MODULES.filter((m) => modules.has(m)),
    rank: config.rank,
    alpha: config.alpha,
  }
}

type Place = { readonly layer: number; readonly module: Module; readonly factors: Set<string> }

/** The linears that have tensors, by their name in the model; every one has both factors. */
const placesOf = (tensors: ReadonlyMap<string, Tensor>, shape: ModelShape): Map<string, Place> => {
  const places = new Map<string, Place>()
  for (const name of tensors.keys()) {
    const found = tensorTarget(name)
    const module = found && MODULE_OF.get(found.linear)
    if (!found || !module)
      throw new FedError(
        'E_MODEL_UNSUPPORTED',
        `PEFT tensor ${name} is not a LoRA factor of a block`,
      )
    if (found.layer >= shape.layers)
      throw new FedError('E_SHAPE', `${name}: the model has ${shape.layers} layers`)
    const key = `model.layers.${found.layer}.${found.linear}`
    const place = places.get(key) ?? { layer: found.layer, module, factors: new Set<string>() }
    place.factors.add(found.factor)
    places.set(key, place)
  }
  for (const [key, { factors }] of places)
    if (factors.size !== 2)
      throw new FedError('E_MODEL_FILE', `PEFT adapter: ${key} has only lora_${[...factors]}`)
  if (places.size === 0) throw new FedError('E_MODEL_FILE', 'PEFT adapter: holds no LoRA factor')
  return places
}

/** The tensors are those that target_modules and layers_to_transform name: no fewer, no more. */
const checkAnnounced = (
  config: PeftConfig,
  places: ReadonlyMap<string, Place>,
  shape: ModelShape,
): void => {
  const isTarget = peftTargets(config)
  if (!isTarget) return
  for (let layer = 0; layer < shape.layers; layer++)
    for (const linear of Object.values(PEFT_MODULES)) {
      const key = `model.layers.${layer}.${linear}`
      if (isTarget(key, layer) !== places.has(key))
        throw new FedError(
          'E_MODEL_FILE',
          `PEFT adapter: ${key} is ${places.has(key) ? 'there but not' : 'missing though'} configured`,
        )
    }
}
