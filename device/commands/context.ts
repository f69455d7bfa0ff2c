/** Shared parts of the commands: options, opening a home and a model. */

import { type Command, InvalidArgumentError } from 'commander'
import { integer } from '../../adapters/node/program.ts'
import { defaultCacheFolder } from '../engine/model/cache.ts'
import type { LocalModel } from '../engine/model/open.ts'
import { type Home, homeFolder, openHome } from '../home/home.ts'
import type { Io } from './io.ts'

export type CommonOptions = { home?: string; json?: boolean }
export type ModelOptions = CommonOptions & {
  threads?: number
  cpuShare?: number
  memoryLimit?: number
  cache?: string
}

export const withHome = (command: Command): Command =>
  command
    .option('--home <dir>', 'home folder (default: $LOREWEAVE_HOME or ~/.loreweave)')
    .option('--json', 'print one JSON document')

export const withModel = (command: Command): Command =>
  withHome(command)
    .option('--threads <n>', 'threads of the local model (default: all cores)', integer(1, 256))
    .option('--cpu-share <x>', 'share of the time that training may run, 0.1 to 1', share)
    .option(
      '--memory-limit <mb>',
      'memory limit, in megabytes, of a process with the local model',
      integer(128, 4_000_000),
    )
    .option('--cache <dir>', 'model cache (default: $LOREWEAVE_CACHE or ~/.cache/loreweave)')

export const share = (text: string): number => {
  const value = Number(text)
  if (!(value >= 0.1 && value <= 1))
    throw new InvalidArgumentError('expected a number from 0.1 to 1.')
  return value
}

export const folderOf = (io: Io, options: CommonOptions): string => homeFolder(options.home, io.env)

export const homeOf = (io: Io, options: CommonOptions): Home =>
  openHome(folderOf(io, options), io.env)

/** Opens the home's model in this process. */
export const openModelOf = async (
  io: Io,
  options: ModelOptions,
  { config }: Home = homeOf(io, options),
  signal?: AbortSignal,
): Promise<LocalModel> => {
  const { openModel } = await import('../engine/model/open.ts')
  return openModel(
    { cacheFolder: options.cache ?? defaultCacheFolder(io.env), name: config.model },
    {
      onConvert: (done, of) => io.progress({ step: 'converting the model', done, of }),
      ...(signal && { signal }),
    },
  )
}

export const megabytes = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
