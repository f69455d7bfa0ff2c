/**
 * The key of a federation server, which devices pin when they enrol, and the signature of its
 * answers.
 */
import { z } from 'zod'
import { sha256Hex } from '../node/sha256.ts'
import { Protocol, PublicKey, Signature, TimeMs } from './primitives.ts'
import { isStatement, signStatement } from './statement.ts'

/** `to` replaces `from`, which signs this. */
export const KeyRotation = z.strictObject({
  from: PublicKey,
  to: PublicKey,
  at: TimeMs,
  signature: Signature,
})
export type KeyRotation = z.infer<typeof KeyRotation>

/** GET /v1/server/key: the key in force, and how it came to be, oldest first. */
export const ServerKeyResponse = z.strictObject({
  protocol: Protocol,
  publicKey: PublicKey,
  rotations: z.array(KeyRotation).max(1000),
})
export type ServerKeyResponse = z.infer<typeof ServerKeyResponse>

const rotationText = ({ from, to, at }: Omit<KeyRotation, 'signature'>): string =>
  `${from}\n${to}\n${at}`

/** secretKey: of `from`. */
export const signRotation = (
  rotation: Omit<KeyRotation, 'signature'>,
  secretKey: string,
): KeyRotation => ({
  ...rotation,
  signature: signStatement('rotation', rotationText(rotation), secretKey),
})

/** The key that replaces a pinned one, by statements each signed by the key before; else null. */
export const replacedKey = (
  pinned: string,
  { publicKey, rotations }: Pick<ServerKeyResponse, 'publicKey' | 'rotations'>,
): string | null => {
  let key = pinned
  for (const rotation of rotations)
    if (
      rotation.from === key &&
      isStatement('rotation', rotationText(rotation), rotation.signature, key)
    )
      key = rotation.to
  return key === publicKey ? key : null
}

/** The header that signs an answer to a device. */
export const ANSWER_SIGNATURE = 'server-signature'

/**
 * One answer to one request. asked: the `signature` header of the request, which covers its time,
 * nonce, path and body, so that no other answer of the server can stand for this one. body: as the
 * server wrote it, without a coding that a proxy adds.
 */
export type SignableAnswer = {
  readonly asked: string
  readonly status: number
  readonly body: Uint8Array
}

const answerText = ({ asked, status, body }: SignableAnswer): string =>
  `${asked}\n${status}\n${sha256Hex(body)}`

export const signAnswer = (answer: SignableAnswer, secretKey: string): string =>
  signStatement('answer', answerText(answer), secretKey)

export const isSignedAnswer = (
  answer: SignableAnswer,
  signature: string | null,
  publicKey: string,
): boolean => signature !== null && isStatement('answer', answerText(answer), signature, publicKey)
