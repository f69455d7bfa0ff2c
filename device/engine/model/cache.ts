/** Where models lie on the disk: `models/` holds their files as published, `converted/` what the engine maps. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CONVERTER_VERSION } from './weight-store.ts'

/** LOREWEAVE_CACHE, else XDG_CACHE_HOME/loreweave, else ~/.cache/loreweave. */
export const defaultCacheFolder = (env: Readonly<Record<string, string | undefined>>): string =>
  env['LOREWEAVE_CACHE'] ||
  join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'loreweave')

export const modelPath = (cacheFolder: string, file: string): string =>
  join(cacheFolder, 'models', file)

/** sha256: of the source's bytes. */
export const convertedFolder = (cacheFolder: string, sha256: string): string =>
  join(cacheFolder, 'converted', `${sha256}-v${CONVERTER_VERSION}`)
