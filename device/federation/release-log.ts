/**
 * What this device knows of its server's log of releases: the last entry. What it is told later must
 * continue it, so that a server cannot tell the device one thing and others another without a trace.
 */
import { decodeRelease } from '../../adapters/contributions/messages.ts'
import { FedError } from '../../adapters/errors.ts'
import { lineIdOf } from '../../adapters/wire/lineage.ts'
import { EMPTY_LOG, follows, type LogEntry, type LogHead } from '../../adapters/wire/release-log.ts'
import { replacedKey } from '../../adapters/wire/server-key.ts'
import { isSameSpoken, spokenHash } from '../../adapters/wire/spoken.ts'
import type { DeviceStore } from '../store/store.ts'
import type { Federation, Leave } from './client.ts'

export type LogDeps = {
  readonly store: Pick<DeviceStore, 'get' | 'durably'>
  readonly federation: Pick<Federation, 'log' | 'serverKey'>
}

/**
 * Brings what is known up to date; the entries that are new. Fails with E_FORK where the log does not
 * continue what this device knows, and with E_SERVER_KEY where the pinned key has not signed it.
 */
export const followLog = async (deps: LogDeps, leave: Leave): Promise<LogEntry[]> => {
  const known = deps.store.get('serverLog') ?? EMPTY_LOG
  const entries: LogEntry[] = []
  for await (const entry of entriesAfter(deps, known, leave)) entries.push(entry)
  const last = entries.at(-1)
  if (last)
    await deps.store.durably((tx) => tx.set('serverLog', { number: last.number, hash: last.hash }))
  return entries
}

/** The entry of a release. Fails as followLog, and with E_FORK where there is none. */
export const loggedRelease = async (
  deps: LogDeps,
  release: string,
  leave: Leave,
): Promise<LogEntry> => {
  const isIt = (entry: LogEntry) => entry.release === release
  const found = (await followLog(deps, leave)).find(isIt) ?? (await findKnown(deps, isIt, leave))
  if (!found) throw fork(`release ${release.slice(0, 12)} is not in its log`)
  return found
}

/** Fails with E_FORK where the bytes are of another release than the log says. */
export const checkLogged = (entry: LogEntry, bytes: Uint8Array): void => {
  const { header } = decodeRelease(bytes)
  const isSame =
    header.version === entry.version &&
    header.parent === entry.parent &&
    header.cohort === entry.cohort &&
    lineIdOf(header) === entry.lineage
  if (!isSame) throw fork(`release ${entry.release.slice(0, 12)} is not what its log says of it`)
}

/** unknown: the other device knows entries that the server does not tell this one. */
export type LogVerdict = 'same' | 'different' | 'unknown'

/**
 * Whether another device, whose last entry has this number and these words, was told the same. Fails
 * as followLog.
 */
export const compareLog = async (
  deps: LogDeps,
  { number, words }: { readonly number: number; readonly words: string },
  leave: Leave,
): Promise<LogVerdict> => {
  await followLog(deps, leave)
  if (number > (deps.store.get('serverLog')?.number ?? 0)) return 'unknown'
  const entry = await findKnown(deps, (one) => one.number === number, leave)
  return entry && isSameSpoken(words, spokenHash(entry.hash)) ? 'same' : 'different'
}

/** Among the entries up to the last known one, which the whole chain must lead to. */
const findKnown = async (
  deps: LogDeps,
  isIt: (entry: LogEntry) => boolean,
  leave: Leave,
): Promise<LogEntry | undefined> => {
  const known = deps.store.get('serverLog') ?? EMPTY_LOG
  let found: LogEntry | undefined
  for await (const entry of entriesAfter(deps, EMPTY_LOG, leave)) {
    if (isIt(entry)) found = entry
    if (entry.number < known.number) continue
    if (entry.hash !== known.hash) throw fork(`entry ${known.number} of its log was changed`)
    break
  }
  return found
}

async function* entriesAfter(
  deps: LogDeps,
  known: LogHead,
  leave: Leave,
): AsyncGenerator<LogEntry> {
  const { federation, store } = deps
  let head = known
  // The known entry comes again, so that one that was changed shows.
  let after = Math.max(0, known.number - 1)
  for (;;) {
    const { entries, size } = await federation.log(after, leave)
    const isAgain = after < head.number
    if (isAgain && entries[0]?.hash !== head.hash)
      throw fork(
        size < head.number
          ? `its log has ${size} entries, and this device has seen ${head.number}`
          : `entry ${head.number} of its log was changed`,
      )
    for (const entry of isAgain ? entries.slice(1) : entries) {
      if (!follows(entry, head)) throw fork(`entry ${entry.number} does not follow ${head.number}`)
      await checkKey(entry, store.get('pin')?.key ?? null, federation, leave)
      head = entry
      yield entry
    }
    if (entries.length === 0 || head.number >= size) return
    after = head.number
  }
}

/** Of the pinned key, or of one that it replaced. */
const checkKey = async (
  { key, number }: LogEntry,
  pinned: string | null,
  federation: LogDeps['federation'],
  leave: Leave,
): Promise<void> => {
  if (key === pinned) return
  const shown = await federation.serverKey(leave)
  // An answer that the new key signs moves the pin before its entries are looked at.
  if (!shown || replacedKey(key, { ...shown, publicKey: pinned ?? '' }) === null)
    throw new FedError('E_SERVER_KEY', `another key has signed entry ${number} of the server's log`)
}

const fork = (what: string): FedError =>
  new FedError(
    'E_FORK',
    `the server does not tell this device what it told before: ${what}. A server that was restored ` +
      'from a backup does so too: ask its operator. To begin with it anew, run: loreweave leave, then ' +
      'loreweave enroll',
  )
