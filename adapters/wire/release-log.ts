/**
 * The log of a server's releases, to which entries are only added: each holds the hash of the one
 * before it and is signed by the server's key, so that two devices that were told different things can
 * show it.
 */
import { z } from 'zod'
import { sha256Hex } from '../node/sha256.ts'
import { Id, Protocol, PublicKey, Sha256, Signature, TimeMs } from './primitives.ts'
import { isStatement, signStatement } from './statement.ts'

/** number: from 1. key: the server's at the time, which signs the hash. */
export const LogEntry = z.strictObject({
  number: z.int().min(1),
  at: TimeMs,
  lineage: Id,
  version: z.int().min(0),
  release: Sha256,
  parent: Sha256.nullable(),
  cohort: z.int().min(0),
  previous: Sha256,
  hash: Sha256,
  key: PublicKey,
  signature: Signature,
})
export type LogEntry = z.infer<typeof LogEntry>

/** Entries of an answer. */
export const LOG_PAGE = 200

/** GET /v1/log: entries in order, from the one after `after`. size: of the whole log. */
export const LogResponse = z.strictObject({
  protocol: Protocol,
  entries: z.array(LogEntry).max(LOG_PAGE),
  size: z.int().min(0),
})
export type LogResponse = z.infer<typeof LogResponse>

/** Where a log is: the number and the hash of its last entry. */
export type LogHead = Pick<LogEntry, 'number' | 'hash'>

export const EMPTY_LOG: LogHead = { number: 0, hash: '0'.repeat(64) }

export type Logged = Pick<LogEntry, 'at' | 'lineage' | 'version' | 'release' | 'parent' | 'cohort'>

const hashOf = (
  { number, previous }: Pick<LogEntry, 'number' | 'previous'>,
  { at, lineage, version, release, parent, cohort }: Logged,
): string =>
  sha256Hex(
    new TextEncoder().encode(
      JSON.stringify([previous, number, at, lineage, version, release, parent, cohort]),
    ),
  )

export const nextEntry = (
  head: LogHead,
  logged: Logged,
  { publicKey, secretKey }: { readonly publicKey: string; readonly secretKey: string },
): LogEntry => {
  const place = { number: head.number + 1, previous: head.hash }
  const hash = hashOf(place, logged)
  const signature = signStatement('release', hash, secretKey)
  return { ...place, ...logged, hash, key: publicKey, signature }
}

/** Whether the entry follows that head and its own key has signed it; whose that is, the caller knows. */
export const follows = (entry: LogEntry, head: LogHead): boolean =>
  entry.number === head.number + 1 &&
  entry.previous === head.hash &&
  entry.hash === hashOf(entry, entry) &&
  isStatement('release', entry.hash, entry.signature, entry.key)
