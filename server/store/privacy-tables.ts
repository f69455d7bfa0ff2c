/** The privacy ledger, to which entries are only added, and the seeds of the noise of open rounds. */
import type { LedgerEntry } from '../../adapters/wire/privacy.ts'
import type { RoundNoise } from './records.ts'
import type { Row, Sql } from './sql.ts'

export type PrivacyTables = {
  /** Fails where there is an entry of this number. */
  addLedgerEntry(entry: LedgerEntry): Promise<void>
  lastLedgerEntry(): Promise<LedgerEntry | undefined>
  /** In order, from the one after this number. */
  ledgerEntries(after: number, limit?: number): Promise<LedgerEntry[]>
  /** Fails where the round has noise for these inputs already. */
  addRoundNoise(noise: RoundNoise): Promise<void>
  roundNoise(roundId: string, inputs: string): Promise<RoundNoise | undefined>
  /** Of the round, whatever its inputs. */
  dropRoundNoise(roundId: string): Promise<void>
}

export const privacyTables = (sql: Sql): PrivacyTables => ({
  async addLedgerEntry(entry) {
    const document = JSON.stringify(entry)
    await sql.run(
      'INSERT INTO privacy_ledger (number, document) VALUES (?, ?)',
      ...[entry.number, document],
    )
  },
  async lastLedgerEntry() {
    const [row] = await sql.rows('SELECT document FROM privacy_ledger ORDER BY number DESC LIMIT 1')
    return row && read(row)
  },
  async ledgerEntries(after, limit = 1_000_000) {
    const query = 'SELECT document FROM privacy_ledger WHERE number > ? ORDER BY number LIMIT ?'
    return (await sql.rows(query, after, limit)).map(read)
  },
  async addRoundNoise({ roundId, inputs, seed, entry }) {
    await sql.run(
      'INSERT INTO round_noise (round_id, inputs, seed, entry) VALUES (?, ?, ?, ?)',
      ...[roundId, inputs, seed, entry],
    )
  },
  async roundNoise(roundId, inputs) {
    const query = 'SELECT seed, entry FROM round_noise WHERE round_id = ? AND inputs = ?'
    const [row] = await sql.rows(query, roundId, inputs)
    return row && { roundId, inputs, seed: row['seed'] as string, entry: Number(row['entry']) }
  },
  async dropRoundNoise(roundId) {
    await sql.run('DELETE FROM round_noise WHERE round_id = ?', roundId)
  },
})

const read = (row: Row): LedgerEntry => JSON.parse(row['document'] as string) as LedgerEntry
