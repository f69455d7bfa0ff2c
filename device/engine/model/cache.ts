/** Where models are on disk: `models/` as published, `converted/` as the engine maps them. */
import { readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { MODELS } from './registry.ts'
import { CONVERTER_VERSION } from './weight-store.ts'

/** LOREWEAVE_CACHE, else XDG_CACHE_HOME/loreweave, else ~/.cache/loreweave. */
export const defaultCacheFolder = (env: Readonly<Record<string, string | undefined>>): string =>
  env['LOREWEAVE_CACHE'] ||
  join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'loreweave')

export const modelPath = (cacheFolder: string, file: string): string =>
  join(cacheFolder, 'models', file)

/** sha256: the digest of the source's bytes. */
export const convertedFolder = (cacheFolder: string, sha256: string): string =>
  join(cacheFolder, 'converted', `${sha256}-v${CONVERTER_VERSION}`)

/**
 * Published files and interrupted transfers, converted weights of any version and interrupted
 * conversions.
 */
const CACHED: Readonly<Record<string, (name: string) => boolean>> = {
  models: (name) =>
    MODELS.some(
      ({ file }) =>
        name === file ||
        (/^\.(?:part$|tmp-)/.test(name.slice(file.length)) && name.startsWith(file)),
    ),
  converted: (name) => /^[0-9a-f]{64}-v\d+(?:\.partial-[\w-]+)?$/.test(name),
}

/**
 * Paths that this program has written in a cache folder; other files there belong to someone else.
 */
export const cachedFiles = (cacheFolder: string): string[] =>
  Object.entries(CACHED).flatMap(([name, isOwn]) => {
    const folder = join(cacheFolder, name)
    return existing(folder)
      .filter(isOwn)
      .map((file) => join(folder, file))
  })

/** Empty if there is no such folder. */
const existing = (folder: string): string[] => {
  try {
    return readdirSync(folder).toSorted()
  } catch {
    return []
  }
}
