/**
 * The cryptography of masks as an argument: here in JavaScript, by noble; adapters/node/ciphers.ts has
 * the platform's, which gives equal bytes faster. All keys are 32 bytes.
 */
import { chacha20, chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'

export type Ciphers = {
  sha256(bytes: Uint8Array): Uint8Array
  /** RFC 7748, section 6.1: the public key of a secret one. */
  publicKey(secretKey: Uint8Array): Uint8Array
  /** RFC 7748, section 6.1. Throws where the result is zero: the public key is of small order. */
  agree(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array
  /** HKDF-SHA-256, RFC 5869. */
  derive(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, bytes: number): Uint8Array
  /** ChaCha20, RFC 8439 section 2.4: its key stream for a nonce of zeros, from block 0. */
  keystream(key: Uint8Array, bytes: number): Uint8Array
  /** The same in parts, each of whole blocks (64 bytes) but the last. A part is good until the next. */
  stream(key: Uint8Array): (bytes: number) => Uint8Array
  /** ChaCha20-Poly1305, RFC 8439 section 2.8. nonce: 12 bytes. */
  seal(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array, about: Uint8Array): Uint8Array
  /** null where the bytes are not those that were sealed. */
  open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, about: Uint8Array): Uint8Array | null
  /** Ed25519, RFC 8032. */
  sign(message: Uint8Array, secretKey: Uint8Array): Uint8Array
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
}

const NONCE = new Uint8Array(12)
const BLOCK_BYTES = 64

export const nobleCiphers: Ciphers = {
  sha256,
  publicKey: (secretKey) => x25519.getPublicKey(secretKey),
  agree: (secretKey, publicKey) => x25519.getSharedSecret(secretKey, publicKey),
  derive: (secret, salt, info, bytes) => hkdf(sha256, secret, salt, info, bytes),
  keystream: (key, bytes) => chacha20(key, NONCE, new Uint8Array(bytes)),
  stream(key) {
    let block = 0
    return (bytes) => {
      const part = chacha20(key, NONCE, new Uint8Array(bytes), undefined, block)
      block += bytes / BLOCK_BYTES
      return part
    }
  },
  seal: (key, nonce, plain, about) => chacha20poly1305(key, nonce, about).encrypt(plain),
  open(key, nonce, sealed, about) {
    try {
      return chacha20poly1305(key, nonce, about).decrypt(sealed)
    } catch {
      return null
    }
  },
  sign: (message, secretKey) => ed25519.sign(message, secretKey),
  verify(signature, message, publicKey) {
    try {
      return ed25519.verify(signature, message, publicKey, { zip215: false })
    } catch {
      return false
    }
  },
}
