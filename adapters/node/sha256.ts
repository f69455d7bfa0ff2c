/** SHA-256 (FIPS 180-4): the name of every release, update and weight file is the hash of its bytes. */
import { createHash } from 'node:crypto'

/** 32 bytes. */
export const sha256 = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(bytes).digest())

/** 64 lower-case hexadecimal digits. */
export const sha256Hex = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex')
