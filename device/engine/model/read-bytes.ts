/** Exact reads from an opened file. */
import type { FileHandle } from 'node:fs/promises'
import { FedError } from '../../../adapters/errors.ts'

/** A cut file is E_MODEL_FILE. Reads in pieces, since one read is limited to 2 GiB. */
export const readBytes = async (
  handle: FileHandle,
  start: number,
  length: number,
): Promise<Uint8Array> => {
  const bytes = Buffer.allocUnsafeSlow(length)
  for (let done = 0; done < length; ) {
    const piece = Math.min(length - done, 2 ** 30)
    const { bytesRead } = await handle.read(bytes, done, piece, start + done)
    if (bytesRead === 0)
      throw new FedError(
        'E_MODEL_FILE',
        `the file ends at byte ${start + done}, expected ${start + length}`,
      )
    done += bytesRead
  }
  return bytes
}
