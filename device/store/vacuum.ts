/** The database file without what was erased: at once where it lies, and without what is left of it in time. */
import type Database from 'better-sqlite3'

/** The journal holds a copy of what was written over, until it is emptied. Fails with SQLITE_BUSY while somebody reads it. */
export const emptyJournal = (db: Database.Database): void => {
  const [{ busy } = { busy: 0 }] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[]
  if (busy !== 0) throw Object.assign(new Error('the journal is read'), { code: 'SQLITE_BUSY' })
}

/** Writes the file anew: as long as it is large, and as much on the disk meanwhile. */
export const compactFile = (db: Database.Database): void => {
  db.exec('VACUUM')
  emptyJournal(db)
}
