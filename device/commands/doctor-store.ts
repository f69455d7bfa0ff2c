/** Whether the home can be written and its database is whole. Changes nothing. */
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

const LEAST_DISK = 500e6
/** With less, the next write may fail. */
const FULL_BYTES = 1e6

export const disk = ({ folder }: Place): Finding => {
  const free = freeBytesOn(folder)
  const mend = `rm -r ${folder}/states   # computed again when needed`
  if (free < FULL_BYTES) return fail(`full: ${megabytes(free)} free, nothing can be kept`, mend)
  return free >= LEAST_DISK ? ok(`${megabytes(free)} free`) : warn(`${megabytes(free)} free`, mend)
}

/** Then SQLite's own check of every page. */
export const store = (home: Place): Finding => {
  const cause = troubleAt(home.databasePath) ?? whyNotLocked(home.databasePath)
  if (cause) {
    const { what, mend } = TROUBLE[cause]
    return fail(`${what}: apps are answered, and nothing new is kept`, mend)
  }
  return whole(home)
}

/** A running device writes for an instant. */
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
    return answer === 'ok' ? ok('whole (integrity_check)') : damaged(databasePath)
  } finally {
    db.close()
  }
}

const damaged = (path: string): Finding =>
  fail(
    'damaged (integrity_check)',
    `sqlite3 ${path} .recover | sqlite3 ${path}.new   # then move it in its place`,
  )

/** What the process that owns the home says of what it writes. */
export const writes = ({ store: { state, what, mend, queued, dropped } }: HomeStatus): Finding => {
  const lost =
    dropped > 0 ? `${dropped} were given up since the device started, since too many waited` : ''
  if (state === 'waiting')
    return fail([`${queued} wait: ${what}`, lost].filter(Boolean).join('; '), mend ?? undefined)
  return lost === '' ? ok('none waits') : warn(lost)
}
