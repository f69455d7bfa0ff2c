/** What the commands of `loreweave` share: options, the opened home and device, output. */
import { readFileSync } from 'node:fs'
import { type Command, InvalidArgumentError } from 'commander'
import { FedError } from '../../adapters/errors.ts'
import { openDevice } from '../agent/device.ts'
import { type Home, homeFolder, openHome } from '../agent/home.ts'
import { type DeviceStore, openStore } from '../agent/store.ts'
import type { Device, Progress } from '../agent/types.ts'
import { defaultCacheFolder } from '../engine/model/cache.ts'
import { type LocalModel, openModel } from '../engine/model/open.ts'
import { type EngineOptions, openEngine } from '../engine/run/client.ts'

export type CommonOptions = { home?: string; json?: boolean }
export type ModelOptions = CommonOptions & { threads?: number; cache?: string }

export const withHome = (command: Command): Command =>
  command
    .option('--home <dir>', 'home folder (default: $LOREWEAVE_HOME or ~/.loreweave)')
    .option('--json', 'print one JSON document')

export const withModel = (command: Command): Command =>
  withHome(command)
    .option('--threads <n>', 'threads of the local model (default: all cores)', integer(1, 256))
    .option('--cache <dir>', 'model cache (default: $LOREWEAVE_CACHE or ~/.cache/loreweave)')

export const integer =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^-?\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}.`)
    return value
  }

export const homeOf = (options: CommonOptions): Home =>
  openHome(homeFolder(options.home, process.env), process.env)

/** The store alone, for commands that need no model; closed afterwards. */
export const withStore = <T>(
  options: CommonOptions,
  work: (store: DeviceStore, home: Home) => T,
): T => {
  const home = homeOf(options)
  const store = openStore(home.databasePath)
  const close = () => store.close()
  let result: T
  try {
    result = work(store, home)
  } catch (error) {
    close()
    throw error
  }
  if (result instanceof Promise) return result.finally(close) as T
  close()
  return result
}

/** The whole device; closed afterwards. The signal aborts at SIGINT or SIGTERM. */
export const withDevice = async <T>(
  options: ModelOptions,
  work: (
    device: Device,
    context: { home: Home; store: DeviceStore; signal: AbortSignal; model: LocalModel },
  ) => Promise<T>,
  engineOptions: Pick<EngineOptions, 'oneChild'> = {},
): Promise<T> => {
  const home = homeOf(options)
  const abort = new AbortController()
  const stop = () => abort.abort()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  const model = await openModel(
    { cacheFolder: options.cache ?? defaultCacheFolder(process.env), name: home.config.model },
    {
      onConvert: (done, of) => progressLine({ step: 'converting the model', done, of }),
      signal: abort.signal,
    },
  )
  const threads = options.threads ?? home.config.threads
  const store = openStore(home.databasePath)
  const device = openDevice({
    store,
    key: home.key,
    model,
    engine: openEngine({
      folder: model.folder,
      ...engineOptions,
      ...(threads !== null && { threads }),
    }),
    serverUrl: home.config.server,
    settings: home.config.settings,
    folder: home.folder,
  })
  try {
    return await work(device, { home, store, signal: abort.signal, model })
  } finally {
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
    await device.close()
  }
}

/** Results go to stdout: one JSON document, or text for people. */
export const print = (options: CommonOptions, json: object, text: string): void =>
  void process.stdout.write(`${options.json ? JSON.stringify(json) : text}\n`)

let lastLine = ''
let lastAt = 0

/** Progress goes to stderr: one rewritten line on a terminal, elsewhere a line every few seconds. */
export const progressLine = ({ step, done, of, note }: Progress): void => {
  const out = process.stderr
  const count = done === undefined ? '' : of === undefined ? ` ${done}` : ` ${done}/${of}`
  const line = `${step}${count}${note ? `: ${note}` : ''}`
  const isLast = done === undefined || done === of
  if (line === lastLine || (!isLast && Date.now() - lastAt < (out.isTTY ? 100 : 5000))) return
  lastLine = line
  lastAt = Date.now()
  out.write(
    out.isTTY && !isLast ? `\r\u001b[K${line}` : `${out.isTTY ? '\r\u001b[K' : ''}${line}\n`,
  )
}

/** The text of a file, or of stdin for "-". Fails with E_DATA. */
export const readText = (path: string): string => {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8')
  } catch (cause) {
    throw new FedError('E_DATA', `${path === '-' ? 'standard input' : path} cannot be read`, {
      cause,
    })
  }
}

export const megabytes = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
