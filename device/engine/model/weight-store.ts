/** A model's weights as the engine maps them: one float32 file and its table, converted once. */
import { randomUUID } from 'node:crypto'
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { FedError, isFedError } from '../../../adapters/errors.ts'
import { ModelShapeSchema, Sha256 } from '../../../adapters/wire/primitives.ts'
import { ARCHITECTURES, checked } from './config.ts'
import { type ExpectedTensor, expectedTensors } from './expected-tensors.ts'
import type { SourceTensor, TensorSource } from './tensor-source.ts'

/** Raised when the converted bytes of a source change; it is part of the folder's name. */
export const CONVERTER_VERSION = 1
/** Tensors begin at multiples of this many bytes, so that they can be mapped. */
const ALIGNMENT = 4096

const WeightManifestSchema = z.strictObject({
  version: z.literal(CONVERTER_VERSION),
  source: Sha256,
  config: z.strictObject({
    architecture: z.enum(ARCHITECTURES),
    shape: ModelShapeSchema,
    normEps: z.number(),
    ropeBase: z.number(),
    ropeFactors: z.array(z.number()).readonly().optional(),
    attentionBias: z.boolean(),
    tiedHead: z.boolean(),
    contextLength: z.int(),
  }),
  tensors: z.record(
    z.string(),
    z.strictObject({
      shape: z.array(z.int().min(1)).min(1).max(2),
      offset: z.int().min(0).multipleOf(4),
      bytes: z.int().min(4),
    }),
  ),
})
/** source: SHA-256 of the source's bytes. offset and bytes: of `weights.bin`. */
export type WeightManifest = z.infer<typeof WeightManifestSchema>

/** Writes `weights.bin` and `weights.json`; the folder appears complete or not at all. A complete
 *  folder of the same source is kept, any other is replaced.
 *  Fails with E_MODEL_FILE (a missing, misshapen or non-finite tensor), E_HOME, E_CANCELLED. */
export const convertWeights = async (
  source: TensorSource,
  folder: string,
  onTensor?: (done: number, of: number) => void,
  signal?: AbortSignal,
): Promise<WeightManifest> => {
  const config = checked(source.config)
  const expected = expectedTensors(config)
  for (const { name } of expected) {
    const own = source.sourceName(name)
    if (!own.present) throw new FedError('E_MODEL_FILE', `tensor ${own.name} is missing`)
  }
  const partial = `${folder}.partial-${process.pid}-${randomUUID()}`
  try {
    await mkdir(dirname(folder), { recursive: true })
    await removeAbandoned(folder)
    await mkdir(partial)
    const tensors = await writeTensors(source, expected, partial, onTensor, signal)
    const manifest: WeightManifest = {
      version: CONVERTER_VERSION,
      source: source.sha256,
      config: { ...config, shape: { ...config.shape } },
      tensors,
    }
    await writeFile(join(partial, 'weights.json'), `${JSON.stringify(manifest)}\n`)
    await settle(partial, folder, source.sha256)
    return manifest
  } catch (cause) {
    await rm(partial, { recursive: true, force: true }).catch(() => {})
    if (isFedError(cause)) throw cause
    const { code = 'unknown' } = cause as NodeJS.ErrnoException
    throw new FedError('E_HOME', `cannot write the converted weights to ${folder}: ${code}`, {
      cause,
    })
  }
}

/** E_MODEL_MISSING when there is no converted folder, E_MODEL_FILE when it is damaged. */
export const readManifest = (folder: string): WeightManifest => {
  let text: string
  let size: number
  try {
    text = readFileSync(join(folder, 'weights.json'), 'utf8')
    size = statSync(join(folder, 'weights.bin')).size
  } catch (cause) {
    throw new FedError('E_MODEL_MISSING', `no converted weights in ${folder}`, { cause })
  }
  const manifest = parseManifest(text)
  checked(manifest.config)
  for (const { name, shape } of expectedTensors(manifest.config)) {
    const place = Object.hasOwn(manifest.tensors, name) ? manifest.tensors[name] : undefined
    if (!place) throw damaged(`tensor ${name} is missing`)
    const numbers = shape.reduce((a, b) => a * b, 1)
    if (String(place.shape) !== String(shape) || place.bytes !== 4 * numbers)
      throw damaged(`tensor ${name} has shape [${place.shape}], expected [${shape}]`)
    if (place.offset + place.bytes > size)
      throw damaged(
        `weights.bin has ${size} bytes, tensor ${name} ends at ${place.offset + place.bytes}`,
      )
  }
  return manifest
}

/** Whether folder holds this source's weights, complete. Damaged ones are converted again. */
export const hasWeights = (folder: string, sha256: string): boolean => {
  try {
    return readManifest(folder).source === sha256
  } catch (error) {
    if (isFedError(error)) return false
    throw error
  }
}

