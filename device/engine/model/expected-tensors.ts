/** The tensors that a model of a configuration consists of. */
import { linearSize, MODULES } from '../../../adapters/lora/spec.ts'
import { hasHeadNorms, type ModelConfig } from './config.ts'

export type ExpectedTensor = {
  readonly name: string
  readonly shape: readonly number[]
  readonly isLinear: boolean
}

/** Tensors in file order with their shapes in the store. Linears are [in, out]: y = x·W. */
export const expectedTensors = (config: ModelConfig): ExpectedTensor[] => {
  const { layers, hidden, vocab, headDim } = config.shape
  const tensors: ExpectedTensor[] = []
  const add = (name: string, shape: readonly number[], isLinear = false) =>
    tensors.push({ name, shape, isLinear })
  add('embed', [vocab, hidden])
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `layers.${layer}.`
    add(`${prefix}attn_norm`, [hidden])
    for (const module of MODULES) {
      const size = linearSize(config.shape, module)
      const isQuery = module === 'q' || module === 'k'
      add(prefix + module, [size.in, size.out], true)
      if (config.attentionBias && (isQuery || module === 'v'))
        add(`${prefix}${module}.bias`, [size.out])
      if (hasHeadNorms(config) && isQuery) add(`${prefix}${module}_norm`, [headDim])
    }
    add(`${prefix}ffn_norm`, [hidden])
  }
  add('final_norm', [hidden])
  if (!config.tiedHead) add('head', [vocab, hidden])
  return tensors
}
