/** The built-in model: a random Llama of two layers over bytes, made from a fixed seed. It knows
 *  nothing; it lets everything around a model run without a download. */
import { createHash } from 'node:crypto'
import { seededRng } from '../../../adapters/random.ts'
import type { ModelConfig } from './config.ts'
import { expectedTensors } from './expected-tensors.ts'
import type { SourceTensor, TensorSource } from './tensor-source.ts'
import { bytePairFile, CHATML_TEMPLATE, type TokenizerFile } from './tokenizer-file.ts'
import { BYTE_LETTERS } from './tokenizer-steps.ts'

export const TINY_MODEL = 'tiny'

const CONTROL_TOKENS = ['<|endoftext|>', '<|im_start|>', '<|im_end|>']

export const TINY_CONFIG: ModelConfig = {
  architecture: 'llama',
  shape: { layers: 2, hidden: 64, heads: 4, kvHeads: 2, headDim: 16, ffn: 96, vocab: 259 },
  normEps: 1e-5,
  ropeBase: 100_000,
  attentionBias: false,
  tiedHead: true,
  contextLength: 4096,
}

/** Uniform, for equal bytes on every platform: ±√3·σ; σ = 1/√in for linears, 0.3 for the
 *  embedding. */
export const tinySource = (
  config: ModelConfig = TINY_CONFIG,
  seed: number | string = 'tiny',
): TensorSource => {
  const tensors = new Map<string, SourceTensor>()
  const hash = createHash('sha256').update(JSON.stringify(config))
  for (const { name, shape: stored, isLinear } of expectedTensors(config)) {
    const shape = isLinear ? [...stored].reverse() : stored
    const rng = seededRng(`${seed}/${name}`)
    const isNorm = name.endsWith('norm')
    const deviation = isLinear ? 1 / Math.sqrt(shape[1]!) : 0.3
    const spread = 2 * Math.sqrt(3) * deviation
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () =>
      isNorm ? 1 : (rng.uniform() - 0.5) * spread,
    )
    tensors.set(name, { shape, data })
    hash.update(data)
  }
  return {
    sha256: hash.digest('hex'),
    config,
    sourceName: (name) => ({ name, present: tensors.has(name) }),
    read: async (name) => tensors.get(name)!,
  }
}

/** One token per byte, three control tokens before them, ChatML. */
export const tinyTokenizerFile = (): TokenizerFile =>
  bytePairFile({
    tokens: [...CONTROL_TOKENS, ...BYTE_LETTERS],
    merges: [],
    addedTokens: CONTROL_TOKENS.map((content, id) => ({ id, content, isControl: true })),
    preTokenizer: 'gpt-2',
    template: CHATML_TEMPLATE,
    eosIds: [2, 0],
  })
