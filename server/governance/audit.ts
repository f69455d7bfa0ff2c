/**
 * What operators did, in a chain: each entry holds the hash of the one before it, so that an entry
 * that is changed, removed or put between others shows. Entries that are cut off at the end show only
 * against a hash that was noted elsewhere.
 */
import { sha256Hex } from '../../adapters/node/sha256.ts'
import type { AuditEntry } from '../store/records.ts'
import type { Store, Tables } from '../store/store.ts'

/** Hash before the first entry. */
export const NO_ENTRY = '0'.repeat(64)
const PAGE = 500

export type Deed = Pick<AuditEntry, 'at' | 'who' | 'action' | 'target' | 'outcome'>

export const recordDeed = (store: Pick<Store, 'transaction'>, deed: Deed): Promise<AuditEntry> =>
  store.transaction(async (tx) => {
    await tx.lock('audit')
    const last = await tx.lastAuditEntry()
    const unsigned = {
      number: (last?.number ?? 0) + 1,
      ...deed,
      previous: last?.hash ?? NO_ENTRY,
    }
    const entry = { ...unsigned, hash: hashOf(unsigned) }
    await tx.addAuditEntry(entry)
    return entry
  })

const hashOf = (entry: Omit<AuditEntry, 'hash'>): string => {
  const { number, at, who, action, target, outcome, previous } = entry
  return sha256Hex(
    new TextEncoder().encode(JSON.stringify([previous, number, at, who, action, target, outcome])),
  )
}

export type AuditVerdict =
  | { readonly isIntact: true; readonly entries: number; readonly last: string }
  | { readonly isIntact: false; readonly number: number; readonly reason: string }

/** expected: a hash that was noted earlier and must be in the chain. */
export const verifyAudit = async (
  store: Pick<Tables, 'auditEntries'>,
  expected?: string,
): Promise<AuditVerdict> => {
  let [number, previous] = [0, NO_ENTRY]
  let isFound = expected === undefined || expected === NO_ENTRY
  for (;;) {
    const page = await store.auditEntries(number, PAGE)
    if (page.length === 0) break
    for (const entry of page) {
      const reason = flawOf(entry, number + 1, previous)
      if (reason !== null) return { isIntact: false, number: number + 1, reason }
      number = entry.number
      previous = entry.hash
      isFound ||= previous === expected
    }
  }
  return isFound
    ? { isIntact: true, entries: number, last: previous }
    : { isIntact: false, number: number + 1, reason: `the entry ${expected} is gone` }
}

const flawOf = (entry: AuditEntry, number: number, previous: string): string | null => {
  if (entry.number !== number) return `expected entry ${number}, got ${entry.number}`
  if (entry.previous !== previous) return 'it does not follow the entry before it'
  return hashOf(entry) === entry.hash ? null : 'it was changed'
}
