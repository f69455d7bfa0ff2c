/** Ed25519 (RFC 8032) by OpenSSL: far faster than in JavaScript. */
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as signWith,
  verify as verifyWith,
} from 'node:crypto'
import { LRUCache } from 'lru-cache'

const RAW_BYTES = 32
const SIGNATURE_BYTES = 64
/** DER (RFC 8410) of a PKCS #8 private key and of a public key, up to the raw key. */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** secretKey: 32 bytes, the seed of RFC 8032. Returns 32 bytes. */
export const publicKeyOf = (secretKey: Uint8Array): Uint8Array => {
  const der = createPublicKey(privateKey(secretKey)).export({ format: 'der', type: 'spki' })
  return new Uint8Array(der.subarray(PUBLIC_PREFIX.length))
}

/** Returns 64 bytes. */
export const sign = (message: Uint8Array, secretKey: Uint8Array): Uint8Array =>
  new Uint8Array(signWith(null, message, privateKey(secretKey)))

/** False for a key or a signature that is none. */
export const verify = (
  signature: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
): boolean => {
  if (publicKey.length !== RAW_BYTES || signature.length !== SIGNATURE_BYTES) return false
  return verifyWith(null, message, parsedPublicKey(publicKey), signature)
}

/** A check is as fast as the signature alone when its key is parsed already. */
const parsed = new LRUCache<string, KeyObject>({ max: 10_000 })

const parsedPublicKey = (raw: Uint8Array): KeyObject => {
  const name = Buffer.from(raw).toString('latin1')
  const known = parsed.get(name)
  if (known) return known
  const der = Buffer.concat([PUBLIC_PREFIX, raw])
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
  parsed.set(name, key)
  return key
}

const privateKey = (raw: Uint8Array): KeyObject => {
  if (raw.length !== RAW_BYTES)
    throw new RangeError(`expected a secret key of ${RAW_BYTES} bytes, got ${raw.length}`)
  return createPrivateKey({
    key: Buffer.concat([PRIVATE_PREFIX, raw]),
    format: 'der',
    type: 'pkcs8',
  })
}
