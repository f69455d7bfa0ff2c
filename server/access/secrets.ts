/** Ids and credentials: how they are made, and how they are compared. */
import { createHash, createHmac } from 'node:crypto'
import type { Rng } from '../../adapters/random.ts'

/** `<kind>-` and 20 hexadecimal digits (80 bits). */
export const newId = (rng: Rng, kind: string): string =>
  `${kind}-${Buffer.from(secretBytes(rng, 10)).toString('hex')}`

/** 256 bits, base64url. */
export const newCredential = (rng: Rng): string =>
  Buffer.from(secretBytes(rng, 32)).toString('base64url')

/** What the store keeps of a credential. */
export const credentialHash = (credential: string): string =>
  createHash('sha256').update(credential).digest('hex')

/** Derived, so that a device that asks again gets the same token and nothing needs to be stored (RFC 2104). */
export const uploadTokenOf = (key: string, roundId: string, deviceId: string): string =>
  createHmac('sha256', key).update(`upload ${roundId} ${deviceId}`).digest('base64url')

const secretBytes = (rng: Rng, n: number): Uint8Array =>
  Uint8Array.from({ length: n }, () => rng.int(256))
