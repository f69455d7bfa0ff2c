/** Operators' tokens, and the audit log, to which entries are only added. */
import type { AuditEntry, OperatorToken } from './records.ts'
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
})

const read = <T>(row: Row): T => JSON.parse(row['document'] as string) as T
