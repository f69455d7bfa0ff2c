/** Our converted weights as a folder for transformers, in float32: PEFT trains what we train. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FedError } from '../../adapters/errors.ts'
import { encodeSafetensors, type Tensor } from '../../adapters/formats/safetensors.ts'
import type { ModelConfig } from '../../device/engine/model/config.ts'
import { expectedTensors } from '../../device/engine/model/expected-tensors.ts'
import { huggingFaceName } from '../../device/engine/model/tensor-source.ts'
import { readManifest, readTensor } from '../../device/engine/model/weight-store.ts'

/** converted: a folder of the weight store. Writes config.json and model.safetensors.
 *  Fails with E_MODEL_UNSUPPORTED for scaled rotary embeddings and with E_HOME (the disk). */
export const writeHuggingFace = async (converted: string, folder: string): Promise<void> => {
  const manifest = readManifest(converted)
  const config = configJson(manifest.config)
  const tensors = new Map<string, Tensor>()
  for (const { name, shape, isLinear } of expectedTensors(manifest.config)) {
    const data = readTensor(converted, manifest, name)
    tensors.set(
      huggingFaceName(name),
      isLinear
        ? { shape: shape.toReversed(), data: transposed(data, shape[0]!, shape[1]!) }
        : { shape: [...shape], data },
    )
  }
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
    await writeFile(join(folder, 'model.safetensors'), encodeSafetensors(tensors, { format: 'pt' }))
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException
    throw new FedError('E_HOME', `cannot write ${folder}: ${code}`, { cause })
  }
}

const CLASSES = {
  llama: 'LlamaForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
  qwen3: 'Qwen3ForCausalLM',
} as const satisfies Record<ModelConfig['architecture'], string>

const configJson = (config: ModelConfig): object => {
  const { architecture, shape, ropeBase, ropeFactors } = config
  if (ropeFactors)
    throw new FedError('E_MODEL_UNSUPPORTED', 'scaled rotary embeddings are not written back')
  return {
    architectures: [CLASSES[architecture]],
    model_type: architecture,
    hidden_act: 'silu',
    hidden_size: shape.hidden,
    intermediate_size: shape.ffn,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    num_key_value_heads: shape.kvHeads,
    head_dim: shape.headDim,
    vocab_size: shape.vocab,
    rms_norm_eps: config.normEps,
    rope_theta: ropeBase,
    rope_parameters: { rope_type: 'default', rope_theta: ropeBase },
    max_position_embeddings: config.contextLength,
    tie_word_embeddings: config.tiedHead,
  }
}

/** [rows, columns] -> [columns, rows]. */
const transposed = (data: Float32Array, rows: number, columns: number): Float32Array => {
  const out = new Float32Array(data.length)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      out[column * rows + row] = data[row * columns + column]!
  return out
}
