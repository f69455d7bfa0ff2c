/** Adapters as other programs' files: a PEFT folder or one GGUF file. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { FedError } from '../../adapters/errors.ts'
import { readGgufLora, writeGgufLora } from '../../adapters/lora/gguf-lora.ts'
import { readPeft, writePeft } from '../../adapters/lora/peft.ts'
import { AdapterSpecSchema } from '../../adapters/wire/primitives.ts'
import type { LocalModel } from '../engine/model/open.ts'
import type { LoraFeed } from '../engine/run/types.ts'

export const ADAPTER_FORMATS = ['peft', 'gguf'] as const
export type AdapterFormat = (typeof ADAPTER_FORMATS)[number]

type AdapterModel = Pick<LocalModel, 'config'>

const PEFT_CONFIG = 'adapter_config.json'
const PEFT_WEIGHTS = 'adapter_model.safetensors'

/** path: a PEFT folder or a GGUF file, which must fit the model. Fails with readPeft's and readGgufLora's codes, and with
 *  E_DATA when there is no such file. */
export const readAdapterFile = (
  path: string,
  { config: { architecture, shape } }: AdapterModel,
): LoraFeed & { readonly format: AdapterFormat } => {
  const stat = statSync(path, { throwIfNoEntry: false })
  const format = stat?.isDirectory() ? 'peft' : 'gguf'
  const adapter = stat?.isDirectory()
    ? readPeft(
        read(join(path, PEFT_CONFIG)).toString('utf8'),
        read(join(path, PEFT_WEIGHTS)),
        shape,
      )
    : readGgufLora(read(path), { architecture, shape })
  const parsed = AdapterSpecSchema.safeParse(adapter.spec)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new FedError('E_SHAPE', `the adapter's ${issue?.path.join('.')}: ${issue?.message}`)
  }
  return { ...adapter, format }
}

/** path: of the PEFT folder or the GGUF file; nothing is overwritten. Readable by the owner alone, since it may be private.
 *  Returns the paths of the files. Fails with E_USAGE (there is one already), E_DATA (the disk). */
export const writeAdapterFile = (
  path: string,
  format: AdapterFormat,
  { config: { architecture, shape } }: AdapterModel,
  { spec, flat }: LoraFeed,
): string[] => {
  if (format === 'gguf') return write([[path, writeGgufLora(spec, { architecture, shape }, flat)]])
  const { config, safetensors } = writePeft(spec, shape, flat)
  return write([
    [join(path, PEFT_WEIGHTS), safetensors],
    [join(path, PEFT_CONFIG), config],
  ])
}

const read = (path: string): Buffer => {
  try {
    return readFileSync(path)
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException
    throw new FedError('E_DATA', `${path} cannot be read: ${code}`, { cause })
  }
}

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
