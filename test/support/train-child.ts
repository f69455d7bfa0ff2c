/** A training in a process of its own that ends itself with SIGKILL at a given moment:
 *  `tsx train-child.ts <job file> <moment> <count>`.  The job file is a v8-serialized TrainJob; without a moment the run ends
 *  and writes its result. Time passes by 4 s a look, so that every step is followed by a checkpoint. */
import fs, { readFileSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { deserialize, serialize } from 'node:v8'
import type { TrainRequest } from '../../device/engine/engine.ts'
import { openService } from '../../device/engine/process/service.ts'

export type TrainJob = {
  readonly folder: string
  readonly stateFolder: string
  readonly request: TrainRequest
  readonly result: string
}

/** row: between rows, or between the items of a reference; step: after a step, before its checkpoint; half-…: with half of the
 *  file's bytes written; before-rename, after-rename: of a checkpoint; end: after the run, before anyone hears of it. */
export type Moment =
  | 'row'
  | 'step'
  | 'half-states'
  | 'half-checkpoint'
  | 'before-rename'
  | 'after-rename'
  | 'end'

const [, , jobPath, moment, count] = process.argv
let left = Number(count)
/** The nth time that the chosen moment comes. */
const isNow = (here: Moment): boolean => here === moment && --left === 0
const die = (): never => {
  process.kill(process.pid, 'SIGKILL')
  for (;;);
}
const passing = (here: Moment): void => {
  if (isNow(here)) die()
}
const half = (bytes: Uint8Array) => bytes.subarray(0, bytes.length >> 1)

const { rename, writeFile } = fs.promises
/** What must be on the disk is written through an open file: checkpoints. */
fs.promises.writeFile = async (to, data, options) => {
  const isOpen = typeof to === 'object' && 'sync' in to
  if (!isNow(isOpen ? 'half-checkpoint' : 'half-states')) return writeFile(to, data, options)
  await writeFile(to, half(data as Uint8Array), options)
  die()
}
fs.promises.rename = async (from, to) => {
  const isCheckpoint = !String(to).endsWith('.states')
  if (isCheckpoint) passing('before-rename')
  await rename(from, to)
  if (isCheckpoint) passing('after-rename')
}
syncBuiltinESMExports()

const { folder, stateFolder, request, result } = deserialize(readFileSync(jobPath!)) as TrainJob
const service = openService({ folder, threads: 1, cacheBytes: 0, stateFolder })
let now = 0
const outcome = await service.train(request, {
  now: () => {
    now += 4000
    return now
  },
  isCancelled: () => {
    passing('row')
    return false
  },
  onProgress: () => passing('step'),
})
passing('end')
writeFileSync(result, serialize(outcome))
