/** A training run on disk: written beside its target and renamed, so that it is whole or absent. */
import { createHash } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { deserialize, serialize } from 'node:v8'
import type { TrainRequest } from '../run/types.ts'

export type Checkpoint = {
  /** Of the request that this is a state of. */
  readonly digest: string
  readonly step: number
  readonly tokens: number
  readonly losses: readonly number[]
  readonly flat: Float32Array
  readonly first: Float32Array
  readonly second: Float32Array
}

/** Names what decides the result of a run; threads and the checkpoint's place do not. model: digest of the weights. */
export const requestDigest = (request: TrainRequest, model: string): string => {
  const { checkpoint: _path, threads: _threads, ...rest } = request
  return createHash('sha256').update(model).update(serialize(rest)).digest('hex')
}

export const writeCheckpoint = async (path: string, checkpoint: Checkpoint): Promise<void> => {
  const bytes = serialize(checkpoint)
  const temporary = `${path}.${process.pid}.tmp`
  await writeFile(temporary, Buffer.concat([createHash('sha256').update(bytes).digest(), bytes]))
  await rename(temporary, path)
}

/** undefined when the file is missing, damaged, or of another request: the run then begins anew. */
export const readCheckpoint = async (
  path: string,
  digest: string,
): Promise<Checkpoint | undefined> => {
  const file = await readFile(path).catch(() => undefined)
  if (!file || file.length < 32) return undefined
  const bytes = file.subarray(32)
  if (!createHash('sha256').update(bytes).digest().equals(file.subarray(0, 32))) return undefined
  const checkpoint = deserialize(bytes) as Checkpoint
  return checkpoint.digest === digest ? checkpoint : undefined
}
