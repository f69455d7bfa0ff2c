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
/** DER (RFC 8410) of a PKCS #8 private key, up to the raw key. */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** secretKey: 32 bytes, the seed of RFC 8032. Returns 32 bytes. */
export const publicKeyOf = (secretKey: Uint8Array): Uint8Array => {
  const { x } = createPublicKey(privateKey(secretKey)).export({ format: 'jwk' })
  return new Uint8Array(Buffer.from(x!, 'base64url'))
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
  return verifyWith(null, message, publicKeyObject(publicKey), signature)
}

/** Reading a private key takes as long as ten signatures, a public one a fifth of a check. */
const parsed = new LRUCache<string, KeyObject>({ max: 10_000 })
const parsedPublic = new LRUCache<string, KeyObject>({ max: 10_000 })

const publicKeyObject = (raw: Uint8Array): KeyObject => {
  const x = Buffer.from(raw).toString('base64url')
  const known = parsedPublic.get(x)
  if (known) return known
  // OpenSSL takes a tenth of a check's time to read this form, and as long as a check for DER.
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  parsedPublic.set(x, key)
  return key
}

const privateKey = (raw: Uint8Array): KeyObject => {
  if (raw.length !== RAW_BYTES)
    throw new RangeError(`expected a secret key of ${RAW_BYTES} bytes, got ${raw.length}`)
  const name = Buffer.from(raw).toString('latin1')
  const known = parsed.get(name)
  if (known) return known
  const der = Buffer.concat([PRIVATE_PREFIX, raw])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  parsed.set(name, key)
  return key
}
