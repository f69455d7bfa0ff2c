/**
 * Pieces of updates where every replica finds them, so that the next piece may go to another one than
 * the last: a proxy that takes little at once and the balancer before the replicas know nothing of each
 * other. What came of a piece whose connection broke is with the replica that read it, and nowhere else.
 */
import { sha256Hex } from '../../adapters/node/sha256.ts'
import { MiB } from '../../adapters/wire/primitives.ts'
import type { Objects } from '../store/objects.ts'
import type { UploadPart } from '../store/records.ts'
import type { Tables } from '../store/store.ts'

/** Whose update it is, and the SHA-256 of the whole. */
type PartOwner = Pick<UploadPart, 'roundId' | 'deviceId' | 'digest'>

export type SharedParts = {
  /** How many bytes from the beginning on are kept without a gap. */
  size(owner: PartOwner): Promise<number>
  /** In the place of another update's piece that begins there. One that is larger than a proxy's limit is not kept. */
  keep(owner: PartOwner, start: number, bytes: Uint8Array, now: number): Promise<void>
  /** Those without a gap, in order. */
  read(owner: PartOwner): AsyncGenerator<{ readonly start: number; readonly bytes: Uint8Array }>
  drop(owner: PartOwner): Promise<void>
}

/** nginx takes 1 MB unless told otherwise. What is held in memory to be kept is bounded by it. */
const MAX_KEPT_BYTES = MiB

export const sharedParts = (
  store: Pick<Tables, 'savePart' | 'parts' | 'dropParts'>,
  objects: Pick<Objects, 'put' | 'get' | 'drop'>,
): SharedParts => {
  const ofOwner = async ({ roundId, deviceId, digest }: PartOwner) => {
    const parts = await store.parts(roundId, deviceId)
    return parts.filter((part) => part.digest === digest)
  }
  const unbroken = async (owner: PartOwner) => {
    const parts: UploadPart[] = []
    let end = 0
    for (const part of await ofOwner(owner)) {
      if (part.start > end) break
      parts.push(part)
      end = part.start + part.size
    }
    return { parts, end }
  }
  return {
    size: async (owner) => (await unbroken(owner)).end,
    async keep(owner, start, bytes, now) {
      if (bytes.length > MAX_KEPT_BYTES) return
      const object = Buffer.concat([labelOf(owner, start), bytes])
      const hash = sha256Hex(object)
      const before = await store.parts(owner.roundId, owner.deviceId)
      await objects.put(hash, object)
      await store.savePart({ ...owner, start, size: bytes.length, hash, at: now })
      for (const one of before)
        if (one.start === start && one.hash !== hash) await objects.drop(one.hash)
    },
    async *read(owner) {
      for (const { start, hash } of (await unbroken(owner)).parts) {
        const object = await objects.get(hash)
        // Swept: the device is told where to go on.
        if (!object) return
        yield { start, bytes: object.subarray(labelOf(owner, start).length) }
      }
    },
    async drop({ roundId, deviceId }) {
      const parts = await store.parts(roundId, deviceId)
      if (parts.length === 0) return
      await store.dropParts(roundId, deviceId)
      for (const { hash } of parts) await objects.drop(hash)
    },
  }
}

/** Before the bytes, so that an object of a piece is never that of an update, or of another device. */
const labelOf = ({ roundId, deviceId, digest }: PartOwner, start: number): Buffer =>
  Buffer.from(`piece ${roundId} ${deviceId} ${digest} ${start}\n`)
