/**
 * Reads and writes adapters in other programs' formats: a PEFT folder, an mlx-lm folder or one GGUF
 * file.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { FedError } from '../../adapters/errors.ts'
import { parseGguf } from '../../adapters/formats/gguf.ts'
import { bytesOfFile, decodeText, parseJson } from '../../adapters/formats/text.ts'
import { ggufLoraBase, readGgufLora, writeGgufLora } from '../../adapters/lora/gguf-lora.ts'
import { checkMlxConfig, isMlxConfig, readMlx } from '../../adapters/lora/mlx.ts'
import { type PeftReading, readPeft, writePeft } from '../../adapters/lora/peft.ts'
import type { NameFilter } from '../../adapters/lora/python-pattern.ts'
import { parseAs } from '../../adapters/parse.ts'
import { AdapterSpecSchema } from '../../adapters/wire/primitives.ts'
import type { LoraFeed } from '../engine/engine.ts'
import type { LocalModel } from '../engine/model/open.ts'
import { readManifest, readTensor } from '../engine/model/weight-store.ts'
import { ADAPTER_CONFIG, findAdapter, PEFT_WEIGHTS } from './find-adapter.ts'

/** Formats for writing; those of mlx-lm can only be read. */
export const ADAPTER_FORMATS = ['peft', 'gguf'] as const
export type AdapterFormat = (typeof ADAPTER_FORMATS)[number]

type AdapterModel = Pick<LocalModel, 'config'> & Partial<Pick<LocalModel, 'folder'>>
/** madeFor: what the file calls its base, where it says so. */
export type ReadAdapter = LoraFeed & {
  readonly format: AdapterFormat | 'mlx'
  readonly madeFor?: string
}

/**
 * path: a PEFT or mlx-lm folder, a file of one, or a GGUF file, which must fit the model. Fails
 * with readPeft's, readMlx's and readGgufLora's codes, and with E_DATA when there is no such file.
 */
export const readAdapterFile = (path: string, model: AdapterModel): ReadAdapter => {
  const found = findAdapter(path)
  const { architecture, shape } = model.config
  if (found.kind === 'gguf') {
    const bytes = read(found.path)
    const adapter = readGgufLora(bytes, { architecture, shape })
    return bounded(adapter, 'gguf', ggufLoraBase(parseGguf(bytes, bytes.length)!.metadata))
  }
  const text = decodeText(read(found.config), ADAPTER_CONFIG, 'E_MODEL_FILE')
  const json = parseObject(text)
  if (isMlxConfig(json)) {
    const config = checkMlxConfig(json)
    return bounded(readMlx(config, read(found.weights('mlx')), shape), 'mlx', config.base)
  }
  const reading = { baseTensor: baseOf(model), filter: filterInTime }
  const adapter = readPeft(text, read(found.weights('peft')), shape, reading)
  return bounded(adapter, 'peft', json['base_model_name_or_path'])
}

const bounded = (
  adapter: LoraFeed,
  format: ReadAdapter['format'],
  madeFor: unknown,
): ReadAdapter => {
  parseAs(AdapterSpecSchema, adapter.spec, 'E_SHAPE', "the adapter's ", 'shape')
  return { ...adapter, format, ...(typeof madeFor === 'string' && madeFor && { madeFor }) }
}

/** Reads the converted weights' embedding or head. */
const baseOf = ({ folder, config }: AdapterModel): PeftReading['baseTensor'] =>
  folder === undefined
    ? undefined
    : (name) =>
        readTensor(
          folder,
          readManifest(folder),
          config.tiedHead && name === 'head' ? 'embed' : name,
        )

/** A pattern from a user's file may take forever. */
const filterInTime: NameFilter = (names, regex) => {
  try {
    const timed = { timeout: MAX_PATTERN_MS }
    return runInNewContext('names.filter((name) => regex.test(name))', { names, regex }, timed)
  } catch (cause) {
    throw new FedError(
      'E_MODEL_FILE',
      `${ADAPTER_CONFIG}: a pattern takes more than ${MAX_PATTERN_MS} ms`,
      { cause },
    )
  }
}
const MAX_PATTERN_MS = 1000

const parseObject = (text: string): Record<string, unknown> => {
  const json = parseJson(text, `${ADAPTER_CONFIG}:`, 'E_MODEL_FILE')
  if (typeof json === 'object' && json !== null && !Array.isArray(json))
    return json as Record<string, unknown>
  throw new FedError('E_MODEL_FILE', `${ADAPTER_CONFIG}: must be a JSON object`)
}

/**
 * path: of the PEFT folder or the GGUF file; nothing is overwritten. Readable by the owner alone,
 * since it may be private. Returns the paths of the files. Fails with E_USAGE (there is one
 * already), E_DATA (the disk).
 */
export const writeAdapterFile = (
  path: string,
  format: AdapterFormat,
  { config: { architecture, shape }, madeOf }: Pick<LocalModel, 'config' | 'madeOf'>,
  { spec, flat }: LoraFeed,
): string[] => {
  if (format === 'gguf')
    return write([[path, writeGgufLora(spec, { architecture, shape }, flat, madeOf)]])
  const { config, safetensors } = writePeft(spec, shape, flat, madeOf)
  return write([
    [join(path, PEFT_WEIGHTS), safetensors],
    [join(path, ADAPTER_CONFIG), config],
  ])
}

/**
 * A line for people where the file names another model than this one; null where the names agree or
 * say nothing.
 */
export const otherBaseNote = (
  madeFor: string | undefined,
  { base, madeOf }: Pick<LocalModel, 'base' | 'madeOf'>,
): string | null => {
  if (madeFor === undefined) return null
  const own = [base.name, madeOf].filter((name) => name !== null).map(plainModelName)
  return own.includes(plainModelName(madeFor))
    ? null
    : `note: its file says that it was made for ${JSON.stringify(madeFor.slice(0, 200))}; ` +
        `this model is ${madeOf ?? base.name}. The sizes agree, so it was taken`
}

/**
 * Without its owner and what only says how its weights are kept: unsloth/Name-bnb-4bit and
 * Name-GGUF are Name.
 */
const plainModelName = (name: string): string =>
  basename(name.replaceAll('\\', '/').replace(/\/+$/, ''))
    .toLowerCase()
    .replace(/\.gguf$/, '')
    .replace(
      /[-_.](unsloth|bnb|gguf|mlx|bf16|fp16|f16|f32|fp8|awq|gptq|i?q\d\w*|\d+bits?)(?=[-_.]|$)/g,
      '',
    )

const read = (path: string): Uint8Array => bytesOfFile(() => readFileSync(path), path)

const write = (files: readonly (readonly [path: string, data: Uint8Array | string])[]) => {
  for (const [path, data] of files) {
    try {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, data, { flag: 'wx', mode: 0o600 })
    } catch (cause) {
      const { code = 'unknown' } = cause as NodeJS.ErrnoException
      if (code === 'EEXIST') throw new FedError('E_USAGE', `${path} is there already`, { cause })
      throw new FedError('E_DATA', `${path} cannot be written: ${code}`, { cause })
    }
  }
  return files.map(([path]) => path)
}
