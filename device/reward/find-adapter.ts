/** Finds the files of an adapter at a path, and explains what is there if it is something else. */
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { FedError } from '../../adapters/errors.ts'
import { leftInstead } from '../../adapters/formats/text.ts'

export const ADAPTER_CONFIG = 'adapter_config.json'
export const PEFT_WEIGHTS = 'adapter_model.safetensors'
const MLX_WEIGHTS = 'adapters.safetensors'
const WEIGHTS = { peft: PEFT_WEIGHTS, mlx: MLX_WEIGHTS } as const

const ACCEPTED =
  'an adapter is a PEFT folder (adapter_config.json, adapter_model.safetensors), an mlx-lm ' +
  'folder (adapter_config.json, adapters.safetensors), or a GGUF LoRA file'

/** weights: path of the factors, once the configuration has named the program. */
export type FoundAdapter =
  | { readonly kind: 'gguf'; readonly path: string }
  | {
      readonly kind: 'folder'
      readonly config: string
      /** Fails with E_MODEL_UNSUPPORTED or E_DATA, saying what is there instead. */
      weights(program: keyof typeof WEIGHTS): string
    }

/**
 * path: a folder, a file in it, or a GGUF file. Fails with E_DATA (nothing there),
 * E_MODEL_UNSUPPORTED (another kind, with what to do), E_MODEL_FILE.
 */
export const findAdapter = (path: string): FoundAdapter => {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) throw new FedError('E_DATA', `${path}: no such file or folder; ${ACCEPTED}`)
  if (stat.isDirectory()) return inFolder(path)
  const name = basename(path)
  if (name === ADAPTER_CONFIG) return inFolder(dirname(path))
  if (name.endsWith('.safetensors')) return inFolder(dirname(path), name)
  for (const [pattern, what] of OTHER_FILES)
    if (pattern.test(name)) throw unsupported(`${path}: ${what}`)
  const beginning = firstBytesOf(path)
  if (String.fromCharCode(...beginning).startsWith('GGUF')) return { kind: 'gguf', path }
  const instead = leftInstead(beginning) || `; ${ACCEPTED}`
  throw new FedError('E_MODEL_FILE', `${path}: the file does not begin with GGUF${instead}`)
}

/** weights: the named file, else each program's default name. */
const inFolder = (folder: string, weights?: string): FoundAdapter => {
  const config = join(folder, ADAPTER_CONFIG)
  if (!existsSync(config)) throw instead(folder, weights)
  return {
    kind: 'folder',
    config,
    weights: (program) => {
      const file = join(folder, weights ?? WEIGHTS[program])
      if (existsSync(file)) return file
      const names = readdirSync(folder)
      const missing = `${basename(file)} is missing in ${folder}`
      const named = names.filter((name) => name.endsWith('.safetensors')).slice(0, 5)
      if (named.length > 0)
        throw new FedError(
          'E_DATA',
          `${missing}, but there is ${named.join(', ')}: name ` +
            `${named.length > 1 ? 'one of them' : 'that file'} itself`,
        )
      const other = names.find((name) => OTHER_FILES.some(([p]) => p.test(name)))
      if (other === undefined) throw new FedError('E_DATA', `${missing}; ${ACCEPTED}`)
      throw unsupported(`${join(folder, other)}: ${OTHER_FILES.find(([p]) => p.test(other))![1]}`)
    },
  }
}

/** Files of other kinds, and what to do with them. */
const OTHER_FILES: readonly (readonly [name: RegExp, what: string])[] = [
  [
    /\.(bin|pt|pth|ckpt|pkl)$/,
    'PEFT weights in Python’s pickle format, which can run code and is not read. Load the ' +
      'adapter with PeftModel.from_pretrained and save it again with save_pretrained(folder): ' +
      'that writes adapter_model.safetensors',
  ],
  [
    /\.npz$/,
    'an adapter of an early mlx-lm. Save it again: ' +
      'mx.save_safetensors("adapters.safetensors", dict(mx.load("adapters.npz")))',
  ],
]

/** Explains why a folder without adapter_config.json is not an adapter. */
const instead = (folder: string, weights?: string): FedError => {
  const names = readdirSync(folder)
  const inner = names.filter((name) => existsSync(join(folder, name, ADAPTER_CONFIG)))
  const missing = `${ADAPTER_CONFIG} is missing in ${folder}`
  if (inner.length > 0)
    return new FedError(
      'E_DATA',
      `${missing}, but there are adapters in ${inner.slice(0, 5).join(', ')}: name one of them`,
    )
  if (weights !== undefined && names.includes('config.json') === false)
    return new FedError('E_DATA', `${missing}, beside ${weights}; ${ACCEPTED}`)
  if (names.includes('config.json'))
    return unsupported(
      `${folder} is a model folder with whole weights, no adapter: use it as the local model ` +
        `with loreweave init --model ${folder}`,
    )
  const gguf = names.find((name) => name.endsWith('.gguf'))
  return new FedError(
    'E_DATA',
    gguf ? `${missing}: name the file ${gguf} itself` : `${missing}; ${ACCEPTED}`,
  )
}

const firstBytesOf = (path: string): Uint8Array => {
  const bytes = new Uint8Array(8)
  const file = openSync(path, 'r')
  try {
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0))
  } finally {
    closeSync(file)
  }
}

const unsupported = (what: string) => new FedError('E_MODEL_UNSUPPORTED', what)
