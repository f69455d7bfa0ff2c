/**
 * Opens the database file of a home. If that fails, the store works on a copy in memory of whatever
 * can be read, until the file can be opened.
 */
import { readFileSync, statSync } from 'node:fs'
import type Database from 'better-sqlite3'
import { openSqlite } from '../../adapters/node/sqlite.ts'
import { BLOB_SCHEMA } from './blobs.ts'
import { CHOICE_SCHEMA } from './choices.ts'
import { COUNT_SCHEMA } from './counts.ts'
import { DECISION_SCHEMA } from './decisions.ts'
import { EXAMPLE_SCHEMA } from './examples.ts'
import { FEEDBACK_COLUMNS, FEEDBACK_INDEX, FEEDBACK_SCHEMA } from './feedback.ts'
import { FORGOTTEN_SCHEMA } from './forgotten.ts'
import { MASKED_SCHEMA } from './masked-rounds.ts'
import { setAsideOld } from './old-tables.ts'
import { OUTBOX_SCHEMA } from './outbox.ts'
import { POOLED_COLUMNS, POOLED_SCHEMA } from './pooled.ts'
import { PROPOSAL_SCHEMA } from './proposals.ts'
import { RELATED_SCHEMA } from './related.ts'
import { SPENDING_SCHEMA } from './spending.ts'
import { STATE_SCHEMA } from './state.ts'
import { SUFFIX_SCHEMA } from './suffixes.ts'
import { TEXT_SCHEMA } from './texts.ts'
import { causeOf } from './trouble.ts'
import { UPLOAD_COLUMNS, UPLOAD_SCHEMA } from './uploads.ts'

const SCHEMA = [
  FORGOTTEN_SCHEMA,
  STATE_SCHEMA,
  BLOB_SCHEMA,
  UPLOAD_SCHEMA,
  MASKED_SCHEMA,
  POOLED_SCHEMA,
  OUTBOX_SCHEMA,
  TEXT_SCHEMA,
  DECISION_SCHEMA,
  CHOICE_SCHEMA,
  FEEDBACK_SCHEMA,
  EXAMPLE_SCHEMA,
  PROPOSAL_SCHEMA,
  RELATED_SCHEMA,
  SUFFIX_SCHEMA,
  SPENDING_SCHEMA,
  // Last: its triggers name the other tables.
  COUNT_SCHEMA,
].join('')

/** Columns that tables of earlier versions lack. */
const COLUMNS = { pooled: POOLED_COLUMNS, uploads: UPLOAD_COLUMNS, feedback: FEEDBACK_COLUMNS }

/** Larger files are not copied into memory. */
const MAX_COPIED_BYTES = 512e6

export type StoreFile<Tables> = {
  readonly path: string
  tables(): Tables
  db(): Database.Database
  /** Why the file is not open; null if it is. */
  missing(): unknown
  /** Opens the file if it is not open, and then returns true. Fails as SQLite does. */
  attach(): boolean
  /** Makes the next `attach` reopen the file. Until then the open database is used. */
  detach(cause: unknown): void
  close(): void
}

type FileOptions<Tables> = {
  readonly open?: ((path: string) => Database.Database) | undefined
  readonly made: (db: Database.Database) => Tables
}

/** made: called for each database that is opened, also after a reopen. */
export const openFile = <Tables>(
  path: string,
  { open = openDatabase, made }: FileOptions<Tables>,
): StoreFile<Tables> => {
  let missing: unknown = null
  const make = (db: Database.Database) => ({ db, tables: made(db) })
  const first = (): ReturnType<typeof make> => {
    try {
      return make(prepare(open(path)))
    } catch (error) {
      if (!isTrouble(error)) throw error
      missing = error
      return make(copyOf(path))
    }
  }
  let current = first()
  return {
    path,
    tables: () => current.tables,
    db: () => current.db,
    missing: () => missing,
    attach: () => {
      if (missing === null) return false
      const last = current.db
      current = make(prepare(open(path)))
      missing = null
      last.close()
      return true
    },
    detach: (cause) => {
      missing ??= cause
    },
    close: () => void current.db.close(),
  }
}

const openDatabase = (path: string): Database.Database => openSqlite(path)

/** better-sqlite3 throws a TypeError for a missing folder. */
const isTrouble = (error: unknown): boolean => causeOf(error) !== null || error instanceof TypeError

/** Closes the database if it fails. */
const prepare = (db: Database.Database): Database.Database => {
  try {
    // Never block on a lock: writing.ts retries.
    db.pragma('busy_timeout = 0')
    db.pragma('journal_mode = WAL')
    // Deleted content is overwritten, and no temporary file is used to sort or vacuum.
    db.pragma('secure_delete = ON')
    db.pragma('temp_store = MEMORY')
    setAsideOld(db)
    db.exec(SCHEMA)
    for (const [table, columns] of Object.entries(COLUMNS))
      for (const column of columns) addColumn(db, table, column)
    db.exec(FEEDBACK_INDEX)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

const addColumn = (db: Database.Database, table: string, column: string): void => {
  const names = db.pragma(`table_info(${table})`) as { name: string }[]
  if (names.some(({ name }) => column.startsWith(`${name} `))) return
  db.exec(`ALTER TABLE ${table} ADD COLUMN ${column}`)
}

/** A copy in memory of the file at its last checkpoint; empty if the file cannot be read. */
const copyOf = (path: string): Database.Database => {
  try {
    if (statSync(path).size > MAX_COPIED_BYTES) return prepare(openSqlite(':memory:'))
    const bytes = readFileSync(path)
    // A copy cannot use the journal beside the file: sqlite.org/fileformat.html, section 1.3.3.
    bytes.set([1, 1], FORMAT_AT)
    const copy = prepare(openSqlite(bytes))
    // Another process may have written to it while it was read.
    if (copy.pragma('quick_check(1)', { simple: true }) === 'ok') return copy
    copy.close()
    return prepare(openSqlite(':memory:'))
  } catch {
    return prepare(openSqlite(':memory:'))
  }
}
const FORMAT_AT = 18
