/** Whether a data folder may still grow. */
import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '../telemetry/log.ts'

export type RoomLimits = {
  /** Free space that is left to others, and to the server's own records. */
  readonly reserveBytes: number
  /** What the folder may hold. */
  readonly quotaBytes?: number | undefined
}

export type Disk = { readonly freeBytes: number; readonly totalBytes: number }
export type Space = { readonly freeBytes: number; readonly usedBytes: number }

export type Room = {
  /** As of the last look. */
  hasRoom(): boolean
  look(): Promise<void>
}

/** It takes a tenth more than the reserve before a full folder has room again. */
const AGAIN = 1.1

export const openRoom = (
  measure: () => Promise<Space>,
  { reserveBytes, quotaBytes = Number.POSITIVE_INFINITY }: RoomLimits,
  log: Log,
): Room => {
  let isFull = false
  return {
    hasRoom: () => !isFull,
    async look() {
      const { freeBytes, usedBytes } = await measure()
      const factor = isFull ? AGAIN : 1
      const wasFull = isFull
      isFull = freeBytes < reserveBytes * factor || usedBytes * factor > quotaBytes
      if (isFull === wasFull) return
      const numbers = { freeBytes, usedBytes }
      if (isFull)
        log('error', 'storage_full', { ...numbers, advice: 'free space, or raise the limits' })
      else log('info', 'storage_has_room', numbers)
    },
  }
}

/** Of the disk that a folder is on. */
export const diskOf = async (folder: string): Promise<Disk> => {
  const { bavail, blocks, bsize } = await statfs(folder)
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
}

/** The folder is walked only where a quota asks for it. */
export const folderSpace =
  (folder: string, hasQuota: boolean): (() => Promise<Space>) =>
  async () => {
    const { freeBytes } = await diskOf(folder)
    return { freeBytes, usedBytes: hasQuota ? await sizeOf(folder) : 0 }
  }

const sizeOf = async (folder: string): Promise<number> => {
  let bytes = 0
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) bytes += await sizeOf(path)
    // What is forgotten meanwhile takes no room.
    else
      bytes += await stat(path).then(
        ({ size }) => size,
        () => 0,
      )
  }
  return bytes
}
