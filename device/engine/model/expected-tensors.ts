/** The tensors that a model of a configuration consists of. */
import { linearSize, MODULES } from '../../../adapters/lora/spec.ts'
import { hasHeadNorms, type ModelConfig } from './config.ts'

export type ExpectedTensor = {
  readonly name: string
  readonly shape: readonly number[]
  readonly isLinear: boolean
}

/** Every tensor of a model in file order, with its shape in the store. Linears are [in, out], so
 *  that y = x·W. */
export const expectedTensors = (config: ModelConfig): ExpectedTensor[] => {
  const { layers, hidden, vocab } = config.shape
  const vector = (name: string, size: number): ExpectedTensor => ({
    name,
    shape: [size],
    isLinear: false,
  })
  const table = (name: string): ExpectedTensor => ({
    name,
    shape: [vocab, hidden],
    isLinear: false,
  })
  const tensors = [table('embed')]
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `layers.${layer}.`
    tensors.push(vector(`${prefix}attn_norm`, hidden))
    for (const module of MODULES) {
      const size = linearSize(config.shape, module)
      tensors.push({ name: prefix + module, shape: [size.in, size.out], isLinear: true })
      if (config.attentionBias && (module === 'q' || module === 'k' || module === 'v'))
        tensors.push(vector(`${prefix}${module}.bias`, size.out))
      if (hasHeadNorms(config) && (module === 'q' || module === 'k'))
        tensors.push(vector(`${prefix}${module}_norm`, config.shape.headDim))
    }
    tensors.push(vector(`${prefix}ffn_norm`, hidden))
  }
  tensors.push(vector('final_norm', hidden))
  if (!config.tiedHead) tensors.push(table('head'))
  return tensors
}
