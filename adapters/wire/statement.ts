/** What the server says under its key: an Ed25519 signature over a text and the kind of thing it is. */
import { sign, verify } from '../node/ed25519.ts'

/**
 * answer: to one request. rotation: another key replaces this one. release: an entry of the release
 * log. ledger: the head of the privacy ledger. No statement of one kind can be taken for one of another.
 */
export type StatementKind = 'answer' | 'rotation' | 'release' | 'ledger'

const bytesOf = (kind: StatementKind, text: string): Uint8Array =>
  new TextEncoder().encode(`loreweave ${kind} 1\n${text}`)

/** secretKey: raw, base64url. The signature in base64url. */
export const signStatement = (kind: StatementKind, text: string, secretKey: string): string =>
  Buffer.from(sign(bytesOf(kind, text), Buffer.from(secretKey, 'base64url'))).toString('base64url')

export const isStatement = (
  kind: StatementKind,
  text: string,
  signature: string,
  publicKey: string,
): boolean =>
  verify(
    Buffer.from(signature, 'base64url'),
    bytesOf(kind, text),
    Buffer.from(publicKey, 'base64url'),
  )
