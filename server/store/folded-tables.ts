/** Sums of updates of rounds that collect. */
import type { FoldedRecord } from './records.ts'
import type { Sql } from './sql.ts'

export const foldedTables = (sql: Sql) => ({
  async saveFolded({ roundId, hash, digests }: FoldedRecord) {
    await sql.run(
      'INSERT INTO folded (round_id, hash, updates, digests) VALUES (?, ?, ?, ?)',
      roundId,
      hash,
      digests.length,
      digests.join(' '),
    )
  },
  async folded(roundId: string): Promise<FoldedRecord[]> {
    const query = 'SELECT hash, digests FROM folded WHERE round_id = ? ORDER BY updates, hash'
    return (await sql.rows(query, roundId)).map((row) => ({
      roundId,
      hash: row['hash'] as string,
      digests: (row['digests'] as string).split(' '),
    }))
  },
  async countFolded(roundId: string) {
    const query = 'SELECT sum(updates) AS updates FROM folded WHERE round_id = ?'
    const [row] = await sql.rows(query, roundId)
    return Number(row?.['updates'] ?? 0)
  },
  async dropFolded(roundId: string, hash: string) {
    await sql.run('DELETE FROM folded WHERE round_id = ? AND hash = ?', roundId, hash)
  },
})
