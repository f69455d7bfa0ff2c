/** SHA-256 (FIPS 180-4): the name of every release, update and weight file is the hash of its bytes. */
import { sha256 as hash } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'

/** 32 bytes. */
export const sha256 = (bytes: Uint8Array): Uint8Array => hash(bytes)

/** 64 lower-case hexadecimal digits. */
export const sha256Hex = (bytes: Uint8Array): string => bytesToHex(hash(bytes))
