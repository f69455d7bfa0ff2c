/** Checks whether the home can be written and its database is intact. Changes nothing. */
import type Database from 'better-sqlite3'
import { openSqlite } from '../../adapters/node/sqlite.ts'
import type { Home } from '../home/home.ts'
import type { HomeStatus } from '../owner/status.ts'
import { causeOf, freeBytesOn, TROUBLE } from '../store/trouble.ts'
import { megabytes } from './context.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

type Place = Pick<Home, 'folder' | 'databasePath'>

const MIN_FREE_DISK_BYTES = 500e6
/** With less, the next write may fail. */
const FULL_BYTES = 1e6

export const disk = ({ folder }: Place): Finding => {
  const free = freeBytesOn(folder)
  const mend = `rm -r ${folder}/states   # computed again when needed`
  if (free < FULL_BYTES) return fail(`full: ${megabytes(free)} free, nothing can be stored`, mend)
  return free >= MIN_FREE_DISK_BYTES
    ? ok(`${megabytes(free)} free`)
    : warn(`${megabytes(free)} free`, mend)
}

/**
 * Whether the owner can write, and then SQLite's own check of every page. It reads the file through
 * a connection that cannot write, so that a running owner never waits for it.
 */
export const store = ({ databasePath }: Place, { store: { cause } }: HomeStatus): Finding => {
  if (cause === null || cause === 'damaged') return whole(databasePath)
  const { what, mend } = TROUBLE[cause]
  return fail(`${what}: apps are answered, but nothing new is stored`, mend)
}

const whole = (path: string): Finding => {
  let db: Database.Database | undefined
  try {
    db = openSqlite(path, { readonly: true })
    if (db.pragma('integrity_check', { simple: true }) === 'ok')
      return ok('intact (integrity_check)')
  } catch (error) {
    if (causeOf(error) !== 'damaged') throw error
  } finally {
    db?.close()
  }
  return fail(
    'damaged (integrity_check)',
    `sqlite3 ${path} .recover | sqlite3 ${path}.new   # then replace the old file`,
  )
}

/** The owner's report on waiting writes. */
export const writes = ({ store: { state, what, mend, queued, dropped } }: HomeStatus): Finding => {
  const lost =
    dropped > 0
      ? `${dropped} were dropped since the device started, because too many were waiting`
      : ''
  if (state === 'waiting')
    return fail([`${queued} waiting: ${what}`, lost].filter(Boolean).join('; '), mend ?? undefined)
  return lost === '' ? ok('none waiting') : warn(lost)
}
