/** A new key of a device proves that its holder wants to be that device. */
import { FedError } from '../errors.ts'
import { sign, verify } from '../node/ed25519.ts'
import type { KeyPair } from './signature.ts'

const textOf = (deviceId: string, publicKey: string): Uint8Array =>
  new TextEncoder().encode(`loreweave key of ${deviceId}: ${publicKey}`)

/** base64url. */
export const keyProof = (deviceId: string, { publicKey, secretKey }: KeyPair): string =>
  Buffer.from(sign(textOf(deviceId, publicKey), Buffer.from(secretKey, 'base64url'))).toString(
    'base64url',
  )

/** Fails with E_SIGNATURE. */
export const checkKeyProof = (deviceId: string, publicKey: string, proof: string): void => {
  const text = textOf(deviceId, publicKey)
  if (!verify(Buffer.from(proof, 'base64url'), text, Buffer.from(publicKey, 'base64url')))
    throw new FedError(
      'E_SIGNATURE',
      'expected the signature of the new key over the device and itself',
    )
}
