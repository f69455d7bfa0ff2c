/**
 * A backup of a data folder is one file: the store as it was at one moment, with a table of the objects
 * that it names. A server may go on meanwhile.
 */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import { FedError } from '../../adapters/errors.ts'
import { openSqlite } from '../../adapters/node/sqlite.ts'
import { folderObjects } from './folder-objects.ts'
import type { Objects } from './objects.ts'
import { SCHEMA_VERSION } from './schema.ts'
import { openSqliteFile, storeFile } from './sqlite.ts'
import type { Store } from './store.ts'

export type Copied = { readonly objects: number; readonly bytes: number }

/** Updates end with their round: one that ends between the store's copy and theirs begins the copy anew. */
const MAX_TRIES = 5

/**
 * named: the objects that a store needs. Fails with E_DATA (no store of this version, an object is
 * missing), E_CONFLICT (the file exists). The file is readable by its owner alone.
 */
export const backUp = async (
  folder: string,
  file: string,
  named: (store: Store) => Promise<readonly string[]>,
): Promise<Copied> => {
  if (!existsSync(storeFile(folder)))
    throw new FedError('E_DATA', `${folder} holds no store; give the data folder with --data`)
  if (existsSync(file)) throw new FedError('E_CONFLICT', `${file} exists; name another file`)
  const objects = folderObjects(join(folder, 'objects'), false)
  const part = `${file}.part`
  try {
    for (let tries = 1; ; tries++) {
      snapshot(folder, part)
      const copied = await copyObjects(part, await namedIn(part, named), objects, tries)
      if (!copied) continue
      renameSync(part, file)
      return copied
    }
  } finally {
    for (const rest of [part, `${part}-wal`, `${part}-shm`]) rmSync(rest, { force: true })
  }
}

const snapshot = (folder: string, part: string): void => {
  rmSync(part, { force: true })
  closeSync(openSync(part, 'wx', 0o600))
  const source = openSqlite(storeFile(folder), { timeout: 10_000 })
  try {
    const version = source.pragma('user_version', { simple: true })
    if (version !== SCHEMA_VERSION)
      throw new FedError(
        'E_DATA',
        `expected a store of version ${SCHEMA_VERSION}, got ${version}; start the server once first`,
      )
    source.prepare('VACUUM INTO ?').run(part)
  } finally {
    source.close()
  }
}

const namedIn = async (part: string, named: (store: Store) => Promise<readonly string[]>) => {
  const store = openSqliteFile(part)
  try {
    return [...new Set(await named(store))]
  } finally {
    await store.close()
  }
}

/** null: an object was forgotten meanwhile. */
const copyObjects = async (
  part: string,
  names: readonly string[],
  objects: Objects,
  tries: number,
): Promise<Copied | null> => {
  const db = openSqlite(part)
  try {
    db.pragma('journal_mode = DELETE')
    // With a seed and its release the sum could be had without noise. A round whose seed is gone is charged again.
    db.pragma('secure_delete = ON')
    db.exec('DELETE FROM round_noise')
    db.exec('CREATE TABLE backup_objects (hash TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT')
    const add = db.prepare('INSERT INTO backup_objects VALUES (?, ?)')
    let bytes = 0
    db.exec('BEGIN')
    for (const hash of names) {
      const object = await objects.get(hash)
      if (!object && tries < MAX_TRIES) return null
      if (!object) throw new FedError('E_DATA', `object ${hash} is missing in the data folder`)
      add.run(hash, object)
      bytes += object.length
    }
    db.exec('COMMIT')
    return { objects: names.length, bytes }
  } finally {
    db.close()
  }
}

/**
 * Makes a data folder of a backup; the store gets its name last. Fails with E_CONFLICT when the folder
 * holds a store, E_DATA or E_CHECKSUM when the file is no backup or is damaged.
 */
export const restore = async (file: string, folder: string): Promise<Copied> => {
  const target = storeFile(folder)
  if (existsSync(target))
    throw new FedError('E_CONFLICT', `${folder} holds a store already; restore into another folder`)
  const backup = openBackup(file)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    chmodSync(folder, 0o700)
    const copied = await restoreObjects(backup, folderObjects(join(folder, 'objects')))
    const part = `${target}.part`
    rmSync(part, { force: true })
    closeSync(openSync(part, 'wx', 0o600))
    backup.prepare('VACUUM INTO ?').run(part)
    const store = openSqlite(part)
    store.exec('DROP TABLE backup_objects; VACUUM')
    store.close()
    renameSync(part, target)
    return copied
  } finally {
    backup.close()
  }
}

const openBackup = (file: string): Database.Database => {
  if (!existsSync(file)) throw new FedError('E_DATA', `there is no file ${file}`)
  const db = openSqlite(file, { readonly: true })
  try {
    const check = db.pragma('integrity_check', { simple: true })
    if (check !== 'ok') throw new FedError('E_DATA', `${file} is damaged: ${check}`)
    db.prepare('SELECT count(*) FROM backup_objects').get()
    return db
  } catch (cause) {
    db.close()
    if (cause instanceof FedError) throw cause
    throw new FedError('E_DATA', `${file} is no backup of a federation server`, { cause })
  }
}

const restoreObjects = async (backup: Database.Database, objects: Objects): Promise<Copied> => {
  const names = backup.prepare<[], string>('SELECT hash FROM backup_objects').pluck().all()
  const one = backup
    .prepare<[string], Buffer>('SELECT bytes FROM backup_objects WHERE hash = ?')
    .pluck()
  const copied = { objects: 0, bytes: 0 }
  for (const hash of names) {
    const bytes = one.get(hash)!
    const stream = new Blob([Uint8Array.from(bytes)]).stream() as ReadableStream<Uint8Array>
    await objects.put(hash, { size: bytes.length, stream })
    copied.objects++
    copied.bytes += bytes.length
  }
  return copied
}
