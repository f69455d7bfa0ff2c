/** The home folder of a device: configuration and secrets, readable only by its owner. */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { z } from 'zod'
import { FedError } from '../../adapters/errors.ts'
import { parseJson, textOfFile } from '../../adapters/formats/text.ts'
import { replaceFileSync } from '../../adapters/node/replace-file.ts'
import { parseAs } from '../../adapters/parse.ts'
import { randomBytes } from '../../adapters/random.ts'
import { newKeyPair } from '../../adapters/wire/signature.ts'
import { DEFAULT_MODEL } from '../engine/model/registry.ts'
import { refuseExposed } from '../http/address.ts'
import { changedConfig, commentedConfig, HomeConfig, parseConfig } from './config-file.ts'
import { DeviceKey } from './device-key.ts'
import { DeviceSettings } from './settings.ts'

export type Home = {
  readonly folder: string
  readonly config: HomeConfig
  readonly key: DeviceKey
  /** The credential of the local API. */
  readonly deviceToken: string
  /** The user's own Claude key, if the device has one. */
  readonly claudeKey: string | null
  readonly databasePath: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** --home, else LOREWEAVE_HOME, else ~/.loreweave. */
export const homeFolder = (flag: string | undefined, env: Environment): string =>
  resolve(flag ?? env['LOREWEAVE_HOME'] ?? join(homedir(), '.loreweave'))

export const isHome = (folder: string): boolean => existsSync(configPath(folder))

/** Whether it also has its secrets. */
export const isWholeHome = (folder: string): boolean =>
  isHome(folder) &&
  ['device-key.json', 'device-token'].every((name) => existsSync(join(folder, name)))

export type HomeChanges = {
  readonly model?: string | undefined
  readonly threads?: number | null | undefined
  readonly settings?:
    | { readonly [K in keyof DeviceSettings]?: DeviceSettings[K] | undefined }
    | undefined
}

/**
 * last: null for a new home. Fails with E_INSECURE if Claude's new address is not encrypted and
 * that was not allowed explicitly.
 */
export const changedHome = (
  last: HomeConfig | null,
  { model, threads, settings = {} }: HomeChanges,
): HomeConfig => {
  const said = Object.entries(settings).filter(([, value]) => value !== undefined)
  const config: HomeConfig = {
    version: 1,
    model: model ?? last?.model ?? DEFAULT_MODEL,
    server: last?.server ?? null,
    enrolledAt: last?.enrolledAt ?? null,
    threads: threads === undefined ? (last?.threads ?? null) : threads,
    settings: DeviceSettings.parse({ ...last?.settings, ...Object.fromEntries(said) }),
  }
  if (settings.claudeUrl !== undefined && !config.settings.insecureHttp)
    refuseExposed(settings.claudeUrl)
  return config
}

/**
 * Makes a home, or changes the model and settings of an existing one. Keys and tokens stay. Fails
 * with E_HOME if others can read the folder, and as changedHome does.
 */
export const createHome = (folder: string, changes: HomeChanges, env: Environment = {}): Home => {
  makeFolder(folder)
  const config = changedHome(isHome(folder) ? readConfig(folder) : null, changes)
  if (!existsSync(join(folder, 'device-key.json')))
    writeSecret(join(folder, 'device-key.json'), JSON.stringify(newKeyPair()))
  if (!existsSync(join(folder, 'device-token')))
    writeSecret(
      join(folder, 'device-token'),
      `lw-${Buffer.from(randomBytes(32)).toString('base64url')}`,
    )
  saveConfig(folder, config)
  return openHome(folder, env)
}

/** Makes the folder of a home if it is missing. Fails with E_HOME if others can read it. */
export const makeFolder = (folder: string): void => {
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 })
  requirePrivate(folder, 0o700)
}

/** Reads a home. Fails with E_HOME if there is none, if it is damaged, or if others can read it. */
export const openHome = (folder: string, env: Environment = {}): Home => {
  if (!isHome(folder))
    throw new FedError('E_HOME', `${folder} is not set up. Run: loreweave init --home ${folder}`)
  requirePrivate(folder, 0o700)
  const claudeFile = join(folder, 'claude-key')
  return {
    folder,
    config: readConfig(folder),
    key: parseFile(join(folder, 'device-key.json'), DeviceKey, readSecret),
    deviceToken: readSecret(join(folder, 'device-token')).trim(),
    claudeKey:
      env['ANTHROPIC_API_KEY'] ||
      (existsSync(claudeFile) ? readSecret(claudeFile).trim() : '') ||
      null,
    databasePath: privateDatabase(join(folder, 'loreweave.db')),
  }
}

/**
 * Writes changes into config.json atomically; the user's comments stay. Fails with E_HOME if it is
 * not valid.
 */
export const saveConfig = (folder: string, config: HomeConfig): void => {
  const path = configPath(folder)
  const after = HomeConfig.parse(config)
  if (!existsSync(path)) {
    writeSecret(path, commentedConfig(after))
    return
  }
  const text = readHomeFile(path)
  const changed = changedConfig(text, parseConfig(text, path), after)
  parseConfig(changed, path)
  if (changed !== text) writeSecret(path, changed)
}

export const saveDeviceKey = (folder: string, key: DeviceKey): void =>
  writeSecret(join(folder, 'device-key.json'), JSON.stringify(DeviceKey.parse(key)))

/** Stores the user's own Claude key in a file that only they can read. */
export const saveClaudeKey = (folder: string, key: string): void =>
  writeSecret(join(folder, 'claude-key'), `${key.trim()}\n`)

const configPath = (folder: string): string => join(folder, 'config.json')

const readConfig = (folder: string): HomeConfig => {
  const path = configPath(folder)
  return parseConfig(readHomeFile(path), path)
}

/** Editors and shells on Windows write byte order marks and UTF-16. */
const readHomeFile = (path: string): string => textOfFile(() => readFileSync(path), path, 'E_HOME')

const parseFile = <T>(path: string, schema: z.ZodType<T>, read: (path: string) => string): T =>
  parseAs(schema, parseJson(read(path), path, 'E_HOME'), 'E_HOME', `${path}: `, 'content')

const readSecret = (path: string): string => {
  requirePrivate(path, 0o600)
  return readHomeFile(path)
}

const writeSecret = (path: string, text: string): void =>
  replaceFileSync(path, text, { mode: 0o600 })

const privateDatabase = (path: string): string => {
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
  requirePrivate(path, 0o600)
  return path
}

const requirePrivate = (path: string, mode: number): void => {
  if (process.platform === 'win32') return
  let actual: number
  try {
    actual = statSync(path).mode & 0o777
  } catch (cause) {
    throw new FedError('E_HOME', `${path} is missing or cannot be read`, { cause })
  }
  if ((actual & 0o077) !== 0)
    throw new FedError(
      'E_HOME',
      `${path} can be read by others (mode ${actual.toString(8)}, expected ` +
        `${mode.toString(8)}). Run: chmod ${mode.toString(8)} ${path}`,
    )
}
