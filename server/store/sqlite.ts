/** The store on better-sqlite3: WAL, every commit flushed, one process per data folder. */
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import { FedError } from '../../adapters/errors.ts'
import { openSqlite } from '../../adapters/node/sqlite.ts'
import { fileObjects, memoryObjects } from './objects.ts'
import type { Device, Job, Lineage, Release, Round, RoundMember } from './records.ts'
import { MIGRATIONS, SCHEMA, SCHEMA_VERSION } from './schema.ts'
import type { Store } from './store.ts'

/**
 * folder: the data folder (made with mode 0700), or ':memory:'.
 * Fails with E_CONFLICT when another process has the folder open, E_DATA when a newer version wrote
 * it.
 */
export const openSqliteStore = (folder: string): Store => {
  const isMemory = folder === ':memory:'
  if (!isMemory) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    chmodSync(folder, 0o700)
  }
  const db = openDatabase(isMemory ? folder : join(folder, 'loreweave.sqlite'))
  const objects = isMemory ? memoryObjects() : fileObjects(join(folder, 'objects'))
  return {
    transaction: (work) => db.transaction(work).immediate(),
    ...settings(db),
    ...deviceRows(db),
    ...documentRows(db),
    ...memberRows(db),
    putObject: objects.put,
    getObject: objects.get,
    objects: objects.list,
    dropObject: objects.drop,
    close: () => void db.close(),
  }
}

const openDatabase = (path: string): Database.Database => {
  // SQLite gives its log the mode of the database.
  if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600))
  const db = openSqlite(path, { timeout: 500 })
  try {
    // The lock ends with the process, also after kill -9.
    db.pragma('locking_mode = EXCLUSIVE')
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = FULL')
    migrate(db)
    return db
  } catch (error) {
    db.close()
    if ((error as { code?: string }).code === 'SQLITE_BUSY')
      throw new FedError('E_CONFLICT', 'another process has this data folder open', {
        cause: error,
      })
    throw error
  }
}

/** Fails with E_DATA when a newer version wrote it. */
const migrate = (db: Database.Database): void =>
  db
    .transaction(() => {
      const version = db.pragma('user_version', { simple: true }) as number
      if (version > SCHEMA_VERSION)
        throw new FedError(
          'E_DATA',
          `expected a store of version ${SCHEMA_VERSION}, got ${version}`,
        )
      if (version === SCHEMA_VERSION) return
      if (version === 0) db.exec(SCHEMA)
      else for (const step of MIGRATIONS.slice(version - 1)) db.exec(step)
      db.pragma(`user_version = ${SCHEMA_VERSION}`)
    })
    .immediate()

const settings = (db: Database.Database) => {
  const read = db.prepare<[string], string>('SELECT value FROM settings WHERE name = ?').pluck()
  const write = db.prepare('INSERT OR REPLACE INTO settings VALUES (?, ?)')
  return {
    setting: (name: string) => read.get(name),
    saveSetting: (name: string, value: string) => void write.run(name, value),
  }
}

type DeviceRow = {
  id: string
  public_key: string
  enrolled_at: number
  last_seen_at: number | null
}

const deviceRows = (db: Database.Database) => {
  const addToken = db.prepare('INSERT INTO tokens VALUES (?, ?, NULL)')
  const spendToken = db.prepare(
    'UPDATE tokens SET device_id = @device WHERE hash = @hash AND expires_at > @now ' +
      'AND (device_id IS NULL OR device_id = @device)',
  )
  const save = db.prepare(
    `INSERT INTO devices (id, public_key, enrolled_at, last_seen_at) VALUES (@id, @publicKey, @enrolledAt, @lastSeenAt)
     ON CONFLICT (id) DO UPDATE SET last_seen_at = excluded.last_seen_at`,
  )
  const one = db.prepare<[string], DeviceRow>('SELECT * FROM devices WHERE id = ?')
  const all = db.prepare<[], DeviceRow>('SELECT * FROM devices ORDER BY number')
  const addNonce = db.prepare('INSERT OR IGNORE INTO nonces VALUES (?, ?, ?)')
  const pruneNonces = db.prepare('DELETE FROM nonces WHERE expires_at <= ?')
  const pruneTokens = db.prepare('DELETE FROM tokens WHERE expires_at <= ?')
  const deviceOf = (row: DeviceRow): Device => ({
    id: row.id,
    publicKey: row.public_key,
    enrolledAt: row.enrolled_at,
    lastSeenAt: row.last_seen_at,
  })
  return {
    addToken: (hash: string, expiresAt: number) => void addToken.run(hash, expiresAt),
    spendToken: (hash: string, device: string, now: number) =>
      spendToken.run({ hash, device, now }).changes === 1,
    saveDevice: (device: Device) => void save.run(device),
    device: (id: string) => {
      const row = one.get(id)
      return row && deviceOf(row)
    },
    devices: () => all.all().map(deviceOf),
    addNonce: (deviceId: string, nonce: string, expiresAt: number) =>
      addNonce.run(deviceId, nonce, expiresAt).changes === 1,
    prune: (now: number) => {
      pruneNonces.run(now)
      pruneTokens.run(now)
    },
  }
}

