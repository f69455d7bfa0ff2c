/** The ciphers of masks (adapters/secagg/ciphers.ts) by OpenSSL. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { sign, verify } from './ed25519.ts'

/** DER (RFC 8410) of an X25519 private key, up to the raw key. */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex')
/** OpenSSL's ChaCha20 takes the block counter, little-endian, before the nonce. */
const COUNTER_AND_NONCE = Buffer.alloc(16)
const TAG_BYTES = 16
const AEAD = 'chacha20-poly1305'

/** Reading a private key takes far longer than agreeing on a secret with it. */
const privateKeys = new LRUCache<string, KeyObject>({ max: 1000 })
const publicKeys = new LRUCache<string, KeyObject>({ max: 10_000 })

const privateKey = (raw: Uint8Array): KeyObject => {
  const name = Buffer.from(raw).toString('latin1')
  const known = privateKeys.get(name)
  if (known) return known
  const key = Buffer.concat([PRIVATE_PREFIX, raw])
  const read = createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  privateKeys.set(name, read)
  return read
}

const publicKeyObject = (raw: Uint8Array): KeyObject => {
  const x = Buffer.from(raw).toString('base64url')
  const known = publicKeys.get(x)
  if (known) return known
  const read = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' })
  publicKeys.set(x, read)
  return read
}

/** Its type is Ciphers, which stands above this folder. */
export const nativeCiphers = {
  sha256: (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest(),
  publicKey(secretKey: Uint8Array): Uint8Array {
    const { x } = createPublicKey(privateKey(secretKey)).export({ format: 'jwk' })
    return new Uint8Array(Buffer.from(x!, 'base64url'))
  },
  agree: (secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array =>
    diffieHellman({ privateKey: privateKey(secretKey), publicKey: publicKeyObject(publicKey) }),
  derive: (secret: Uint8Array, salt: Uint8Array, info: Uint8Array, bytes: number): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', secret, salt, info, bytes)),
  keystream: (key: Uint8Array, bytes: number): Uint8Array =>
    createCipheriv('chacha20', key, COUNTER_AND_NONCE).update(new Uint8Array(bytes)),
  stream(key: Uint8Array): (bytes: number) => Uint8Array {
    const cipher = createCipheriv('chacha20', key, COUNTER_AND_NONCE)
    let zeros = new Uint8Array()
    return (bytes) => {
      if (zeros.length < bytes) zeros = new Uint8Array(bytes)
      return cipher.update(zeros.subarray(0, bytes))
    }
  },
  seal(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array, about: Uint8Array): Uint8Array {
    const cipher = createCipheriv(AEAD, key, nonce, { authTagLength: TAG_BYTES })
    cipher.setAAD(about, { plaintextLength: plain.length })
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  },
  open(
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    about: Uint8Array,
  ): Uint8Array | null {
    const end = sealed.length - TAG_BYTES
    if (end < 0) return null
    const decipher = createDecipheriv(AEAD, key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(about, { plaintextLength: end })
    decipher.setAuthTag(sealed.subarray(end))
    try {
      return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()])
    } catch {
      return null
    }
  },
  sign,
  verify,
}
