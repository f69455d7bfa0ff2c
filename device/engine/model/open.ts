/** From a model's name to what the device needs: converted weights, tokenizer, identity. */
import { statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { FedError } from '../../../adapters/errors.ts'
import type { BaseModel } from '../../../adapters/wire/primitives.ts'
import { convertedFolder, modelPath } from './cache.ts'
import type { ModelConfig } from './config.ts'
import { openGguf } from './gguf.ts'
import { DEFAULT_MODEL, MODELS, type ModelEntry, notPulled } from './registry.ts'
import { fileDigest, ggufSource, openHuggingFace, type TensorSource } from './tensor-source.ts'
import { TINY_MODEL, tinySource, tinyTokenizerFile } from './tiny.ts'
import { createTokenizer, type Tokenizer } from './tokenizer.ts'
import { checkTokenizer, type TokenizerCheck } from './tokenizer-check.ts'
import { type TokenizerFile, tokenizerFromGguf } from './tokenizer-file.ts'
import { tokenizerFromFolder } from './tokenizer-folder.ts'
import { convertWeights, hasWeights } from './weight-store.ts'

export type LocalModel = {
  /** What a federation checks: name, SHA-256 of the source, tokenizer hash, shape. */
  readonly base: BaseModel
  readonly config: ModelConfig
  /** Folder of the converted weights. */
  readonly folder: string
  readonly tokenizer: Tokenizer
  /** The result of the tokenizer's check when the model was opened. */
  readonly tokenizerCheck: TokenizerCheck
  /** The name that other programs know this model by: a Hub name, or the path of the user's own
   *  file or folder; null for the built-in one. */
  readonly madeOf: string | null
  /** Blocks after which to pool: the registry's choice, else two fifths of the depth. */
  readonly suggestedExit: number
}
type OpenModelDeps = {
  /** Called while the weights are converted, the first time a model is opened. */
  onConvert?: (done: number, of: number) => void
  signal?: AbortSignal
}

/** name: one of the registry, 'tiny', the path of a .gguf file, or of a Hugging Face folder.
 *  Downloads nothing. Fails with E_MODEL_MISSING (pull it first; no such path), E_MODEL_FILE,
 *  E_MODEL_UNSUPPORTED, E_CHECKSUM, E_HOME. */
export const openModel = async (
  options: { cacheFolder: string; name?: string },
  deps: OpenModelDeps = {},
): Promise<LocalModel> => {
  const cacheFolder = resolve(options.cacheFolder)
  const name = options.name || DEFAULT_MODEL
  if (name === TINY_MODEL)
    return assemble(cacheFolder, { name, madeOf: null }, tinySource(), tinyTokenizerFile(), deps)
  const entry = MODELS.find((m) => m.name === name)
  if (entry) return openEntry(cacheFolder, entry, deps)
  const kind = pathKind(name)
  if (kind === 'file') return openGgufFile(cacheFolder, shortName(name), name, undefined, deps)
  if (kind === 'folder') return openFolder(cacheFolder, name, deps)
  const known = [...MODELS.map((model) => model.name), TINY_MODEL].join(', ')
  throw new FedError(
    'E_MODEL_MISSING',
    `${JSON.stringify(name.slice(0, 200))} is neither a known model (${known}) ` +
      'nor a .gguf file or model folder',
  )
}

/** Checks the tokenizer of the user's own file or folder before its weights are converted; null for
 *  a model that is known by name. Fails as openModel. */
export const checkOwnTokenizer = async (name: string): Promise<TokenizerCheck | null> => {
  const kind = pathKind(name)
  if (kind === undefined || name === TINY_MODEL || MODELS.some((m) => m.name === name)) return null
  const file = await (kind === 'folder' ? tokenizerFromFolder(name) : ggufTokenizer(name))
  return checkTokenizer(createTokenizer(file), file)
}

const ggufTokenizer = async (path: string): Promise<TokenizerFile> => {
  const { metadata, close } = await openGguf(path)
  await close()
  return tokenizerFromGguf(metadata)
}

const openEntry = (cacheFolder: string, entry: ModelEntry, deps: OpenModelDeps) => {
  const path = modelPath(cacheFolder, entry.file)
  if (pathKind(path) !== 'file') throw notPulled(entry, cacheFolder)
  return openGgufFile(cacheFolder, entry.name, path, entry, deps)
}

/** An entry's file was verified when pulled; it is hashed again only for its conversion. */
const openGgufFile = async (
  cacheFolder: string,
  name: string,
  path: string,
  entry: ModelEntry | undefined,
  deps: OpenModelDeps,
): Promise<LocalModel> => {
  const file = await openGguf(path)
  try {
    const isConverted =
      entry && hasWeights(convertedFolder(cacheFolder, entry.sha256), entry.sha256)
    const sha256 = isConverted ? entry.sha256 : await fileDigest(path, undefined, deps.signal)
    if (entry && sha256 !== entry.sha256)
      throw new FedError(
        'E_CHECKSUM',
        `${entry.file}: expected SHA-256 ${entry.sha256}, got ${sha256}; ` +
          `run \`loreweave model remove ${entry.name}\` and pull it again`,
      )
    const tokenizer = tokenizerFromGguf(file.metadata)
    const source = await ggufSource(file, sha256)
    const madeOf = entry?.original ?? resolve(path)
    const named = { name, madeOf, suggestedExit: entry?.suggestedExit }
    return await assemble(cacheFolder, named, source, tokenizer, deps)
  } finally {
    await file.close()
  }
}

const openFolder = async (cacheFolder: string, folder: string, deps: OpenModelDeps) => {
  const { source, close } = await openHuggingFace(folder)
  try {
    const tokenizer = await tokenizerFromFolder(folder)
    const named = { name: shortName(folder), madeOf: resolve(folder) }
    return await assemble(cacheFolder, named, source, tokenizer, deps)
  } finally {
    await close()
  }
}

type Named = Pick<LocalModel, 'madeOf'> & {
  readonly name: string
  readonly suggestedExit?: number | undefined
}

const assemble = async (
  cacheFolder: string,
  { name, madeOf, suggestedExit }: Named,
  source: TensorSource,
  tokenizerFile: TokenizerFile,
  { onConvert, signal }: OpenModelDeps,
): Promise<LocalModel> => {
  const { config, sha256 } = source
  if (tokenizerFile.size > config.shape.vocab)
    throw new FedError(
      'E_MODEL_FILE',
      `the tokenizer has ${tokenizerFile.size} tokens, the embedding ${config.shape.vocab} rows`,
    )
  const tokenizer = createTokenizer(tokenizerFile)
  const tokenizerCheck = checkTokenizer(tokenizer, tokenizerFile)
  const folder = convertedFolder(cacheFolder, sha256)
  if (!hasWeights(folder, sha256)) await convertWeights(source, folder, onConvert, signal)
  return {
    base: { name, weights: sha256, tokenizer: tokenizer.hash, shape: config.shape },
    config,
    folder,
    tokenizer,
    tokenizerCheck,
    madeOf,
    suggestedExit: suggestedExit ?? Math.max(1, Math.round(0.4 * config.shape.layers)),
  }
}

const pathKind = (path: string): 'file' | 'folder' | undefined => {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat?.isFile() ? 'file' : stat?.isDirectory() ? 'folder' : undefined
}

const shortName = (path: string): string =>
  basename(resolve(path))
    .replace(/\.gguf$/i, '')
    .slice(0, 100) || 'model'
