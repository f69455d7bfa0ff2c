/** Options that several commands of loreweave-eval share. */
import { InvalidArgumentError, Option } from 'commander'
import { integer } from '../../adapters/node/program.ts'
import { defaultCacheFolder } from '../../device/engine/model/cache.ts'
import type { Results } from '../measure/results.ts'

export const integers = (text: string) => text.split(',').map(integer(1))

export const positive = (text: string) => {
  const value = Number(text)
  if (!(Number.isFinite(value) && value > 0))
    throw new InvalidArgumentError('expected a number above 0.')
  return value
}

export const jsonOption = () => new Option('--json', 'print one JSON object on standard output')
export const modelOption = () =>
  new Option(
    '--model <name>',
    'registry name, "tiny", a .gguf file or a Hugging Face folder',
  ).default('smollm2-135m')
export const cacheOption = () =>
  new Option('--cache <folder>', 'where models are kept').default(defaultCacheFolder(process.env))
export const threadsOption = () =>
  new Option('--threads <n>', 'threads of the engine (default: all cores)').argParser(integer(1))

/** Prints what a command came to: one JSON object, or a line a figure. */
export type Print = (results: Results, isJson: boolean | undefined) => void