const documentRows = (db: Database.Database) => {
  const lineages = documents<Lineage>(db, 'lines')
  const releases = documents<Release>(db, 'releases')
  const saveJob = db.prepare(
    `INSERT INTO jobs (id, state, document) VALUES (?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET state = excluded.state, document = excluded.document`,
  )
  const jobs = documents<Job>(db, 'jobs')
  const running = db
    .prepare<[], string>("SELECT document FROM jobs WHERE state = 'running' ORDER BY number")
    .pluck()
  const idempotent = db.prepare<[string], { requestHash: string; jobId: string }>(
    'SELECT request_hash AS requestHash, job_id AS jobId FROM idempotency WHERE key = ?',
  )
  const saveIdempotent = db.prepare('INSERT INTO idempotency VALUES (?, ?, ?)')
  const saveRound = db.prepare(
    `INSERT INTO rounds (id, job_id, document) VALUES (?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET document = excluded.document`,
  )
  const rounds = documents<Round>(db, 'rounds')
  const ofJob = db
    .prepare<[string], string>('SELECT document FROM rounds WHERE job_id = ? ORDER BY number')
    .pluck()
  const newest = db
    .prepare<[string], string>(
      'SELECT document FROM rounds WHERE job_id = ? ORDER BY number DESC LIMIT 1',
    )
    .pluck()
  return {
    saveLineage: (lineage: Lineage) => lineages.save(lineage.id, lineage),
    lineage: lineages.one,
    lineages: lineages.all,
    saveRelease: (release: Release) => releases.save(release.summary.hash, release),
    release: releases.one,
    releases: releases.all,
    saveJob: (job: Job) => void saveJob.run(job.id, job.state, JSON.stringify(job)),
    job: jobs.one,
    jobs: jobs.all,
    runningJobs: () => running.all().map((text) => JSON.parse(text) as Job),
    idempotent: (key: string) => idempotent.get(key),
    saveIdempotent: (key: string, requestHash: string, jobId: string) =>
      void saveIdempotent.run(key, requestHash, jobId),
    saveRound: (round: Round) => void saveRound.run(round.id, round.jobId, JSON.stringify(round)),
    round: rounds.one,
    rounds: (jobId: string) => ofJob.all(jobId).map((text) => JSON.parse(text) as Round),
    newestRound: (jobId: string) => {
      const text = newest.get(jobId)
      return text === undefined ? undefined : (JSON.parse(text) as Round)
    },
  }
}

/** Rows of a table of JSON documents. The table name is ours, never input. */
const documents = <T>(db: Database.Database, table: 'lines' | 'releases' | 'jobs' | 'rounds') => {
  const one = db.prepare<[string], string>(`SELECT document FROM ${table} WHERE id = ?`).pluck()
  const all = db.prepare<[], string>(`SELECT document FROM ${table} ORDER BY number`).pluck()
  return {
    one: (id: string): T | undefined => {
      const text = one.get(id)
      return text === undefined ? undefined : (JSON.parse(text) as T)
    },
    all: (): T[] => all.all().map((text) => JSON.parse(text) as T),
    save: (id: string, document: T): void => {
      db.prepare(
        `INSERT INTO ${table} (id, document) VALUES (?, ?)
         ON CONFLICT (id) DO UPDATE SET document = excluded.document`,
      ).run(id, JSON.stringify(document))
    },
  }
}

const memberRows = (db: Database.Database) => {
  const one = db.prepare<[string, string], RoundMember>(
    'SELECT device_id AS deviceId, digest FROM members WHERE round_id = ? AND device_id = ?',
  )
  const save = db.prepare(
    `INSERT INTO members VALUES (?, ?, ?)
     ON CONFLICT (round_id, device_id) DO UPDATE SET digest = excluded.digest`,
  )
  const drop = db.prepare(
    'DELETE FROM members WHERE round_id = ? AND device_id = ? AND digest IS NULL',
  )
  const digests = db
    .prepare<[string], string>(
      'SELECT digest FROM members WHERE round_id = ? AND digest IS NOT NULL ORDER BY digest',
    )
    .pluck()
  return {
    member: (roundId: string, deviceId: string) => one.get(roundId, deviceId),
    saveMember: (roundId: string, member: RoundMember) =>
      void save.run(roundId, member.deviceId, member.digest),
    dropMember: (roundId: string, deviceId: string) => void drop.run(roundId, deviceId),
    digests: (roundId: string) => digests.all(roundId),
  }
}
