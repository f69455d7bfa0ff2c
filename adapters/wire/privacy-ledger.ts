/** The privacy ledger as a chain of hashes, and its head as the server signs it. */
import { hashOf } from './canonical-hash.ts'
import type { LedgerBody, LedgerEntry, SignedHead } from './privacy.ts'
import { isStatement, signStatement } from './statement.ts'

/** number: of the last entry, 0 in an empty ledger. */
export type LedgerHead = { readonly number: number; readonly hash: string }
export const EMPTY_LEDGER: LedgerHead = { number: 0, hash: '0'.repeat(64) }

export const nextLedgerEntry = (head: LedgerHead, body: LedgerBody, at: number): LedgerEntry => {
  const placed = { ...body, at, number: head.number + 1, previous: head.hash }
  return { ...placed, hash: hashOf(placed) }
}

export const followsInLedger = ({ hash, ...entry }: LedgerEntry, head: LedgerHead): boolean =>
  entry.number === head.number + 1 && entry.previous === head.hash && hash === hashOf(entry)

const textOf = ({ number, hash }: LedgerHead): string => `${number} ${hash}`

export const signHead = (
  { number, hash }: LedgerHead,
  { publicKey, secretKey }: { readonly publicKey: string; readonly secretKey: string },
): SignedHead => ({
  number,
  hash,
  key: publicKey,
  signature: signStatement('ledger', textOf({ number, hash }), secretKey),
})

/** By its own key; whose that is, the caller knows. */
export const isSignedHead = (head: SignedHead): boolean =>
  isStatement('ledger', textOf(head), head.signature, head.key)
