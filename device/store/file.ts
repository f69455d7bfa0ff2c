/**
 * The database file of a home: how it is opened, and what takes its place where it cannot be. Then
 * what can be read of it is worked with in memory, until the file itself can be opened.
 */
import { readFileSync, statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { BLOB_SCHEMA } from './blobs.ts'
import { CHOICE_SCHEMA } from './choices.ts'
import { COUNT_SCHEMA } from './counts.ts'
import { DECISION_SCHEMA } from './decisions.ts'
import { EXAMPLE_SCHEMA } from './examples.ts'
import { FEEDBACK_COLUMNS, FEEDBACK_INDEX, FEEDBACK_SCHEMA } from './feedback.ts'
import { FORGOTTEN_SCHEMA } from './forgotten.ts'
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
  // Its triggers name the others.
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
  /** Why the file itself is not open; null where it is. */
  missing(): unknown
  /** Opens the file itself, if it is not: then true. Fails as SQLite does. */
  attach(): boolean
  /** The file is opened anew at the next `attach`. Until then what is open goes on. */
  detach(cause: unknown): void
  close(): void
}

type FileOptions<Tables> = {
  readonly open?: ((path: string) => Database.Database) | undefined
  readonly made: (db: Database.Database) => Tables
}

/** made: the tables of what is opened, also when it is opened anew. */
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

const openDatabase = (path: string): Database.Database => new Database(path)

/** A folder that is not there is a TypeError of better-sqlite3. */
const isTrouble = (error: unknown): boolean => causeOf(error) !== null || error instanceof TypeError

/** Closes it where it fails. */
const prepare = (db: Database.Database): Database.Database => {
  try {
    // Whoever finds it locked goes on with something else: see writing.ts.
    db.pragma('busy_timeout = 0')
    db.pragma('journal_mode = WAL')
    // What is deleted is overwritten, and nothing is sorted or vacuumed through a file elsewhere.
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

/** What was in the file at its last checkpoint, in memory; where it cannot be read, nothing. */
const copyOf = (path: string): Database.Database => {
  try {
    if (statSync(path).size > MAX_COPIED_BYTES) return prepare(new Database(':memory:'))
    const bytes = readFileSync(path)
    // A journal in a file beside it is of no use to a copy: sqlite.org/fileformat.html, section 1.3.3.
    bytes.set([1, 1], FORMAT_AT)
    const copy = prepare(new Database(bytes))
    // It may have been written to while it was read.
    if (copy.pragma('quick_check(1)', { simple: true }) === 'ok') return copy
    copy.close()
    return prepare(new Database(':memory:'))
  } catch {
    return prepare(new Database(':memory:'))
  }
}
const FORMAT_AT = 18
