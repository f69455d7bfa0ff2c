/** Who may call: small values of the server's own, enrolment tokens, and nonces. */
import type { Sql } from './sql.ts'

export const accessTables = (sql: Sql) => ({ ...settings(sql), ...tokens(sql), ...nonces(sql) })

const settings = (sql: Sql) => ({
  async setting(name: string) {
    const [row] = await sql.rows('SELECT value FROM settings WHERE name = ?', name)
    return row?.['value'] as string | undefined
  },
  addSetting: (name: string, value: string) =>
    isWritten(sql.run('INSERT INTO settings VALUES (?, ?) ON CONFLICT DO NOTHING', name, value)),
  changeSetting: (name: string, before: string, after: string) =>
    isWritten(
      sql.run('UPDATE settings SET value = ? WHERE name = ? AND value = ?', after, name, before),
    ),
})

const tokens = (sql: Sql) => ({
  async addToken(hash: string, expiresAt: number, edge?: number) {
    const query = 'INSERT INTO tokens (hash, expires_at, edge) VALUES (?, ?, ?)'
    await sql.run(query, hash, expiresAt, edge ?? null)
  },
  async edgeOfToken(hash: string) {
    const [row] = await sql.rows('SELECT edge FROM tokens WHERE hash = ?', hash)
    return (row?.['edge'] ?? null) as number | null
  },
  async isToken(hash: string, now: number) {
    const query = 'SELECT 1 FROM tokens WHERE hash = ? AND expires_at > ?'
    return (await sql.rows(query, hash, now)).length > 0
  },
  spendToken: (hash: string, deviceId: string, now: number) =>
    isWritten(
      sql.run(
        `UPDATE tokens SET device_id = ? WHERE hash = ? AND expires_at > ?
         AND (device_id IS NULL OR device_id = ?)`,
        deviceId,
        hash,
        now,
        deviceId,
      ),
    ),
})

const nonces = (sql: Sql) => ({
  addNonce: (deviceId: string, nonce: string, expiresAt: number) =>
    isWritten(
      sql.run(
        `INSERT INTO nonces SELECT ?, ?, CAST(? AS BIGINT) WHERE NOT EXISTS
           (SELECT 1 FROM devices WHERE id = ? AND signed_until >= ?)
         ON CONFLICT DO NOTHING`,
        deviceId,
        nonce,
        expiresAt,
        deviceId,
        expiresAt,
      ),
    ),
})

export const isWritten = async (rows: Promise<number>): Promise<boolean> => (await rows) === 1
