/** A model's quantized weights beside the converted ones: one file and its table, made once. */
import { readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { FedError } from '../../../adapters/errors.ts'
import { replaceFile } from '../../../adapters/node/replace-file.ts'
import { Sha256 } from '../../../adapters/wire/primitives.ts'
import { QUANTIZED_BLOCK } from '../onnx/ops.ts'
import type { ModelConfig } from './config.ts'
import { expectedTensors } from './expected-tensors.ts'
import { type QuantizedTensor, quantize } from './quantize.ts'
import { readTensor, transposed, type WeightManifest, writeTensorFile } from './weight-store.ts'

export const QUANTIZED_FILE = 'quantized.bin'
const TABLE_FILE = 'quantized.json'

const Part = z.strictObject({
  shape: z.array(z.int().min(1)).min(1).max(3),
  offset: z.int().min(0),
  bytes: z.int().min(1),
})
const QuantizedManifestSchema = z.strictObject({
  version: z.literal(1),
  source: Sha256,
  tensors: z.record(
    z.string(),
    z.strictObject({
      bits: z.literal([4, 8]),
      error: z.number(),
      codes: Part,
      scales: Part,
      offsets: Part.optional(),
    }),
  ),
})
/** offset and bytes: of `quantized.bin`; see quantize.ts for the parts. */
export type QuantizedManifest = z.infer<typeof QuantizedManifestSchema>
export type QuantizedPart = z.infer<typeof Part>

/** Whether every row is made of whole blocks. */
export const canQuantize = (config: ModelConfig): boolean =>
  tensorsToRound(config).every(
    ({ shape, isLinear }) => shape[isLinear ? 0 : 1]! % QUANTIZED_BLOCK === 0,
  )

const tensorsToRound = (config: ModelConfig) => {
  const head = config.tiedHead ? 'embed' : 'head'
  return expectedTensors(config).filter(({ name, isLinear }) => isLinear || name === head)
}

/** Reads a folder's quantized linears and LM head, or makes them. E_MODEL_UNSUPPORTED when a row is
 *  not made of whole blocks, E_HOME when they cannot be written. */
export const openQuantized = async (
  folder: string,
  manifest: WeightManifest,
): Promise<QuantizedManifest> =>
  (await readQuantized(folder, manifest.source)) ?? (await makeQuantized(folder, manifest))

/** undefined when there are none, others', or cut ones. */
export const readQuantized = async (
  folder: string,
  source: string,
): Promise<QuantizedManifest | undefined> => {
  const text = await readFile(join(folder, TABLE_FILE), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    const table = QuantizedManifestSchema.parse(JSON.parse(text))
    const { size } = await stat(join(folder, QUANTIZED_FILE))
    return table.source === source && endOf(table) <= size ? table : undefined
  } catch {
    return undefined
  }
}

const endOf = ({ tensors }: QuantizedManifest): number =>
  Math.max(
    ...Object.values(tensors).flatMap(({ codes, scales, offsets }) =>
      [codes, scales, offsets].map((part) => (part ? part.offset + part.bytes : 0)),
    ),
  )

const makeQuantized = async (
  folder: string,
  manifest: WeightManifest,
): Promise<QuantizedManifest> => {
  const { config } = manifest
  if (!canQuantize(config))
    throw new FedError(
      'E_MODEL_UNSUPPORTED',
      `quantized weights need rows that are a multiple of ${QUANTIZED_BLOCK}; this model has others`,
    )
  const partial = join(folder, `${QUANTIZED_FILE}.${process.pid}.tmp`)
  const tensors: QuantizedManifest['tensors'] = {}
  try {
    await writeTensorFile(partial, async (add) => {
      const write = async (data: Uint8Array | Float32Array, shape: number[]) => ({
        shape,
        ...(await add(data)),
      })
      for (const { name, shape, isLinear } of tensorsToRound(config)) {
        const data = readTensor(folder, manifest, name)
        const [rows, columns] = isLinear ? [shape[1]!, shape[0]!] : [shape[0]!, shape[1]!]
        const own = quantize(isLinear ? transposed(data, columns, rows) : data, columns)
        tensors[name] = await placed(own, rows, columns / QUANTIZED_BLOCK, write)
      }
    })
    const table: QuantizedManifest = { version: 1, source: manifest.source, tensors }
    await rename(partial, join(folder, QUANTIZED_FILE))
    await replaceFile(join(folder, TABLE_FILE), `${JSON.stringify(table)}\n`)
    return table
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => {})
    if (cause instanceof FedError) throw cause
    const { code = 'unknown' } = cause as NodeJS.ErrnoException
    throw new FedError('E_HOME', `cannot write the quantized weights to ${folder}: ${code}`, {
      cause,
    })
  }
}

const placed = async (
  { bits, error, codes, scales, offsets }: QuantizedTensor,
  rows: number,
  blocks: number,
  write: (data: Uint8Array | Float32Array, shape: number[]) => Promise<QuantizedPart>,
): Promise<QuantizedManifest['tensors'][string]> => ({
  bits,
  error,
  codes: await write(codes, [rows, blocks, 4 * bits]),
  scales: await write(scales, [rows * blocks]),
  ...(offsets && { offsets: await write(offsets, [blocks, rows]) }),
})
