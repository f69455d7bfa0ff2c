/**
 * Tables of the SQLite store. Documents are JSON; columns exist for what is looked up or must be
 * unique.
 */

export const SCHEMA_VERSION = 2

export const SCHEMA = `
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE tokens (
  hash TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, device_id TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE devices (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, public_key TEXT NOT NULL,
  enrolled_at INTEGER NOT NULL, last_seen_at INTEGER
) STRICT;
CREATE TABLE nonces (
  device_id TEXT NOT NULL, nonce TEXT NOT NULL, expires_at INTEGER NOT NULL,
  PRIMARY KEY (device_id, nonce)
) STRICT, WITHOUT ROWID;
CREATE INDEX nonces_by_expiry ON nonces (expires_at);
CREATE TABLE lines (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, document TEXT NOT NULL) STRICT;
CREATE TABLE jobs (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state, number);
CREATE TABLE idempotency (
  key TEXT PRIMARY KEY, request_hash TEXT NOT NULL, job_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE rounds (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, job_id TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE INDEX rounds_by_job ON rounds (job_id, number);
CREATE TABLE members (
  round_id TEXT NOT NULL, device_id TEXT NOT NULL, digest TEXT, PRIMARY KEY (round_id, device_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE releases (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, document TEXT NOT NULL
) STRICT;
`

/** From each version to the next, from 1. */
export const MIGRATIONS: readonly string[] = [
  // Which factor comes next follows from adapterRounds; what an optimizer carries is kept instead.
  `UPDATE releases SET document =
     json_remove(json_set(document, '$.optimizer', json('null')), '$.nextFactor');`,
]