/** One tensor, row-major. RangeError for an unknown name, E_MODEL_FILE when the file is cut. */
export const readTensor = (
  folder: string,
  manifest: WeightManifest,
  name: string,
): Float32Array => {
  const place = Object.hasOwn(manifest.tensors, name) ? manifest.tensors[name] : undefined
  if (!place) throw new RangeError(`no tensor is called ${name}`)
  const bytes = new Uint8Array(place.bytes)
  const file = openSync(join(folder, 'weights.bin'), 'r')
  try {
    for (let done = 0; done < bytes.length; ) {
      const piece = Math.min(bytes.length - done, 2 ** 30)
      const count = readSync(file, bytes, done, piece, place.offset + done)
      if (count === 0) throw damaged(`weights.bin is cut inside tensor ${name}`)
      done += count
    }
  } finally {
    closeSync(file)
  }
  return new Float32Array(bytes.buffer)
}

/** Another process may have finished first and mapped its file: equal bytes, so they stay. */
const settle = async (partial: string, folder: string, sha256: string): Promise<void> => {
  for (let attempt = 0; ; attempt++) {
    if (hasWeights(folder, sha256)) return rm(partial, { recursive: true, force: true })
    try {
      await rm(folder, { recursive: true, force: true })
      return await rename(partial, folder)
    } catch (error) {
      if (attempt === 2) throw error
    }
  }
}

const writeTensors = async (
  source: TensorSource,
  expected: readonly ExpectedTensor[],
  folder: string,
  onTensor: ((done: number, of: number) => void) | undefined,
  signal: AbortSignal | undefined,
): Promise<WeightManifest['tensors']> => {
  const tensors: WeightManifest['tensors'] = {}
  await writeTensorFile(join(folder, 'weights.bin'), async (add) => {
    for (const [index, want] of expected.entries()) {
      if (signal?.aborted) throw new FedError('E_CANCELLED', 'the conversion was stopped')
      const { name } = source.sourceName(want.name)
      const data = inStoreLayout(await source.read(want.name), want, name)
      tensors[want.name] = { shape: [...want.shape], ...(await add(data)) }
      onTensor?.(index + 1, expected.length)
    }
  })
  return tensors
}

type Place = { readonly offset: number; readonly bytes: number }
type AddTensor = (data: Uint8Array | Float32Array) => Promise<Place>

/** A file of tensors that begin at multiples of ALIGNMENT, in the order in which they are added. */
export const writeTensorFile = async (
  path: string,
  write: (add: AddTensor) => Promise<void>,
): Promise<void> => {
  const file = await open(path, 'w')
  let end = 0
  try {
    await write(async (data) => {
      const place = { offset: end, bytes: data.byteLength }
      end = await writeAligned(file, data, end)
      return place
    })
    await file.truncate(end)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Writes all of the data at an offset; returns where the next may begin. */
const writeAligned = async (
  file: FileHandle,
  data: Uint8Array | Float32Array,
  offset: number,
): Promise<number> => {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  for (let done = 0; done < bytes.length; ) {
    const piece = Math.min(bytes.length - done, 2 ** 30)
    done += (await file.write(bytes, done, piece, offset + done)).bytesWritten
  }
  return Math.ceil((offset + bytes.length) / ALIGNMENT) * ALIGNMENT
}

const inStoreLayout = (
  tensor: SourceTensor,
  want: ExpectedTensor,
  sourceName: string,
): Float32Array => {
  const shape = want.isLinear ? [...want.shape].reverse() : want.shape
  if (String(tensor.shape) !== String(shape))
    throw new FedError(
      'E_MODEL_FILE',
      `tensor ${sourceName} has shape [${tensor.shape}], expected [${shape}]`,
    )
  for (let i = 0; i < tensor.data.length; i++)
    if (!Number.isFinite(tensor.data[i]))
      throw new FedError('E_MODEL_FILE', `tensor ${sourceName} holds a number that is not finite`)
  return want.isLinear ? transposed(tensor.data, shape[0]!, shape[1]!) : tensor.data
}

/** [rows, columns] -> [columns, rows], in tiles that stay in the cache. */
export const transposed = (data: Float32Array, rows: number, columns: number): Float32Array => {
  const out = new Float32Array(data.length)
  const tile = 32
  for (let row0 = 0; row0 < rows; row0 += tile)
    for (let column0 = 0; column0 < columns; column0 += tile) {
      const rowEnd = Math.min(row0 + tile, rows)
      const columnEnd = Math.min(column0 + tile, columns)
      for (let row = row0; row < rowEnd; row++)
        for (let column = column0; column < columnEnd; column++)
          out[column * rows + row] = data[row * columns + column]!
    }
  return out
}

/** Removes the half-written folders of processes that have ended. */
const removeAbandoned = async (folder: string): Promise<void> => {
  const prefix = `${basename(folder)}.partial-`
  for (const name of await readdir(dirname(folder))) {
    if (!name.startsWith(prefix)) continue
    const pid = Number.parseInt(name.slice(prefix.length), 10)
    if (pid !== process.pid && !isRunning(pid))
      await rm(join(dirname(folder), name), { recursive: true, force: true })
  }
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const parseManifest = (text: string): WeightManifest => {
  try {
    return WeightManifestSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new FedError('E_MODEL_FILE', 'converted weights: weights.json is not valid', { cause })
  }
}

const damaged = (what: string) => new FedError('E_MODEL_FILE', `converted weights: ${what}`)
