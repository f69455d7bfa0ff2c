/** Discards long work if texts were forgotten meanwhile. */
import { rmSync } from 'node:fs'
import { FedError } from '../../adapters/errors.ts'
import type { DeviceStore } from './store.ts'
import type { StoreTx } from './tables.ts'

type Times = Pick<DeviceStore, 'forgottenTimes'>

/**
 * Runs work that reads choices for minutes. If anything was forgotten meanwhile, it fails with
 * E_CANCELLED and deletes the checkpoint. keep: writes the result.
 */
export const unlessForgotten = async <T>(
  store: Times & Pick<DeviceStore, 'durably'>,
  checkpoint: string | undefined,
  work: () => Promise<T>,
  keep?: (tx: StoreTx, result: T) => void,
): Promise<T> => {
  const before = store.forgottenTimes()
  const check = (cause?: unknown): void => {
    if (store.forgottenTimes() === before) return
    if (checkpoint) rmSync(checkpoint, { force: true })
    throw new FedError('E_CANCELLED', 'something was forgotten meanwhile: start it again', {
      cause,
    })
  }
  const result = await work().catch((error) => {
    check(error)
    throw error
  })
  check()
  if (keep)
    await store.durably((tx) => {
      check()
      keep(tx, result)
    })
  return result
}
