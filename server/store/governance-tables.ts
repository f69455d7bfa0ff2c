/** Operators' tokens, and two logs to which entries are only added: of deeds, and of releases. */
import type { LogEntry } from '../../adapters/wire/release-log.ts'
import type { AuditEntry, OperatorToken, Release } from './records.ts'
import type { Row, Sql } from './sql.ts'

export type GovernanceTables = {
  /** By its id; the hash stays. */
  saveOperatorToken(token: OperatorToken): Promise<void>
  operatorTokens(): Promise<OperatorToken[]>
  /** Of this hash. */
  operatorToken(hash: string): Promise<OperatorToken | undefined>
  /** Fails where there is an entry of this number. */
  addAuditEntry(entry: AuditEntry): Promise<void>
  lastAuditEntry(): Promise<AuditEntry | undefined>
  /** In order, from the one after this number. */
  auditEntries(after: number, limit: number): Promise<AuditEntry[]>
  /** Fails where there is an entry of this number, or of this release. */
  addLogEntry(entry: LogEntry): Promise<void>
  lastLogEntry(): Promise<LogEntry | undefined>
  /** In order, from the one after this number. */
  logEntries(after: number, limit: number): Promise<LogEntry[]>
  /** In the order in which they were made. */
  unloggedReleases(): Promise<Release[]>
}

export const governanceTables = (sql: Sql): GovernanceTables => ({
  async saveOperatorToken(token) {
    await sql.run(
      `INSERT INTO operators (id, hash, document) VALUES (?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET document = excluded.document`,
      token.id,
      token.hash,
      JSON.stringify(token),
    )
  },
  operatorTokens: async () =>
    (await sql.rows('SELECT document FROM operators ORDER BY number')).map(read<OperatorToken>),
  async operatorToken(hash) {
    const [row] = await sql.rows('SELECT document FROM operators WHERE hash = ?', hash)
    return row && read<OperatorToken>(row)
  },
  async addAuditEntry(entry) {
    const document = JSON.stringify(entry)
    await sql.run('INSERT INTO audit (number, document) VALUES (?, ?)', entry.number, document)
  },
  async lastAuditEntry() {
    const [row] = await sql.rows('SELECT document FROM audit ORDER BY number DESC LIMIT 1')
    return row && read<AuditEntry>(row)
  },
  async auditEntries(after, limit) {
    const query = 'SELECT document FROM audit WHERE number > ? ORDER BY number LIMIT ?'
    return (await sql.rows(query, after, limit)).map(read<AuditEntry>)
  },
  async addLogEntry(entry) {
    await sql.run(
      'INSERT INTO release_log (number, release, document) VALUES (?, ?, ?)',
      entry.number,
      entry.release,
      JSON.stringify(entry),
    )
  },
  async lastLogEntry() {
    const [row] = await sql.rows('SELECT document FROM release_log ORDER BY number DESC LIMIT 1')
    return row && read<LogEntry>(row)
  },
  async logEntries(after, limit) {
    const query = 'SELECT document FROM release_log WHERE number > ? ORDER BY number LIMIT ?'
    return (await sql.rows(query, after, limit)).map(read<LogEntry>)
  },
  async unloggedReleases() {
    const query = `SELECT document FROM releases
      WHERE NOT EXISTS (SELECT 1 FROM release_log WHERE release = releases.id) ORDER BY number`
    return (await sql.rows(query)).map(read<Release>)
  },
})

const read = <T>(row: Row): T => JSON.parse(row['document'] as string) as T
