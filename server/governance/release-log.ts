/**
 * The log of releases. Whoever reads it adds those that are not in it yet, in their order: so no
 * release is told of before it is logged, and those of earlier versions of this server are in it too.
 */
import {
  EMPTY_LOG,
  type LogEntry,
  type Logged,
  type LogHead,
  nextEntry,
} from '../../adapters/wire/release-log.ts'
import type { KeyPair } from '../../adapters/wire/signature.ts'
import type { Release } from '../store/records.ts'
import type { Store, Tables } from '../store/store.ts'

/** Entries after this number, at most so many, and how many there are in all. */
export const readLog = async (
  store: Pick<Store, 'transaction' | 'logEntries' | 'lastLogEntry' | 'unloggedReleases'>,
  keyPair: () => Promise<KeyPair>,
  after: number,
  limit: number,
): Promise<{ entries: LogEntry[]; size: number }> => {
  await completeLog(store, keyPair)
  const entries = await store.logEntries(after, limit)
  return { entries, size: (await store.lastLogEntry())?.number ?? 0 }
}

/** Adds the releases that are not in it yet, in their order. */
export const completeLog = async (
  store: Pick<Store, 'transaction' | 'unloggedReleases'>,
  keyPair: () => Promise<KeyPair>,
): Promise<void> => {
  if ((await store.unloggedReleases()).length === 0) return
  const key = await keyPair()
  await store.transaction(async (tx) => {
    await tx.lock('release log')
    await addMissing(tx, key)
  })
}

const addMissing = async (tx: Tables, key: KeyPair): Promise<void> => {
  let head: LogHead = (await tx.lastLogEntry()) ?? EMPTY_LOG
  for (const release of await tx.unloggedReleases()) {
    const entry = nextEntry(head, loggedOf(release), key)
    await tx.addLogEntry(entry)
    head = entry
  }
}

const loggedOf = ({ lineId, summary }: Release): Logged => ({
  at: summary.createdAt,
  lineage: lineId,
  version: summary.version,
  release: summary.hash,
  parent: summary.parent,
  cohort: summary.cohort,
})
