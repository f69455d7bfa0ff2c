/**
 * Tables of the store, in the order of their versions: step n leads from version n to n + 1. A new
 * database takes all of them. Documents are JSON; columns exist for what is looked up or must be
 * unique. Times are milliseconds since 1970. Published steps never change.
 */
import { FedError } from '../../adapters/errors.ts'

/** The same change in each dialect. */
type Step = { readonly sqlite: string; readonly postgres: string }

const STEPS: readonly Step[] = [
  {
    sqlite: `
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
) STRICT;`,
    // Text is compared by its bytes, as SQLite does, whatever the locale of the database.
    postgres: `
CREATE TABLE settings (name TEXT COLLATE "C" PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE tokens (hash TEXT COLLATE "C" PRIMARY KEY, expires_at BIGINT NOT NULL, device_id TEXT);
CREATE TABLE devices (
  number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id TEXT COLLATE "C" NOT NULL UNIQUE,
  public_key TEXT NOT NULL, enrolled_at BIGINT NOT NULL, last_seen_at BIGINT
);
CREATE TABLE nonces (
  device_id TEXT COLLATE "C" NOT NULL, nonce TEXT COLLATE "C" NOT NULL, expires_at BIGINT NOT NULL,
  PRIMARY KEY (device_id, nonce)
);
CREATE INDEX nonces_by_expiry ON nonces (expires_at);
CREATE TABLE lines (
  number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id TEXT COLLATE "C" NOT NULL UNIQUE,
  document TEXT NOT NULL
);
CREATE TABLE jobs (
  number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id TEXT COLLATE "C" NOT NULL UNIQUE,
  state TEXT COLLATE "C" NOT NULL, document TEXT NOT NULL
);
CREATE INDEX jobs_by_state ON jobs (state, number);
CREATE TABLE idempotency (
  key TEXT COLLATE "C" PRIMARY KEY, request_hash TEXT NOT NULL, job_id TEXT NOT NULL
);
CREATE TABLE rounds (
  number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id TEXT COLLATE "C" NOT NULL UNIQUE,
  job_id TEXT COLLATE "C" NOT NULL, document TEXT NOT NULL
);
CREATE INDEX rounds_by_job ON rounds (job_id, number);
CREATE TABLE members (
  round_id TEXT COLLATE "C" NOT NULL, device_id TEXT COLLATE "C" NOT NULL,
  digest TEXT COLLATE "C", PRIMARY KEY (round_id, device_id)
);
CREATE TABLE releases (
  number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id TEXT COLLATE "C" NOT NULL UNIQUE,
  document TEXT NOT NULL
);`,
  },
  {
    // Which factor comes next follows from adapterRounds; what an optimizer carries is kept instead.
    sqlite: `UPDATE releases SET document =
     json_remove(json_set(document, '$.optimizer', json('null')), '$.nextFactor');`,
    // No PostgreSQL store is that old.
    postgres: '',
  },
  {
    // Jobs have a span, rounds begin with their first device, and places are known with their consent.
    sqlite: `
ALTER TABLE devices ADD COLUMN blocked_at INTEGER;
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
    // No PostgreSQL store has rows of before.
    postgres: `
ALTER TABLE devices ADD COLUMN blocked_at BIGINT;
ALTER TABLE members ADD COLUMN assigned_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN is_silent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN consent TEXT;
CREATE INDEX members_by_device ON members (device_id, assigned_at);
CREATE TABLE visits (
  job_id TEXT COLLATE "C" NOT NULL, device_id TEXT COLLATE "C" NOT NULL, visit TEXT COLLATE "C" NOT NULL,
  at BIGINT NOT NULL, PRIMARY KEY (job_id, device_id)
);
CREATE INDEX visits_by_time ON visits (at);`,
  },
  {
    // Servers on one database share out their work, and what is old is forgotten.
    sqlite: `
CREATE TABLE leases (name TEXT PRIMARY KEY, owner TEXT NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
ALTER TABLE jobs ADD COLUMN ended_at INTEGER;
UPDATE jobs SET ended_at = json_extract(document, '$.endedAt');
ALTER TABLE idempotency ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
UPDATE idempotency SET created_at = coalesce(
  (SELECT json_extract(document, '$.createdAt') FROM jobs WHERE jobs.id = job_id), 0);`,
    postgres: `
CREATE TABLE leases (name TEXT COLLATE "C" PRIMARY KEY, owner TEXT NOT NULL, until BIGINT NOT NULL);
ALTER TABLE jobs ADD COLUMN ended_at BIGINT;
UPDATE jobs SET ended_at = (document::json ->> 'endedAt')::bigint;
ALTER TABLE idempotency ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0;
UPDATE idempotency SET created_at = coalesce(
  (SELECT (document::json ->> 'createdAt')::bigint FROM jobs WHERE jobs.id = job_id), 0);`,
  },
  {
    // Who may act, and what was done.
    sqlite: `
CREATE TABLE operators (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, hash TEXT NOT NULL UNIQUE, document TEXT NOT NULL
) STRICT;
CREATE TABLE audit (number INTEGER PRIMARY KEY, document TEXT NOT NULL) STRICT;`,
    postgres: `
CREATE TABLE operators (
  number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id TEXT COLLATE "C" NOT NULL UNIQUE,
  hash TEXT COLLATE "C" NOT NULL UNIQUE, document TEXT NOT NULL
);
CREATE TABLE audit (number BIGINT PRIMARY KEY, document TEXT NOT NULL);`,
  },
  {
    // Pieces of updates, which any replica goes on from.
    sqlite: `
CREATE TABLE parts (
  round_id TEXT NOT NULL, device_id TEXT NOT NULL, start INTEGER NOT NULL, digest TEXT NOT NULL,
  size INTEGER NOT NULL, hash TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (round_id, device_id, start)
) STRICT, WITHOUT ROWID;
CREATE INDEX parts_by_time ON parts (at);`,
    postgres: `
CREATE TABLE parts (
  round_id TEXT COLLATE "C" NOT NULL, device_id TEXT COLLATE "C" NOT NULL, start BIGINT NOT NULL,
  digest TEXT NOT NULL, size BIGINT NOT NULL, hash TEXT NOT NULL, at BIGINT NOT NULL,
  PRIMARY KEY (round_id, device_id, start)
);
CREATE INDEX parts_by_time ON parts (at);`,
  },
  {
    // Devices replace their keys.
    sqlite: 'ALTER TABLE devices ADD COLUMN next_key TEXT;',
    postgres: 'ALTER TABLE devices ADD COLUMN next_key TEXT;',
  },
  {
    // Nonces are forgotten by what a device has signed since, not by the clock alone.
    sqlite: 'ALTER TABLE devices ADD COLUMN signed_until INTEGER;',
    postgres: 'ALTER TABLE devices ADD COLUMN signed_until BIGINT;',
  },
  {
    // Updates are added up while their round collects.
    sqlite: `
CREATE TABLE folded (
  round_id TEXT NOT NULL, hash TEXT NOT NULL, updates INTEGER NOT NULL, digests TEXT NOT NULL,
  PRIMARY KEY (round_id, hash)
) STRICT, WITHOUT ROWID;`,
    postgres: `
CREATE TABLE folded (
  round_id TEXT COLLATE "C" NOT NULL, hash TEXT COLLATE "C" NOT NULL, updates BIGINT NOT NULL,
  digests TEXT NOT NULL, PRIMARY KEY (round_id, hash)
);`,
  },
  {
    // The log of releases; those of before are added by whoever reads it first.
    sqlite: `
CREATE TABLE release_log (
  number INTEGER PRIMARY KEY, release TEXT NOT NULL UNIQUE, document TEXT NOT NULL
) STRICT;`,
    postgres: `
CREATE TABLE release_log (
  number BIGINT PRIMARY KEY, release TEXT COLLATE "C" NOT NULL UNIQUE, document TEXT NOT NULL
);`,
  },
  {
    // Edges, and how many devices each stands for.
    sqlite: `
ALTER TABLE tokens ADD COLUMN edge INTEGER;
ALTER TABLE devices ADD COLUMN edge INTEGER;
ALTER TABLE members ADD COLUMN devices INTEGER;`,
    postgres: `
ALTER TABLE tokens ADD COLUMN edge BIGINT;
ALTER TABLE devices ADD COLUMN edge BIGINT;
ALTER TABLE members ADD COLUMN devices BIGINT;`,
  },
  {
    // In asynchronous jobs an update may count in a later round than its own.
    sqlite: `
ALTER TABLE members ADD COLUMN counted_in TEXT;
UPDATE members SET counted_in = round_id WHERE digest IS NOT NULL;
CREATE INDEX members_by_count ON members (counted_in);`,
    postgres: `
ALTER TABLE members ADD COLUMN counted_in TEXT COLLATE "C";
UPDATE members SET counted_in = round_id WHERE digest IS NOT NULL;
CREATE INDEX members_by_count ON members (counted_in);`,
  },
  {
    // What devices say in masked rounds.
    sqlite: `
CREATE TABLE mask_messages (
  round_id TEXT NOT NULL, kind TEXT NOT NULL, device_id TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (round_id, kind, device_id)
) STRICT, WITHOUT ROWID;`,
    postgres: `
CREATE TABLE mask_messages (
  round_id TEXT COLLATE "C" NOT NULL, kind TEXT COLLATE "C" NOT NULL,
  device_id TEXT COLLATE "C" NOT NULL, body TEXT NOT NULL, PRIMARY KEY (round_id, kind, device_id)
);`,
  },
  {
    // Releases are looked up by lineage and version.
    sqlite: `
ALTER TABLE releases ADD COLUMN line_id TEXT;
ALTER TABLE releases ADD COLUMN version INTEGER;
UPDATE releases SET line_id = json_extract(document, '$.lineId'),
  version = json_extract(document, '$.summary.version');
CREATE INDEX releases_by_lineage ON releases (line_id, version);`,
    postgres: `
ALTER TABLE releases ADD COLUMN line_id TEXT COLLATE "C";
ALTER TABLE releases ADD COLUMN version BIGINT;
UPDATE releases SET line_id = document::json ->> 'lineId',
  version = (document::json -> 'summary' ->> 'version')::BIGINT;
CREATE INDEX releases_by_lineage ON releases (line_id, version);`,
  },
  {
    // What rounds under differential privacy have spent, and the seeds of their noise.
    sqlite: `
CREATE TABLE privacy_ledger (number INTEGER PRIMARY KEY, document TEXT NOT NULL) STRICT;
CREATE TABLE round_noise (
  round_id TEXT NOT NULL, inputs TEXT NOT NULL, seed TEXT NOT NULL, entry INTEGER NOT NULL,
  PRIMARY KEY (round_id, inputs)
) STRICT, WITHOUT ROWID;`,
    postgres: `
CREATE TABLE privacy_ledger (number BIGINT PRIMARY KEY, document TEXT NOT NULL);
CREATE TABLE round_noise (
  round_id TEXT COLLATE "C" NOT NULL, inputs TEXT COLLATE "C" NOT NULL, seed TEXT NOT NULL,
  entry BIGINT NOT NULL, PRIMARY KEY (round_id, inputs)
);`,
  },
  {
    // In masked rounds: where devices stand in the roster, what each step asks of all of them, and the
    // sealed shares by whom they are for.
    sqlite: `
CREATE TABLE mask_places (
  round_id TEXT NOT NULL, device_id TEXT NOT NULL, place INTEGER NOT NULL, identity TEXT NOT NULL,
  PRIMARY KEY (round_id, device_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE mask_requests (
  round_id TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (round_id, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE mask_shares (
  round_id TEXT NOT NULL, to_place INTEGER NOT NULL, from_place INTEGER NOT NULL,
  sealed TEXT NOT NULL, PRIMARY KEY (round_id, to_place, from_place)
) STRICT, WITHOUT ROWID;
CREATE INDEX mask_messages_by_kind ON mask_messages (round_id, kind);`,
    postgres: `
CREATE TABLE mask_places (
  round_id TEXT COLLATE "C" NOT NULL, device_id TEXT COLLATE "C" NOT NULL, place BIGINT NOT NULL,
  identity TEXT NOT NULL, PRIMARY KEY (round_id, device_id)
);
CREATE TABLE mask_requests (
  round_id TEXT COLLATE "C" NOT NULL, kind TEXT COLLATE "C" NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (round_id, kind)
);
CREATE TABLE mask_shares (
  round_id TEXT COLLATE "C" NOT NULL, to_place BIGINT NOT NULL, from_place BIGINT NOT NULL,
  sealed TEXT NOT NULL, PRIMARY KEY (round_id, to_place, from_place)
);
CREATE INDEX mask_messages_by_kind ON mask_messages (round_id, kind);`,
  },
]

export const SCHEMA_VERSION = STEPS.length

/** What a database of this version lacks; 0 is a new one. Fails with E_DATA when it is newer. */
export const pendingSteps = (version: number): readonly Step[] => {
  if (version > SCHEMA_VERSION)
    throw new FedError('E_DATA', `expected a store of version ${SCHEMA_VERSION}, got ${version}`)
  return STEPS.slice(version)
}
