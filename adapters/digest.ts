/** SHA-256 (FIPS 180-4): the name of every release, update and weight file is the hash of its bytes. */
import { sha256 as portable } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'

export type Sha256 = (bytes: Uint8Array) => Uint8Array

let hash: Sha256 = portable

/**
 * Lets a program offer its platform's own SHA-256, which is twenty times as fast on an update of a megabyte.
 * It must be the same function: this folder may not import a platform's.
 */
export const useSha256 = (native: Sha256): void => {
  hash = native
}

/** 32 bytes. */
export const sha256: Sha256 = (bytes) => hash(bytes)

/** 64 lower-case hexadecimal digits. */
export const sha256Hex = (bytes: Uint8Array): string => bytesToHex(hash(bytes))
