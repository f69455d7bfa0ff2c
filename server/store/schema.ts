/**
 * Tables of the SQLite store. Documents are JSON; columns exist for what is looked up or must be
 * unique.
 */

export const SCHEMA_VERSION = 3

export const SCHEMA = `
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE tokens (
  hash TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, device_id TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE devices (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, public_key TEXT NOT NULL,
  enrolled_at INTEGER NOT NULL, last_seen_at INTEGER, blocked_at INTEGER
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
  round_id TEXT NOT NULL, device_id TEXT NOT NULL, digest TEXT,
  assigned_at INTEGER NOT NULL DEFAULT 0, is_silent INTEGER NOT NULL DEFAULT 0, consent TEXT,
  PRIMARY KEY (round_id, device_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_device ON members (device_id, assigned_at);
CREATE TABLE visits (
  job_id TEXT NOT NULL, device_id TEXT NOT NULL, visit TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (job_id, device_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX visits_by_time ON visits (at);
CREATE TABLE releases (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, document TEXT NOT NULL
) STRICT;
`

/** From each version to the next, from 1. */
export const MIGRATIONS: readonly string[] = [
  // Which factor comes next follows from adapterRounds; what an optimizer carries is kept instead.
  `UPDATE releases SET document =
     json_remove(json_set(document, '$.optimizer', json('null')), '$.nextFactor');`,
  // Jobs have a span, rounds begin with their first device, and places are known with their consent.
  `ALTER TABLE devices ADD COLUMN blocked_at INTEGER;
   ALTER TABLE members ADD COLUMN assigned_at INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE members ADD COLUMN is_silent INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE members ADD COLUMN consent TEXT;
   UPDATE members SET assigned_at = coalesce(
     (SELECT json_extract(document, '$.openedAt') FROM rounds WHERE rounds.id = round_id), 0);
   CREATE INDEX members_by_device ON members (device_id, assigned_at);
   CREATE TABLE visits (
     job_id TEXT NOT NULL, device_id TEXT NOT NULL, visit TEXT NOT NULL, at INTEGER NOT NULL,
     PRIMARY KEY (job_id, device_id)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX visits_by_time ON visits (at);
   UPDATE jobs SET document = json_set(document,
     '$.priority', 0, '$.startAt', json_extract(document, '$.createdAt'),
     '$.expiresAt', (CAST(strftime('%s') AS INTEGER) + 2592000) * 1000,
     '$.firstChange', json('null'), '$.calmRounds', 0);
   UPDATE rounds SET document = json_set(document,
     '$.startedAt', json_extract(document, '$.openedAt'), '$.leftOut', json('[]'),
     '$.tries', 0, '$.retryAt', json('null'));`,
]
