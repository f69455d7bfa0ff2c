/** Checks whether the home can be written and its database is intact. Changes nothing. */
import { existsSync } from 'node:fs'
import type Database from 'better-sqlite3'
import { openSqlite } from '../../adapters/node/sqlite.ts'
import type { Home } from '../home/home.ts'
import type { HomeStatus } from '../owner/status.ts'
import type { StoreCause } from '../store/health.ts'
import { causeOf, freeBytesOn, TROUBLE, troubleAt } from '../store/trouble.ts'
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

/** Checks for known trouble, then runs SQLite's own check of every page. */
export const store = (home: Place): Finding => {
  const cause = troubleAt(home.databasePath) ?? whyNotLocked(home.databasePath)
  if (cause) {
    const { what, mend } = TROUBLE[cause]
    return fail(`${what}: apps are answered, but nothing new is stored`, mend)
  }
  return whole(home)
}

/** A running device holds the write lock only for an instant. */
const PATIENCE_MS = 1000

const whyNotLocked = (path: string): StoreCause | null => {
  if (!existsSync(path)) return null
  let db: Database.Database | undefined
  try {
    db = openSqlite(path, { timeout: PATIENCE_MS })
    db.exec('BEGIN IMMEDIATE; ROLLBACK')
    return null
  } catch (error) {
    const cause = causeOf(error)
    if (!cause) throw error
    return cause
  } finally {
    db?.close()
  }
}

const whole = ({ databasePath }: Place): Finding => {
  const db = openSqlite(databasePath, { readonly: true })
  try {
    const answer = String(db.pragma('integrity_check', { simple: true }))
    return answer === 'ok' ? ok('intact (integrity_check)') : damaged(databasePath)
  } finally {
    db.close()
  }
}

const damaged = (path: string): Finding =>
  fail(
    'damaged (integrity_check)',
    `sqlite3 ${path} .recover | sqlite3 ${path}.new   # then replace the old file`,
  )

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
