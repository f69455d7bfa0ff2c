/** The store on PostgreSQL 15 or later, for any number of servers at once. */
import pg from 'pg'
import { FedError, isFedError } from '../../adapters/errors.ts'
import { gathering } from './gathering.ts'
import { pendingSteps, SCHEMA_VERSION } from './schema.ts'
import { type Sql, withEnd } from './sql.ts'
import type { SpentNonce, Store } from './store.ts'
import { tablesOf } from './tables.ts'

/** A server that hangs for this long in a query or between two of them gives its locks back. */
const TIMEOUT_MS = 30_000

/** Of each server. */
const MAX_CONNECTIONS = 10

/**
 * url: postgres://…; what it leaves out, the password above all, comes from PGPASSWORD and its like.
 * Fails with E_UNAVAILABLE when no database answers, E_DATA when it refuses us or a newer version
 * wrote it.
 */
export const openPostgresStore = async (url: string): Promise<Store> => {
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: 5000,
    keepAlive: true,
    statement_timeout: TIMEOUT_MS,
    idle_in_transaction_session_timeout: TIMEOUT_MS,
    types: { getTypeParser: parserOf as typeof pg.types.getTypeParser },
  })
  // A connection that was lost while nobody used it: the next query gets another.
  pool.on('error', () => {})
  try {
    await transact(pool, migrate)
  } catch (error) {
    await pool.end()
    if (isFedError(error)) throw error
    const { message } = error as Error
    throw new FedError('E_DATA', `the database refused to serve as a store: ${message}`, {
      cause: error,
    })
  }
  return {
    ...tablesOf(sqlOf(pool)),
    spendNonce: spender(pool),
    transaction: (work) =>
      transact(pool, (client) =>
        withEnd(sqlOf(client), (own) =>
          work({
            ...tablesOf(own),
            lock: async (lineId) => {
              const query = 'SELECT id FROM lines WHERE id = ? FOR UPDATE'
              const held = await own.rows(query, lineId)
              // What is no lineage, such as the audit log, is locked by its name.
              if (held.length === 0)
                await own.rows('SELECT pg_advisory_xact_lock(hashtext(?))', lineId)
            },
          }),
        ),
      ),
    close: () => pool.end(),
  }
}

/** BIGINT is a number here: times and counts are far below 2^53. */
const parserOf = (oid: number, format?: 'text' | 'binary') =>
  oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)

type Queryable = Pick<pg.ClientBase, 'query'>

const sqlOf = (on: Queryable): Sql => ({
  now: '(extract(epoch FROM clock_timestamp()) * 1000)::bigint',
  rows: async (query, ...values) => (await asked(on, query, values)).rows,
  run: async (query, ...values) => (await asked(on, query, values)).rowCount ?? 0,
})

const asked = (on: Queryable, query: string, values: readonly unknown[] = []) => {
  let at = 0
  const text = query.replace(/\?/g, () => `$${++at}`)
  return reachable(on.query(text, [...values]))
}

/** Those that come while a write is under way make the next one. */
const spender = (pool: pg.Pool): Store['spendNonce'] => {
  let last: Promise<unknown> = Promise.resolve()
  return gathering((close) => {
    const own = last.then(() => spendAll(pool, close()))
    last = own.catch(() => {})
    return own
  })
}

/**
 * The database answers before its log is on disk; a later commit that waits for the disk takes this
 * one along. Rows come in one order, and devices that another server is writing are passed over, so
 * that two never wait for each other.
 */
const SPEND = `WITH seen AS (
    UPDATE devices SET last_seen_at = $5 WHERE id IN
      (SELECT id FROM devices WHERE id = ANY ($4) FOR UPDATE SKIP LOCKED))
  INSERT INTO nonces
  SELECT given.* FROM unnest($1::text[], $2::text[], $3::bigint[]) AS given(device_id, nonce, until),
    set_config('synchronous_commit', 'off', true)
  WHERE NOT EXISTS
    (SELECT 1 FROM devices WHERE id = given.device_id AND signed_until >= given.until)
  ON CONFLICT DO NOTHING RETURNING device_id, nonce`

const spendAll = async (pool: pg.Pool, all: readonly SpentNonce[]): Promise<boolean[]> => {
  const nameOf = ({ deviceId, nonce }: SpentNonce) => `${deviceId} ${nonce}`
  const sorted = [...all].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
  const seen = all.filter(({ seenAt }) => seenAt !== null)
  const { rows } = await reachable(
    pool.query<{ device_id: string; nonce: string }>(SPEND, [
      sorted.map(({ deviceId }) => deviceId),
      sorted.map(({ nonce }) => nonce),
      sorted.map(({ expiresAt }) => expiresAt),
      seen.map(({ deviceId }) => deviceId),
      Math.max(0, ...seen.map(({ seenAt }) => seenAt ?? 0)),
    ]),
  )
  const written = new Set(rows.map((row) => `${row.device_id} ${row.nonce}`))
  // Of two in one write the first was written.
  return all.map((one) => written.delete(nameOf(one)))
}

/** The query that meets a lost connection fails; between two of them there is nobody to tell. */
const ignoreLoss = (): void => {}

/** On one connection, which is thrown away when it may be in the middle of something. */
const transact = async <T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> => {
  const client = await reachable(pool.connect())
  client.on('error', ignoreLoss)
  let isClean = false
  try {
    await asked(client, 'BEGIN')
    const value = await work(client).catch(async (error: unknown) => {
      await asked(client, 'ROLLBACK')
      isClean = true
      throw error
    })
    await asked(client, 'COMMIT')
    isClean = true
    return value
  } finally {
    client.off('error', ignoreLoss)
    client.release(!isClean)
  }
}

/** Servers that start together wait for the first to be done. */
const migrate = async (client: pg.PoolClient): Promise<void> => {
  await client.query("SELECT pg_advisory_xact_lock(hashtext('loreweave schema'))")
  await client.query('CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)')
  const { rows } = await client.query<{ version: number }>('SELECT version FROM schema_version')
  for (const step of pendingSteps(rows[0]?.version ?? 0)) await client.query(step.postgres)
  await client.query('DELETE FROM schema_version')
  await client.query('INSERT INTO schema_version VALUES ($1)', [SCHEMA_VERSION])
}

/** Errors that another try may not meet: no connection, a lost one, a server that stops or is full. */
const PASSING = /^(?:08|53|57P|40)/

const reachable = async <T>(asking: Promise<T>): Promise<T> => {
  try {
    return await asking
  } catch (cause) {
    const { code } = cause as { code?: string }
    // Errors of PostgreSQL have a SQLSTATE of five characters, those of the network have not.
    if (code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !PASSING.test(code)) throw cause
    throw new FedError('E_UNAVAILABLE', 'the database does not answer; try again', { cause })
  }
}
