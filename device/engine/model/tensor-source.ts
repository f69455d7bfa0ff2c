/** A model's tensors from a GGUF file or a folder of safetensors, under our own names. */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readdirSync } from 'node:fs'
import { type FileHandle, open, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { FedError, isFedError } from '../../../adapters/errors.ts'
import {
  parseSafetensorsHeader,
  safetensorsHeaderEnd,
  type TensorEntry,
  toFloat32,
} from '../../../adapters/formats/safetensors.ts'
import { decodeText, parseJson } from '../../../adapters/formats/text.ts'
import { GGUF_MODULES } from '../../../adapters/lora/gguf-lora.ts'
import { PEFT_MODULES } from '../../../adapters/lora/peft.ts'
import { halfSplitRows } from '../../../adapters/lora/rotary-rows.ts'
import { MODULES, type Module } from '../../../adapters/lora/spec.ts'
import { configFromGguf, configFromHuggingFace, type ModelConfig } from './config.ts'
import { expectedTensors } from './expected-tensors.ts'
import type { GgufFile } from './gguf.ts'
import { unsupported } from './json-values.ts'
import { readBytes } from './read-bytes.ts'

/** One tensor as float32, row-major; linears are [out, in]. */
export type SourceTensor = { readonly shape: readonly number[]; readonly data: Float32Array }
export type TensorSource = {
  /** SHA-256 of the source's bytes. */
  readonly sha256: string
  readonly config: ModelConfig
  /** What the file calls the tensor; undefined when it has none. name: ours (weight-store.ts). */
  sourceName(name: string): { readonly name: string; readonly present: boolean }
  /** Fails with E_MODEL_FILE when it is missing or cut. */
  read(name: string): Promise<SourceTensor>
}

type FileNames = { readonly gguf: string; readonly huggingFace: string }

function namesOf(module: Module, parts: readonly string[]): [string, FileNames][] {
  return parts.map((part) => [
    part === 'weight' ? module : `${module}.${part}`,
    {
      gguf: `${GGUF_MODULES[module]}.${part}`,
      huggingFace: `${PEFT_MODULES[module]}.${part}`,
    },
  ])
}

/** Our name of a tensor without its layer -> the two files' names. */
const NAMES: Readonly<Record<string, FileNames>> = {
  embed: { gguf: 'token_embd.weight', huggingFace: 'embed_tokens.weight' },
  final_norm: { gguf: 'output_norm.weight', huggingFace: 'norm.weight' },
  head: { gguf: 'output.weight', huggingFace: 'lm_head.weight' },
  attn_norm: { gguf: 'attn_norm.weight', huggingFace: 'input_layernorm.weight' },
  ffn_norm: { gguf: 'ffn_norm.weight', huggingFace: 'post_attention_layernorm.weight' },
  q_norm: { gguf: 'attn_q_norm.weight', huggingFace: 'self_attn.q_norm.weight' },
  k_norm: { gguf: 'attn_k_norm.weight', huggingFace: 'self_attn.k_norm.weight' },
  ...Object.fromEntries(MODULES.flatMap((module) => namesOf(module, ['weight', 'bias']))),
}

/** Divisors of the rotary frequencies, in which llama.cpp keeps Llama 3's scaling. */
const ROPE_FREQS = 'rope_freqs.weight'

/** Tensors of a GGUF file. The llama architecture's q and k rows return to half-split order. */
export const ggufSource = async (file: GgufFile, sha256: string): Promise<TensorSource> => {
  const vocab = file.tensors.get('token_embd.weight')?.shape[0]
  if (vocab === undefined) throw new FedError('E_MODEL_FILE', 'tensor token_embd.weight is missing')
  const freqs = file.tensors.has(ROPE_FREQS) ? [...(await file.read(ROPE_FREQS))] : undefined
  const config = configFromGguf(file.metadata, new Set(file.tensors.keys()), vocab, freqs)
  const nameOf = (name: string) => {
    const { layer, part } = splitName(name)
    return layer === undefined ? NAMES[part]!.gguf : `blk.${layer}.${NAMES[part]!.gguf}`
  }
  refuseOthers(file.tensors.keys(), config, nameOf, (name) => name === ROPE_FREQS)
  return {
    sha256,
    config,
    sourceName: (name) => ({ name: nameOf(name), present: file.tensors.has(nameOf(name)) }),
    read: async (name) => {
      const data = await file.read(nameOf(name))
      const shape = file.tensors.get(nameOf(name))!.shape
      const { part } = splitName(name)
      const isRotary = part === 'q' || part === 'k' || part === 'q.bias' || part === 'k.bias'
      if (config.architecture !== 'llama' || !isRotary) return { shape, data }
      const heads = part.startsWith('q') ? config.shape.heads : config.shape.kvHeads
      return { shape, data: halfSplitRows(data, shape[0]!, heads) }
    },
  }
}

/** Ours to the name of the same tensor in a Hugging Face file. */
export const huggingFaceName = (name: string, prefix = 'model.'): string => {
  const { layer, part } = splitName(name)
  const own = NAMES[part]!.huggingFace
  if (part === 'head') return own
  return layer === undefined ? prefix + own : `${prefix}layers.${layer}.${own}`
}

/** Opens the safetensors of a Hugging Face folder (one file, or shards). close() it after the
 *  conversion.
 *  Fails with E_MODEL_FILE, E_MODEL_UNSUPPORTED. */
export const openHuggingFace = async (
  folder: string,
): Promise<{ source: TensorSource; close(): Promise<void> }> => {
  const json = await readJson(join(folder, 'config.json'))
  const files = await weightFiles(folder)
  const handles: FileHandle[] = []
  const close = async () => {
    for (const handle of handles) await handle.close()
  }
  try {
    const places = new Map<string, { handle: FileHandle; entry: TensorEntry; dataStart: number }>()
    for (const file of files) {
      const handle = await open(join(folder, file), 'r').catch((cause) => {
        throw new FedError('E_MODEL_FILE', `${file}: cannot be opened (${cause.code})`, { cause })
      })
      handles.push(handle)
      const { tensors, dataStart } = await readSafetensors(handle, file)
      for (const [name, entry] of tensors) {
        if (places.has(name)) throw new FedError('E_MODEL_FILE', `tensor ${name} is in two files`)
        places.set(name, { handle, entry, dataStart })
      }
    }
    const prefix = places.has('embed_tokens.weight') ? '' : 'model.'
    const config = configFromHuggingFace(json, places.has('lm_head.weight'))
    const nameOf = (name: string) => huggingFaceName(name, prefix)
    const isSpare = (name: string) =>
      name.endsWith('.rotary_emb.inv_freq') || (config.tiedHead && name === 'lm_head.weight')
    refuseOthers(places.keys(), config, nameOf, isSpare)
    const source: TensorSource = {
      sha256: await folderDigest(folder, ['config.json', ...files]),
      config,
      sourceName: (name) => ({ name: nameOf(name), present: places.has(nameOf(name)) }),
      read: async (name) => {
        const place = places.get(nameOf(name))
        if (!place) throw new FedError('E_MODEL_FILE', `tensor ${nameOf(name)} is missing`)
        const { dtype, shape, start, end } = place.entry
        if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16')
          throw unsupported(`tensor ${nameOf(name)} has type ${dtype}`)
        const data = await readBytes(place.handle, place.dataStart + start, end - start)
        return { shape, data: toFloat32({ dtype, shape, data }) }
      },
    }
    return { source, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** SHA-256 of a file in hexadecimal. onBytes: called with each chunk's length. */
export const fileDigest = async (
  path: string,
  onBytes?: (bytes: number) => void,
  signal?: AbortSignal,
): Promise<string> => {
  const hash = createHash('sha256')
  const stream = createReadStream(path, { highWaterMark: 1024 * 1024, ...(signal && { signal }) })
  for await (const chunk of stream) {
    hash.update(chunk)
    onBytes?.(chunk.length)
  }
  return hash.digest('hex')
}

/** A JSON file of a model folder. E_MODEL_FILE when it is missing, too large or not JSON. */
export const readJson = async (path: string): Promise<unknown> => {
  const name = basename(path)
  return parseJson(await readModelText(path), name, 'E_MODEL_FILE')
}

const MAX_TEXT_BYTES = 64 * 1024 * 1024

/** A text file of a model folder. E_MODEL_FILE when it is missing, too large or not UTF-8. */
export const readModelText = async (path: string): Promise<string> => {
  const name = basename(path)
  const refused = (what: string, cause?: unknown) =>
    new FedError('E_MODEL_FILE', `${name} ${what}`, { cause })
  let bytes: Uint8Array
  try {
    const { size } = await stat(path)
    if (size > MAX_TEXT_BYTES)
      throw refused(`has ${size} bytes, at most ${MAX_TEXT_BYTES} are read`)
    bytes = await readFile(path)
  } catch (cause) {
    if (isFedError(cause)) throw cause
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw refused(isMissing ? 'is missing' : 'cannot be read', cause)
  }
  return decodeText(bytes, name, 'E_MODEL_FILE')
}

const splitName = (name: string): { layer: number | undefined; part: string } => {
  const match = /^layers\.(\d+)\.(.+)$/.exec(name)
  const part = match ? match[2]! : name
  if (!Object.hasOwn(NAMES, part)) throw new RangeError(`no tensor is called ${name}`)
  return { layer: match ? Number(match[1]) : undefined, part }
}

/** An unused tensor would change the function: E_MODEL_UNSUPPORTED with its name. */
const refuseOthers = (
  present: Iterable<string>,
  config: ModelConfig,
  nameOf: (name: string) => string,
  isSpare: (name: string) => boolean,
): void => {
  const known = new Set(expectedTensors(config).map(({ name }) => nameOf(name)))
  for (const name of present)
    if (!known.has(name) && !isSpare(name))
      throw unsupported(`tensor ${name.slice(0, 80)} in a model of type ${config.architecture}`)
}

const INDEX = 'model.safetensors.index.json'

/** One file, the shards that the index names, or shards by their names alone. */
const weightFiles = async (folder: string): Promise<string[]> => {
  if (existsSync(join(folder, 'model.safetensors'))) return ['model.safetensors']
  if (existsSync(join(folder, INDEX))) return shardsOf(await readJson(join(folder, INDEX)))
  const all = readdirSync(folder)
    .filter((f) => f.endsWith('.safetensors'))
    .sort()
  const shards = all.filter((f) => /^model-\d+-of-\d+\.safetensors$/.test(f))
  const files = shards.length > 0 ? shards : all
  if (files.length === 0 || (shards.length === 0 && files.length > 1))
    throw new FedError('E_MODEL_FILE', `model.safetensors is missing (${files.length} other files)`)
  return files
}

const Index = z.looseObject({ weight_map: z.record(z.string(), z.string()) })

const shardsOf = (json: unknown): string[] => {
  const parsed = Index.safeParse(json)
  const files = [...new Set(Object.values(parsed.data?.weight_map ?? {}))].sort()
  if (files.length === 0 || files.some((f) => !/^[\w.-]+\.safetensors$/.test(f)))
    throw new FedError('E_MODEL_FILE', `${INDEX} names no shards, or names outside the folder`)
  return files
}

const folderDigest = async (folder: string, files: readonly string[]): Promise<string> => {
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${file} ${await fileDigest(join(folder, file))}\n`)
  return hash.digest('hex')
}

const readSafetensors = async (handle: FileHandle, file: string) => {
  const { size } = await handle.stat()
  const end = safetensorsHeaderEnd(await readBytes(handle, 0, Math.min(8, size)))
  if (end > size)
    throw new FedError('E_MODEL_FILE', `${file}: the header ends at byte ${end} of ${size}`)
  const header = parseSafetensorsHeader(await readBytes(handle, 0, end))
  for (const [name, tensor] of header.tensors)
    if (header.dataStart + tensor.end > size)
      throw new FedError('E_MODEL_FILE', `${file}: the file is cut inside tensor ${name}`)
  return header
}
