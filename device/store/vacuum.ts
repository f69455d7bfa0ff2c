/** Removes erased content from the journal and from the file. */
import type Database from 'better-sqlite3'

/**
 * Empties the journal, which holds copies of overwritten content. Fails with SQLITE_BUSY while it
 * is being read.
 */
export const emptyJournal = (db: Database.Database): void => {
  const [{ busy } = { busy: 0 }] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[]
  if (busy !== 0) throw Object.assign(new Error('the journal is read'), { code: 'SQLITE_BUSY' })
}

/** Rewrites the file, which takes time and disk space in proportion to its size. */
export const compactFile = (db: Database.Database): void => {
  db.exec('VACUUM')
  emptyJournal(db)
}
