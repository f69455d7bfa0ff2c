/** A training's state and its file: whole or absent after a crash of process or machine. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { deserialize, serialize } from 'node:v8'
import { replaceFile } from '../../../adapters/node/replace-file.ts'
import type { Evaluation, TrainRequest } from '../engine.ts'
import type { AdamW } from './adamw.ts'

/** The state of a run: everything it needs to continue, and so the content of a checkpoint. */
export type TrainingState = AdamW & {
  /** The digest of the request. */
  readonly digest: string
  /** The row limit so far; sums over other rows would differ in their last bits. */
  readonly rowTokens: number
  /** The trainable adapter. */
  readonly flat: Float32Array
  readonly losses: number[]
  readonly evaluations: Evaluation[]
  /** The evaluation of the lowest held-back loss; undefined without a validation. */
  best: (Evaluation & { readonly flat: Float32Array }) | undefined
  tokens: number
}

/** Names everything that decides the result of a run but for its last bits: not threads, row size
 *  or the checkpoint's path.  model: digest of the weights. */
export const requestDigest = (request: TrainRequest, model: string): string => {
  const { checkpoint: _path, threads: _threads, rowTokens: _rows, ...rest } = request
  return createHash('sha256').update(`${FORMAT} ${model}`).update(serialize(rest)).digest('hex')
}

/** A power cut leaves the last checkpoint or this one. One writer at a time. */
export const writeCheckpoint = async (path: string, state: TrainingState): Promise<void> => {
  const bytes = serialize(state)
  const checked = Buffer.concat([createHash('sha256').update(bytes).digest(), bytes])
  await replaceFile(path, checked, { mode: 0o600, temporary: `${path}.tmp` })
}

/** undefined if the file is missing, damaged, or of another request: the run then starts anew. */
export const readCheckpoint = async (
  path: string,
  digest: string,
): Promise<TrainingState | undefined> => {
  const file = await readFile(path).catch(() => undefined)
  if (!file || file.length < 32) return undefined
  const bytes = file.subarray(32)
  if (!createHash('sha256').update(bytes).digest().equals(file.subarray(0, 32))) return undefined
  const state = deserialize(bytes) as TrainingState
  return state.digest === digest ? state : undefined
}

/** Raised when a state, or what a run computes from a request, changes. */
const FORMAT = 'checkpoint 3'
